"""RESULTS.md, from the results."""

from pathlib import Path

from harness.core import Figure

# Cores; measuring itself takes some hundredths of one.
BUSY = 0.2
# Measures of quality that stand side by side; more of them stand below each other.
WIDE = 10
ROOFLINE = Path(__file__).resolve().parents[1] / "roofline.md"


def table(head, rows):
    """A table in Markdown; columns after the first to the right."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("| --- |" + " ---: |" * (len(head) - 1))
    lines.extend("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join(lines)


def page(results):
    """The whole page."""
    parts = ["# Results", "Written by `bench/run`; [README.md](README.md) says how to read it."]
    if not results:
        return "\n\n".join([*parts, "Nothing has been measured."]) + "\n"
    if any(result["quick"] for result in results.values()):
        parts.append("**Small sizes, to see that everything works; no results.**")
    parts.append(about(results))
    parts.append(targets(results))
    several = len(different(results, lambda result: (result["date"], result["commit"]))) > 1
    parts.extend(section(name, result, several) for name, result in results.items())
    if ROOFLINE.exists():
        parts.append(ROOFLINE.read_text().strip())
    return "\n\n".join(parts) + "\n"


def different(results, read):
    """What the results say of one thing, each value once."""
    return list(dict.fromkeys(read(result) for result in results.values()))


def about(results):
    """Machine, dates, commit and versions; values that differ between results side by side."""
    dates = sorted(different(results, lambda result: result["date"]))
    commits = different(results, lambda result: result["commit"])
    machine = {
        "processor": "{cpu}, {cores} cores",
        "threads": "{threads}",
        "memory": "{memory_gb} GB",
        "system": "{kernel}",
    }
    names = dict.fromkeys(name for result in results.values() for name in result["versions"])
    versions = [
        f"{name} {' or '.join(filter(None, different(results, version_of(name))))}"
        for name in names
    ]
    rows = [
        ["date", " to ".join(dict.fromkeys([dates[0], dates[-1]]))],
        ["commit", commits[0] if len(commits) == 1 else "see each section"],
        *(
            [name, " or ".join(different(results, lambda r, f=form: f.format(**r["machine"])))]
            for name, form in machine.items()
        ),
        ["versions", ", ".join(versions)],
    ]
    return "\n".join(["| | |", "| --- | --- |", *("| " + " | ".join(row) + " |" for row in rows)])


def version_of(name):
    """Reads one version; earlier results may not have it."""
    return lambda result: result["versions"].get(name)


def targets(results):
    """All targets in one table."""
    rows = []
    for name, result in results.items():
        if "failed" in result:
            rows.append([f"`{name}`", "", "", "failed", "no"])
        for verdict in result.get("verdicts", []):
            met = "yes" if verdict["met"] else "**no**"
            names = ("work", "against", "target", "measured")
            rows.append([verdict[name] for name in names] + [met])
    head = ["work", "against", "target", "measured", "met"]
    return "## Targets\n\n" + table(head, rows)


def section(name, result, several):
    """One comparison, with its date and commit where there are several of them."""
    parts = [f"## {result.get('title', name)}"]
    when = f", {result['date']}, commit {result['commit']}" if several else ""
    parts.append(f"`bench/run --only {name}`{when}; {result['seconds']} s")
    if "failed" in result:
        parts.append(f"Failed:\n\n```\n{result['failed']}\n```")
        return "\n\n".join(parts)
    parts.append(result["setting"])
    parts.append(times(result))
    others = max(found["spread"]["others"][1] for found in result["sides"].values())
    if others > BUSY:
        parts.append(
            f"**Other processes kept up to {others:.1f} cores busy meanwhile: times by the clock "
            "and their ratios say little.**"
        )
    for side, found in result["sides"].items():
        if found["parts"]:
            shown = (f"{part} {seconds:.1f} s" for part, seconds in found["parts"].items())
            parts.append(f"Last round of {side}: {', '.join(shown)}.")
    if result["quality"]:
        names = list(dict.fromkeys(n for found in result["quality"].values() for n in found))
        rows = [
            [side, *(str(found.get(name, "–")) for name in names)]
            for side, found in result["quality"].items()
        ]
        head = ["", *names]
        if len(names) > WIDE:
            head, *rows = zip(*[head, *rows])
        parts.append("Quality:\n\n" + table(head, rows))
    lines = [
        f"- {'same' if check['ok'] else '**different**'}: {check['what']}"
        + (f" ({check['detail']})" if check["detail"] else "")
        for check in result["checks"]
    ]
    parts.append("\n".join(lines))
    parts.extend(result["notes"])
    return "\n\n".join(parts)


def times(result):
    """Medians, the smallest and largest value, and the ratio to ours, which is the first side."""
    figures = [Figure(**figure) for figure in result["figures"]]
    first = next(iter(result["sides"].values()))["median"]
    rows = []
    for side, found in result["sides"].items():
        row = [side]
        for figure in figures:
            value = found["median"].get(figure.key)
            if value is None:
                row.append("–")
                continue
            low, high = found["spread"][figure.key]
            cell = figure.show(value)
            if found["rounds"] > 1:
                cell += f" ({figure.show(low).split()[0]}–{figure.show(high).split()[0]})"
            if found["median"] is not first and first.get(figure.key):
                cell += f", {value / first[figure.key]:.2f}×"
            row.append(cell)
        rows.append(row)
    rounds = max(found["rounds"] for found in result["sides"].values())
    head = [f"median of {rounds}" if rounds > 1 else "one round"]
    return table(head + [figure.label for figure in figures], rows)
