"""The exceptions of the backends."""


class BackendUnavailableError(RuntimeError):
    """A known backend cannot run here; the message says what was found and what mends it."""


class DeviceMismatchError(TypeError):
    """Arrays that must share a device do not; the message says which is where and what moves it."""


class OutOfMemoryError(MemoryError):
    """A device has no room for an array; the message says what is held and what mends it."""
