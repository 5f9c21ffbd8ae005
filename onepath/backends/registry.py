"""Finds backends by name and by the arrays they hold."""

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .base import Backend, Memory
from .cpu import CpuBackend
from .cuda import CudaBackend
from .errors import BackendUnavailableError, DeviceMismatchError
from .simulated.backend import SimulatedBackend

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Factory = Callable[[int], Backend]

ENTRY_POINTS = "onepath.backends"

_factories: dict[str, Factory] = {
    "cpu": CpuBackend,
    "cuda": CudaBackend,
    "simulated": SimulatedBackend,
}
_live: dict[tuple[str, int], Backend] = {}
_lock = threading.RLock()
_entry_points_read = False


def register_backend(name: str, factory: Factory) -> None:
    """Make another device known.

    Packages can do so without a call, through the entry-point group ``onepath.backends``.

    Parameters
    ----------
    name : str
        The name that `get_backend` is to take: a lower-case identifier.
    factory : callable
        ``factory(index)`` returns the `Backend` of the device with that number, and raises
        `BackendUnavailableError` if it is not there. A class derived from `Backend` will do.

    Raises
    ------
    ValueError
        If the name is taken or not an identifier.
    """
    if not name.isidentifier() or name != name.lower() or name == "auto":
        raise ValueError(f"a backend's name is a lower-case identifier, got {name!r}")
    with _lock:
        _read_entry_points()
        if name in _factories:
            raise ValueError(f"there is a backend {name!r} already")
        _factories[name] = factory


def get_backend(name: str | Backend = "auto") -> Backend:
    """Return a backend by its name.

    Parameters
    ----------
    name : str or Backend, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or a registered name. ``"auto"`` is ``"cuda"`` where a
        GPU answers, else ``"cpu"``. A backend is returned as it is.

    Returns
    -------
    Backend
        The same object each time.

    Raises
    ------
    ValueError
        If the name is unknown.
    BackendUnavailableError
        If the device is known but not usable here; the message says what mends it.
    """
    if isinstance(name, Backend):
        return name
    if name == "auto":
        try:
            return get_backend("cuda")
        except BackendUnavailableError:
            return get_backend("cpu")
    kind, colon, number = str(name).partition(":")
    with _lock:
        if kind not in _factories:
            _read_entry_points()
        if kind not in _factories or (colon and not number.isdecimal()):
            raise ValueError(
                f"unknown backend {name!r}; known are 'auto', "
                + ", ".join(map(repr, _factories))
                + ", with a number where there are several, as in 'cuda:1'"
            )
        index = int(number or 0)
        if (kind, index) not in _live:
            _live[kind, index] = _factories[kind](index)
        return _live[kind, index]


def backend_of(*arrays: Any) -> Backend:
    """Return the backend on whose device all the arrays live.

    Parameters
    ----------
    *arrays : array
        At least one.

    Returns
    -------
    Backend
        The one that owns them all.

    Raises
    ------
    DeviceMismatchError
        If they live on different devices.
    TypeError
        If one is no backend's array, or there is none at all.
    """
    if not arrays:
        raise TypeError("backend_of needs at least one array")
    backend = _owner(arrays[0], 0)
    for position, array in enumerate(arrays[1:], 1):
        if not backend.owns(array):
            other = _owner(array, position)
            raise DeviceMismatchError(
                f"argument 0 is on {backend.name} and argument {position} on {other.name}, and "
                "nothing is copied implicitly: move one with "
                f"get_backend({backend.name!r}).asarray(get_backend({other.name!r}).to_numpy(x))"
            )
    return backend


def memory(device: str | Backend = "auto") -> Memory:
    """Tell how much memory a device has, and how much of it is taken.

    Parameters
    ----------
    device : str or Backend, optional
        As `get_backend` takes it.

    Returns
    -------
    Memory
        ``used``, ``reserved`` and ``total``, in bytes; None where the system does not tell.

    Raises
    ------
    ValueError, BackendUnavailableError
        As `get_backend` does.
    """
    return get_backend(device).memory()


def available_backends() -> tuple[str, ...]:
    """Return the names of the backends that can be used here.

    Returns
    -------
    tuple of str
        ``("cpu",)``, and ``"cuda"`` and registered ones where they answer.
    """
    names = []
    for name in registered_backends():
        try:
            get_backend(name)
        except BackendUnavailableError:
            continue
        names.append(name)
    return tuple(names)


def registered_backends() -> tuple[str, ...]:
    """Return the names of all the backends that are known, usable here or not."""
    with _lock:
        _read_entry_points()
        return tuple(_factories)


def _owner(array: Any, position: int) -> Backend:
    for backend in _live.values():
        if backend.owns(array):
            return backend
    for name, factory in _factories.items():
        index_of = getattr(factory, "index_of", None)
        index = index_of(array) if index_of else None
        if index is not None:
            return get_backend(f"{name}:{index}")
    raise TypeError(
        f"argument {position} is a {type(array).__module__}.{type(array).__qualname__}, not an "
        "array of a backend: get_backend(...).asarray(x) makes one of numbers and host arrays, "
        "from_dlpack(x) of another library's array"
    )


def _read_entry_points() -> None:
    """Take up the factories of installed packages, once."""
    global _entry_points_read
    if _entry_points_read:
        return
    from importlib.metadata import entry_points

    _entry_points_read = True
    for entry in entry_points(group=ENTRY_POINTS):
        _factories.setdefault(entry.name, partial(_from_entry_point, entry))


def _from_entry_point(entry: "EntryPoint", index: int) -> Backend:
    """Import the package's factory when its backend is first asked for."""
    factory: Factory = entry.load()
    return factory(index)
