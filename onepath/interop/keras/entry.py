"""What an entry of the table of layers says: classes, options and weights of both sides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ...layers import Layer
from ...layers.base import Shape

Options = dict[str, Any]


class Layout(NamedTuple):
    """How the axes of a weight lie on either side; both functions take an array and the layer."""

    ours: Callable[[Any, Any], Any]
    keras: Callable[[Any, Any], Any]


AS_IS = Layout(lambda array, layer: array, lambda array, layer: array)

KERNEL = Layout(
    lambda array, layer: np.moveaxis(array, (-1, -2), (0, 1)),
    lambda array, layer: np.moveaxis(array, (0, 1), (-1, -2)),
)
"""Keras's (*size, in, out), ours (out, in, *size)."""


DEPTHWISE = Layout(
    lambda array, layer: np.moveaxis(array.reshape(*array.shape[:-2], 1, -1), (-1, -2), (0, 1)),
    lambda array, layer: np.moveaxis(array, (0, 1), (-1, -2)).reshape(
        *array.shape[2:], -1, layer.depth_multiplier
    ),
)
"""Keras's (*size, in, multiplier), ours (in * multiplier, 1, *size)."""


class Weight(NamedTuple):
    """A parameter or state: its name here, its axes, and the group in which Keras keeps it."""

    name: str
    layout: Layout = AS_IS
    group: str = ""


class Around(NamedTuple):
    """A further layer of Keras's: what its name ends in, its class, its options and its output."""

    suffix: str
    class_name: str
    options: Options
    shape: Shape


def unchanged(options: Options, shape: Any) -> Options:
    """Return options that both sides write alike."""
    return options


def nothing(layer: Any, shape: Any) -> list[Around]:
    """Return no further layers."""
    return []


@dataclass(frozen=True)
class Entry:
    """A class of Keras's and the one of ours that computes the same.

    Options of one name on both sides mean the same. What Keras has beside them must be off, which
    is None, False or 0, or be in `neutral`.
    """

    keras: str
    """Keras's class."""

    layer: type[Layer]
    """Ours."""

    weights: tuple[Weight, ...] = ()
    """In Keras's order; those that the layer has not, such as a bias, are left out."""

    neutral: Mapping[str, Any] = field(default_factory=dict)
    """Options of Keras's alone with the value that makes no difference."""

    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Options of ours alone with the value that Keras's layer always has."""

    read: Callable[[Options, Any], Options] = unchanged
    """Make options of ours from Keras's, given the shape of a sample."""

    write: Callable[[Options, Any], Options] = unchanged
    """Make options of Keras's from ours, given the shape of a sample."""

    before: Callable[[Any, Shape], list[Around]] = nothing
    """Keras's layers that go before the one that is written, given ours and a sample's shape."""

    spread: bool = False
    """Whether Keras takes several inputs as arguments, not as a list; never one alone."""

    calls: tuple[str, ...] = ()
    """Options of ours that Keras takes at each call."""

    children: Mapping[str, str] = field(default_factory=dict)
    """Options that are layers, and the groups of these; the weights are theirs."""
