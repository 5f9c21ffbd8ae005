"""``cupy.cuda``: devices, streams and events. Work is done when it is asked for, or captured."""

import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any, ClassVar

from . import cublas, devices, memory
from .devices import Device
from .graphs import Capture, Graph
from .ledger import CUDARuntimeError, ledger

VERSION = 13000
"""Of the CUDA that CuPy 14 is made for, as CUDA writes it."""

_handles = count(0x5000, 0x10)
_local = threading.local()


class CompileException(Exception):  # noqa: N818 - CuPy's name
    """``cupy.cuda.compiler.CompileException``: a kernel's source is no C++."""


# Streams and events


class Stream:
    """``cupy.cuda.Stream``: an order of work, which here is that of the program."""

    null: ClassVar["Stream"]
    ptds: ClassVar["Stream"]

    def __init__(
        self,
        null: bool = False,
        non_blocking: bool = False,
        ptds: bool = False,
        priority: int | None = None,
    ) -> None:
        own = not null and not ptds
        self.ptr = next(_handles) if own else 0 if null else 2
        self.device_id = devices.current() if own else -1
        self.is_non_blocking = own and non_blocking
        self.priority = priority or 0
        self.done = True

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Stream) and other.ptr == self.ptr

    def __hash__(self) -> int:
        return self.ptr

    def __repr__(self) -> str:
        return f"<Stream {self.ptr} (device {self.device_id})>"

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self.ptr

    def __enter__(self) -> "Stream":
        self._check_device()
        _entered(devices.current()).append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _entered(devices.current()).pop()

    def use(self) -> "Stream":
        """Make this the current stream for good."""
        self._check_device()
        _entered(devices.current())[-1] = self
        return self

    def _check_device(self) -> None:
        """Raise CuPy's error for a stream of another device than the current one."""
        if self.device_id not in (-1, devices.current()):
            raise RuntimeError(
                f"The device that the stream is created on ({self.device_id}) does not match "
                f"with the current device ({devices.current()})"
            )

    def synchronize(self) -> None:
        """Wait for the stream."""
        ledger.waited("Stream.synchronize")

    def add_callback(self, callback: Callable[..., Any], arg: Any) -> None:
        """Call on the host when the work is done, which it is."""
        if self.is_capturing():
            raise CUDARuntimeError("cudaErrorStreamCaptureUnsupported: add_callback")
        callback(self, 0, arg)

    def launch_host_func(self, callback: Callable[..., Any], arg: Any) -> None:
        """Call on the host when the work is done, which it is, or whenever a graph is launched."""
        if ledger.capturing is not None and self.is_capturing():
            ledger.capturing.operations.append(partial(callback, arg))
        else:
            callback(arg)

    def record(self, event: "Event | None" = None) -> "Event":
        """Record an event, a new one if none is given."""
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: "Event") -> None:
        """Make the stream wait for an event; the host does not wait."""

    def begin_capture(self, mode: int | None = None) -> None:
        """Note work for a graph: nothing is done, copied or waited for until `end_capture`."""
        if self.ptr in (0, 1):
            raise RuntimeError("cannot capture on the default (legacy) stream")
        if ledger.capturing is not None:
            raise CUDARuntimeError("cudaErrorIllegalState: a stream is capturing already")
        ledger.capturing = Capture(self.ptr, lambda: get_current_stream() == self)

    def end_capture(self) -> "Graph":
        """Return the graph of what was asked for since `begin_capture`."""
        capture = ledger.capturing
        if capture is None or capture.stream != self.ptr:
            raise CUDARuntimeError("cudaErrorIllegalState: the stream is not capturing")
        ledger.capturing = None
        if not capture.valid:
            raise CUDARuntimeError(
                "cudaErrorStreamCaptureInvalidated: operation failed due to a previous error "
                "during capture"
            )
        return Graph._of(capture)

    def is_capturing(self) -> bool:
        """Whether the stream notes work for a graph."""
        return ledger.capturing is not None and ledger.capturing.stream == self.ptr


