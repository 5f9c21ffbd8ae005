"""Reads an ``.npz`` file laid out as Keras's ``mnist.npz``."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from numpy.lib import format as npy
from numpy.typing import NDArray

from .split import Split, checked_split

KEYS = ("x_train", "y_train", "x_test", "y_test")
HIGHEST_LABEL = 255


def read(path: Path) -> Split:
    """Read training and test data from an ``.npz`` file.

    Parameters
    ----------
    path : Path
        The file, with the arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``: uint8 images
        of shape (N, H, W) or (N, H, W, C), integer labels from 0 to 255 of shape (N,).

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        The arrays as they are stored.

    Raises
    ------
    ValueError
        If the file is damaged, an array is missing, or they do not fit together. Pickled objects
        are refused, not loaded.
    """
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = {name.removesuffix(".npy"): name for name in archive.namelist()}
            arrays = [_array(archive, found[key]) for key in KEYS if key in found]
    except Exception as error:
        # Damage shows as any exception of the zip, deflate and header parsers.
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{path}: not a whole .npz file of plain arrays: {reason}") from error
    if len(arrays) < len(KEYS):
        raise ValueError(
            f"{path}: expected the arrays {', '.join(KEYS)}; found: {', '.join(found) or 'nothing'}"
        )
    return checked_split(arrays, [f"{path}: {key}" for key in KEYS], HIGHEST_LABEL)


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Read one array. Its bytes are read whole, since only then is their checksum looked at."""
    array: NDArray[Any] = npy.read_array(BytesIO(archive.read(name)), allow_pickle=False)
    return array
