"""Batches of data, on the device where they are needed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from ..arguments import whole
from ..backends import Array, Backend, backend_of, get_backend
from ..backends.feeding import Feeder


class Batches:
    """Arrays with equally many rows, a few rows at a time.

    Host arrays are sent to the device once if they are small enough to stay there, and batch by
    batch if not; the backend's `Feeder` knows how. Arrays that are there already stay there. All
    batches are asked for within `working`.

    Parameters
    ----------
    backend : Backend
        Where batches are needed.
    batch_size : int
        Rows in a batch; the last one may have fewer.
    **data : array or tuple of array
        By the names that messages use; on the host or on the device. Batches are tuples in this
        order, of arrays and tuples as they are here.

    Raises
    ------
    DeviceMismatchError
        If an array is on a third device.
    TypeError
        If something is no array, or ``batch_size`` no integer.
    ValueError
        If there are no rows, not equally many, or ``batch_size`` is not positive.
    """

    def __init__(self, backend: Backend, batch_size: int, **data: Array) -> None:
        arrays = {
            f"{name} {number}" if number else name: array
            for name, given in data.items()
            for number, array in _numbered(given)
        }
        for name, array in arrays.items():
            if not (backend.owns(array) or get_backend("cpu").owns(array)):
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
        self._sizes = [len(each) if isinstance(each, tuple) else 0 for each in data.values()]
        self.arrays = tuple(arrays.values())
        self.rows = len(self.arrays[0])
        self._feeder: Feeder | None = None

    def __len__(self) -> int:
        """How many batches there are."""
        return -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        """Give the batches in the data's order."""
        self._settle()
        return self._batches([(array, _IN_ORDER) for array in self.arrays])

    def shuffled(self, seed: int) -> Iterator[tuple[Array, ...]]:
        """Give the batches in a random order of rows: for a seed, the same on every device."""
        self._settle()
        homes = {backend_of(array) for array in self.arrays}
        # drawn where the data are: the bits are the same, and need not be sent
        orders = {home: home.random(seed).permutation(self.rows) for home in homes}
        return self._batches([(array, orders[backend_of(array)]) for array in self.arrays])

    @property
    def whole(self) -> tuple[Array, ...]:
        """All data, as batches have it."""
        return self._formed(self.arrays)

    def working(self) -> AbstractContextManager[Any]:
        """Prepare the device for work on the batches, for a ``with`` statement."""
        return self.backend.working(min(self.batch_size, self.rows))

    def _settle(self) -> None:
        """Send data that may stay on the device there; get a feeder for what may not."""
        far = [array for array in self.arrays if not self.backend.owns(array)]
        if not far or self._feeder is not None:
            return
        send: Callable[[Array], Array]
        if len(self) == 1:
            send = self.backend.asarray  # in the order of the work: it has nothing to overtake
        else:
            feeder = self.backend.feeder()
            if not feeder.stays(sum(array.nbytes for array in far)):
                self._feeder = feeder
                return
            send = feeder.whole
        self.arrays = tuple(x if self.backend.owns(x) else send(x) for x in self.arrays)

    def _batches(self, data: list[tuple[Array, Any]]) -> Iterator[tuple[Array, ...]]:
        """Give the batches of arrays, each in an order of its rows."""
        if self._feeder is None:
            for rows in self._slices():
                yield self._formed(tuple([array[places[rows]] for array, places in data]))
        else:
            parts = ([(array, places[rows]) for array, places in data] for rows in self._slices())
            yield from map(self._formed, self._feeder.batches(parts))

    def _formed(self, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        """Put arrays into tuples again where they came in tuples."""
        if not any(self._sizes):
            return arrays
        rest = iter(arrays)
        return tuple(tuple(islice(rest, size)) if size else next(rest) for size in self._sizes)

    def _slices(self) -> Iterator[slice]:
        starts = range(0, self.rows, self.batch_size)
        return (slice(start, start + self.batch_size) for start in starts)


class _InOrder:
    """The places of rows that are taken in the data's order."""

    def __getitem__(self, rows: slice) -> slice:
        return rows


_IN_ORDER = _InOrder()


def _numbered(given: Any) -> list[tuple[int, Array]]:
    """One array with the number 0, or several, numbered from 1."""
    return [*enumerate(given, 1)] if isinstance(given, tuple) else [(0, given)]
