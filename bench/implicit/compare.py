#!/usr/bin/env python3
"""Recommends with the Python library `implicit`, tuned on a grid, and measures its lists as
`jobs run recommendation` measures its own.

    python3 -m venv venv && venv/bin/pip install 'implicit==0.7.*' numpy scipy
    venv/bin/python bench/implicit/compare.py --train train.csv --test test.csv
    venv/bin/python bench/implicit/compare.py --events events.csv --test-from 2024-03-01

`--train` and `--test`: files with the columns user, item and score, one row per pair.
`--events`: a log with the columns event_time, event_type, product_id and user_id. Pairs are made
from it with the default weights of the job: exact duplicates of rows are dropped, the score of a
pair is the sum of the weights of its events, held between -100 and 100, and the test is on the
events from `--test-from` on. Times are compared as text: the option must be written as the file
writes them. Logs with scores, decay or thresholds are for `--train` and `--test`.

The grid is tried on a fifth of the training pairs, drawn at random; the best setting by NDCG is
fitted again on all training pairs and tested once. Lists leave out the training pairs. Relevant are
test pairs with a score above 0 that are not training pairs, if their item has a training pair.
Means are over users with a training pair and something relevant. NDCG has gains of 0 and 1 and is
divided by that of the best list there could be; recall is divided by the number of relevant items.
"""

import argparse
import csv
import itertools
import os
import time

# Before numpy is loaded: implicit has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

WEIGHTS = {"view": 1, "cart": 3, "purchase": 5, "remove_from_cart": -2, "return": -4}
MAX_SCORE = 100


def read_pairs(path):
    with open(path, newline="") as file:
        return {(row["user"], row["item"]): float(row["score"]) for row in csv.DictReader(file)}


def read_events(path, test_from):
    """Training and test pairs of a log."""
    train, test, known = {}, {}, set()
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            whole = tuple(map(str, row.values()))
            weight = WEIGHTS.get(row["event_type"])
            pair = (row["user_id"], row["product_id"])
            if whole in known or weight is None or not all(pair):
                continue
            known.add(whole)
            pairs = test if row["event_time"] >= test_from else train
            pairs[pair] = pairs.get(pair, 0) + weight
    return held(train), held(test)


def held(pairs):
    """Scores within their limits."""
    return {pair: max(-MAX_SCORE, min(MAX_SCORE, score)) for pair, score in pairs.items()}


def matrix(pairs, users, items):
    """Scores, one row per user; a score of 0 is kept as a pair."""
    places = np.array([(users[u], items[i]) for u, i in pairs], dtype=np.int32).reshape(-1, 2).T
    scores = np.array(list(pairs.values()), dtype=np.float64)
    return csr_matrix((scores, tuple(places)), shape=(len(users), len(items)))


def relevant(test, train):
    """Per user what the lists should find; both are pairs."""
    items = {item for _, item in train}
    return {p: 1 for p, s in test.items() if s > 0 and p not in train and p[1] in items}


def fit(train, setting, args):
    """The confidence of a pair is 1 + alpha |score|; implicit takes negative ones for dislikes."""
    factors, regularization, alpha = setting
    scores = train.data
    confidence = np.where(scores > 0, 1 + alpha * scores, -(1 + alpha * -scores))
    model = AlternatingLeastSquares(
        factors=factors,
        regularization=regularization,
        iterations=args.iterations,
        use_cg=not args.exact,
        num_threads=args.threads,
        random_state=args.seed,
    )
    data = csr_matrix((confidence.astype(np.float32), train.indices, train.indptr), train.shape)
    model.fit(data, show_progress=False)
    return model.user_factors, model.item_factors


def measure(factors, train, test, k):
    """Mean NDCG@k and recall@k over the users with a training pair and something relevant."""
    user_factors, item_factors = factors
    has_both = (np.diff(train.indptr) > 0) & (np.diff(test.indptr) > 0)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ndcg, recall = [], []
    for user in np.flatnonzero(has_both):
        scores = item_factors @ user_factors[user]
        scores[train.indices[train.indptr[user] : train.indptr[user + 1]]] = -np.inf
        wanted = test.indices[test.indptr[user] : test.indptr[user + 1]]
        # Stable: equal scores go by the index of the item.
        listed = np.argsort(-scores, kind="stable")[:k]
        found = np.isin(listed, wanted)
        ndcg.append(found @ discount[: len(listed)] / discount[: len(wanted)].sum())
        recall.append(found.sum() / len(wanted))
    return np.mean(ndcg), np.mean(recall), len(ndcg)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train")
    parser.add_argument("--test")
    parser.add_argument("--events")
    parser.add_argument("--test-from", help="with --events")
    parser.add_argument("--factors", type=int, nargs="+", default=[64])
    parser.add_argument("--regularization", type=float, nargs="+", default=[1, 10, 30, 100])
    parser.add_argument("--alpha", type=float, nargs="+", default=[0.3, 1, 3, 10, 40])
    parser.add_argument("--iterations", type=int, default=15)
    parser.add_argument("--exact", action="store_true", help="solve exactly instead of by CG")
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    if args.events and args.test_from:
        train, test = read_events(args.events, args.test_from)
    elif args.train and args.test:
        train, test = read_pairs(args.train), read_pairs(args.test)
    else:
        parser.error("give --train and --test, or --events and --test-from")

    users = {user: n for n, user in enumerate(sorted({user for user, _ in train}))}
    items = {item: n for n, item in enumerate(sorted({item for _, item in train}))}
    test = {pair: score for pair, score in test.items() if pair[0] in users}
    in_part = np.random.default_rng(args.seed).random(len(train)) < 0.2
    part = {p: s for (p, s), held_out in zip(train.items(), in_part) if not held_out}
    held_out = {p: s for (p, s), held_out in zip(train.items(), in_part) if held_out}

    def evaluated(setting, train, test):
        data = matrix(train, users, items)
        started = time.perf_counter()
        factors = fit(data, setting, args)
        seconds = time.perf_counter() - started
        wanted = matrix(relevant(test, train), users, items)
        return *measure(factors, data, wanted, args.k), seconds

    def line(name, setting, values):
        ndcg, recall, n, seconds = values
        factors, regularization, alpha = setting
        print(
            f"{name:<10} {factors:>7} {regularization:>14g} {alpha:>5g} {ndcg:>9.4f} {recall:>9.4f}"
            f" {n:>6} {seconds:>8.2f}",
            flush=True,
        )

    names = f"NDCG@{args.k} Recall@{args.k}"
    print(f"{'':<10} factors regularization alpha {names}  users  seconds")
    best = None
    for setting in itertools.product(args.factors, args.regularization, args.alpha):
        values = evaluated(setting, part, held_out)
        line("validation", setting, values)
        if best is None or values[0] > best[0]:
            best = (values[0], setting)
    line("test", best[1], evaluated(best[1], train, test))


if __name__ == "__main__":
    main()
