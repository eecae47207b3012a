"""Segmentation of a log that does not fit into memory."""

from comparisons.jobs import SETTINGS, latest, run, steps
from harness.core import CPU, PEAK, WALL, Check, Comparison, Figure, Side, Verdict, ratio

LIMIT = "4GB"
SHORT = "1GB"


def compare(context):
    """The same job on a log and on one five times as large, under the same limit and a shorter."""
    small, large = context.size((20_000_000, 100_000_000), (300_000, 1_500_000))
    limit, short = context.size((LIMIT, SHORT), ("256MB", "64MB"))
    runs = [(small, limit), (large, limit), (large, short)]
    sides = [side(context, *size, rounds) for size, rounds in zip(runs, (None, None, 1))]
    names = [side.name for side in sides]
    return Comparison(
        title="More than memory",
        setting=f"`jobs run segmentation --memory-limit {limit}` on {small:,} events and on five "
        f"times as many, these also with {short}; a twentieth as many users as events, k = 2..4, "
        "one start each. "
        "Memory is that of the whole process; the limit is on the operators of the engine. "
        "Spilled: the largest size of the temporary files at one moment.",
        sides=sides,
        figures=[
            WALL,
            Figure("features", "features"),
            CPU,
            PEAK,
            Figure("disk", "spilled", "GB"),
        ],
        checks=lambda sides: [
            Check(
                f"every user of {name} is in the result",
                sides[name].facts["users"] == n // 20,
                f"{sides[name].facts['users']:,} users",
            )
            for name, (n, _) in zip(names, runs)
        ],
        verdicts=lambda sides: verdicts(*(sides[name].figures for name in names), large / small),
    )


def side(context, n_events, limit, rounds):
    """One size."""
    events = context.events(n_events, n_events // 20)
    output = context.data / "large" / f"{n_events}-{limit}"
    options = ["--memory-limit", limit, "--k", "2..4", "--n-init", "1"]
    options += ["--config", SETTINGS / "features_only.toml"]

    def read(outputs):
        seconds = steps(output, "segmentation")
        table = latest(output, "segmentation") / "customers.parquet"
        users = context.ask("duckdb/count.py", table)["rows"]
        return {"features": seconds["features"]}, {"users": users}

    return Side(
        f"{n_events / 1e6:g} M events, {limit}",
        [run(context, "segmentation", events, output, *options, clear=True)],
        read=read,
        scratch=context.data / "large" / "scratch",
        timeout=5400,
        rounds=rounds,
    )


def verdicts(small, large, short, times):
    """It completes, spilling where it has to, and its time grows at most linearly."""
    growth = ratio(large["wall"], small["wall"])
    work = "segmentation of 100 M events, limit"
    return [
        Verdict(
            f"{work} 4 GB",
            "–",
            "completes by spilling",
            f"{spilled(large)}; with 1 GB {spilled(short)}",
            short["disk"] > 0,
        ),
        Verdict(
            f"{work} 4 GB, time",
            "20 M events",
            f"≤ {times:g}×",
            f"{growth:.2f}× ({small['wall']:.0f} s to {large['wall']:.0f} s)",
            growth <= times,
        ),
    ]


def spilled(figures):
    """How much went to disk, and the memory it took."""
    return f"{figures['disk'] / 1e9:.2f} GB spilled, peak {figures['peak'] / 1e9:.1f} GB"
