"""The whole pipeline, against the PySpark script it replaces."""

import csv
import json
from decimal import Decimal

from comparisons.features import files
from comparisons.jobs import SETTINGS, alike, latest, run, same_tables, steps
from harness.core import CPU, PEAK, WALL, Check, Comparison, Side, Verdict, last_json, ratio

OURS, SPARK = "this project", "PySpark local[8]"
DEFAULTS = "this project, with its defaults"
RANKS, REGULARISATIONS = ["16", "32"], ["0.01", "0.1"]
# Of the users.
BORDER = 0.001
SCORES = ["recency_days", "frequency", "monetary", "r_score", "f_score", "m_score", "rfm_segment"]


def compare(context):
    """Segmentation, recommendation and one list, against one Spark session."""
    n_events, n_users = context.size((2_000_000, 200_000), (100_000, 10_000))
    events = context.events(n_events, n_users)
    # In small, too: after fewer, what is left of the random starts is more than the check allows.
    iterations = 10
    folders = ("ours", "spark", "defaults")
    places = {name: context.data / "pipeline" / f for name, f in zip(SIDES, folders)}
    grid = ["--factors", ",".join(RANKS), "--regularization", ",".join(REGULARISATIONS)]
    grid += ["--alpha", "1", "--folds", "3"]
    k = ["--k", "2..10"]
    same_work = ["--config", SETTINGS / "spark.toml"]
    as_spark = ["--iterations", iterations, "--regularization-exponent", "1"]

    def ours(name, segmentation, recommendation, rounds=None):
        output = places[name]
        ask = [context.jobs, "recommend", "--output", output, "--format", "json"]
        ask += ["--user", "500000001"]
        return Side(
            name,
            [
                run(context, "segmentation", events, output, *k, *segmentation, clear=True),
                run(context, "recommendation", events, output, *grid, *recommendation),
                ask,
            ],
            read=lambda outputs: read(outputs, output),
            rounds=rounds,
        )

    spark = {"--events": events, "--output": places[SPARK], "--iterations": iterations}
    options = [part for option in spark.items() for part in option]
    options += ["--ranks", *RANKS, "--regularisations", *REGULARISATIONS]
    return Comparison(
        title="The whole pipeline",
        setting=f"{n_events:,} events of {n_users:,} users in Parquet, from the log to the saved "
        "tables and models and the list of one user: features, RFM, K-Means for k = 2..10 with "
        "silhouettes, fusion, implicit ALS with 3-fold cross-validation over "
        f"{' and '.join(RANKS)} factors and penalties {' and '.join(REGULARISATIONS)}, "
        f"{iterations} iterations. Ours are three processes (`jobs run segmentation`, `jobs run "
        "recommendation`, `jobs recommend`): times are sums, memory is the largest. Ours also "
        "draws the charts, writes two reports, and lists 20 products for every user.",
        sides=[
            ours(OURS, same_work, [*same_work, *as_spark]),
            Side(SPARK, [context.spark("spark/pipeline.py", *options)], read=last_json),
            ours(DEFAULTS, [], [], rounds=1),
        ],
        figures=[WALL, CPU, PEAK],
        checks=lambda sides: checks(context, sides, places),
        verdicts=verdicts,
        quality=quality,
        notes=[
            "The defaults of this project do more: four starts for each k, the stability of each "
            "clustering under resampling, lists to measure NDCG on each fold, and a test on the "
            "last fifth of the events beside four baselines with confidence intervals.",
            "RMSE is over all pairs on both sides: of a user or product that is not in the other "
            "folds, 0 is predicted. Each side draws folds and starts of its own, and the errors "
            "still fall after this many iterations, so they differ a little. Spark's inertia is "
            "that of the centroids before their last step, ours of the last ones. Spark's list of "
            "one user may hold products the user has seen, ours does not; of the lists only the "
            "lengths are compared.",
        ],
    )


SIDES = (OURS, SPARK, DEFAULTS)


