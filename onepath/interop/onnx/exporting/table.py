"""Which function writes which class of layers."""

from collections.abc import Callable
from typing import Any, TypeVar

from ....layers import Layer
from ...errors import UnsupportedLayerError

Names = Any
"""The name of a value, or a tuple of names where a layer takes or gives several."""

Shapes = Any
"""The shape of a sample, or a tuple of such."""

Export = Callable[..., Names]
"""``export(writer, layer, x, shape)`` writes nodes, and returns the name of what comes out."""

_exports: dict[type[Layer], Export] = {}

AnyExport = TypeVar("AnyExport", bound=Export)


def exports(*classes: type[Layer]) -> Callable[[AnyExport], AnyExport]:
    """Let a function write layers of these classes, as a decorator."""

    def enter(function: AnyExport) -> AnyExport:
        _exports.update(dict.fromkeys(classes, function))
        return function

    return enter


def export_of(layer: Layer, place: str) -> Export:
    """Return what writes a layer; derived classes may compute anything, so the class is exact.

    Raises
    ------
    UnsupportedLayerError
        If nothing does.
    """
    if type(layer) not in _exports:
        known = ", ".join(sorted(cls.__name__ for cls in _exports))
        raise UnsupportedLayerError(
            f"{place}: ONNX has no words for a {type(layer).__name__} here; layers that can be "
            f"exported are {known}"
        )
    return _exports[type(layer)]
