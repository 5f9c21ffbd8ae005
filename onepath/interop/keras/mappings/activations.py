"""Activations: layers of their own, and names that other layers have for them."""

from typing import Any

from ....layers import ELU, Identity, Layer, LeakyReLU, PReLU, ReLU, Softmax
from ....layers.activations import ACTIVATIONS, Activation, activation_layer
from ...errors import UnsupportedLayerError
from ..entry import Entry, Weight
from ..options import defaults

ENTRIES = (
    Entry("ReLU", ReLU),
    Entry("LeakyReLU", LeakyReLU),
    Entry("Softmax", Softmax),
    Entry("ELU", ELU),
    Entry("PReLU", PReLU, (Weight("alpha"),)),
    Entry("Activation", Activation),
    Entry("Identity", Identity),
)

NAMES: dict[type[Layer], str] = {
    cls: name for name, cls in ACTIVATIONS.items() if isinstance(cls, type)
}
"""What Keras calls layers that it has not as such."""


def activation_layers(activation: Any, name: str) -> list[Layer]:
    """Return the layer for the activation of another; none for "linear" or None.

    Raises
    ------
    UnsupportedLayerError
        If there is none such.
    """
    if activation in (None, "linear"):
        return []
    try:
        layer = activation_layer(activation)
    except ValueError as error:
        raise UnsupportedLayerError(str(error)) from None
    layer.name, layer._named = name, True
    return [layer]


def activation_name(layer: Layer) -> str | None:
    """Return the name of the activation that a layer without an entry computes, or None."""
    options = {**layer.get_config(), "name": None}
    return NAMES.get(type(layer)) if options == defaults(type(layer)) else None
