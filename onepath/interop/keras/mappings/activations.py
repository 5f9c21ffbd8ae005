"""Activations: layers of their own, and names that other layers have for them."""

from typing import Any

from ....layers import Layer, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from ...errors import UnsupportedLayerError
from ..entry import Entry, Options
from ..options import defaults

ENTRIES = (
    Entry("ReLU", ReLU),
    Entry("LeakyReLU", LeakyReLU),
    Entry("Softmax", Softmax),
)

BY_NAME: dict[str, tuple[type[Layer], Options]] = {
    "relu": (ReLU, {}),
    "leaky_relu": (LeakyReLU, {"negative_slope": 0.2}),
    "sigmoid": (Sigmoid, {}),
    "softmax": (Softmax, {}),
    "tanh": (Tanh, {}),
}
"""Layers and options for what Keras calls activations."""


def activation_layers(activation: Any, name: str) -> list[Layer]:
    """Return the layer for an activation's name; none for "linear" or None.

    Raises
    ------
    UnsupportedLayerError
        If there is none such.
    """
    if activation in (None, "linear"):
        return []
    if not isinstance(activation, str) or activation not in BY_NAME:
        raise UnsupportedLayerError(
            f"activation={activation!r} is not known; known are {sorted([*BY_NAME, 'linear'])}"
        )
    layer, options = BY_NAME[activation]
    return [layer(**options, name=name)]


def activation_name(layer: Layer) -> str | None:
    """Return the name of the activation that a layer computes, or None."""
    config = {**layer.get_config(), "name": None}
    for name, (cls, options) in BY_NAME.items():
        if type(layer) is cls and config == {**defaults(cls), **options}:
            return name
    return None
