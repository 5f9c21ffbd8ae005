"""Layers with several inputs or outputs as layers with one, so that every check takes them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Self

from ..backends import Array
from ..layers import Layer, deserialize, register_layer, serialize
from ..layers.base import Shape
from ..layers.composition import Composite
from ..layers.several import listed


@register_layer
class Joined(Composite):
    """A layer whose inputs come as one, flat and behind each other, and whose outputs leave so.

    Parameters
    ----------
    layer : Layer
        With several inputs or outputs.
    shapes : sequence of tuple of int
        The shapes of its inputs' samples.
    name : str, optional
        See `Layer`.
    """

    sample_rank = 1

    def __init__(self, layer: Layer, shapes: Iterable[Shape], name: str | None = None) -> None:
        super().__init__((layer,), name)
        self.shapes = tuple(tuple(shape) for shape in shapes)

    @property
    def layer(self) -> Layer:
        """The layer inside."""
        return self.children[0]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the only output, or that of all of them, flat."""
        if input_shape != (sum(map(math.prod, self.shapes)),):
            raise ValueError(f"samples must be those of {self.shapes}, flat")
        shape: Any = self.layer.check_sample(self._inner())
        several = bool(shape) and isinstance(shape[0], tuple)
        return (sum(map(math.prod, shape)),) if several else shape

    def parts(self, input_shape: Shape) -> Iterable[tuple[Layer, Shape]]:
        """Return the layer with its inputs' shapes."""
        return ((self.layer, self._inner()),)

    def _inner(self) -> Any:
        """The shape, or the shapes, that the layer takes."""
        several = self.layer.several or len(self.shapes) > 1
        return self.shapes if several else self.shapes[0]

    def _forward(self, x: Array, training: bool) -> Array:
        x = self._split(x, self.shapes)
        several = self.layer.several or len(x) > 1
        y = self._pass(self.layer, x if several else x[0], training)
        self._shapes = [a.shape[1:] for a in y] if isinstance(y, tuple) else None
        return y if self._shapes is None else self._flat(y)

    def _backward(self, dy: Array) -> Array:
        dy = dy if self._shapes is None else self._split(dy, self._shapes)
        return self._flat(listed(self.layer.backward(dy)))

    def _flat(self, several: tuple[Array, ...]) -> Array:
        """Each (N, *shape) -> (N, elements)."""
        return self.home.xp.concatenate([a.reshape(len(a), -1) for a in several], axis=1)

    @staticmethod
    def _split(x: Array, shapes: Iterable[Shape]) -> Array:
        """(N, elements) -> each (N, *shape)."""
        parts, start = [], 0
        for shape in shapes:
            end = start + math.prod(shape)
            parts.append(x[:, start:end].reshape(len(x), *shape))
            start = end
        return tuple(parts)

    def get_config(self) -> dict[str, Any]:
        """Return the layer, the shapes and the name, as JSON can hold them."""
        shapes = [list(shape) for shape in self.shapes]
        return {"name": self.name, "layer": serialize(self.layer), "shapes": shapes}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the layer again, of a registered class."""
        return super().from_config({**config, "layer": deserialize(config.get("layer", {}))})
