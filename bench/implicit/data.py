#!/usr/bin/env python3
"""Writes scores of a long-tailed shop as sparse rows, and factors to start from.

The number of items per user is log-normal (median 34), items are drawn by
popularity, and two draws in three are made from a ranking of the user's own group of tastes, so
that there is something to learn. A tenth of the scores is held out.
"""

import argparse
import json
from pathlib import Path

import numpy as np

GROUPS = 40


def main():
    """Writes indptr, indices, scores; test_indptr, test_indices; start_64, start_128."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)

    wanted = np.ceil(33.8 * np.exp(0.94 * rng.standard_normal(args.users)))
    wanted = np.minimum(wanted, args.items // 4).astype(np.int64)
    users = np.repeat(np.arange(args.users), wanted)
    rank = (args.items * rng.random(len(users)) ** 3).astype(np.int64)
    ranking = np.stack([rng.permutation(args.items) for _ in range(GROUPS + 1)])
    group = rng.integers(GROUPS, size=args.users)[users] + 1
    group[rng.random(len(users)) < 1 / 3] = 0
    pairs = np.unique(users * args.items + ranking[group, rank])
    held_out = rng.random(len(pairs)) < 0.1

    args.output.mkdir(parents=True)

    def save(name, part):
        rows, columns = part // args.items, part % args.items
        starts = np.searchsorted(rows, np.arange(args.users + 1)).astype(np.int64)
        np.save(args.output / f"{name}indptr.npy", starts)
        np.save(args.output / f"{name}indices.npy", columns.astype(np.uint32))

    save("", pairs[~held_out])
    save("test_", pairs[held_out])
    n = int((~held_out).sum())
    np.save(args.output / "scores.npy", rng.integers(1, 6, n).astype(np.float32))
    for factors in (64, 128):
        start = rng.normal(0, 0.1 / np.sqrt(factors), (args.users, factors))
        np.save(args.output / f"start_{factors}.npy", start.astype(np.float32))
    print(json.dumps({"scores": n}))


if __name__ == "__main__":
    main()
