#!/usr/bin/env python3
"""Counts users whose clusters agree in two tables, whatever the numbers of the clusters."""

import argparse
import json

import numpy as np
from scipy.optimize import linear_sum_assignment

import duckdb


def main():
    """Prints users and how many agree when the clusters are paired as well as they can be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs=2)
    args = parser.parse_args()
    first, second = (f"read_parquet('{path}')" for path in args.tables)
    found = duckdb.connect().execute(
        f"select a.cluster, b.cluster, count(*) from {first} a join {second} b using (user_id) "
        "group by all"
    )
    pairs = found.fetchall()
    size = 1 + max(max(a, b) for a, b, _ in pairs)
    table = np.zeros((size, size), dtype=int)
    for a, b, n in pairs:
        table[a, b] = n
    agreeing = table[linear_sum_assignment(table, maximize=True)].sum()
    print(json.dumps({"users": int(table.sum()), "agree": int(agreeing)}))


if __name__ == "__main__":
    main()
