"""One iteration of K-Means."""

from harness.core import PEAK, Check, Comparison, Figure, Side, Verdict, close, ratio

OURS, SKLEARN, LINFA = "this project", "scikit-learn", "linfa"


def compare(context):
    """Ours, scikit-learn's and linfa's on the same points from the same centroids."""
    rows = context.size(1_000_000, 50_000)
    data = context.arrays(
        f"points-{rows}-3", "sklearn/data.py", "--rows", str(rows), "--columns", "3"
    )
    given = {"x": data / "x.npy", "centroids": data / "centroids.npy"}
    options = {"repeats": 5, "threads": context.threads}
    peer = context.peer("sklearn/kmeans.py", *flags({**given, **options}))
    return Comparison(
        title="K-Means, one iteration",
        setting=f"{rows:,} points, 3 columns, 8 clusters, 64-bit numbers, the same start. Per "
        "iteration: the difference of fits of 11 and of one iteration, the median of five.",
        sides=[
            Side(OURS, [context.kernel("kmeans", **given, **options)]),
            Side(SKLEARN, [peer]),
            Side(LINFA, [context.kernel("linfa-kmeans", **given, **options)]),
        ],
        figures=[
            Figure("seconds_per_iteration", "per iteration", "ms"),
            Figure("cpu_per_iteration", "CPU per iteration", "ms"),
            PEAK,
        ],
        checks=checks,
        verdicts=verdicts,
        quality=lambda sides: {
            name: {"inertia after 11 iterations": f"{side.facts['inertia']:.6f}"}
            for name, side in sides.items()
        },
        notes=[
            "linfa's update counts the old centroid as one more point of its cluster, so its "
            "centroids and inertia differ a little by design."
        ],
    )


def flags(options):
    """Command-line options."""
    return [
        part
        for name, value in options.items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]


def checks(sides):
    """Inertia and centroids agree with scikit-learn."""
    ours, peer = sides[OURS].facts, sides[SKLEARN].facts
    rows = zip(ours["centroids"], peer["centroids"])
    gap = max(abs(a - b) for row, other in rows for a, b in zip(row, other))
    inertia = close(ours["inertia"], peer["inertia"], 1e-9)
    near = close(ours["inertia"], sides[LINFA].facts["inertia"], 1e-3)
    return [
        Check("inertia of scikit-learn to nine digits", inertia),
        Check("centroids of scikit-learn", gap < 1e-9, f"largest difference {gap:.1e}"),
        Check("inertia of linfa to three digits", near),
    ]


def verdicts(sides):
    """At most 5 ms."""
    seconds = {name: side.figures["seconds_per_iteration"] for name, side in sides.items()}
    ours = seconds[OURS]
    times = ", ".join(
        f"{ratio(seconds[name], ours):.1f}× faster than {name}" for name in (SKLEARN, LINFA)
    )
    against = ", ".join(f"{name} {seconds[name] * 1e3:.0f} ms" for name in (SKLEARN, LINFA))
    measured = f"{ours * 1e3:.1f} ms; {times}"
    return [Verdict("K-Means, per iteration", against, "≤ 5 ms", measured, ours <= 5e-3)]
