"""Reading and writing elements by CuPy's rules, where they differ from NumPy's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import cast, checked_dtype
from .ledger import ledger

Unwrap = Callable[[Any], Any]
"""Makes the host array of an array on the device, and raises TypeError for anything else."""


def read(host: Any, index: Any, unwrap: Unwrap) -> Any:
    """Return ``host[index]``: always an array, a view where the index is basic."""
    index, arrays = _prepared(host.shape, index, unwrap)
    if not arrays:
        return host[_with_ellipsis(index)]
    found = host[index]  # a view if the arrays are 0-d: NumPy takes them for integers
    return found.copy() if np.may_share_memory(found, host) else found


def write(host: Any, index: Any, value: Any, unwrap: Unwrap) -> None:
    """Do ``host[index] = value``."""
    index, arrays = _prepared(host.shape, index, unwrap)
    if isinstance(value, (np.ndarray, list, tuple)):
        value = _from_host(value, bool(arrays))
    elif not np.isscalar(value):
        value = cast(unwrap(value), host.dtype)
        value = value.reshape(value.shape[_leading_ones(value.shape) :])
    if arrays and not any(array.dtype == bool for array in arrays):
        _scatter(host, index, value)
    else:
        host[index] = value


def _leading_ones(shape: tuple[int, ...]) -> int:
    """How many axes of length 1 come first: CuPy drops them, NumPy not always."""
    return next((i for i, n in enumerate(shape) if n != 1), len(shape))


def _from_host(value: Any, uploaded: bool) -> Any:
    """A value from the host: copied for an index with arrays in it, else no more than a scalar."""
    value = np.asarray(value)
    if uploaded:
        upload(value, "assignment of host data")
    elif value.shape:
        raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
    return value


def upload(host: Any, what: str) -> Any:
    """Note a copy of host data, and return them; a single number goes along with the kernel."""
    host = np.asarray(host)
    checked_dtype(host.dtype)
    if host.ndim:
        ledger.copied_in(host.nbytes, what)
    return host


def _scatter(host: Any, index: Any, value: Any) -> None:
    """Assign through integer arrays: of several values for an element, NumPy keeps another one."""
    places = np.arange(host.size).reshape(host.shape)[index]
    if np.unique(places).size == places.size:
        host[index] = value
        return
    values, places = np.broadcast_to(value, places.shape).ravel(), places.ravel()
    last, first = host.flatten(), host.flatten()
    last[places] = values
    first[places[::-1]] = values[::-1]
    if not np.array_equal(last, first, equal_nan=host.dtype.kind in "fc"):
        ledger.undefined("assignment of different values to one element")
    host[...] = first.reshape(host.shape)


def _prepared(
    shape: tuple[int, ...], index: Any, unwrap: Unwrap
) -> tuple[tuple[Any, ...], list[Any]]:
    """The index as a tuple for NumPy, integers wrapped around, and the arrays in it."""
    items = [_item(item, unwrap) for item in (index if isinstance(index, tuple) else (index,))]
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    if not arrays:
        return tuple(items), arrays
    for array in arrays:
        if array.dtype.kind not in "biu":
            raise IndexError(
                "arrays used as indices must be of integer or boolean type. "
                f"(actual: {array.dtype.type})"
            )
    _note_masks(arrays)
    return tuple(_wrapped_around(shape, items)), arrays


def _item(item: Any, unwrap: Unwrap) -> Any:
    """One item of an index, an array being the host's own."""
    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        return item
    if isinstance(item, (np.ndarray, list, tuple, bool, np.bool_)):
        array = np.asarray(item) if np.size(item) else np.asarray(item, dtype=int)
        return upload(array, "host data as an index")
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
            item = wrapped(item, shape[axis])
        out.append(item)
        axis += len(shape) - sum(taken) if item is Ellipsis else axes
    return out


def wrapped(indices: Any, length: int) -> Any:
    """Take indices modulo a length; those out of bounds are noted."""
    if np.any((indices < -length) | (indices >= length)):
        ledger.undefined("an index out of bounds, which CuPy wraps around")
    return indices.astype(np.intp) % max(length, 1)


def _axes_of(item: Any) -> int:
    """How many axes an item of an index takes, an ellipsis aside."""
    if item is None or item is Ellipsis:
        return 0
    return int(item.ndim) if isinstance(item, np.ndarray) and item.dtype == bool else 1


def _note_masks(arrays: list[Any]) -> None:
    """Note boolean arrays: the device is waited for, since they decide about the shape."""
    masks = sum(array.dtype == bool for array in arrays)
    if masks:
        ledger.synchronized("indexing with a boolean array")
    if masks > 1:
        ledger.undefined("an index of several boolean arrays, which CuPy says not to support")


def _with_ellipsis(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """An ellipsis keeps NumPy from making a scalar of a 0-d result."""
    return index if any(item is Ellipsis for item in index) else (*index, ...)
