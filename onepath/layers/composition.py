"""Layers made of layers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ..backends import Array, Backend
from .base import Layer, Shape
from .registry import deserialize, register_layer, serialize


class Composite(Layer):
    """What layers made of layers share: their arrays are their children's, as ``child/name``."""

    def __init__(self, children: Iterable[Layer], name: str | None) -> None:
        super().__init__(name)
        self.children = tuple(children)
        for child in self.children:
            if not isinstance(child, Layer):
                raise TypeError(f"{self.title} is made of layers, got {child!r}")
        if len(set(map(id, self.children))) < len(self.children):
            raise ValueError(f"{self.title}: a layer is there twice; its copy.deepcopy can be")
        _tell_apart(self.children, self.title)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.children))})"

    @property
    def parameters(self) -> dict[str, Array]:
        """The children's parameters, as ``child/name``."""
        return {f"{c.name}/{key}": a for c in self.children for key, a in c.parameters.items()}

    @property
    def gradients(self) -> dict[str, Array]:
        """The children's gradients, as ``child/name``."""
        return {f"{c.name}/{key}": a for c in self.children for key, a in c.gradients.items()}

    @property
    def state(self) -> dict[str, Array]:
        """The children's state, as ``child/name``."""
        return {f"{c.name}/{key}": a for c in self.children for key, a in c.state.items()}

    def _build(self, input_shape: Shape) -> None:
        for child, shape in self.parts(input_shape):
            child.build(shape, self.backend)

    def to(self, backend: Backend | str) -> Self:
        """Move every child to a device."""
        for child in self.children:
            child.to(backend)
        return super().to(backend)

    def clear(self) -> None:
        """Drop what the last forward kept, in every child."""
        super().clear()
        for child in self.children:
            child.clear()


@register_layer
class Sequential(Composite):
    """Layers one after the other.

    Parameters
    ----------
    layers : iterable of Layer
        At least one. Layers without a name of their own get one that no other here has.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If something is not a layer, there is none, or two were given the same name.
    """

    def __init__(self, layers: Iterable[Layer], name: str | None = None) -> None:
        super().__init__(layers, name)
        if not self.children:
            raise ValueError(f"{self.title} needs at least one layer")
        first = next((c for c in self.children if not c.elementwise), self.children[0])
        self.sample_rank = first.sample_rank

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, first to last."""
        return self.children

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return what the last layer makes of a sample."""
        for layer in self.layers:
            input_shape = layer.check_sample(input_shape)
        return input_shape

    def parts(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Return each layer with what the one before makes of a sample."""
        for layer in self.layers:
            yield layer, input_shape
            input_shape = layer.compute_output_shape(input_shape)

    def _forward(self, x: Array, training: bool) -> Array:
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def _backward(self, dy: Array) -> Array:
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def get_config(self) -> dict[str, Any]:
        """Return name and layers, as JSON can hold them."""
        return {"name": self.name, "layers": [serialize(layer) for layer in self.layers]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the layers again, of registered classes."""
        layers = [deserialize(layer) for layer in config.get("layers", ())]
        return super().from_config({**config, "layers": layers})


@register_layer
class Residual(Composite):
    """A layer and a way around it: ``y = main(x) + shortcut(x)``.

    Parameters
    ----------
    main : Layer
        The layer to go around.
    shortcut : Layer, optional
        What is done on the way around; nothing if left out.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError
        If something is not a layer. That both ways end in one shape is checked when the input's
        shape is known.
    """

    def __init__(self, main: Layer, shortcut: Layer | None = None, name: str | None = None) -> None:
        super().__init__((main,) if shortcut is None else (main, shortcut), name)
        self.main, self.shortcut = main, shortcut
        self.sample_rank = main.sample_rank

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape in which both ways end."""
        ends = [child.check_sample(input_shape) for child in self.children]
        around = input_shape if self.shortcut is None else ends[1]
        if ends[0] != around:
            raise ValueError(f"main gives {ends[0]}, the way around {around}: they must be equal")
        return around

    def parts(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Return main layer and shortcut with the shape that both get."""
        return ((child, input_shape) for child in self.children)

    def _forward(self, x: Array, training: bool) -> Array:
        y = self.main.forward(x, training)
        return y + (x if self.shortcut is None else self.shortcut.forward(x, training))

    def _backward(self, dy: Array) -> Array:
        dx = self.main.backward(dy)
        return dx + (dy if self.shortcut is None else self.shortcut.backward(dy))

    def get_config(self) -> dict[str, Any]:
        """Return name, main layer and shortcut, as JSON can hold them."""
        shortcut = None if self.shortcut is None else serialize(self.shortcut)
        return {"name": self.name, "main": serialize(self.main), "shortcut": shortcut}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the layers again, of registered classes."""
        main, shortcut = config.get("main", {}), config.get("shortcut")
        shortcut = None if shortcut is None else deserialize(shortcut)
        return super().from_config({**config, "main": deserialize(main), "shortcut": shortcut})


def _tell_apart(layers: Iterable[Layer], owner: str) -> None:
    """Give layers without a name of their own one that no other has."""
    layers = tuple(layers)
    taken: set[str] = set()
    for layer in layers:
        if layer._named:
            if layer.name in taken:
                raise ValueError(f"{owner}: two layers are named {layer.name!r}")
            taken.add(layer.name)
    for layer in layers:
        if not layer._named:
            stem, count = layer.name, 1
            while layer.name in taken:
                layer.name, count = f"{stem}_{count}", count + 1
            taken.add(layer.name)
            layer._named = True
