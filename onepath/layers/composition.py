"""Layers made of layers."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import dropwhile
from typing import Any, Self

from ..arguments import flag
from ..backends import Array, Backend
from .base import Layer, Shape
from .registry import deserialize, register_layer, serialize


class Composite(Layer):
    """What layers made of layers share: their arrays are their children's, as ``child/name``."""

    rounds = False
    _keeping = True

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
    def trainable_parameters(self) -> dict[str, Array]:
        """The children's parameters that are not frozen, as ``child/name``."""
        return {
            f"{c.name}/{key}": a for c in self.children for key, a in c.trainable_parameters.items()
        }

    @property
    def trainable(self) -> bool:
        """Whether every child is; what is set, is set in every child."""
        return all(child.trainable for child in self.children)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        flag("trainable", value)
        for child in self.children:
            child.trainable = value

    @property
    def learns(self) -> bool:
        """Whether any child does."""
        own_way = type(self).backward is not Layer.backward
        return own_way or any(child.learns for child in self.children)

    def _is_frozen(self) -> bool:
        return all(child._is_frozen() for child in self.children)

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

    @property
    def shardable(self) -> bool:  # type: ignore[override]
        """Whether every child is; a subclass with a way of its own through them must say so."""
        own_way = type(self)._forward.__module__.partition(".")[0] != __name__.partition(".")[0]
        return not own_way and all(child.shardable for child in self.children)

    @property
    def meets(self) -> bool:  # type: ignore[override]
        """Whether any child does."""
        return any(child.meets for child in self.children)

    def replica(self) -> Self:
        """Return a layer of the children's replicas."""
        twin = super().replica()
        twin.children = tuple(child.replica() for child in self.children)
        return twin

    def infer(self, input: Array) -> Array:
        """Compute the output, and keep nothing in any child."""
        self._keeping = False
        try:
            return super().infer(input)
        finally:
            self._keeping = True

    def _pass(self, child: Layer, x: Array, training: bool) -> Array:
        """Send x through a child."""
        return child.forward(x, training) if self._keeping else child.infer(x)

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

    @property
    def several(self) -> bool | None:  # type: ignore[override]
        """Whether the first layer takes several inputs."""
        return self.layers[0].several

    @property
    def indices(self) -> bool:  # type: ignore[override]
        """Whether the first layer takes whole numbers."""
        return self.layers[0].indices

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
            x = self._pass(layer, x, training)
        return x

    def _backward(self, dy: Array) -> Array:
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def _learn(self, dy: Array) -> None:
        learning = list(dropwhile(lambda layer: not layer.learns, self.layers))
        for layer in reversed(learning[1:]):
            dy = layer.backward(dy)
        for layer in learning[:1]:
            layer.learn(dy)

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
        self.sample_rank = main.sample_rank

    @property
    def main(self) -> Layer:
        """The layer to go around."""
        return self.children[0]

    @property
    def shortcut(self) -> Layer | None:
        """What is done on the way around."""
        return self.children[1] if len(self.children) > 1 else None

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
        y = self._pass(self.main, x, training)
        return y + (x if self.shortcut is None else self._pass(self.shortcut, x, training))

    def _backward(self, dy: Array) -> Array:
        dx = self.main.backward(dy)
        return dx + (dy if self.shortcut is None else self.shortcut.backward(dy))

    def _learn(self, dy: Array) -> None:
        for child in self.children:
            if child.learns:
                child.learn(dy)

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


def leaves(layer: Layer) -> Iterator[Layer]:
    """Return the layers whose arrays are their own: the layer itself, or those it is made of."""
    if isinstance(layer, Composite):
        for child in layer.children:
            yield from leaves(child)
    else:
        yield layer


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
