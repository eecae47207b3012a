#!/usr/bin/env python3
"""Lists the columns of a Parquet table."""

import json
import sys

import duckdb

found = duckdb.connect().execute(f"describe select * from read_parquet('{sys.argv[1]}')")
print(json.dumps([row[0] for row in found.fetchall()]))
