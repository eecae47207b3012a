#!/usr/bin/env python3
"""Compares two Parquet tables row by row and column by column, joined by their key."""

import argparse
import json

import duckdb


def main():
    """Prints rows, rows of one side only, and per column how many values differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs=2)
    parser.add_argument("--key", nargs="+", required=True)
    parser.add_argument("--columns", nargs="+", help="all of the second table when not given")
    parser.add_argument("--tolerance", type=float, default=1e-12, help="of floats, relative")
    args = parser.parse_args()
    base = duckdb.connect()
    for name, path in zip("ab", args.tables):
        found = base.execute(f"describe select * from read_parquet('{path}')").fetchall()
        # Moments with and without a zone, all in UTC, and whole numbers of any width are alike.
        casts = {"TIMESTAMP WITH TIME ZONE": "timestamp", "HUGEINT": "bigint", "UINTEGER": "bigint"}
        replaced = [f"cast({c} as {casts[t]}) as {c}" for c, t, *_ in found if t in casts]
        replace = f"replace ({', '.join(replaced)})" if replaced else ""
        base.execute(f"create view {name} as select * {replace} from read_parquet('{path}')")
    types = {row[0]: row[1] for row in base.execute("describe b").fetchall()}
    others = {row[0] for row in base.execute("describe a").fetchall()}
    columns = [c for c in args.columns or types if c not in args.key]
    missing = [column for column in columns if column not in others or column not in types]
    columns = [column for column in columns if column not in missing]

    def differs(column):
        if types[column] in ("DOUBLE", "FLOAT"):
            size = f"greatest(abs(a.{column}), abs(b.{column}))"
            near = f"abs(a.{column} - b.{column}) <= {args.tolerance} * {size}"
            empty = f"(a.{column} is null) <> (b.{column} is null)"
            return f"count(*) filter ({empty} or not coalesce({near}, true))"
        return f"count(*) filter (a.{column} is distinct from b.{column})"

    on = " and ".join(f"a.{key} is not distinct from b.{key}" for key in args.key)
    first = args.key[0]
    counts = ", ".join(
        [
            f"count(*) filter (a.{first} is not null and b.{first} is not null)",
            f"count(*) filter (b.{first} is null)",
            f"count(*) filter (a.{first} is null)",
            *(differs(column) for column in columns),
        ]
    )
    # Rows of one side only are counted on their own, not in every column.
    found = base.execute(f"select {counts} from a full join b on {on}").fetchone()
    alone = found[1] + found[2]
    if alone:
        inner = f"select {counts} from a join b on {on}"
        found = (*found[:3], *base.execute(inner).fetchone()[3:])
    different = {column: n for column, n in zip(columns, found[3:]) if n}
    print(
        json.dumps(
            {
                "rows": found[0],
                "only_first": found[1],
                "only_second": found[2],
                "columns": len(columns),
                "missing": missing,
                "different": different,
                "same": not alone and not missing and not different,
            }
        )
    )


if __name__ == "__main__":
    main()
