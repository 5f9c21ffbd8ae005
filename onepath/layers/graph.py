"""Layers wired in any way that has no circle."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Self

from ..backends import Array
from .base import Layer, Shape
from .composition import Composite
from .registry import deserialize, register_layer, serialize
from .several import listed

Names = str | Sequence[str]


@register_layer
class Graph(Composite):
    """Layers that take named inputs and each other's outputs, in any acyclic wiring.

    Parameters
    ----------
    inputs : str or sequence of str
        Names of the inputs.
    nodes : mapping of str to (Layer, str or sequence of str)
        Each node's layer, and the inputs or nodes that it takes: one, or several for layers such as
        `Add`. A layer gets its node's name. In any order.
    outputs : str or sequence of str
        The nodes whose outputs are the graph's.
    name : str, optional
        See `Layer`.

    Attributes
    ----------
    inputs, outputs : tuple of str
        Their names. With one input, `forward` takes an array and `backward` returns one; with
        several, a tuple of arrays in this order. Likewise for outputs.
    nodes : dict of str to (Layer, tuple of str)
        Layers and what they take, each node behind all that it takes.

    Raises
    ------
    TypeError
        If something is not a layer.
    ValueError
        If a name is not known or there twice, the wiring has a circle, or a node or an input leads
        to no output.

    Examples
    --------
    >>> Graph(
    ...     "image",
    ...     {
    ...         "conv": (Conv2D(8, 3, padding="same"), "image"),
    ...         "relu": (ReLU(), "conv"),
    ...         "sum": (Concatenate(), ["image", "relu"]),
    ...     },
    ...     "sum",
    ... )
    """

    def __init__(
        self,
        inputs: Names,
        nodes: Mapping[str, tuple[Layer, Names]],
        outputs: Names,
        name: str | None = None,
    ) -> None:
        self.inputs, self.outputs = _names(inputs), _names(outputs)
        wiring = {node: _names(sources) for node, (_, sources) in nodes.items()}
        order = _ordered(self.inputs, wiring, self.outputs)
        self._wiring = tuple((node, wiring[node]) for node in order)
        for node, (layer, _) in nodes.items():
            if isinstance(layer, Layer):
                layer.name, layer._named = node, True
        super().__init__([nodes[node][0] for node in order], name)
        if not self.several:
            ranks = (layer.sample_rank for layer, _, s in self._steps() if self.inputs[0] in s)
            self.sample_rank = next((rank for rank in ranks if rank is not None), None)

    @property
    def nodes(self) -> dict[str, tuple[Layer, tuple[str, ...]]]:
        """Layers and what they take, by the nodes' names."""
        return {node: (layer, sources) for layer, node, sources in self._steps()}

    @property
    def several(self) -> bool:  # type: ignore[override]
        """Whether there are several inputs."""
        return len(self.inputs) > 1

    @property
    def indices(self) -> bool:  # type: ignore[override]
        """Whether an input goes where whole numbers are taken."""
        return any(
            layer.indices and not set(self.inputs).isdisjoint(sources)
            for layer, _, sources in self._steps()
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output's samples, or of each output's."""
        shapes = self._named_inputs(input_shape)
        for layer, node, sources in self._steps():
            shapes[node] = layer.check_sample(_taken(layer, sources, shapes))
        shape: Shape = self._chosen(self.outputs, shapes)
        return shape

    def parts(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Return each layer with the shapes that it gets."""
        shapes = self._named_inputs(input_shape)
        for layer, node, sources in self._steps():
            taken = _taken(layer, sources, shapes)
            yield layer, taken
            shapes[node] = layer.compute_output_shape(taken)

    def _forward(self, x: Array, training: bool) -> Array:
        values = self._named_inputs(x)
        last = {source: node for node, sources in self._wiring for source in sources}
        for layer, node, sources in self._steps():
            values[node] = self._pass(layer, _taken(layer, sources, values), training)
            for source in set(sources):
                if last[source] == node and source not in self.outputs:
                    del values[source]  # lest inference keeps what each layer made
        return self._chosen(self.outputs, values)

    def _backward(self, dy: Array) -> Array:
        return self._chosen(self.inputs, self._descend(dy, set(self.inputs)))

    def _learn(self, dy: Array) -> None:
        self._descend(dy, set())

    def _descend(self, dy: Array, wanted: set[str]) -> dict[str, Array]:
        """Send gradients back to all that learns, and to what is wanted; return the latter's."""
        steps = []
        for layer, node, sources in self._steps():
            deeper = not wanted.isdisjoint(sources)
            if deeper or layer.learns:
                wanted.add(node)
                steps.append((layer, node, sources, deeper))
        gradients: dict[str, Array] = {}
        for output, gradient in zip(self.outputs, listed(dy), strict=True):
            _add(gradients, output, gradient)
        for layer, node, sources, deeper in reversed(steps):
            gradient = gradients.pop(node)
            if not deeper:
                layer.learn(gradient)
                continue
            for source, dx in zip(sources, listed(layer.backward(gradient)), strict=True):
                if source in wanted:
                    _add(gradients, source, dx)
        return gradients

    def _steps(self) -> Iterator[tuple[Layer, str, tuple[str, ...]]]:
        """Each layer with its node's name and what it takes, in order."""
        for layer, (node, sources) in zip(self.children, self._wiring, strict=True):
            yield layer, node, sources

    def _named_inputs(self, x: Any) -> dict[str, Any]:
        """What is given for each input, by its name."""
        given = x if self.several else (x,)
        if len(given) != len(self.inputs):
            raise ValueError(f"the inputs are {list(self.inputs)}, got {len(given)}")
        return dict(zip(self.inputs, given, strict=True))

    @staticmethod
    def _chosen(names: tuple[str, ...], values: Mapping[str, Any]) -> Any:
        """The one of that name, or a tuple of several."""
        return values[names[0]] if len(names) == 1 else tuple(values[name] for name in names)

    def get_config(self) -> dict[str, Any]:
        """Return names, layers and wiring, as JSON can hold them."""
        return {
            "name": self.name,
            "inputs": list(self.inputs),
            "nodes": {n: [serialize(layer), list(s)] for layer, n, s in self._steps()},
            "outputs": list(self.outputs),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the layers again, of registered classes."""
        nodes = {
            node: (deserialize(layer), sources)
            for node, (layer, sources) in config.get("nodes", {}).items()
        }
        return super().from_config({**config, "nodes": nodes})


def _names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _taken(layer: Layer, sources: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    """What a layer takes: one, or a tuple."""
    if layer.several or (layer.several is None and len(sources) > 1):
        return tuple(values[source] for source in sources)
    if len(sources) != 1:
        raise ValueError(f"{layer.title} takes one input, got {len(sources)}: {list(sources)}")
    return values[sources[0]]


def _add(gradients: dict[str, Array], name: str, gradient: Array) -> None:
    """Add up what comes back from all that took a value."""
    before = gradients.get(name)
    gradients[name] = gradient if before is None else before + gradient


def _ordered(
    inputs: tuple[str, ...], wiring: Mapping[str, tuple[str, ...]], outputs: tuple[str, ...]
) -> list[str]:
    """The nodes, each behind all that it takes, or an error."""
    known = {*inputs, *wiring}
    if not (inputs and wiring and outputs):
        raise ValueError("a graph needs inputs, nodes and outputs")
    if len(known) < len(inputs) + len(wiring):
        raise ValueError(f"two inputs or nodes have one name: inputs {inputs}, nodes {[*wiring]}")
    for taker, names in (*wiring.items(), ("outputs", outputs)):
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(f"{taker!r} takes {unknown or names}, known are {sorted(known)}")
    try:
        order = [node for node in TopologicalSorter(wiring).static_order() if node in wiring]
    except CycleError as error:
        raise ValueError(f"the wiring has a circle: {' <- '.join(error.args[1])}") from None
    leading = set(outputs)
    for node in reversed(order):
        if node in leading:
            leading.update(wiring[node])
    idle = sorted(known - leading)
    if idle:
        raise ValueError(f"{idle} lead to no output: leave them out, or name them as outputs")
    return order
