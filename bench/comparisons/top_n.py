"""The best items of many users."""

from comparisons.als import OURS, REGULARIZATION, flags, scores, shop
from harness.core import PEAK, Check, Comparison, Figure, Side, Verdict, ratio
from harness.setup import checked

IMPLICIT = "implicit"


def compare(context):
    """Ours and implicit's, on the same factors, without what the users have had."""
    data, users, items = shop(context)
    model = context.made("top-n-model", lambda part: learn(context, part, data, items))
    n_users = min(users, 20_000)
    given = {"users": model / "users.npy", "items": model / "items.npy", "n_users": n_users}
    given |= {"n": 10, "repeats": 3, "threads": context.threads}
    places = {name: context.data / "top-n" / name for name in ("ours", "implicit")}

    def ends(name):
        places[name].mkdir(parents=True, exist_ok=True)
        return {"lists": places[name] / "lists.npy", "values": places[name] / "values.npy"}

    peer = flags({"data": data, **given, **ends("implicit")})
    return Comparison(
        title="Top-N",
        setting=f"The best 10 of {items:,} items for {n_users:,} users, 64 factors, without the "
        "items of the training scores; the fastest of three.",
        sides=[
            Side(OURS, [context.kernel("top-n", **scores(data, items), **given, **ends("ours"))]),
            Side(IMPLICIT, [context.peer("implicit/top_n.py", *peer)]),
        ],
        figures=[Figure("seconds", "all lists"), PEAK],
        checks=lambda _: checks(
            context.ask("implicit/same_lists.py", places["ours"], places["implicit"])
        ),
        verdicts=verdicts,
    )


def learn(context, part, data, items):
    """Factors of a short fit."""
    part.mkdir(parents=True)
    ends = {"users": part / "users.npy", "items": part / "items.npy"}
    given = {"regularization": REGULARIZATION, "iterations": 3, "threads": context.threads}
    start = data / "start_64.npy"
    checked(context.kernel("als", **scores(data, items), **given, **ends, start=start))


def checks(found):
    """The same items, but where rounding decides."""
    gap = found["largest_difference"]
    detail = f"largest difference of scores {gap:.1e}"
    share = found["same_items"]
    return [
        Check("the same scores at every place, to rounding", gap < 1e-5, detail),
        Check("the same item at 99.9 % of the places", share >= 0.999, f"{share:.5%}"),
    ]


def verdicts(sides):
    """At most half a second."""
    ours, peer = (sides[name].figures["seconds"] for name in (OURS, IMPLICIT))
    measured = f"{ours:.2f} s; {ratio(peer, ours):.1f}× faster"
    against = f"implicit {peer:.1f} s"
    return [Verdict("top-10 of 20 k users × 20 k items", against, "≤ 0.5 s", measured, ours <= 0.5)]
