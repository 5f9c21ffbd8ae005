"""The exceptions of what reads and writes other libraries' files."""

from ..training import CorruptFileError

__all__ = ["CorruptFileError", "UnsupportedLayerError"]


class UnsupportedLayerError(ValueError):
    """Something that the other side cannot say; the message says what, and where it is."""
