"""Features of users, and interactions, from a large log."""

from comparisons.jobs import SETTINGS, alike, latest, run, same_tables, steps
from comparisons.kmeans import flags
from harness.core import Check, Comparison, Figure, Side, Verdict, last_json, ratio

OURS, STANDALONE = "this project, embedded", "this project, standalone"
DUCKDB, POLARS = "DuckDB", "Polars"


def compare(context):
    """Our steps against the same queries in DuckDB and Polars."""
    n_events, n_users = context.size((20_000_000, 1_000_000), (300_000, 30_000))
    events = context.events(n_events, n_users)
    places = {name: context.data / "features" / name.split()[-1].lower() for name in SIDES}

    def ours(name, *options):
        output = places[name]
        shared = ["--config", SETTINGS / "features_only.toml", *options]
        model = ["--factors", "4", "--regularization", "3", "--alpha", "1"]
        model += ["--folds", "0", "--iterations", "1"]
        segmentation = ["--k", "2", "--n-init", "1"]
        return Side(
            name,
            [
                run(context, "segmentation", events, output, *shared, *segmentation, clear=True),
                run(context, "recommendation", events, output, *shared, *model),
            ],
            read=lambda outputs: read(outputs, output),
        )

    def peer(name):
        given = {"events": events, "output": places[name], "threads": context.threads}
        command = context.peer(f"{name.lower()}/features.py", *flags(given))
        return Side(name, [command], read=read_peer)

    return Comparison(
        title="User features and interactions",
        setting=f"{n_events:,} events of {n_users:,} users in Parquet, {context.threads} threads: "
        "the 30 features of every user, and the evidence of every user and product. Ours: the "
        "steps `features` and `interactions` of the two jobs, as their manifests say, and the "
        "memory up to their ends. The peers: the same in two queries, written to Parquet, the "
        "memory of the whole process.",
        sides=[ours(OURS), ours(STANDALONE, "--standalone"), peer(DUCKDB), peer(POLARS)],
        figures=[
            Figure("both", "features and interactions"),
            Figure("user_features", "features"),
            Figure("interactions", "interactions"),
            Figure("cpu_both", "CPU"),
            Figure("step_peak", "peak memory", "GB"),
            Figure("account", "besides: account of the data, twice"),
        ],
        checks=lambda _: checks(context, places),
        verdicts=verdicts,
        notes=[
            "Each of our jobs reads the log by itself, as the peers' queries do. Beyond the peers' "
            "queries, the step `features` makes the table of months behind a chart, and "
            "`interactions` the table of products; both judge every row (quarantine). The account "
            "of the data is a step of its own, which no peer has."
        ],
    )


SIDES = (OURS, STANDALONE, DUCKDB, POLARS)


def read(outputs, output):
    """Times of steps from the manifests; CPU and memory from the lines that end the steps."""
    segmentation, recommendation = outputs
    seconds = steps(output, "segmentation") | {
        "interactions": steps(output, "recommendation")["interactions"]
    }
    parts = ((segmentation, "features"), (recommendation, "interactions"))
    spent = [output.mark(step).cpu - output.mark("events").cpu for output, step in parts]
    figures = {
        "user_features": seconds["features"],
        "interactions": seconds["interactions"],
        "both": seconds["features"] + seconds["interactions"],
        "cpu_both": sum(spent),
        "step_peak": max(output.mark(step).peak for output, step in parts),
        "account": seconds["events"] + steps(output, "recommendation")["events"],
    }
    return figures, {}


def read_peer(outputs):
    """What the script says, and the whole process for the rest."""
    figures, facts = last_json(outputs)
    return {**figures, "cpu_both": outputs[-1].cpu, "step_peak": outputs[-1].peak}, facts


def checks(context, places):
    """Every side made the same tables."""
    first = [latest(places[OURS], job) for job in ("segmentation", "recommendation")]
    customers, interactions = first[0] / "customers.parquet", first[1] / "interactions.parquet"
    for name in SIDES[1:]:
        if name == STANDALONE:
            others = [latest(places[name], job) for job in ("segmentation", "recommendation")]
            pair = (others[0] / "customers.parquet", others[1] / "interactions.parquet")
        else:
            pair = (places[name] / "user_features.parquet", places[name] / "interactions.parquet")
        tables = (
            ("features", customers, pair[0], ["user_id"]),
            ("interactions", interactions, pair[1], ["user_id", "product_id"]),
        )
        for what, ours, theirs, key in tables:
            found = same_tables(context, files(ours), files(theirs), key)
            yield Check(f"{what} of {name}", found["same"], alike(found))


def files(path):
    """A table is a file, or a folder of files."""
    return f"{path}/*.parquet" if path.is_dir() else path


def verdicts(sides):
    """Time and memory against DuckDB; standalone against embedded."""
    ours, duckdb = sides[OURS].figures, sides[DUCKDB].figures
    alone = ratio(sides[STANDALONE].figures["both"], ours["both"])
    time = ratio(ours["both"], duckdb["both"])
    memory = ratio(ours["step_peak"], duckdb["step_peak"])
    work = "user features and interactions"
    return [
        Verdict(
            f"{work}, time",
            f"DuckDB {duckdb['both']:.1f} s",
            "≤ 0.8×",
            f"{ours['both']:.1f} s; {time:.2f}×",
            time <= 0.8,
        ),
        Verdict(
            f"{work}, memory",
            f"DuckDB {duckdb['step_peak'] / 1e9:.1f} GB",
            "≤ 1×",
            f"{ours['step_peak'] / 1e9:.1f} GB; {memory:.2f}×",
            memory <= 1,
        ),
        Verdict(f"{work}, standalone", "embedded", "≤ 1.5×", f"{alone:.2f}×", alone <= 1.5),
    ]
