"""Segmentation of a log that does not fit into memory."""

from comparisons.jobs import SETTINGS, latest, run, steps
from harness.core import CPU, PEAK, WALL, Check, Comparison, Figure, Side, Verdict, ratio

LIMIT = "4GB"


def compare(context):
    """The same job on a log and on one five times as large, under the same limit."""
    small, large = context.size((20_000_000, 100_000_000), (300_000, 1_500_000))
    limit = context.size(LIMIT, "256MB")
    sides = [side(context, n_events, limit) for n_events in (small, large)]
    names = [side.name for side in sides]
    return Comparison(
        title="More than memory",
        setting=f"`jobs run segmentation --memory-limit {limit}` on {small:,} events and on five "
        "times as many, with a twentieth as many users as events; k = 2..4, one start each. "
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
            for name, n in zip(names, (small, large))
        ],
        verdicts=lambda sides: verdicts(*(sides[name].figures for name in names), large / small),
        rounds=1,
    )


def side(context, n_events, limit):
    """One size."""
    events = context.events(n_events, n_events // 20)
    output = context.data / "large" / str(n_events)
    options = ["--memory-limit", limit, "--k", "2..4", "--n-init", "1"]
    options += ["--config", SETTINGS / "features_only.toml"]

    def read(outputs):
        seconds = steps(output, "segmentation")
        table = latest(output, "segmentation") / "customers.parquet"
        users = context.ask("duckdb/count.py", table)["rows"]
        return {"features": seconds["features"]}, {"users": users}

    return Side(
        f"{n_events / 1e6:g} M events",
        [run(context, "segmentation", events, output, *options, clear=True)],
        read=read,
        scratch=context.data / "large" / "scratch",
        timeout=5400,
    )


def verdicts(small, large, times):
    """It completes, it spills, and its time grows at most linearly."""
    spilled = large["disk"] > 0
    growth = ratio(large["wall"], small["wall"])
    gigabytes = f"{large['disk'] / 1e9:.2f} GB spilled, peak {large['peak'] / 1e9:.1f} GB"
    work = "segmentation of 100 M events, limit 4 GB"
    return [
        Verdict(work, "–", "completes by spilling", gigabytes, spilled),
        Verdict(
            f"{work}, time",
            "20 M events",
            f"≤ {times:g}×",
            f"{growth:.2f}× ({small['wall']:.0f} s to {large['wall']:.0f} s)",
            growth <= times,
        ),
    ]
