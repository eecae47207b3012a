#!/usr/bin/env python3
"""The whole pipeline on PySpark MLlib, `local[8]`: what this project replaces.

Features of every user, RFM scores, K-Means for k = 2..10 with silhouettes, segments fused from
both, implicit ALS with 3-fold cross-validation over two ranks and two regularisations, everything
saved as Parquet, and the list of one user. Written as a competent user of Spark would: one cached
and pruned log, aggregates of aggregates instead of distinct counts, eight shuffle partitions, two
fits of the cross-validation at a time.

    venv/bin/python bench/spark/pipeline.py --events FOLDER --output FOLDER
"""

import argparse
import json
import time
from pathlib import Path

from session import session

DAY_US = 86_400_000_000
WEIGHTS = {"view": 1, "cart": 3, "purchase": 5, "remove_from_cart": -2, "return": -4}
KINDS = {
    "n_views": "view",
    "n_carts": "cart",
    "n_removes": "remove_from_cart",
    "n_purchases": "purchase",
    "n_returns": "return",
}
COUNTS = [
    "n_sessions",
    "active_days",
    "n_views",
    "n_carts",
    "n_orders",
    "units",
    "distinct_products",
    "distinct_categories",
    "net_revenue",
    "mean_basket",
    "tenure_days",
    "days_between_orders",
]
RATES = ["view_to_cart_rate", "cart_to_purchase_rate", "abandonment_rate", "return_rate"]
CHAMPIONS, NEW = ("Champions",), ("Potential Loyalists", "New Customers", "Promising")
COOLING, LEAVING = ("Need Attention", "About To Sleep"), ("At Risk", "Can't Lose Them")
GONE = ("Hibernating", "Lost")
FUSION = [
    (CHAMPIONS, ("high",), "VIP"),
    (CHAMPIONS, ("mid", "low"), "Regulars"),
    (("Loyal Customers",), ("high", "mid", "low"), "Regulars"),
    (NEW, ("high",), "Rising Stars"),
    (NEW, ("mid", "low"), "Newcomers"),
    (COOLING, ("high",), "Cooling Valuables"),
    (COOLING, ("mid", "low"), "Cooling Off"),
    (LEAVING, ("high",), "Win Back First"),
    (LEAVING, ("mid", "low"), "Win Back"),
    (GONE, ("high",), "Dormant Valuables"),
    (GONE, ("mid", "low"), "Dormant"),
    (("Prospect",), ("high", "mid"), "Warm Prospects"),
    (("Prospect",), ("low",), "Browsers"),
]


def load(spark, path):
    """The events that count, cached, and the midnight after the last."""
    from pyspark.sql import functions as F

    log = spark.read.parquet(path)
    as_of = log.select(F.date_add(F.to_date(F.max("event_time")), 1).cast("timestamp")).first()[0]
    events = log.where(F.col("user_id").isNotNull()).select(
        "user_id",
        "product_id",
        "order_id",
        "event_time",
        "event_type",
        "quantity",
        F.to_date("event_time").alias("day"),
        F.coalesce("category_code", F.col("category_id").cast("string")).alias("category"),
        "brand",
        (F.col("quantity") * F.col("unit_price")).alias("amount"),
    )
    return events.cache(), as_of


