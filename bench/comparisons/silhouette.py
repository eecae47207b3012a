"""The exact silhouette under squared Euclidean distance."""

from comparisons.kmeans import OURS, flags
from harness.core import PEAK, Check, Comparison, Figure, Side, Verdict, close, ratio

SPARK = "Spark MLlib"


def compare(context):
    """Ours and Spark's on the same points and labels."""
    rows = context.size(1_000_000, 50_000)
    data = context.arrays(
        f"points-{rows}-3", "sklearn/data.py", "--rows", str(rows), "--columns", "3"
    )
    given = {"x": data / "x.npy", "labels": data / "labels.npy", "repeats": 5}
    return Comparison(
        title="Silhouette",
        setting=f"{rows:,} points, 3 columns, 8 clusters. Spark evaluates points cached in its "
        "memory; the fastest of five, because the first ones compile. Ours: the median of five.",
        sides=[
            Side(OURS, [context.kernel("silhouette", **given, threads=context.threads)]),
            Side(SPARK, [context.spark("spark/silhouette.py", *flags(given))]),
        ],
        figures=[Figure("seconds", "one silhouette", "ms"), PEAK],
        checks=lambda sides: [
            Check(
                "silhouette to nine digits",
                close(sides[OURS].facts["silhouette"], sides[SPARK].facts["silhouette"], 1e-9),
            )
        ],
        verdicts=verdicts,
        quality=lambda sides: {
            name: {"silhouette": repr(side.facts["silhouette"])} for name, side in sides.items()
        },
    )


def verdicts(sides):
    """At most 50 ms."""
    ours, spark = (sides[name].figures["seconds"] for name in (OURS, SPARK))
    measured = f"{ours * 1e3:.0f} ms; {ratio(spark, ours):.0f}× faster"
    return [Verdict("silhouette", f"Spark {spark:.2f} s", "≤ 50 ms", measured, ours <= 0.05)]
