"""``ndarray.flat``: an array's elements in row-major order, whatever its strides."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .array import deepen, ndarray, roundings, unwrap, wrap
from .graphs import captured


class flatiter:  # noqa: N801 - CuPy's name
    """``cupy.flatiter``.

    Parameters
    ----------
    a : ndarray
        The array whose elements are read and written.
    """

    def __init__(self, a: ndarray) -> None:
        self._base = a
        self._index = 0

    @property
    def base(self) -> ndarray:
        """The array."""
        return self._base

    @captured
    def copy(self) -> Any:
        """Copy all elements."""
        return wrap(unwrap(self._base).flatten(), roundings=roundings(self._base))

    def __len__(self) -> int:
        return self._base.size

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._index == len(self):
            raise StopIteration
        self._index += 1
        return self[self._index - 1]

    @captured
    def __getitem__(self, ind: Any) -> Any:
        elements = unwrap(self._base).flat[_checked(ind)]
        return wrap(elements, roundings=roundings(self._base))

    @captured
    def __setitem__(self, ind: Any, value: Any) -> None:
        unwrap(self._base).flat[_checked(ind)] = unwrap(value)
        deepen(self._base, roundings(value))


def _checked(index: Any) -> Any:
    """An index, which CuPy lets be an integer or a slice."""
    if index is Ellipsis:
        return slice(None)
    if isinstance(index, slice) or (np.isscalar(index) and not isinstance(index, bool)):
        return index
    raise IndexError("unsupported iterator index")
