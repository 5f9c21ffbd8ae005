"""cuDNN on one GPU, by NVIDIA's own binding: the package ``cudnn`` of nvidia-cudnn-frontend."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from ..errors import BackendUnavailableError

Made = TypeVar("Made")

MOST = 1024
"""How many plans a thread keeps at most."""

OLDEST = 90000
"""The first version of cuDNN that is taken, as it tells its version: 9.0.0."""


class Cudnn:
    """The binding, and a handle for each thread, on the device that is current now.

    Parameters
    ----------
    api : module
        ``cudnn``, or what stands for it.
    cupy : module
        CuPy, whose current stream is the one to work on and whose memory the scratch memory is.

    Raises
    ------
    BackendUnavailableError
        If cuDNN itself is missing, too old, or does not start on the current device.
    """

    def __init__(self, api: Any, cupy: Any) -> None:
        self.api = api
        self._cupy = cupy
        self._device = cupy.cuda.Device()
        self._own = _Own()
        try:
            self.version = int(api.backend_version())
            self.handle()
        except Exception as error:
            raise BackendUnavailableError(
                f"cuDNN does not start: {error}. The wheel nvidia-cudnn-cu13 (or -cu12) brings it"
            ) from error
        if self.version < OLDEST:
            raise BackendUnavailableError(
                f"cuDNN is version {self.version}, and {OLDEST} (9.0) is the oldest that is taken"
            )

    def handle(self) -> Any:
        """Return this thread's handle, on the current stream."""
        if self._own.handle is None:
            with self._device:
                self._own.handle = self.api.create_handle()
        stream = self._cupy.cuda.get_current_stream().ptr
        self.api.set_stream(handle=self._own.handle, stream=stream)
        return self._own.handle

    def kept(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made for a key by this thread, for plans belong to a handle."""
        made = self._own.made
        if key not in made:
            if len(made) >= MOST:
                made.clear()
            made[key] = make()
        kept: Made = made[key]
        return kept

    def scratch(self, size: int) -> Any:
        """Return so many bytes from CuPy's pool, which keeps streams from using the same ones."""
        return self._cupy.empty(size, dtype="uint8")


class _Own(threading.local):
    """A thread's handle, and what was made with it."""

    def __init__(self) -> None:
        self.handle: Any = None
        self.made: dict[Hashable, Any] = {}


def binding(install: str) -> Any:
    """Import the binding.

    Parameters
    ----------
    install : str
        The line that installs it, for the message.

    Raises
    ------
    BackendUnavailableError
        If it does not import.
    """
    try:
        import cudnn
    except Exception as error:  # it loads libraries, and says what it misses in many ways
        raise BackendUnavailableError(
            f"cuDNN's binding nvidia-cudnn-frontend does not import: {error}. {install}"
        ) from error
    return cudnn
