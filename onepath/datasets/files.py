"""Reads a data set from a path that the user gives."""

from pathlib import Path

from . import idx, npz
from .split import Split


def read_path(path: Path) -> Split:
    """Read a folder of IDX files or an ``.npz`` file.

    Parameters
    ----------
    path : Path
        The folder or file. Nothing in it is changed.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8 images of shape (N, H, W) or (N, H, W, C), integer labels of shape (N,).

    Raises
    ------
    ValueError
        If the path is neither, or what it holds is incomplete or damaged.
    """
    if path.is_dir():
        return idx.read_folder(path)
    if path.is_file() and path.suffix == ".npz":
        return npz.read(path)
    raise ValueError(
        f"{path}: expected a folder with the files {idx.EXPECTED}, or an .npz file with the arrays "
        f"{', '.join(npz.KEYS)}; found {'another file' if path.exists() else 'nothing'} there"
    )