def rows(path):
    """The rows of a CSV file."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def read(outputs, output):
    """What the runs say of themselves, in the words of the Spark script."""
    segmentation, recommendation = (
        latest(output, job) for job in ("segmentation", "recommendation")
    )
    metrics = json.loads((segmentation / "metrics.json").read_text())
    errors = {}
    for row in rows(recommendation / "cv.csv"):
        if row["fold"].isdigit():
            setting = (int(row["factors"]), float(row["regularization"]))
            errors.setdefault(setting, []).append(float(row["rmse"]))
    seconds = {f"segmentation: {k}": v for k, v in steps(output, "segmentation").items()}
    seconds |= {f"recommendation: {k}": v for k, v in steps(output, "recommendation").items()}
    seconds["recommend"] = outputs[-1].wall
    facts = {
        "users": metrics["customers"],
        "buyers": metrics["buyers"],
        "net_revenue": metrics["net_revenue"],
        "n_clusters": metrics["n_clusters"],
        "silhouettes": [{"k": found["n_clusters"], **found} for found in metrics["silhouette"]],
        "errors": [
            {"factors": f, "regularization": r, "rmse": sum(found) / len(found)}
            for (f, r), found in errors.items()
        ],
        "list": [row["product_id"] for row in json.loads(outputs[-1].stdout)["recommendations"]],
        "parts": seconds,
    }
    return {}, facts


def checks(context, sides, places):
    """The same users, features, scores and interactions; models that are as good."""
    ours, spark = sides[OURS].facts, sides[SPARK].facts
    for name in ("users", "buyers"):
        yield Check(name, ours[name] == spark[name], f"{ours[name]:,}")
    revenue = [Decimal(facts["net_revenue"]) for facts in (ours, spark)]
    yield Check("total net revenue", revenue[0] == revenue[1], ours["net_revenue"])
    customers = files(latest(places[OURS], "segmentation") / "customers.parquet")
    theirs = f"{places[SPARK]}/customers/*.parquet"
    left_out = {"cluster", "fused_segment", *SCORES}
    names = [name for name in context.ask("duckdb/columns.py", theirs) if name not in left_out]
    found = same_tables(context, customers, theirs, ["user_id"], "--columns", *names)
    yield Check("features", found["same"], alike(found))
    found = same_tables(context, customers, theirs, ["user_id"], "--columns", *SCORES)
    yield Check("RFM values, scores and segments", found["same"], alike(found))
    yield from groups(context, customers, theirs, ours["n_clusters"], spark["n_clusters"])
    pairs = files(latest(places[OURS], "recommendation") / "interactions.parquet")
    key, theirs = ["user_id", "product_id"], f"{places[SPARK]}/interactions/*.parquet"
    found = same_tables(context, pairs, theirs, key)
    yield Check("interactions", found["same"], alike(found))
    lengths = [len(facts["list"]) for facts in (ours, spark)]
    yield Check("a list of ten products for one user", lengths == [10, 10])
    best = [max(f["silhouette"] for f in facts["silhouettes"]) for facts in (ours, spark)]
    detail = f"{best[0]:.4f} and {best[1]:.4f}"
    yield Check("best silhouette is no lower, to 0.005", best[0] >= best[1] - 0.005, detail)
    keyed = [
        {(e["factors"], e["regularization"]): e["rmse"] for e in facts["errors"]}
        for facts in (ours, spark)
    ]
    gap = max(abs(keyed[0][key] - keyed[1][key]) for key in keyed[1])
    detail = f"largest difference {gap:.4f}"
    yield Check("RMSE of each setting to 0.003", gap <= 0.003, detail)


def groups(context, ours, spark, *chosen):
    """The same clusters at the k that each side chose, and the segments that follow from them."""
    yield Check("chosen number of clusters", len(set(chosen)) == 1, " and ".join(map(str, chosen)))
    found = context.ask("duckdb/same_clusters.py", ours, spark)
    apart = found["users"] - found["agree"]
    few = BORDER * found["users"]
    detail = f"{apart:,} of {found['users']:,} differ"
    yield Check("clusters of 99.9 % of the users, renumbered", apart <= few, detail)
    found = same_tables(context, ours, spark, ["user_id"], "--columns", "fused_segment")
    apart = found["different"].get("fused_segment", 0)
    good = apart <= few and not found["missing"]
    detail = f"{apart:,} of {found['rows']:,} differ"
    yield Check("fused segments of 99.9 % of the users", good, detail)


def quality(sides):
    """Silhouettes, inertia and errors of cross-validation."""
    found = {}
    for name, side in sides.items():
        facts = side.facts
        found[name] = {
            **{f"silhouette, k = {f['k']}": f"{f['silhouette']:.4f}" for f in facts["silhouettes"]},
            **{f"inertia, k = {f['k']}": f"{f['inertia']:.0f}" for f in facts["silhouettes"]},
            **{
                f"RMSE, {e['factors']} factors, {e['regularization']}": f"{e['rmse']:.4f}"
                for e in facts["errors"]
            },
        }
    return found


def verdicts(sides):
    """Time and memory."""
    ours, spark = sides[OURS].figures, sides[SPARK].figures
    times, share = ratio(spark["wall"], ours["wall"]), ratio(ours["peak"], spark["peak"])
    more = sides[DEFAULTS].figures["wall"]
    size = "whole pipeline"
    return [
        Verdict(
            f"{size}, time",
            f"PySpark local[8] {spark['wall']:.0f} s",
            "≥ 40× faster",
            f"{ours['wall']:.1f} s; {times:.1f}× (with our defaults {more:.1f} s)",
            times >= 40,
        ),
        Verdict(
            f"{size}, memory",
            f"PySpark local[8] {spark['peak'] / 1e9:.1f} GB",
            "≤ 1/5",
            f"{ours['peak'] / 1e9:.2f} GB; 1/{ratio(1, share):.1f}",
            share <= 0.2,
        ),
    ]
