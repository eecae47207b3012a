#!/usr/bin/env python3
"""Times the silhouette of Spark MLlib on points in the memory of the session."""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from session import session


def main():
    """Prints the fastest of several evaluations, and the silhouette."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--x", required=True)
    parser.add_argument("--labels", required=True)
    parser.add_argument("--repeats", type=int, required=True)
    args = parser.parse_args()
    from pyspark.ml.evaluation import ClusteringEvaluator
    from pyspark.ml.feature import VectorAssembler

    x, labels = np.load(args.x), np.load(args.labels)
    names = [f"x{column}" for column in range(x.shape[1])]
    columns = {name: x[:, column] for column, name in enumerate(names)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.parquet"
        columns["prediction"] = labels.astype(np.int32)
        pq.write_table(pa.table(columns), path, row_group_size=len(x) // 8 + 1)
        spark = session()
        points = spark.read.parquet(str(path)).repartition(8)
        points = VectorAssembler(inputCols=names, outputCol="features").transform(points)
        points = points.select("features", "prediction").cache()
        points.count()
        evaluator = ClusteringEvaluator()
        seconds = []
        for _ in range(args.repeats):
            began = time.perf_counter()
            score = evaluator.evaluate(points)
            seconds.append(time.perf_counter() - began)
        spark.stop()
    # The first ones also compile.
    print(json.dumps({"seconds": min(seconds), "silhouette": score}))


if __name__ == "__main__":
    main()
