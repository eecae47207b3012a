#!/usr/bin/env python3
"""Times an iteration of scikit-learn's K-Means: the difference of fits of 11 and of one."""

import argparse
import json
import statistics
import time

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits


def main():
    """Prints seconds per iteration and the end of the long fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--x", required=True)
    parser.add_argument("--centroids", required=True)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    x, centroids = np.load(args.x), np.load(args.centroids)

    def fit(iterations):
        model = KMeans(
            n_clusters=len(centroids), init=centroids, n_init=1, max_iter=iterations, tol=0
        )
        wall, cpu = time.perf_counter(), time.process_time()
        model.fit(x)
        return model, time.perf_counter() - wall, time.process_time() - cpu

    walls, cpus = [], []
    with threadpool_limits(args.threads):
        for _ in range(args.repeats):
            _, short_wall, short_cpu = fit(1)
            model, long_wall, long_cpu = fit(11)
            walls.append((long_wall - short_wall) / 10)
            cpus.append((long_cpu - short_cpu) / 10)
    print(
        json.dumps(
            {
                "seconds_per_iteration": statistics.median(walls),
                "cpu_per_iteration": statistics.median(cpus),
                "inertia": model.inertia_,
                "centroids": model.cluster_centers_.tolist(),
            }
        )
    )


if __name__ == "__main__":
    main()
