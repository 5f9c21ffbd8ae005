"""The HDF5 file of weights: what is read is plain arrays, and of the shapes that are expected.

A file is data, and HDF5 can do more than hold arrays: links to other files, data that lies
elsewhere, filters that are plugins, shapes without data. None of these is followed.
"""

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import CorruptFileError
from .archive import LARGEST_RATIO

GZIP, SHUFFLE = 1, 2
FILTERS = {GZIP, SHUFFLE}

Arrays = dict[str, list[Any]]
"""By group: arrays, of which the first is named "0"."""


class StoredWeights:
    """Groups of arrays in an HDF5 file.

    Parameters
    ----------
    data : bytes
        The file.

    Raises
    ------
    ImportError
        If h5py is not installed.
    """

    def __init__(self, data: bytes) -> None:
        self._h5py = h5py_package()
        self._file = self._h5py.File(io.BytesIO(data), "r")

    def stored(self, group: str) -> list[Any]:
        """Return a group's datasets, of which nothing but the description has been read.

        Each has as many bytes in the file as its shape needs; compressed ones, as many as it may.

        Raises
        ------
        CorruptFileError
            If there is something else in it.
        """
        place: Any = self._file
        for step in (*group.split("/"), "vars"):
            if step and step not in place:
                return []
            place = self._followed(place, step, self._h5py.Group) if step else place
        datasets = [self._followed(place, str(n), self._h5py.Dataset) for n in range(len(place))]
        for dataset in datasets:
            _check(dataset)
        return datasets

    def _followed(self, place: Any, step: str, kind: type) -> Any:
        """What a group has under a name, if it is in this file and of a kind."""
        link = place.get(step, getlink=True)
        if not isinstance(link, self._h5py.HardLink):
            raise CorruptFileError(f"weights at {place.name}/{step} are {link!r}, not data")
        found = place[step]
        if not isinstance(found, kind):
            raise CorruptFileError(f"weights at {place.name}/{step} are a {type(found).__name__}")
        return found


def read(dataset: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return a dataset's array.

    Raises
    ------
    CorruptFileError
        If shape or dtype is not what it must be.
    """
    if (dataset.shape, dataset.dtype.newbyteorder("=")) != (shape, np.dtype(dtype)):
        raise CorruptFileError(
            f"weights at {dataset.name} are {dataset.dtype} of shape {dataset.shape}, expected "
            f"{np.dtype(dtype)} of shape {shape}"
        )
    return dataset[()].astype(dtype, copy=False)


def _check(dataset: Any) -> None:
    """Raise unless a dataset is numbers that lie in the file."""
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(n)[0] for n in range(properties.get_nfilters())}
    if dataset.shape is None or dataset.dtype.kind not in "iuf" or dataset.dtype.itemsize > 8:
        raise CorruptFileError(f"{dataset.name} is {dataset.dtype}, not numbers")
    if dataset.is_virtual or dataset.external or filters - FILTERS:
        raise CorruptFileError(
            f"{dataset.name} is no plain data: its filters are {sorted(filters)}, external: "
            f"{bool(dataset.external)}, virtual: {dataset.is_virtual}"
        )
    needed = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if needed > stored * (LARGEST_RATIO if GZIP in filters else 1):
        raise CorruptFileError(
            f"{dataset.name} claims shape {dataset.shape}, but {stored} bytes of it are there"
        )


def write(groups: Mapping[str, list[Any]], names: Mapping[str, str]) -> bytes:
    """Return the HDF5 file of arrays by group, each group with the name of its layer."""
    buffer = io.BytesIO()
    with h5py_package().File(buffer, "w") as file:
        for group, arrays in groups.items():
            place = file.create_group(f"{group}/vars" if group else "vars")
            place.attrs["name"] = names.get(group, "")
            for n, array in enumerate(arrays):
                place.create_dataset(str(n), data=np.ascontiguousarray(array).reshape(array.shape))
    return buffer.getvalue()


def h5py_package() -> Any:
    """Return the module h5py.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "Keras model files need h5py, which is not installed: pip install h5py"
        ) from error
    return h5py
