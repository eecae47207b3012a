#!/usr/bin/env python3
"""Counts the rows of a Parquet table, a file or a folder of files."""

import json
import sys
from pathlib import Path

import duckdb

path = Path(sys.argv[1])
files = f"{path}/*.parquet" if path.is_dir() else str(path)
found = duckdb.connect().execute(f"select count(*) from read_parquet('{files}')")
print(json.dumps({"rows": found.fetchone()[0]}))