def user_features(events, as_of):
    """One row per user."""
    from pyspark.sql import functions as F

    kind = F.col("event_type")
    bought, returned = kind == "purchase", kind == "return"

    def number(condition):
        return F.sum(condition.cast("long"))

    def sum_if(condition, column):
        return F.coalesce(F.sum(F.when(condition, F.col(column))), F.lit(0))

    sessions = events.groupBy(
        "user_id", "order_id", F.when(F.col("order_id").isNull(), F.col("day")).alias("session_day")
    ).agg(
        F.count("*").alias("n_events"),
        *(number(kind == value).alias(name) for name, value in KINDS.items()),
        number(F.hour("event_time") < 6).alias("n_night_events"),
        number(F.dayofweek("day").isin(1, 7)).alias("n_weekend_events"),
        sum_if(bought, "quantity").alias("units"),
        sum_if(returned, "quantity").alias("returned_units"),
        sum_if(bought, "amount").alias("gross_revenue"),
        sum_if(returned, "amount").alias("returned_revenue"),
        F.min("event_time").alias("first_event_at"),
        F.max("event_time").alias("last_event_at"),
        F.min(F.when(bought, F.col("event_time"))).alias("first_purchase_at"),
        F.max(F.when(bought, F.col("event_time"))).alias("last_purchase_at"),
    )
    sums = ["n_events", *KINDS, "n_night_events", "n_weekend_events", "units", "returned_units"]
    with_cart, with_purchase = F.col("n_carts") > 0, F.col("n_purchases") > 0
    users = sessions.groupBy("user_id").agg(
        *(F.sum(name).alias(name) for name in sums),
        *(
            F.sum(name).cast("decimal(38,4)").alias(name)
            for name in ("gross_revenue", "returned_revenue")
        ),
        number(with_purchase).alias("n_orders"),
        F.count("*").alias("n_sessions"),
        number(with_cart).alias("n_cart_sessions"),
        number(with_cart & ~with_purchase).alias("n_abandoned_sessions"),
        F.min("first_event_at").alias("first_event_at"),
        F.max("last_event_at").alias("last_event_at"),
        F.max("first_purchase_at").alias("last_order_at"),
        F.min("first_purchase_at").alias("first_purchase_at"),
        F.max("last_purchase_at").alias("last_purchase_at"),
    )
    days = (
        events.select("user_id", "day")
        .distinct()
        .groupBy("user_id")
        .agg(F.count("*").alias("active_days"))
    )
    viewed, carted, paid = (F.col(name) > 0 for name in ("v", "c", "p"))
    products = (
        events.where(F.col("product_id").isNotNull())
        .groupBy("user_id", "product_id")
        .agg(
            number(kind == "view").alias("v"),
            number(kind == "cart").alias("c"),
            number(bought).alias("p"),
        )
        .groupBy("user_id")
        .agg(
            F.count("*").alias("distinct_products"),
            number(viewed).alias("viewed"),
            number(viewed & carted).alias("viewed_and_carted"),
            number(carted).alias("carted"),
            number(carted & paid).alias("carted_and_purchased"),
        )
    )
    brands = (
        events.where(F.col("brand").isNotNull())
        .select("user_id", "brand")
        .distinct()
        .groupBy("user_id")
        .agg(F.count("*").alias("distinct_brands"))
    )
    best = F.min(F.struct((-F.col("n")).alias("n"), "category"))
    categories = (
        events.where(F.col("category").isNotNull())
        .groupBy("user_id", "category")
        .agg(F.count("*").alias("n"))
        .groupBy("user_id")
        .agg(F.count("*").alias("distinct_categories"), best["category"].alias("top_category"))
    )
    table = users
    for other in (days, products, categories, brands):
        table = table.join(other, "user_id", "left")

    def rate(part, whole):
        return F.when(F.col(whole) > 0, F.col(part).cast("double") / F.col(whole))

    def zero(name):
        return F.coalesce(name, F.lit(0)).alias(name)

    def micros(name):
        return F.unix_micros(name)

    between = (micros("last_order_at") - micros("first_purchase_at")).cast("double")
    net = (F.col("gross_revenue") - F.col("returned_revenue")).cast("decimal(38,4)")
    age = F.unix_micros(F.lit(as_of)) - micros("first_event_at")
    return table.select(
        "user_id",
        *KINDS,
        "n_orders",
        "n_sessions",
        "active_days",
        zero("distinct_products"),
        zero("distinct_categories"),
        zero("distinct_brands"),
        "units",
        "returned_units",
        "gross_revenue",
        "returned_revenue",
        net.alias("net_revenue"),
        rate("gross_revenue", "n_orders").alias("mean_basket"),
        rate("viewed_and_carted", "viewed").alias("view_to_cart_rate"),
        rate("carted_and_purchased", "carted").alias("cart_to_purchase_rate"),
        rate("n_abandoned_sessions", "n_cart_sessions").alias("abandonment_rate"),
        F.when(
            F.col("units") > 0,
            F.least("returned_units", "units").cast("double") / F.col("units"),
        ).alias("return_rate"),
        F.floor(age / DAY_US).alias("tenure_days"),
        F.when(F.col("n_orders") > 1, between / float(DAY_US) / (F.col("n_orders") - 1)).alias(
            "days_between_orders"
        ),
        rate("n_weekend_events", "n_events").alias("weekend_share"),
        rate("n_night_events", "n_events").alias("night_share"),
        "top_category",
        "first_event_at",
        "last_event_at",
        "first_purchase_at",
        "last_purchase_at",
    )


