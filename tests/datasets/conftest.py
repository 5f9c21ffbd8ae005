"""A tiny data set, and files of it written byte by byte."""

import gzip
import struct

import numpy as np
import pytest

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture
def tiny():
    """Six training and three test images of 4 x 3 pixels, as (x_train, y_train, x_test, y_test)."""
    rng = np.random.default_rng(7)
    return (
        rng.integers(0, 256, (6, 4, 3), dtype=np.uint8),
        np.array([3, 0, 8, 1, 1, 4], np.uint8),
        rng.integers(0, 256, (3, 4, 3), dtype=np.uint8),
        np.array([2, 7, 0], np.uint8),
    )


@pytest.fixture
def idx_bytes():
    """A function that writes an array of bytes in IDX, by the format's own definition."""

    def encode(array):
        header = bytes([0, 0, 8, array.ndim])
        for length in array.shape:
            header += struct.pack(">I", length)
        return header + bytes(array.reshape(-1).tolist())

    return encode


@pytest.fixture
def write_idx(tiny, idx_bytes):
    """A function that writes the four IDX files into a folder."""

    def write(folder, joint="-", packed=False):
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in zip(NAMES, tiny, strict=True):
            data = idx_bytes(array)
            name = name.replace("-idx", f"{joint}idx") + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(data) if packed else data)
        return folder

    return write


@pytest.fixture
def write_npz(tiny):
    """A function that writes an .npz file of the tiny data set, with other arrays if wished."""

    def write(path, save=np.savez, **others):
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = ("x_train", "y_train", "x_test", "y_test")
        save(path, **(dict(zip(keys, tiny, strict=True)) | others))
        return path

    return write


@pytest.fixture
def same(tiny):
    """A function that says whether a split holds the tiny data set, as Keras returns it."""

    def compare(split):
        (x_train, y_train), (x_test, y_test) = split
        return all(
            mine.dtype == np.uint8 and np.array_equal(mine, theirs)
            for mine, theirs in zip((x_train, y_train, x_test, y_test), tiny, strict=True)
        )

    return compare
