"""Reads IDX files, the format that MNIST is distributed in.

A file starts with a big-endian word, 8 for unsigned bytes times 256 plus the number of axes, and
one word for the length of each axis; the bytes follow.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .split import Split, checked_split

HIGHEST_LABEL = 9

_AXES = {"train-images": 3, "train-labels": 1, "t10k-images": 3, "t10k-labels": 1}
_HOLDS = {1: "labels", 3: "images"}
_GZIP_MAGIC = b"\x1f\x8b"

EXPECTED = (
    ", ".join(f"{part}-idx{axes}-ubyte" for part, axes in _AXES.items()) + " (with or without .gz)"
)


def read_folder(folder: Path) -> Split:
    """Read the four files of MNIST, or of a data set that is distributed like it.

    Parameters
    ----------
    folder : Path
        Where the files are. Each may be gzipped, and a dot may stand before ``idx``.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8 images of shape (N, H, W) and labels from 0 to 9 of shape (N,).

    Raises
    ------
    ValueError
        If a file is missing or damaged, or they do not fit together.
    """
    paths = [_find(folder, part, axes) for part, axes in _AXES.items()]
    arrays = [read(path, axes) for path, axes in zip(paths, _AXES.values(), strict=True)]
    return checked_split(arrays, [str(path) for path in paths], HIGHEST_LABEL)


def read(path: Path, axes: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes.

    Parameters
    ----------
    path : Path
        The file, gzipped or not.
    axes : {1, 3}
        1 for labels, 3 for images.

    Returns
    -------
    numpy.ndarray
        uint8, with as many axes.

    Raises
    ------
    ValueError
        If it is not such a file, or is damaged.
    """
    data = _unpacked(path)
    start = 4 + 4 * axes
    if len(data) < start:
        raise ValueError(
            f"{path}: {len(data)} bytes are too few for the header of IDX {_HOLDS[axes]}, {start}"
        )
    magic, *shape = struct.unpack_from(f">{1 + axes}I", data)
    if magic != 0x800 + axes:
        raise ValueError(
            f"{path}: IDX {_HOLDS[axes]} start with 0x{0x800 + axes:08x}, this file with "
            f"0x{magic:08x}{_guess(magic)}"
        )
    if len(data) != start + math.prod(shape):
        raise ValueError(
            f"{path}: the header promises {' x '.join(map(str, shape))} bytes, and "
            f"{len(data) - start} follow it: the file is cut off or damaged"
        )
    # a copy, since memory of a bytes object could not be written to
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def _find(folder: Path, part: str, axes: int) -> Path:
    for name in (f"{part}-idx{axes}-ubyte", f"{part}.idx{axes}-ubyte"):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    found = sorted(path.name for path in folder.iterdir())
    shown = ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
    raise ValueError(
        f"{folder}: there are no {part} here. Expected are the files {EXPECTED}; found: "
        f"{shown or 'nothing'}"
    )


def _unpacked(path: Path) -> bytes:
    """Return the file's bytes, unpacked if they are gzipped, whatever the file's name says."""
    data = path.read_bytes()
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: the gzip file is cut off or damaged: {error}") from error


def _guess(magic: int) -> str:
    held = _HOLDS.get(magic - 0x800)
    return f": it holds {held}" if held else ""
