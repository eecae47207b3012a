#!/usr/bin/env python3
"""Makes the feature table and the interactions with Polars, from Parquet to Parquet."""

import argparse
import json
import os
import time
from pathlib import Path

DAY_US = 86_400_000_000
WEIGHTS = {"view": 1, "cart": 3, "purchase": 5, "remove_from_cart": -2, "return": -4}


def features(pl, events, as_of):
    """The feature table of the segmentation job, lazily."""
    kind = pl.col("event_type")
    is_of = {
        "views": kind == "view",
        "carts": kind == "cart",
        "removes": kind == "remove_from_cart",
        "purchases": kind == "purchase",
        "returns": kind == "return",
    }
    bought, returned = is_of["purchases"], is_of["returns"]
    time_of, day = pl.col("event_time"), pl.col("event_time").dt.date()
    known = events.filter(pl.col("user_id").is_not_null() & (time_of < as_of)).with_columns(
        day=day,
        # In ten-thousandths, an exact integer.
        amount=pl.col("quantity") * (pl.col("unit_price") * 10_000).cast(pl.Int64),
        category=pl.coalesce("category_code", pl.col("category_id").cast(pl.String)),
    )
    by_session = ["user_id", "order_id", "session_day"]
    session_day = pl.when(pl.col("order_id").is_null()).then(pl.col("day"))
    sessions = (
        known.with_columns(session_day=session_day)
        .group_by(by_session)
        .agg(
            pl.len().alias("n_events"),
            *(is_of[name].sum().alias(f"n_{name}") for name in is_of),
            (time_of.dt.hour() < 6).sum().alias("n_night_events"),
            (time_of.dt.weekday() > 5).sum().alias("n_weekend_events"),
            (pl.col("quantity") * bought).sum().alias("units"),
            (pl.col("quantity") * returned).sum().alias("returned_units"),
            (pl.col("amount") * bought).sum().alias("gross_revenue"),
            (pl.col("amount") * returned).sum().alias("returned_revenue"),
            time_of.min().alias("first_event_at"),
            time_of.max().alias("last_event_at"),
            pl.when(bought).then(time_of).min().alias("first_purchase_at"),
            pl.when(bought).then(time_of).max().alias("last_purchase_at"),
        )
    )
    n_carts, n_purchases = pl.col("n_carts") > 0, pl.col("n_purchases") > 0
    sums = [f"n_{name}" for name in ("events", *is_of, "night_events", "weekend_events")]
    sums += ["units", "returned_units", "gross_revenue", "returned_revenue"]
    users = sessions.group_by("user_id").agg(
        *(pl.col(name).cast(pl.Int64).sum() for name in sums),
        n_purchases.sum().alias("n_orders"),
        pl.len().alias("n_sessions"),
        n_carts.sum().alias("n_cart_sessions"),
        (n_carts & ~n_purchases).sum().alias("n_abandoned_sessions"),
        pl.col("first_event_at").min(),
        pl.col("last_event_at").max(),
        pl.col("first_purchase_at").max().alias("last_order_at"),
        pl.col("first_purchase_at").min().alias("first_order_at"),
        pl.col("last_purchase_at").max(),
    )
    days = known.select("user_id", "day").unique().group_by("user_id").agg(active_days=pl.len())
    views, carts, buys = (pl.col(name) > 0 for name in ("v", "c", "p"))
    products = (
        known.filter(pl.col("product_id").is_not_null())
        .group_by("user_id", "product_id")
        .agg(
            is_of["views"].sum().alias("v"),
            is_of["carts"].sum().alias("c"),
            bought.sum().alias("p"),
        )
        .group_by("user_id")
        .agg(
            pl.len().alias("distinct_products"),
            views.sum().alias("viewed"),
            (views & carts).sum().alias("viewed_and_carted"),
            carts.sum().alias("carted"),
            (carts & buys).sum().alias("carted_and_purchased"),
        )
    )
    brands = (
        known.filter(pl.col("brand").is_not_null())
        .select("user_id", "brand")
        .unique()
        .group_by("user_id")
        .agg(distinct_brands=pl.len())
    )
    by_category = (
        known.filter(pl.col("category").is_not_null())
        .group_by("user_id", "category")
        .agg(n=pl.len())
    )
    top = pl.col("n").max().over("user_id")
    categories = (
        by_category.with_columns(best=pl.when(pl.col("n") == top).then(pl.col("category")))
        .group_by("user_id")
        .agg(distinct_categories=pl.len(), top_category=pl.col("best").min())
    )
    table = users
    for other in (days, products, categories, brands):
        table = table.join(other, on="user_id", how="left")

    def rate(part, whole):
        return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))

    def count(name):
        return pl.col(name).fill_null(0)

    def money(expression):
        return (expression.cast(pl.Decimal(38, 4)) / 10_000).cast(pl.Decimal(38, 4))

    def moment(name):
        return pl.col(name).dt.epoch("us")

    gross, back = pl.col("gross_revenue"), pl.col("returned_revenue")
    between = (moment("last_order_at") - moment("first_order_at")) / DAY_US
    return table.select(
        "user_id",
        *(f"n_{name}" for name in is_of),
        "n_orders",
        "n_sessions",
        "active_days",
        count("distinct_products"),
        count("distinct_categories"),
        count("distinct_brands"),
        "units",
        "returned_units",
        money(gross).alias("gross_revenue"),
        money(back).alias("returned_revenue"),
        money(gross - back).alias("net_revenue"),
        pl.when(pl.col("n_orders") > 0)
        .then(gross / 10_000 / pl.col("n_orders"))
        .alias("mean_basket"),
        rate("viewed_and_carted", "viewed").alias("view_to_cart_rate"),
        rate("carted_and_purchased", "carted").alias("cart_to_purchase_rate"),
        rate("n_abandoned_sessions", "n_cart_sessions").alias("abandonment_rate"),
        pl.when(pl.col("units") > 0)
        .then(pl.min_horizontal("returned_units", "units") / pl.col("units"))
        .alias("return_rate"),
        ((pl.lit(as_of).dt.epoch("us") - moment("first_event_at")) // DAY_US).alias("tenure_days"),
        pl.when(pl.col("n_orders") > 1)
        .then(between / (pl.col("n_orders").cast(pl.Int64) - 1))
        .alias("days_between_orders"),
        rate("n_weekend_events", "n_events").alias("weekend_share"),
        rate("n_night_events", "n_events").alias("night_share"),
        "top_category",
        "first_event_at",
        "last_event_at",
        pl.col("first_order_at").alias("first_purchase_at"),
        "last_purchase_at",
    ).sort("user_id")


def interactions(pl, events, as_of):
    """What each user's events say of each product, lazily."""
    worth = pl.col("event_type").replace_strict(WEIGHTS, return_dtype=pl.Int64)
    return (
        events.filter(pl.col("user_id").is_not_null() & (pl.col("event_time") < as_of))
        .group_by("user_id", "product_id")
        .agg(
            worth.sum().cast(pl.Decimal(38, 6)).alias("evidence"),
            pl.len().alias("n_events"),
            pl.col("event_time").max().alias("last_event_at"),
        )
        .sort("user_id", "product_id")
    )


def main():
    """Prints the seconds of both queries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    # Before polars is loaded: its threads start then.
    os.environ["POLARS_MAX_THREADS"] = str(args.threads)
    import polars as pl

    args.output.mkdir(parents=True, exist_ok=True)
    events = pl.scan_parquet(args.events / "*.parquet")
    last = events.select(pl.col("event_time").max()).collect().item()
    as_of = pl.select(pl.lit(last).dt.truncate("1d").dt.offset_by("1d")).item()
    seconds = {}
    for name, query in (("user_features", features), ("interactions", interactions)):
        began = time.perf_counter()
        query(pl, events, as_of).sink_parquet(args.output / f"{name}.parquet")
        seconds[name] = time.perf_counter() - began
    seconds["both"] = sum(seconds.values())
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
