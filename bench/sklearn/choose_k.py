#!/usr/bin/env python3
"""Times the choice of k with scikit-learn: K-Means from several starts, silhouette on a sample.

The exact silhouette takes hours on a million rows, so a competent user samples.
"""

import argparse
import json
import time

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits


def main():
    """Prints seconds, and inertia and silhouette of each k."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--x", required=True)
    parser.add_argument("--from", dest="first", type=int, required=True)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--restarts", type=int, required=True)
    parser.add_argument("--sample", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    x = np.load(args.x)
    candidates = []
    wall, cpu = time.perf_counter(), time.process_time()
    with threadpool_limits(args.threads):
        for k in range(args.first, args.to + 1):
            model = KMeans(k, n_init=args.restarts, random_state=args.seed).fit(x)
            score = silhouette_score(
                x,
                model.labels_,
                metric="sqeuclidean",
                sample_size=min(args.sample, len(x)),
                random_state=args.seed,
            )
            candidates.append(
                {
                    "k": k,
                    "inertia": model.inertia_,
                    "silhouette": float(score),
                    "n_iter": model.n_iter_,
                }
            )
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - wall,
                "cpu": time.process_time() - cpu,
                "candidates": candidates,
            }
        )
    )


if __name__ == "__main__":
    main()
