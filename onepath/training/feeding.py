"""Batches of data, on the device where they are needed."""

from collections.abc import Iterator
from typing import Any

from ..arguments import whole
from ..backends import Array, Backend, backend_of, get_backend


class Batches:
    """Arrays with equally many rows, a few rows at a time.

    Host arrays are sent to the device batch by batch. Arrays that are there already stay there.

    Parameters
    ----------
    backend : Backend
        Where batches are needed.
    batch_size : int
        Rows in a batch; the last one may have fewer.
    **arrays : array
        The data, by the names that messages use; on the host or on the device.

    Raises
    ------
    DeviceMismatchError
        If an array is on a third device.
    TypeError
        If something is no array, or ``batch_size`` no integer.
    ValueError
        If there are no rows, not equally many, or ``batch_size`` is not positive.
    """

    def __init__(self, backend: Backend, batch_size: int, **arrays: Array) -> None:
        self.host = get_backend("cpu")
        for name, array in arrays.items():
            if not (backend.owns(array) or self.host.owns(array)):
                raise TypeError(
                    f"{name} must be an array on {backend.name} or on the host, got "
                    f"{type(array).__module__}.{type(array).__qualname__}"
                )
            if array.ndim == 0 or len(array) == 0:
                raise ValueError(f"{name} is empty, its shape is {array.shape}")
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"arrays must have equally many rows, got {lengths}")
        self.backend = backend
        self.batch_size = whole("batch_size", batch_size)
        self.arrays = tuple(arrays.values())
        self.rows = len(self.arrays[0])

    def __len__(self) -> int:
        """How many batches there are."""
        return -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        """Give the batches in the data's order."""
        for rows in self._slices():
            yield tuple(self._here(array[rows]) for array in self.arrays)

    def shuffled(self, seed: int) -> Iterator[tuple[Array, ...]]:
        """Give the batches in a random order of rows: for a seed, the same on every device."""
        order = self.host.random(seed).permutation(self.rows)
        data = [(array, backend_of(array).asarray(order)) for array in self.arrays]
        for rows in self._slices():
            yield tuple(self._here(array[places[rows]]) for array, places in data)

    def _slices(self) -> Iterator[slice]:
        starts = range(0, self.rows, self.batch_size)
        return (slice(start, start + self.batch_size) for start in starts)

    def _here(self, rows: Any) -> Array:
        return rows if self.backend.owns(rows) else self.backend.asarray(rows)
