"""ONNX's operators have channels on axis 1: layers that have them elsewhere are transposed."""

from collections.abc import Callable
from typing import Any

from .writer import Writer


def channels_first(
    writer: Writer, layer: Any, x: str, shape: tuple[int, ...], write: Callable[[str], str]
) -> str:
    """Write what takes and gives channels first, for a layer with a ``data_format``."""
    last = layer.data_format == "channels_last"
    return channels_on(writer, len(shape) if last else 1, len(shape) + 1, x, write)


def channels_on(writer: Writer, axis: int, ndim: int, x: str, write: Callable[[str], str]) -> str:
    """Write what takes and gives channels on axis 1, for a layer that has them on another."""
    others = [n for n in range(1, ndim) if n != axis]
    there = (0, axis, *others)
    back = sorted(range(ndim), key=there.__getitem__)
    return writer.transpose(write(writer.transpose(x, there)), back)
