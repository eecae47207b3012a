"""Our own jobs as sides of comparisons: commands, and what their runs say of themselves."""

import json
import shutil

from harness.measure import Failed
from harness.setup import BENCH

SETTINGS = BENCH / "settings"


def run(context, job, events, output, *options, clear=False):
    """The command of a job; with `clear` the runs of earlier rounds are removed first."""
    command = [context.jobs, "run", job, "--events", events, "--output", output]
    command += ["--threads", context.threads, *options]

    def ready():
        if clear:
            shutil.rmtree(output, ignore_errors=True)
        return command

    return ready


def latest(output, job):
    """The folder of the newest run."""
    path = output / job / "latest.json"
    if not path.exists():
        raise Failed(f"no run of {job} in {output}")
    return output / job / json.loads(path.read_text())["run_id"]


def steps(output, job):
    """Seconds of each step of the newest run."""
    manifest = json.loads((latest(output, job) / "manifest.json").read_text())
    return {timing["step"]: timing["seconds"] for timing in manifest["timings"]}


def same_tables(context, first, second, key, *more):
    """Compares two tables row by row; the result of duckdb/same_tables.py."""
    return context.ask("duckdb/same_tables.py", first, second, "--key", *key, *more)


def alike(found):
    """What to say of two tables."""
    if found["same"]:
        return f"{found['rows']:,} rows, {found['columns']} columns, no difference"
    parts = [f"{found['only_first']} and {found['only_second']} rows on one side only"]
    parts += [f"{column}: {n} values" for column, n in found["different"].items()]
    parts += [f"{column} is missing" for column in found["missing"]]
    return ", ".join(parts)
