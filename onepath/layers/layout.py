"""Where the channels are."""

from typing import Any

from ..backends import Array

Shape = tuple[int, ...]


def check_data_format(data_format: str) -> str:
    """Return ``data_format`` if it is one, or raise."""
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            f"data_format must be 'channels_first' or 'channels_last', got {data_format!r}"
        )
    return data_format


def shape_to_first(shape: Shape, data_format: str) -> Shape:
    """(*size, C) -> (C, *size), if the channels are last."""
    return shape if data_format == "channels_first" else (shape[-1], *shape[:-1])


def shape_from_first(shape: Shape, data_format: str) -> Shape:
    """(C, *size) -> (*size, C), if the channels are to be last."""
    return shape if data_format == "channels_first" else (*shape[1:], shape[0])


def channels_and_size(shape: Shape, rank: int, data_format: str) -> tuple[int, Shape]:
    """Return channels and spatial axes of a sample's shape, or raise if they are not so many."""
    if len(shape) != rank + 1:
        raise ValueError(f"samples must have {rank + 1} axes")
    channels, *size = shape_to_first(shape, data_format)
    return channels, tuple(size)


def to_first(xp: Any, x: Array, data_format: str) -> Array:
    """(N, *size, C) -> (N, C, *size) as a view, if the channels are last."""
    return x if data_format == "channels_first" else xp.moveaxis(x, -1, 1)


def from_first(xp: Any, x: Array, data_format: str) -> Array:
    """(N, C, *size) -> (N, *size, C) as a view, if the channels are to be last."""
    return x if data_format == "channels_first" else xp.moveaxis(x, 1, -1)


def check_axis(axis: int) -> int:
    """Return ``axis`` of a batch if it is not the batch's own, or raise."""
    if axis == 0:
        raise ValueError("axis 0 is the batch; channels are on 1 or, if last, on -1")
    return axis


def length_along(axis: int, input_shape: Shape) -> int:
    """Return how long a batch of such samples is along an axis, or raise if it has none such."""
    if not -len(input_shape) <= axis <= len(input_shape):
        raise ValueError(f"there is no axis {axis} in a batch of them")
    return (1, *input_shape)[axis]
