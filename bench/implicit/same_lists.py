#!/usr/bin/env python3
"""Compares two sets of lists: equal items at equal places, or scores that differ by rounding."""

import argparse
import json

import numpy as np


def main():
    """Prints the share of places with the same item, and the largest difference of scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs=2)
    args = parser.parse_args()
    (lists, values), (others, other_values) = (
        (np.load(f"{folder}/lists.npy"), np.load(f"{folder}/values.npy")) for folder in args.folders
    )
    found = {
        "same_items": float((lists == others).mean()),
        "largest_difference": float(np.abs(values - other_values).max()),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
