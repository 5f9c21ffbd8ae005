"""Models in and out of other libraries' files; each library is imported when it is used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import CorruptFileError, UnsupportedLayerError

if TYPE_CHECKING:
    from . import keras, onnx, torch

__all__ = ["CorruptFileError", "UnsupportedLayerError", "keras", "onnx", "torch"]


def __getattr__(name: str) -> Any:
    """Import a library's room when it is asked for."""
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
