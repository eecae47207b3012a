#!/usr/bin/env python3
"""Times an iteration of the ALS of `implicit` and writes its factors.

`implicit` solves rows first, then columns; the other side solves items first. So it is given items
with rows, and both start from the same factors of the users and make the same half-steps.
"""

import argparse
import json
import os
import time

# Before numpy is loaded: implicit has threads of its own.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from matrix import confidences


def main():
    """Prints CPU and clock seconds per iteration after the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--factors", type=int, required=True)
    parser.add_argument("--regularization", type=float, required=True)
    parser.add_argument("--iterations", type=int, required=True, help="after the first")
    parser.add_argument("--exact", action="store_true", help="Cholesky, not conjugate gradients")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--users", required=True)
    parser.add_argument("--items", required=True)
    args = parser.parse_args()
    matrix = confidences(args.data).T.tocsr()
    model = AlternatingLeastSquares(
        factors=args.factors,
        regularization=args.regularization,
        iterations=1 + args.iterations,
        use_cg=not args.exact,
        num_threads=args.threads,
        random_state=7,
    )
    model.item_factors = np.load(f"{args.data}/start_{args.factors}.npy")
    # Where conjugate gradients begin; the exact solution does not look at it.
    generator = np.random.default_rng(7)
    model.user_factors = generator.random((matrix.shape[0], args.factors), np.float32) * 0.01
    times = []

    def note(*_):
        times.append((time.process_time(), time.perf_counter()))

    model.fit(matrix, show_progress=False, callback=note)
    # The rows were items.
    np.save(args.users, model.item_factors)
    np.save(args.items, model.user_factors)
    (cpu_first, wall_first), (cpu_last, wall_last) = times[0], times[-1]
    print(
        json.dumps(
            {
                "cpu_per_iteration": (cpu_last - cpu_first) / args.iterations,
                "seconds_per_iteration": (wall_last - wall_first) / args.iterations,
                "iterations": len(times),
            }
        )
    )


if __name__ == "__main__":
    main()
