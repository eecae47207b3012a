"""Segmentation of a log that does not fit into memory."""

from comparisons.jobs import SETTINGS, latest, run, steps
from harness.core import CPU, GB, PEAK, WALL, Check, Comparison, Figure, Side, Verdict, ratio

DISK = Figure("disk", "spilled", "GB")
# GB, in full and in small.
LIMITS = ((4, 1), (0.5, 0.0625))


def compare(context):
    """The same job on a log and on one five times as large, under the same limit and a shorter."""
    small, large = context.size((20_000_000, 100_000_000), (300_000, 1_500_000))
    limit, short = context.size(*LIMITS)
    runs = [(small, limit), (large, limit), (large, short)]
    sides = [side(context, *size, rounds) for size, rounds in zip(runs, (None, None, 1))]
    names = [side.name for side in sides]
    return Comparison(
        title="More than memory",
        setting=f"`jobs run segmentation --memory-limit {limit}GB` on {small:,} events and on five "
        f"times as many, these also with {short}GB; a twentieth as many users as events, k = 2..4, "
        "one start each. "
        "Memory is that of the whole process; the limit is on the operators of the engine. "
        "Spilled: the largest size of the temporary files at one moment.",
        sides=sides,
        figures=[
            WALL,
            Figure("features", "features"),
            CPU,
            PEAK,
            DISK,
        ],
        checks=lambda sides: [
            Check(
                f"every user of {name} is in the result",
                every_user(sides[name], n),
                f"{sides[name].facts['users']:,} users",
            )
            for name, (n, _) in zip(names, runs)
        ],
        verdicts=lambda sides: verdicts(*((*run, sides[name]) for name, run in zip(names, runs))),
    )


def side(context, n_events, limit, rounds):
    """One size."""
    events = context.events(n_events, n_events // 20)
    limit = f"{limit}GB"
    output = context.data / "large" / f"{n_events}-{limit}"
    options = ["--memory-limit", limit, "--k", "2..4", "--n-init", "1"]
    options += ["--config", SETTINGS / "features_only.toml"]

    def read(outputs):
        seconds = steps(output, "segmentation")
        table = latest(output, "segmentation") / "customers.parquet"
        users = context.ask("duckdb/count.py", table)["rows"]
        return {"features": seconds["features"]}, {"users": users}

    return Side(
        f"{millions(n_events)}, {limit}",
        [run(context, "segmentation", events, output, *options, clear=True)],
        read=read,
        scratch=context.data / "large" / "scratch",
        timeout=5400,
        rounds=rounds,
    )


def verdicts(few, many, short):
    """It completes, spilling where it has to, and its time grows at most linearly."""
    n, limit, large = many
    small, times = few[2].figures["wall"], n / few[0]
    growth = ratio(large.figures["wall"], small)
    work = f"segmentation of {millions(n)}, limit"
    return [
        Verdict(
            f"{work} {limit} GB",
            "–",
            f"completes, peak ≤ {limit} GB",
            taken(large),
            every_user(large, n) and large.figures["peak"] <= limit * GB,
        ),
        Verdict(
            f"{work} {short[1]} GB",
            "–",
            "completes by spilling",
            taken(short[2]),
            every_user(short[2], n) and short[2].figures["disk"] > 0,
        ),
        Verdict(
            f"{work} {limit} GB, time",
            millions(few[0]),
            f"≤ {times:g}×",
            f"{growth:.2f}× ({small:.0f} s to {large.figures['wall']:.0f} s)",
            growth <= times,
        ),
    ]


def millions(n):
    """So many events."""
    return f"{n / 1e6:g} M events"


def every_user(side, n_events):
    """Whether each is in the result."""
    return side.facts["users"] == n_events // 20


def taken(side):
    """The memory it took, and how much went to disk."""
    figures = side.figures
    return f"peak {PEAK.show(figures['peak'])}, {DISK.show(figures['disk'])} spilled"
