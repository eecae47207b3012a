"""One iteration of implicit ALS."""

from functools import partial

from comparisons.kmeans import OURS, flags
from harness.core import PEAK, Check, Comparison, Figure, Side, Verdict, close, ratio

CG, EXACT = "implicit, conjugate gradients", "implicit, Cholesky"
REGULARIZATION = 10.0


def shop(context):
    """Folder, users and items of the scores that all comparisons of factors use."""
    users, items = context.size((100_000, 20_000), (5_000, 2_000))
    name = f"scores-{users}-{items}"
    data = context.arrays(name, "implicit/data.py", "--users", str(users), "--items", str(items))
    return data, users, items


def scores(data, items):
    """The settings of our kernels for these scores."""
    files = {name: data / f"{name}.npy" for name in ("indptr", "indices", "scores")}
    return {**files, "n_items": items}


def compare(context, factors, target):
    """Ours, exact, against implicit's two solvers, from the same start."""
    data, users, items = shop(context)
    more = context.size(3, 2)
    given = {"regularization": REGULARIZATION, "iterations": more, "threads": 1}

    def ends(side):
        folder = context.data / "als" / f"{side}-{factors}"
        folder.mkdir(parents=True, exist_ok=True)
        return {"users": folder / "users.npy", "items": folder / "items.npy"}

    places = {OURS: ends("ours"), CG: ends("cg"), EXACT: ends("exact")}
    ours = context.kernel(
        "als",
        **scores(data, items),
        **given,
        **places[OURS],
        start=data / f"start_{factors}.npy",
    )

    def peer(side, *more):
        options = {"data": data, "factors": factors, **given, **places[side]}
        return context.peer("implicit/als.py", *flags(options), *more)

    n = context.ask("implicit/count.py", "--data", data)["scores"]
    judge = partial(judged, context, data, places)
    return Comparison(
        title=f"Implicit ALS, {factors} factors",
        setting=f"{users:,} users, {items:,} items, {n:,} scores of a long-tailed shop; 32-bit "
        f"numbers, one thread, penalty {REGULARIZATION:g} on every row. All start from the same "
        "factors of the users and make the same half-steps. CPU seconds per iteration, after the "
        f"first: the mean of {more}.",
        sides=[Side(OURS, [ours]), Side(CG, [peer(CG)]), Side(EXACT, [peer(EXACT, "--exact")])],
        figures=[
            Figure("cpu_per_iteration", "CPU per iteration"),
            Figure("seconds_per_iteration", "clock per iteration"),
            PEAK,
        ],
        checks=lambda sides: checks(judge(sides)),
        verdicts=lambda sides: verdicts(sides, factors, target),
        quality=lambda sides: {
            name: {
                f"loss after {more + 1} iterations": f"{found['loss']:.1f}",
                "NDCG@10, held out": f"{found['ndcg_at_10']:.5f}",
                "recall@20, held out": f"{found['recall_at_20']:.5f}",
            }
            for name, found in judge(sides).items()
        },
    )


def judged(context, data, places, sides):
    """Loss and ranking measures of each side; kept with its facts."""
    for name, side in sides.items():
        if "loss" not in side.facts:
            options = {"data": data, **places[name], "regularization": REGULARIZATION}
            side.facts.update(context.ask("implicit/quality.py", *flags(options)))
    return {name: side.facts for name, side in sides.items()}


def checks(found):
    """The exact solvers agree; ours is no worse than either."""
    ours, exact, cg = found[OURS], found[EXACT], found[CG]
    same = close(ours["loss"], exact["loss"], 1e-4)
    gap = abs(ours["loss"] / exact["loss"] - 1)
    lists = abs(ours["ndcg_at_10"] - exact["ndcg_at_10"])
    return [
        Check("loss of implicit's exact solver to 1e-4", same, f"relative difference {gap:.1e}"),
        Check("its NDCG@10 to 0.002", lists <= 0.002, f"difference {lists:.1e}"),
        Check("loss not above that of conjugate gradients", ours["loss"] <= cg["loss"] * 1.0001),
    ]


def verdicts(sides, factors, target):
    """CPU seconds per iteration."""
    cpu = {name: side.figures["cpu_per_iteration"] for name, side in sides.items()}
    times = [ratio(cpu[name], cpu[OURS]) for name in (CG, EXACT)]
    against = f"implicit CG {cpu[CG]:.2f} s, Cholesky {cpu[EXACT]:.2f} s"
    measured = f"{cpu[OURS]:.2f} s; {times[0]:.1f}× and {times[1]:.1f}× less"
    work = f"implicit ALS, exact, {factors} factors, CPU per iteration"
    return [Verdict(work, against, f"≤ {target} s", measured, cpu[OURS] <= target)]


def compare_64(context):
    """With 64 factors."""
    return compare(context, 64, 1.2)


def compare_128(context):
    """With 128 factors."""
    return compare(context, 128, 3.5)
