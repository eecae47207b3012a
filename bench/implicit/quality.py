#!/usr/bin/env python3
"""Judges factors: the loss on all pairs, and NDCG@10 and recall@20 on those held out.

    loss = sum over all pairs of c (p - x y)^2 + regularization (|X|^2 + |Y|^2)

with p = 1 and c = 1 + score for pairs with a score, p = 0 and c = 1 for the others, in 64-bit
arithmetic. Lists leave out the training pairs; means are over the first users with something held
out. NDCG is divided by that of the best list there could be.
"""

import argparse
import json

import numpy as np
from matrix import confidences, held_out

BLOCK = 500_000


def loss(users, items, matrix, regularization):
    """The loss, without the pairs without a score one by one: their sum is that of the Grams."""
    users, items = users.astype(np.float64), items.astype(np.float64)
    total = float(((users.T @ users) * (items.T @ items)).sum())
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    for first in range(0, matrix.nnz, BLOCK):
        part = slice(first, first + BLOCK)
        guess = np.einsum("ij,ij->i", users[rows[part]], items[matrix.indices[part]])
        weight = matrix.data[part].astype(np.float64)
        total += float((weight * (1 - guess) ** 2 - guess**2).sum())
    return total + regularization * float((users**2).sum() + (items**2).sum())


def lists(users, items, train, test, n_users):
    """Mean NDCG@10 and recall@20."""
    chosen = np.flatnonzero((np.diff(train.indptr) > 0) & (np.diff(test.indptr) > 0))[:n_users]
    discount = 1 / np.log2(np.arange(2, 12))
    ndcg, recall = [], []
    for first in range(0, len(chosen), 256):
        block = chosen[first : first + 256]
        scores = users[block] @ items.T
        for user, row in zip(block, scores):
            row[train.indices[train.indptr[user] : train.indptr[user + 1]]] = -np.inf
            best = np.argpartition(-row, 20)[:20]
            best = best[np.argsort(-row[best], kind="stable")]
            wanted = test.indices[test.indptr[user] : test.indptr[user + 1]]
            found = np.isin(best, wanted)
            ndcg.append(found[:10] @ discount / discount[: len(wanted)].sum())
            recall.append(found.sum() / len(wanted))
    return float(np.mean(ndcg)), float(np.mean(recall))


def main():
    """Prints the loss and the measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--users", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--regularization", type=float, required=True)
    parser.add_argument("--n-users", type=int, default=10_000)
    args = parser.parse_args()
    users, items = np.load(args.users), np.load(args.items)
    train, test = confidences(args.data), held_out(args.data)
    ndcg, recall = lists(users, items, train, test, args.n_users)
    found = {
        "loss": loss(users, items, train, args.regularization),
        "ndcg_at_10": ndcg,
        "recall_at_20": recall,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
