#!/usr/bin/env python3
"""Writes points for clustering: groups of customers with log-normal habits, standardised.

Also centroids to start from (points drawn at random) and the label of the nearest of them.
"""

import argparse
import json
from pathlib import Path

import numpy as np


def main():
    """Writes x.npy, centroids.npy and labels.npy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--clusters", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)

    groups = 6
    group = rng.choice(groups, args.rows, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    centres = rng.normal(0, 1.6, (groups, args.columns))
    x = centres[group] + rng.normal(0, 1, (args.rows, args.columns))
    # Half of the columns are counts, many of them small, as after a logarithm.
    half = args.columns // 2
    x[:, :half] = np.log1p(np.floor(np.exp(x[:, :half])))
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    centroids = x[rng.choice(args.rows, args.clusters, replace=False)]
    labels = np.empty(args.rows, dtype=np.uint32)
    for first in range(0, args.rows, 65536):
        part = x[first : first + 65536]
        distances = (centroids**2).sum(axis=1) - 2 * part @ centroids.T
        labels[first : first + 65536] = distances.argmin(axis=1)

    args.output.mkdir(parents=True)
    np.save(args.output / "x.npy", x)
    np.save(args.output / "centroids.npy", centroids)
    np.save(args.output / "labels.npy", labels)
    print(json.dumps({"rows": args.rows}))


if __name__ == "__main__":
    main()