Stream.null = Stream(null=True)
Stream.ptds = Stream(ptds=True)


def get_current_stream(device_id: int = -1) -> Stream:
    """Return the stream in use on a device, the current one if none is given."""
    return _entered(devices.current() if device_id == -1 else device_id)[-1]


def _entered(device: int) -> list[Stream]:
    """The streams in use on a device by the current thread, the current one last."""
    if not hasattr(_local, "entered"):
        _local.entered = {}
    streams: list[Stream] = _local.entered.setdefault(device, [Stream.null])
    return streams


class Event:
    """``cupy.cuda.Event``: a point in a stream, and the time when it was recorded."""

    def __init__(
        self, block: bool = False, disable_timing: bool = False, interprocess: bool = False
    ) -> None:
        if interprocess and not disable_timing:
            raise ValueError("Timing must be disabled for interprocess events")
        self.ptr = next(_handles)
        self.done = True
        self._timed = not disable_timing
        self._seconds: float | None = None

    def record(self, stream: Stream | None = None) -> None:
        """Record the event in a stream, the current one if none is given."""
        self._seconds = time.perf_counter() if self._timed else None

    def synchronize(self) -> None:
        """Wait for what came before the event."""
        ledger.waited("Event.synchronize")


def get_elapsed_time(start_event: Event, end_event: Event) -> float:
    """Return the milliseconds between two events."""
    start, end = start_event._seconds, end_event._seconds
    if start is None or end is None:
        raise CUDARuntimeError("cudaErrorInvalidResourceHandle: an event without a time")
    return 1e3 * (end - start)


# The rest


@contextmanager
def profile() -> Iterator[None]:
    """Profile nothing within a ``with`` statement."""
    warnings.warn(
        "cupy.cuda.profile has been deprecated since CuPy v10 and will be removed in the future. "
        "Use cupyx.profiler.profile instead.",
        stacklevel=3,
    )
    yield


def is_available() -> bool:
    """Whether there is a device."""
    return devices.COUNT > 0


def get_device_id() -> int:
    """Return the number of the current device."""
    return devices.current()


def _properties(device: int) -> dict[str, Any]:
    """What CUDA tells of a device, as far as anyone may ask."""
    major, minor = divmod(int(Device(device).compute_capability), 10)
    return {
        "name": b"simulated",
        "major": major,
        "minor": minor,
        "totalGlobalMem": Device(device).mem_info[1],
        "multiProcessorCount": 1,
        "maxThreadsPerBlock": 1024,
        "warpSize": 32,
    }


_RUNTIME = SimpleNamespace(
    CUDARuntimeError=CUDARuntimeError,
    is_hip=False,
    streamCaptureModeGlobal=0,
    streamCaptureModeThreadLocal=1,
    streamCaptureModeRelaxed=2,
    getDeviceCount=lambda: devices.COUNT,
    getDevice=devices.current,
    setDevice=lambda device: Device(device).use(),
    getDeviceProperties=_properties,
    deviceSynchronize=lambda: ledger.waited("deviceSynchronize"),
    memGetInfo=lambda: Device().mem_info,
    driverGetVersion=lambda: VERSION,
    runtimeGetVersion=lambda: VERSION,
)

CONTENTS: dict[str, Any] = {
    "get_cublas_handle": lambda: cublas.HANDLE,
    "compiler": SimpleNamespace(CompileException=CompileException),
    "memory": SimpleNamespace(OutOfMemoryError=memory.OutOfMemoryError),
    "runtime": _RUNTIME,
    **{
        each.__name__: each
        for each in (
            Device,
            Event,
            Graph,
            Stream,
            get_current_stream,
            get_device_id,
            get_elapsed_time,
            is_available,
            profile,
            memory.MemoryPool,
            memory.PinnedMemoryPool,
            memory.alloc_pinned_memory,
            memory.get_allocator,
            memory.set_allocator,
            memory.using_allocator,
        )
    },
}
"""By CuPy's names."""
