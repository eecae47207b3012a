"""The matrices that data.py wrote."""

from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix


def shape(folder):
    """Users and items."""
    folder = Path(folder)
    users = len(np.load(folder / "indptr.npy", mmap_mode="r")) - 1
    items = 1 + int(np.load(folder / "indices.npy", mmap_mode="r").max())
    return users, max(items, 1 + int(np.load(folder / "test_indices.npy").max()))


def scores(folder):
    """Scores, users with rows."""
    folder = Path(folder)
    parts = [np.load(folder / f"{name}.npy") for name in ("scores", "indices", "indptr")]
    return csr_matrix((parts[0], parts[1].astype(np.int32), parts[2]), shape=shape(folder))


def confidences(folder):
    """One more than the score of each pair."""
    found = scores(folder)
    found.data += 1
    return found


def held_out(folder):
    """The pairs that were held out."""
    folder = Path(folder)
    indices = np.load(folder / "test_indices.npy").astype(np.int32)
    starts = np.load(folder / "test_indptr.npy")
    return csr_matrix((np.ones(len(indices), np.float32), indices, starts), shape=shape(folder))
