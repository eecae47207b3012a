"""The choice of the number of clusters."""

from comparisons.kmeans import OURS, SKLEARN, flags
from harness.core import PEAK, Check, Comparison, Figure, Side, Verdict, ratio

STRICT = "this project, tol 1e-4 of the job"


def compare(context):
    """K-Means for k = 2..10 with four starts each, and a silhouette for each k."""
    rows = context.size(1_000_000, 20_000)
    data = context.arrays(
        f"points-{rows}-12", "sklearn/data.py", "--rows", str(rows), "--columns", "12"
    )
    given = {"x": data / "x.npy", "from": 2, "to": 10, "restarts": 4, "seed": 42}
    given["threads"] = context.threads
    sample = context.size(20_000, 5_000)
    return Comparison(
        title="Choice of k",
        setting=f"{rows:,} points, 12 columns, k = 2..10, four k-means++ starts for each. "
        "scikit-learn ends a fit when the squared ways of all centroids add up to 1e-4; ours is "
        "held to the same or less by a limit for each centroid. Silhouettes are under squared "
        f"Euclidean distance: ours of all points, scikit-learn's of a sample of {sample:,}.",
        sides=[
            Side(OURS, [context.kernel("choose-k", **given, tol_sum=1e-4)]),
            Side(
                SKLEARN, [context.peer("sklearn/choose_k.py", *flags({**given, "sample": sample}))]
            ),
            Side(STRICT, [context.kernel("choose-k", **given, tol=1e-4)], rounds=1),
        ],
        figures=[Figure("seconds", "k = 2..10"), Figure("cpu", "CPU"), PEAK],
        checks=checks,
        verdicts=verdicts,
        quality=quality,
    )


def checks(sides):
    """Inertia is no worse than scikit-learn's, silhouettes are near its sampled ones."""
    ours = {found["k"]: found for found in sides[OURS].facts["candidates"]}
    peer = {found["k"]: found for found in sides[SKLEARN].facts["candidates"]}
    shares = [ours[k]["inertia"] / peer[k]["inertia"] for k in ours]
    mean = sum(shares) / len(shares)
    alike = [k for k, share in zip(ours, shares) if abs(share - 1) < 1e-4]
    gaps = [abs(ours[k]["silhouette"] - peer[k]["silhouette"]) for k in alike]
    gap = max(gaps, default=0.0)
    return [
        Check(
            "inertia is on average at most 0.1 % above scikit-learn's",
            mean <= 1.001,
            f"on average {mean:.5f} of it, from {min(shares):.5f} to {max(shares):.5f}",
        ),
        Check(
            "silhouettes are within 0.02 of the sampled ones where the inertia is the same",
            gap <= 0.02,
            f"largest difference {gap:.4f}, of {len(alike)} numbers of clusters",
        ),
    ]


def quality(sides):
    """Inertia and silhouette of each k."""
    return {
        f"{name}, {label}": {
            f"k = {found['k']}": f"{found[key]:{form}}" for found in side.facts["candidates"]
        }
        for name, side in sides.items()
        for key, label, form in (("inertia", "inertia", ".0f"), ("silhouette", "silhouette", ".4f"))
    }


def verdicts(sides):
    """At least eight times as fast."""
    ours, peer = (sides[name].figures["seconds"] for name in (OURS, SKLEARN))
    times = ratio(peer, ours)
    measured = f"{ours:.1f} s; {times:.1f}× faster"
    work = "choose k = 2..10, four starts"
    return [Verdict(work, f"scikit-learn {peer:.1f} s", "≥ 8× faster", measured, times >= 8)]