def rfm(features, as_of):
    """Scores 1..5 by the share of buyers with a smaller value, and the segment."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    age = F.unix_micros(F.lit(as_of)) - F.unix_micros("last_purchase_at")
    buyers = features.where(F.col("n_purchases") > 0).select(
        "user_id",
        F.floor(age / DAY_US).alias("recency_days"),
        F.col("n_orders").alias("frequency"),
        F.col("net_revenue").alias("monetary"),
    )
    buyers = buyers.cache()
    n = buyers.count()

    def score(order):
        below = F.rank().over(Window.orderBy(order)) - 1
        return (1 + F.least(F.lit(4), F.floor(5 * below / F.lit(n)))).cast("int")

    r, f, m = F.col("r_score"), F.col("f_score"), F.col("m_score")
    segment = (
        F.when((r == 5) & (f >= 4) & (m >= 3), "Champions")
        .when((r >= 3) & (f >= 4), "Loyal Customers")
        .when((r >= 4) & (f >= 2), "Potential Loyalists")
        .when(r == 5, "New Customers")
        .when(r == 4, "Promising")
        .when((r == 3) & ((f == 3) | (m >= 4)), "Need Attention")
        .when(r == 3, "About To Sleep")
        .when((f == 5) & (m >= 4), "Can't Lose Them")
        .when(f >= 3, "At Risk")
        .when((r == 2) | (m >= 4), "Hibernating")
        .otherwise("Lost")
    )
    return (
        buyers.withColumn("r_score", score(F.col("recency_days").desc()))
        .withColumn("f_score", score(F.col("frequency")))
        .withColumn("m_score", score(F.col("monetary")))
        .withColumn("rfm_segment", segment)
    )


def clusters(features):
    """The clustering with the best silhouette, and the silhouettes of all."""
    from pyspark.ml.clustering import KMeans
    from pyspark.ml.evaluation import ClusteringEvaluator
    from pyspark.ml.feature import StandardScaler, VectorAssembler
    from pyspark.sql import functions as F

    def logarithm(name):
        value = F.coalesce(F.col(name).cast("double"), F.lit(0.0))
        return (F.signum(value) * F.log1p(F.abs(value))).alias(name)

    columns = [
        *(logarithm(name) for name in COUNTS),
        *(F.coalesce(F.col(name), F.lit(0.0)).alias(name) for name in RATES),
    ]
    plain = features.select("user_id", *columns)
    plain = VectorAssembler(inputCols=COUNTS + RATES, outputCol="plain").transform(plain)
    scaler = StandardScaler(inputCol="plain", outputCol="features", withMean=True).fit(plain)
    points = scaler.transform(plain).select("user_id", "features").cache()
    evaluator, best, found = ClusteringEvaluator(), None, []
    for k in range(2, 11):
        model = KMeans(k=k, seed=42).fit(points)
        labelled = model.transform(points)
        silhouette = evaluator.evaluate(labelled)
        inertia = model.summary.trainingCost
        found.append({"k": k, "silhouette": silhouette, "inertia": inertia})
        if best is None or silhouette > best[0]:
            best = (silhouette, k, labelled.withColumnRenamed("prediction", "cluster"), model)
    return best, found


def fuse(features, scores, labels):
    """One segment per customer, from the RFM segment and the worth of the cluster."""
    from pyspark.sql import functions as F

    table = features.join(scores, "user_id", "left").join(labels, "user_id")
    # Who has not bought has no scores, but zero orders and zero revenue.
    table = table.fillna({"rfm_segment": "Prospect", "frequency": 0})
    table = table.withColumn("monetary", F.coalesce("monetary", "net_revenue")).cache()
    revenue = F.sum("net_revenue").cast("double")
    overall = table.agg(revenue / F.count("*")).first()[0]
    worth = table.groupBy("cluster").agg((revenue / F.count("*") / overall).alias("ratio"))
    ratio = F.col("ratio")
    tier = F.when(ratio >= 1.5, "high").when(ratio < 0.5, "low").otherwise("mid")
    tiers = worth.select("cluster", tier.alias("tier"))
    fused = F.lit(None)
    for segments, names, name in FUSION:
        here = F.col("rfm_segment").isin(*segments) & F.col("tier").isin(*names)
        fused = F.when(here, name).otherwise(fused)
    return table.join(F.broadcast(tiers), "cluster").withColumn("fused_segment", fused)


def learn(events, ranks, regularisations, iterations):
    """Interactions, and the cross-validated model with the errors of its grid."""
    from pyspark.ml import Pipeline
    from pyspark.ml.evaluation import RegressionEvaluator
    from pyspark.ml.feature import SQLTransformer
    from pyspark.ml.recommendation import ALS
    from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
    from pyspark.sql import functions as F

    worth = F.lit(None)
    for name, weight in WEIGHTS.items():
        worth = F.when(F.col("event_type") == name, weight).otherwise(worth)
    held = F.greatest(F.lit(-100.0), F.least(F.lit(100.0), F.sum(worth).cast("float")))
    interactions = events.groupBy("user_id", "product_id").agg(
        held.alias("score"),
        F.count("*").alias("n_events"),
        F.max("event_time").alias("last_event_at"),
    )
    interactions = interactions.cache()
    pairs = interactions.select(
        F.col("user_id").cast("int").alias("user"),
        F.col("product_id").cast("int").alias("item"),
        F.col("score").cast("float").alias("rating"),
        # What implicit feedback predicts is a preference, so that is what it is judged by.
        (F.col("score") > 0).cast("double").alias("preference"),
    ).cache()
    als = ALS(
        userCol="user",
        itemCol="item",
        ratingCol="rating",
        implicitPrefs=True,
        alpha=1.0,
        maxIter=iterations,
        coldStartStrategy="nan",
        seed=42,
    )
    # All pairs are judged: a user or product that is not in the other folds is predicted 0.
    filled = SQLTransformer(statement="SELECT *, nanvl(prediction, 0D) AS filled FROM __THIS__")
    grid = ParamGridBuilder().addGrid(als.rank, ranks).addGrid(als.regParam, regularisations)
    validator = CrossValidator(
        estimator=Pipeline(stages=[als, filled]),
        estimatorParamMaps=grid.build(),
        evaluator=RegressionEvaluator(
            metricName="rmse", labelCol="preference", predictionCol="filled"
        ),
        numFolds=3,
        parallelism=2,
        seed=42,
    )
    fitted = validator.fit(pairs)
    errors = [
        {
            "factors": settings[als.rank],
            "regularization": settings[als.regParam],
            "rmse": error,
        }
        for settings, error in zip(validator.getEstimatorParamMaps(), fitted.avgMetrics)
    ]
    return interactions, fitted.bestModel.stages[0], errors


def main():
    """Runs everything and prints what it found and how long each part took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--ranks", type=int, nargs=2, default=[16, 32])
    parser.add_argument("--regularisations", type=float, nargs=2, default=[0.01, 0.1])
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--memory", default="8g")
    args = parser.parse_args()
    spark = session(args.memory)
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    from pyspark.sql import functions as F

    seconds, began = {}, time.perf_counter()

    def done(part):
        nonlocal began
        seconds[part], began = time.perf_counter() - began, time.perf_counter()

    def save(table, name):
        table.write.mode("overwrite").parquet(str(args.output / name))

    events, as_of = load(spark, args.events)
    features = user_features(events, as_of).cache()
    n_users = features.count()
    done("features")
    scores = rfm(features, as_of).cache()
    n_buyers = scores.count()
    done("rfm")
    (_, k, labelled, kmeans), silhouettes = clusters(features)
    done("clusters")
    customers = fuse(features, scores, labelled.select("user_id", "cluster"))
    save(customers.drop("tier").orderBy("user_id"), "customers")
    kmeans.write().overwrite().save(str(args.output / "kmeans"))
    done("fusion")
    interactions, model, errors = learn(events, args.ranks, args.regularisations, args.iterations)
    done("als")
    save(interactions, "interactions")
    model.write().overwrite().save(str(args.output / "als"))
    done("saving")
    user = features.agg(F.min("user_id")).first()[0]
    one = spark.createDataFrame([(user,)], "user int")
    found = model.recommendForUserSubset(one, 10).first()
    done("lookup")
    revenue = features.agg(F.sum("net_revenue")).first()[0]
    spark.stop()
    print(
        json.dumps(
            {
                "users": n_users,
                "buyers": n_buyers,
                "net_revenue": str(revenue),
                "n_clusters": k,
                "silhouettes": silhouettes,
                "errors": errors,
                "user": user,
                "list": [row["item"] for row in found["recommendations"]],
                "parts": seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
