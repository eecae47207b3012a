"""Comparisons: their sides, rounds, checks and targets."""

import json
import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness import measure
from harness.measure import Failed

GB = 1e9


@dataclass
class Figure:
    """A number that sides are compared by."""

    key: str
    label: str
    unit: str = "s"

    def show(self, value):
        """The value with its unit, to three digits."""
        if value is None:
            return "–"
        if self.unit == "ms":
            return f"{digits(value * 1e3)} ms"
        if self.unit == "GB":
            return f"{digits(value / GB)} GB"
        return f"{digits(value)} {self.unit}".strip()


def digits(value):
    """Three digits that count, without powers of ten."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    places = 0
    while abs(value) * 10**places < 100 and places < 9:
        places += 1
    return f"{value:.{places}f}"


WALL = Figure("wall", "wall clock, whole process")
CPU = Figure("cpu", "CPU, whole process")
PEAK = Figure("peak", "peak memory", "GB")


@dataclass
class Side:
    """One of those compared. `read` makes figures and facts from what the commands printed.

    Facts are whatever the checks and the report want to know of the last round.
    """

    name: str
    commands: list
    read: Callable | None = None
    env: dict = field(default_factory=dict)
    timeout: float = 1800
    rounds: int | None = None
    scratch: Path | None = None


@dataclass
class Check:
    """Whether the sides computed the same thing."""

    what: str
    ok: bool
    detail: str = ""


@dataclass
class Verdict:
    """A target and what was measured."""

    work: str
    against: str
    target: str
    measured: str
    met: bool


@dataclass
class Comparison:
    """What to run and how to judge it.

    `checks` and `verdicts` get, per side, an object with `figures` (medians) and `facts`;
    `quality` lists per side what is printed beside the times.
    """

    title: str
    setting: str
    sides: list
    figures: list
    checks: Callable
    verdicts: Callable
    quality: Callable = lambda sides: {}
    notes: list = field(default_factory=list)


@dataclass
class Summary:
    """What one side took over all rounds."""

    figures: dict
    spread: dict
    facts: dict
    rounds: int


def last_json(outputs):
    """The last line of the last command, read as JSON: figures and facts at once."""
    lines = outputs[-1].stdout.strip().splitlines()
    if not lines:
        raise Failed("nothing was printed")
    found = json.loads(lines[-1])
    return found, found


def run_side(side):
    """One round of one side: its commands one after the other."""
    if side.scratch is not None:
        shutil.rmtree(side.scratch, ignore_errors=True)
        side.scratch.mkdir(parents=True)
    env = {**side.env, **({"TMPDIR": str(side.scratch)} if side.scratch else {})}
    outputs = []
    for command in side.commands:
        ready = command() if callable(command) else command
        output = measure.run(ready, env=env, timeout=side.timeout, scratch=side.scratch)
        outputs.append(output)
    figures = {
        "wall": sum(output.wall for output in outputs),
        "cpu": sum(output.cpu for output in outputs),
        "peak": max(output.peak for output in outputs),
        "disk": max(output.disk for output in outputs),
    }
    # Cores that processes beside this one, and beside the measuring, kept busy.
    figures["others"] = sum(output.others for output in outputs) / figures["wall"]
    read, facts = (side.read or last_json)(outputs)
    figures.update({k: v for k, v in read.items() if isinstance(v, (int, float))})
    return figures, facts


def run_rounds(comparison, rounds, say):
    """All sides in turn, round after round; a summary per side."""
    taken = {side.name: [] for side in comparison.sides}
    facts = {}
    for turn in range(rounds):
        for side in comparison.sides:
            if side.rounds is not None and turn >= side.rounds:
                continue
            figures, facts[side.name] = run_side(side)
            taken[side.name].append(figures)
            shown = ", ".join(
                f"{figure.label} {figure.show(figures[figure.key])}"
                for figure in comparison.figures
                if figure.key in figures
            )
            say(f"  round {turn + 1}, {side.name}: {shown}")
    summaries = {}
    for name, runs in taken.items():
        keys = runs[0].keys()
        summaries[name] = Summary(
            figures={key: statistics.median(run[key] for run in runs) for key in keys},
            spread={key: [min(r[key] for r in runs), max(r[key] for r in runs)] for key in keys},
            facts=facts[name],
            rounds=len(runs),
        )
    return summaries


def ratio(a, b):
    """How many times `a` is `b`; never divides by zero."""
    return a / b if b else float("inf")


def close(a, b, tolerance):
    """Whether two numbers agree relative to the larger."""
    return abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-300)
