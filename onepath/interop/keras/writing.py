"""Networks for our layers, as Keras has them."""

from collections.abc import Iterator
from typing import Any

from ...layers import Graph, Layer, Residual, Sequential
from ...layers.composition import leaves
from ..errors import UnsupportedLayerError
from .entry import Entry, Options
from .mappings import OURS
from .mappings.activations import activation_name
from .network import Network, Node, fresh, in_keras_order
from .options import keras_options
from .placing import Placed

MODELS = Sequential, Residual, Graph
"""Our layers that Keras has as models in a model."""


class Writer:
    """Describes layers as Keras has them.

    Parameters
    ----------
    layer : Layer
        What is to be written, built.

    Attributes
    ----------
    network : Network
        What it is to Keras.
    placed : list of Placed
        The layers with weights, in Keras's order.
    """

    def __init__(self, layer: Layer) -> None:
        self._entries: dict[int, tuple[Layer, Entry]] = {}
        self._dtype = next((each.dtype for each in leaves(layer) if each.dtype), "float32")
        self.network = self._network(layer, layer.input_shape)
        self.placed = list(self._placed(self.network, ""))

    def _network(self, layer: Layer, shape: Any) -> Network:
        """A layer as a model."""
        children = list(layer.parts(shape)) or [(layer, shape)]
        taken = {child.name for child, _ in children}
        inputs = layer.inputs if isinstance(layer, Graph) else (fresh("input", taken),)
        taken.update(inputs)
        shapes = dict(zip(inputs, shape if len(inputs) > 1 else (shape,), strict=True))
        network = Network(
            layer.name, dict(shapes), [], (), dtype=storage(self._dtype), shapes=shapes
        )
        if isinstance(layer, Graph):
            wiring = {name: sources for name, (_, sources) in layer.nodes.items()}
            network.outputs = layer.outputs
        elif isinstance(layer, Residual):
            wiring = {child.name: inputs for child in layer.children}
            network.outputs = (fresh("add", taken),)
        else:
            names = [child.name for child, _ in children]
            wiring = dict(zip(names, ((name,) for name in (*inputs, *names)), strict=False))
            network.outputs, network.sequential = (names[-1],), True
        for child, child_shape in children:
            sources = wiring[child.name]
            for node in self._nodes(child, child_shape, taken):
                node.sources, sources = sources, (node.name,)
                network.nodes.append(node)
        if isinstance(layer, Residual):
            ends = [child.name for child in layer.children]
            sources = (ends[0], ends[1] if len(ends) > 1 else inputs[0])
            output = layer.compute_output_shape(shape)
            network.nodes.append(Node(network.outputs[0], "Add", {}, output, sources))
        if not network.sequential:
            in_keras_order(network)
        return network

    def _nodes(self, layer: Layer, shape: Any, taken: set[str]) -> list[Node]:
        """A layer with what must go before it."""
        name, output = layer.name, layer.compute_output_shape(shape)
        if isinstance(layer, MODELS):
            model = self._network(layer, shape)
            class_name = "Sequential" if model.sequential else "Functional"
            return [Node(name, class_name, {}, model=model, shape=output, dtype=model.dtype)]
        self._dtype = layer.dtype or self._dtype
        entry = OURS.get(type(layer))
        if entry is None:
            options = {"activation": _activation(layer)}
            return [Node(name, "Activation", options, shape=output, dtype=self._dtype)]
        nodes = [
            Node(fresh(f"{name}_{suffix}", taken), class_name, options, padded, dtype=self._dtype)
            for suffix, class_name, options, padded in entry.before(layer, shape)
        ]
        options = _options(entry, layer, shape)
        node = Node(name, entry.keras, options, shape=output, dtype=self._dtype)
        node.spread, node.trainable = entry.spread, layer.trainable
        self._entries[id(node)] = layer, entry
        return [*nodes, node]

    def _placed(self, network: Network, root: str) -> Iterator[Placed]:
        """The layers with weights, in Keras's order."""
        for node, group in network.groups(root):
            if node.model is not None:
                yield from self._placed(node.model, f"{group}/")
            elif id(node) in self._entries:
                layer, entry = self._entries[id(node)]
                yield Placed(layer, entry, group)


def storage(policy: str) -> str:
    """Return the dtype in which arrays come in, for a policy."""
    return "float64" if policy == "float64" else "float32"


def _options(entry: Entry, layer: Layer, shape: Any) -> Options:
    try:
        return keras_options(entry, layer, shape)
    except UnsupportedLayerError as error:
        raise UnsupportedLayerError(f"{layer.title}: {error}") from None


def _activation(layer: Layer) -> str:
    """The name of what a layer without an entry computes, or an error."""
    name = activation_name(layer)
    if name is None:
        known = ", ".join(sorted(cls.__name__ for cls in OURS))
        raise UnsupportedLayerError(
            f"{layer.title}: a layer of this class cannot be written for Keras; known are {known}"
        )
    return name
