"""Reading and writing elements by CuPy's rules, where they differ from NumPy's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import cast
from .ledger import ledger

Unwrap = Callable[[Any], Any]
"""Makes the host array of an array on the device, and raises TypeError for anything else."""


def read(host: Any, index: Any, unwrap: Unwrap) -> Any:
    """Return ``host[index]``: always an array, a view where the index is basic."""
    index, arrays = _prepared(host.shape, index, unwrap)
    _note_masks(arrays)
    return host[index] if arrays else host[_with_ellipsis(index)]


def write(host: Any, index: Any, value: Any, unwrap: Unwrap) -> None:
    """Do ``host[index] = value``."""
    index, arrays = _prepared(host.shape, index, unwrap)
    if isinstance(value, np.ndarray | list | tuple):
        value = _from_host(value, bool(arrays))
    elif not np.isscalar(value):
        value = cast(unwrap(value), host.dtype)
    masks = _note_masks(arrays)
    if masks > 1:
        raise NotImplementedError("CuPy takes one boolean array at most in an assignment")
    if arrays and not masks:
        _scatter(host, index, value)
    else:
        host[index] = value


def _from_host(value: Any, uploaded: bool) -> Any:
    """A value from the host: copied for an index with arrays in it, else no more than a scalar."""
    value = np.asarray(value)
    if uploaded:
        ledger.copied_in(value.nbytes, "assignment of host data")
    elif value.shape:
        raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
    return value


def _scatter(host: Any, index: Any, value: Any) -> None:
    """Assign through integer arrays: of several values for an element, NumPy keeps another one."""
    places = np.arange(host.size).reshape(host.shape)[index]
    values = np.broadcast_to(value, places.shape).ravel()[::-1]
    places = places.ravel()[::-1]
    flat = host.ravel()
    last = flat.copy()
    last[places[::-1]] = values[::-1]
    flat[places] = values
    if not np.array_equal(last, flat, equal_nan=host.dtype.kind in "fc"):
        ledger.undefined("assignment of different values to one element")
    host[...] = flat.reshape(host.shape)


def _prepared(
    shape: tuple[int, ...], index: Any, unwrap: Unwrap
) -> tuple[tuple[Any, ...], list[Any]]:
    """The index as a tuple for NumPy, integers wrapped around, and the arrays in it."""
    items = [_item(item, unwrap) for item in (index if isinstance(index, tuple) else (index,))]
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    for array in arrays:
        if array.dtype.kind not in "biu":
            raise IndexError(
                "arrays used as indices must be of integer or boolean type. "
                f"(actual: {array.dtype.type})"
            )
    return tuple(_wrapped_around(shape, items)) if arrays else tuple(items), arrays


def _item(item: Any, unwrap: Unwrap) -> Any:
    """One item of an index, an array being the host's own."""
    if isinstance(item, np.ndarray | list | tuple | bool | np.bool_):
        array = np.asarray(item) if np.size(item) else np.asarray(item, dtype=int)
        ledger.copied_in(array.nbytes, "host data as an index")
        return array
    if item is None or item is Ellipsis or isinstance(item, slice | int | np.integer):
        return item
    try:
        return unwrap(item)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
            "boolean arrays are valid indices"
        ) from None


def _wrapped_around(shape: tuple[int, ...], items: list[Any]) -> list[Any]:
    """Take integer arrays modulo the length of their axis, where NumPy would raise."""
    taken = [_axes_of(item) for item in items]
    axis, out = 0, []
    for item, axes in zip(items, taken, strict=True):
        if isinstance(item, np.ndarray) and item.dtype != bool and axis < len(shape):
            if np.any((item < -shape[axis]) | (item >= shape[axis])):
                ledger.undefined("an index out of bounds, which CuPy wraps around")
            item = item % max(shape[axis], 1)
        out.append(item)
        axis += len(shape) - sum(taken) if item is Ellipsis else axes
    return out


def _axes_of(item: Any) -> int:
    """How many axes an item of an index takes, an ellipsis aside."""
    if item is None or item is Ellipsis:
        return 0
    return int(item.ndim) if isinstance(item, np.ndarray) and item.dtype == bool else 1


def _note_masks(arrays: list[Any]) -> int:
    """Count boolean arrays; the device is waited for, since they decide about the shape."""
    masks = sum(a.dtype == bool for a in arrays)
    if masks:
        ledger.synchronized("indexing with a boolean array")
    return int(masks)


def _with_ellipsis(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """An ellipsis keeps NumPy from making a scalar of a 0-d result."""
    return index if any(item is Ellipsis for item in index) else (*index, ...)
