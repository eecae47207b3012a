"""The command line: prepare, run each comparison, write the results."""

import argparse
import datetime
import json
import os
import signal
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from comparisons import ALL
from harness import core, report, setup

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "clientele" / "bench"


def arguments(description):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=ALL, metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--rounds", type=int, default=3, help="times each side runs (3)")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round, own results")
    parser.add_argument("--work", type=Path, default=CACHE, help=f"data and peers ({CACHE})")
    parser.add_argument("--jobs", type=Path, help="a built binary `jobs`; else cargo builds it")
    parser.add_argument("--kernels", type=Path, help="a built example `kernels`; else as above")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="all cores")
    parser.add_argument("--date", help="the date to write down; today when not given")
    parser.add_argument(
        "--output", type=Path, help="where results.json and RESULTS.md go (bench; --quick: WORK)"
    )
    parser.add_argument("--report", action="store_true", help="only write RESULTS.md again")
    return parser.parse_args()


def say(text):
    """Progress, with the time of day."""
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", flush=True)


def without_places(text, context):
    """The text with short names for where this machine keeps things: it goes onto the page."""
    root = Path(__file__).resolve().parents[2]
    return text.replace(str(context.work), "WORK").replace(f"{root}/", "")


def compare(name, context, rounds):
    """Runs one comparison; its result, also when it failed."""
    began = time.monotonic()
    say(name)
    try:
        comparison = ALL[name](context)
        sides = core.run_rounds(comparison, rounds, say)
        say("  checking")
        result = {
            "title": comparison.title,
            "setting": comparison.setting,
            "notes": comparison.notes,
            "figures": [asdict(figure) for figure in comparison.figures],
            "sides": {
                side: {
                    "median": s.figures,
                    "spread": s.spread,
                    "rounds": s.rounds,
                    "parts": s.facts.get("parts", {}),
                }
                for side, s in sides.items()
            },
            "quality": comparison.quality(sides),
            "checks": [asdict(check) for check in comparison.checks(sides)],
            "verdicts": [asdict(verdict) for verdict in comparison.verdicts(sides)],
        }
        for check in result["checks"]:
            say(f"  {'same' if check['ok'] else 'DIFFERENT'}: {check['what']}. {check['detail']}")
        for verdict in result["verdicts"]:
            met = "met" if verdict["met"] else "not met"
            say(f"  {verdict['work']}: {verdict['measured']}; target {verdict['target']}: {met}")
    except Exception as error:
        # Whatever it was: the other comparisons shall run.
        if not isinstance(error, core.Failed):
            traceback.print_exc()
        result = {"failed": without_places(f"{type(error).__name__}: {error}", context)[:3000]}
        say(f"  failed: {error}")
    result["seconds"] = round(time.monotonic() - began)
    return result


def main(description):
    """Runs what was asked for; 1 if anything failed or differed."""
    options = arguments(description)
    # So that what runs is ended, too: see `measure.run`.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    output = options.output or (work if options.quick else setup.BENCH)
    output.mkdir(parents=True, exist_ok=True)
    path = output / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    if options.report:
        (output / "RESULTS.md").write_text(report.page(results))
        return 0
    context = setup.Context(work, options.quick, options.threads)
    try:
        setup.install_peers(work, say)
        context.jobs, context.kernels = setup.build(options.jobs, options.kernels, say)
    except core.Failed as error:
        say(f"failed: {error}")
        return 1
    about = {
        "date": options.date or datetime.date.today().isoformat(),
        "commit": setup.commit(given=options.jobs or options.kernels),
        "machine": setup.machine(options.threads),
        "versions": setup.versions(),
        "quick": options.quick,
    }
    good = True
    # The largest one only when everything is wanted or it is named, never in a quick look at all.
    names = options.only or [name for name in ALL if not (options.quick and name == "large")]
    for name in names:
        rounds = 1 if options.quick else options.rounds
        result = compare(name, context, rounds)
        good &= "failed" not in result and all(check["ok"] for check in result["checks"])
        results[name] = {**about, **result}
        # In the order of the list; after each, so that nothing is lost when it is interrupted.
        results = {name: results[name] for name in ALL if name in results}
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        (output / "RESULTS.md").write_text(report.page(results))
    say(f"written: {output / 'RESULTS.md'}")
    return 0 if good else 1
