"""Models with channels last, made models with channels first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...layers import Dense, Flatten, Layer, Softmax
from ...layers.base import Shape
from ..errors import UnsupportedLayerError
from .entry import Entry, Layout, Options, Weight
from .network import Network
from .options import arguments


@dataclass(frozen=True)
class Axes:
    """How the axes of an array's samples lie here, against those in the file."""

    moved: bool = False
    """Whether (*size, C) became (C, *size)."""

    flat: Shape = ()
    """(C, *size) of what was flattened after that; empty if nothing was."""


PLAIN = Axes()
MOVED = Axes(moved=True)


def input_axes(network: Network) -> dict[str, Axes]:
    """Return what becomes of each input: those are moved that go to layers with channels last."""
    formats = {name: _first_format(network, name, set()) for name in network.inputs}
    return {name: MOVED if formats[name] == "channels_last" else PLAIN for name in formats}


def moved_shape(shape: Shape, axes: Axes) -> Shape:
    """Return what a sample's shape becomes."""
    return (shape[-1], *shape[:-1]) if axes.moved else shape


def converted(
    entry: Entry, options: Options, axes: Axes, shape: Any
) -> tuple[Entry, Options, Axes]:
    """Return entry and options for a layer whose input was moved, and what that does to its output.

    Raises
    ------
    UnsupportedLayerError
        If the layer would compute something else.
    """
    if axes == PLAIN:
        return entry, options, PLAIN
    known = arguments(entry.layer)
    if entry.layer.elementwise and not entry.weights:
        return entry, options, axes
    if axes.flat and entry.layer is Dense:
        return replace(entry, weights=(_rows(axes.flat), Weight("bias"))), options, PLAIN
    if axes.moved and entry.layer is Flatten:
        return entry, options, Axes(flat=shape)
    if axes.moved and "data_format" in known:
        return entry, {**options, "data_format": "channels_first"}, MOVED
    if axes.moved and "axis" in known:
        return entry, {**options, "axis": _axis(options.get("axis", -1), shape)}, MOVED
    if axes.moved and getattr(entry.layer, "several", False):
        return entry, options, MOVED
    raise UnsupportedLayerError(
        "it goes by the order of the axes, so the model cannot be converted to channels first; "
        "data_format=None leaves them as they are in the file"
    )


def after(layer: Layer, axes: Axes) -> Axes:
    """Return how a built layer's output lies; channels that are all that is left are not moved."""
    assert layer.input_shape is not None
    flat = axes.moved and len(layer.compute_output_shape(layer.input_shape)) < 2
    return PLAIN if flat else axes


def together(axes: Sequence[Axes]) -> Axes:
    """Return how all of several arrays lie, or raise if some lie otherwise."""
    if len(set(axes)) > 1:
        raise UnsupportedLayerError(
            "some of its inputs have channels, and others have none, so the model cannot be "
            "converted to channels first"
        )
    return axes[0]


def follow(layers: Sequence[Layer], axes: Axes) -> None:
    """Let activations go along the channels."""
    for layer in layers:
        if isinstance(layer, Softmax) and axes.moved:
            layer.axis = 1


def _rows(shape: Shape) -> Weight:
    """A kernel whose rows go by what was flattened: Keras's (*size, C), ours (C, *size)."""
    channels, *size = shape
    return Weight(
        "kernel",
        Layout(
            lambda kernel, layer: np.moveaxis(kernel.reshape(*size, channels, -1), -2, 0).reshape(
                kernel.shape
            ),
            lambda kernel, layer: np.moveaxis(kernel.reshape(channels, *size, -1), 0, -2).reshape(
                kernel.shape
            ),
        ),
    )


def _axis(axis: Any, shape: Any) -> int:
    """Where an axis of a batch went; shapes are those of samples, or a tuple of such."""
    rank = len(shape[0] if isinstance(shape[0], tuple) else shape) + 1
    (axis,) = axis if isinstance(axis, list) else (axis,)
    axis %= rank
    return 1 if axis == rank - 1 else axis + 1


def _first_format(network: Network, name: str, seen: set[Any]) -> str | None:
    """The format of the first layers, in any direction from a name, that have one."""
    for node in network.nodes:
        if name not in node.sources or (id(network), node.name) in seen:
            continue
        seen.add((id(network), node.name))
        found: str | None = None
        if node.model is not None:
            inner = list(node.model.inputs)[node.sources.index(name)]
            found = _first_format(node.model, inner, seen)
        elif node.class_name != "Flatten":
            found = node.options.get("data_format")
        found = found or _first_format(network, node.name, seen)
        if found:
            return found
    return None
