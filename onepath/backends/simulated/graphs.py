"""CUDA graphs: what a capturing stream is asked for is noted, and done when the graph is launched.

While a stream captures, CUDA computes nothing. Here an operation is tried out, for the shapes of
its results, and then undone: operands get their content back, and results are NaN until a launch.
"""

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any, TypeVar

import numpy as np

from .devices import Device
from .dtypes import poisoned
from .ledger import ledger

Call = TypeVar("Call", bound=Callable[..., Any])
Operation = Callable[[], Any]


class Capture:
    """What a stream was asked for since it began to capture.

    Parameters
    ----------
    stream : int
        The stream's handle.
    is_current : callable
        Tells whether the calling thread's work goes to the stream.
    """

    def __init__(self, stream: int, is_current: Callable[[], bool]) -> None:
        self.stream = stream
        self.is_current = is_current
        self.operations: list[Operation] = []
        self.kept: list[Any] = []
        self.valid = True
        self.trying = False
        """Whether an operation is tried out: what it does is part of it."""

    def takes(self, stream: Any) -> bool:
        """Whether work goes to the stream that captures: that of a stream, or the current one's."""
        return self.is_current() if stream is None else bool(self.stream == stream.ptr)

    def note(self, call: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Return the call's result, of shapes alone; the graph will do it with the same memory."""
        operands = [*_arrays((args, kwargs))]
        contents = [x._host.copy() for x in operands]
        self.trying = True
        try:
            result = call(*args, **kwargs)
        finally:
            self.trying = False
            for x, content in zip(operands, contents, strict=True):
                x._host[...] = content
        for y in _arrays(result):
            if not any(np.may_share_memory(y._host, x._host) for x in operands):
                poisoned(y._host)
        again = partial(call, *_kept(args), **_kept(kwargs))
        self.operations.append(partial(_do, again, _kept(result)))
        return result


def captured(call: Call) -> Call:
    """Let a capturing stream note what is asked of the device, as a decorator."""

    @wraps(call)
    def ask(*args: Any, **kwargs: Any) -> Any:
        capture = ledger.capturing
        if capture is None or capture.trying or not capture.is_current():
            return call(*args, **kwargs)
        return capture.note(call, args, kwargs)

    return ask  # type: ignore[return-value]


class Graph:
    """``cupy.cuda.Graph``: what a stream captured, with all arrays that it reads and writes."""

    _device: int
    _operations: list[Operation]
    _kept: list[Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("a graph is made by Stream.begin_capture and Stream.end_capture")

    @classmethod
    def _of(cls, capture: Capture) -> "Graph":
        graph = object.__new__(cls)
        graph._device = Device().id
        graph._operations, graph._kept = capture.operations, capture.kept
        return graph

    def launch(self, stream: Any = None) -> None:
        """Do what was captured, in its order; a capturing stream takes it into its own graph."""
        capture = ledger.capturing
        if capture is not None and capture.takes(stream):
            capture.operations.extend(self._operations)
            capture.kept.append(self)
            return
        with Device(self._device):
            for operation in self._operations:
                operation()

    def upload(self, stream: Any = None) -> None:
        """Do nothing: the graph is where it is launched."""


def _do(again: Operation, result: Any) -> None:
    """Do an operation, and put its results where those of the capture lie."""
    for y, new in zip(_arrays(result), _arrays(again()), strict=True):
        np.copyto(y._host, new._host)


def _arrays(value: Any) -> Iterator[Any]:
    """The device's arrays in a value: it may be one, an iterator over one, or hold some."""
    if hasattr(value, "_host"):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _arrays(each)
    elif isinstance(value, dict):
        yield from _arrays([*value.values()])
    elif hasattr(getattr(value, "base", None), "_host"):
        yield value.base


def _kept(value: Any) -> Any:
    """The value as it is now: of lists and of the shapes of arrays, the program may make others."""
    if isinstance(value, dict):
        return {key: _kept(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_kept, value))
    if not hasattr(value, "_host"):
        return value
    twin = object.__new__(type(value))
    for name in ("_base", "_depth", "_device", "_host"):
        setattr(twin, name, getattr(value, name))
    return twin
