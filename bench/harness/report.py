"""RESULTS.md, from the results."""

from pathlib import Path

from harness.core import Figure

# Cores; measuring itself takes some hundredths of one.
BUSY = 0.2
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
    newest = max(results.values(), key=lambda result: result["date"], default=None)
    if newest is None:
        return "\n\n".join([*parts, "Nothing has been measured."]) + "\n"
    if any(result["quick"] for result in results.values()):
        parts.append("**Small sizes, to see that everything works; no results.**")
    parts.append(about(results, newest))
    parts.append(targets(results))
    parts.extend(section(name, result, newest) for name, result in results.items())
    if ROOFLINE.exists():
        parts.append(ROOFLINE.read_text().strip())
    return "\n\n".join(parts) + "\n"


def about(results, newest):
    """Machine, commit and versions."""
    machine = newest["machine"]
    commits = sorted({result["commit"] for result in results.values()})
    versions = ", ".join(f"{name} {version}" for name, version in newest["versions"].items())
    rows = [
        ["date", newest["date"]],
        ["commit", ", ".join(commits)],
        ["processor", f"{machine['cpu']}, {machine['cores']} cores"],
        ["threads", str(machine["threads"])],
        ["memory", f"{machine['memory_gb']} GB"],
        ["system", machine["kernel"]],
        ["versions", versions],
    ]
    return "\n".join(["| | |", "| --- | --- |", *("| " + " | ".join(row) + " |" for row in rows)])


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


def section(name, result, newest):
    """One comparison."""
    parts = [f"## {result.get('title', name)}"]
    where = [] if result["date"] == newest["date"] else [f"measured {result['date']}"]
    if result["commit"] != newest["commit"]:
        where.append(f"at commit {result['commit']}")
    parts.append(
        f"`bench/run --only {name}`" + "".join(f", {w}" for w in where) + f"; {result['seconds']} s"
    )
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
        parts.append("Quality:\n\n" + table(["", *names], rows))
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
