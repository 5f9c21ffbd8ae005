"""Parameters as attributes of a layer."""

from typing import Any

from ..backends import Array
from .base import Layer


class Parameter:
    """A parameter under its own name, as in ``kernels = Parameter()`` in a layer's class.

    Reading gives the array. Assigning gives the parameter other values, of the same shape, from the
    layer's device or the host.

    Raises
    ------
    ValueError
        If what is assigned has another shape; nothing is changed.
    """

    def __set_name__(self, owner: type[Layer], name: str) -> None:
        self.name = name

    def __get__(self, layer: Layer, owner: type[Layer]) -> Array:
        return layer.parameters[self.name]

    def __set__(self, layer: Layer, value: Any) -> None:
        expected = layer.parameters[self.name].shape
        value = layer.home.asarray(value, dtype=layer.variable_dtype)
        if value.shape != expected:
            raise ValueError(
                f"{layer.title}: {self.name} must have shape {expected}, got {value.shape}"
            )
        layer.parameters[self.name] = value.copy()
