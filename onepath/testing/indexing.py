"""Layers that take indices as layers that take any numbers, so that every check takes them."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from ..backends import Array
from ..layers import Layer, deserialize, register_layer, serialize
from ..layers.base import Shape
from ..layers.composition import Composite


@register_layer
class Indexed(Composite):
    """A layer that takes indices made of numbers: twice a number, rounded down, modulo a count.

    To double a number and to round it down leaves no rounding error in any dtype.

    Parameters
    ----------
    layer : Layer
        One that takes indices.
    count : int
        How many indices there are.
    floating : bool, optional
        Whether the indices are given in the numbers' dtype, or as integers.
    name : str, optional
        See `Layer`.
    """

    def __init__(
        self, layer: Layer, count: int, floating: bool = False, name: str | None = None
    ) -> None:
        super().__init__((layer,), name)
        self.count, self.floating = count, floating

    @property
    def layer(self) -> Layer:
        """The layer inside."""
        return self.children[0]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the layer's."""
        return self.layer.check_sample(input_shape)

    def parts(self, input_shape: Shape) -> Iterable[tuple[Layer, Shape]]:
        """Return the layer."""
        return ((self.layer, input_shape),)

    def _forward(self, x: Array, training: bool) -> Array:
        at = self.home.xp.floor(x * 2).astype("int64") % self.count
        return self._pass(self.layer, at.astype(x.dtype) if self.floating else at, training)

    def _backward(self, dy: Array) -> Array:
        return self.layer.backward(dy)

    def _learn(self, dy: Array) -> None:
        self.layer.learn(dy)

    def get_config(self) -> dict[str, Any]:
        """Return the layer, the count, the dtype and the name, as JSON can hold them."""
        return {
            "layer": serialize(self.layer),
            "count": self.count,
            "floating": self.floating,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the layer again, of a registered class."""
        return super().from_config({**config, "layer": deserialize(config.get("layer", {}))})
