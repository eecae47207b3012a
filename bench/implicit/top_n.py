#!/usr/bin/env python3
"""Times the lists of `implicit` for given factors."""

import argparse
import json
import os
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from matrix import scores


def main():
    """Prints seconds; writes the lists and their scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--users", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--n-users", type=int, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--lists", required=True)
    parser.add_argument("--values", required=True)
    args = parser.parse_args()
    items = np.load(args.items)
    model = AlternatingLeastSquares(factors=items.shape[1], num_threads=args.threads)
    model.user_factors, model.item_factors = np.load(args.users), items
    seen = scores(args.data)[: args.n_users]
    users = np.arange(args.n_users)
    seconds = []
    for _ in range(args.repeats):
        began = time.perf_counter()
        ids, values = model.recommend(users, seen, N=args.n, filter_already_liked_items=True)
        seconds.append(time.perf_counter() - began)
    np.save(args.lists, ids.astype(np.uint32))
    np.save(args.values, values.astype(np.float32))
    print(json.dumps({"seconds": min(seconds)}))


if __name__ == "__main__":
    main()
