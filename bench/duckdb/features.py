#!/usr/bin/env python3
"""Makes the feature table and the interactions with DuckDB, from Parquet to Parquet."""

import argparse
import json
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
AS_OF = "select date_trunc('day', max(event_time)) + interval 1 day from events"


def main():
    """Prints the seconds of both queries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    base = duckdb.connect(config={"threads": args.threads})
    files = f"read_parquet('{args.events}/*.parquet')"
    # Moments in UTC without a zone: hours and days of zones would need an extension.
    utc = "cast(event_time as timestamp) as event_time"
    base.execute(f"create view events as select * replace ({utc}) from {files}")
    base.execute(f"set variable as_of = ({AS_OF})")
    seconds = {}
    for name in ("user_features", "interactions"):
        query = (HERE / f"{name}.sql").read_text()
        began = time.perf_counter()
        base.execute(f"copy ({query}) to '{args.output}/{name}.parquet' (compression zstd)")
        seconds[name] = time.perf_counter() - began
    seconds["both"] = sum(seconds.values())
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
