"""Networks for our layers, as Keras has them."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...layers import Layer, Residual, Sequential
from ...layers.base import Shape
from ...layers.composition import leaves
from ..errors import UnsupportedLayerError
from .entry import Around, Entry, Options
from .mappings import KERAS, OURS
from .mappings.activations import activation_name
from .network import Network, Node, in_keras_order
from .options import keras_options
from .placing import Placed

Step = tuple[str, Layer, tuple[str, ...], Any]
"""A node's name, its layer, what it takes, and the shape of that."""


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
        if not isinstance(layer, Sequential | Residual):
            layer = Sequential([layer])
            layer.build(layer.layers[0].input_shape)
        assert layer.input_shape is not None
        self.network = self._network(layer, layer.input_shape)
        self.placed = list(self._placed(self.network, ""))

    def _network(self, layer: Layer, shape: Shape) -> Network:
        """A layer made of layers, as a model."""
        inputs = {"input": shape}
        if isinstance(layer, Residual):
            return self._graph(layer, inputs, *_residual(layer, shape))
        steps, source = [], "input"
        for child, child_shape in layer.parts(shape):
            steps.append((child.name, child, (source,), child_shape))
            source = child.name
        return self._graph(layer, inputs, steps, (source,), sequential=True)

    def _graph(
        self,
        layer: Layer,
        inputs: Mapping[str, Any],
        steps: Iterable[Step],
        outputs: tuple[str, ...],
        sequential: bool = False,
    ) -> Network:
        """Layers with what they take, as a model whose layers are in Keras's order."""
        dtype = self._dtype
        nodes: dict[str, Node] = {}
        for name, child, sources, shape in steps:
            for node in self._nodes(name, child, shape):
                node.sources = sources
                sources = (node.name,)
                nodes[node.name] = node
        wiring = {name: node.sources for name, node in nodes.items()}
        order = list(nodes) if sequential else in_keras_order(list(inputs), wiring, outputs)
        return Network(
            layer.name,
            dict(inputs),
            [nodes[name] for name in order],
            outputs,
            sequential,
            storage(dtype),
            dict(inputs),
        )

    def _nodes(self, name: str, layer: Layer, shape: Any) -> list[Node]:
        """A layer with what must go before it."""
        output = layer.compute_output_shape(shape)
        if isinstance(layer, Sequential | Residual):
            model = self._network(layer, shape)
            class_name = "Sequential" if model.sequential else "Functional"
            return [Node(name, class_name, {}, model=model, shape=output, dtype=model.dtype)]
        self._dtype = layer.dtype or self._dtype
        entry = OURS.get(type(layer))
        activation = activation_name(layer) if entry is None else None
        if activation is not None:
            return [self._node(name, Around("", "Activation", {"activation": activation}), output)]
        if entry is None:
            known = sorted(cls.__name__ for cls in OURS)
            raise UnsupportedLayerError(
                f"{layer.title}: a layer of this class cannot be written for Keras; known are "
                f"{', '.join(known)}"
            )
        nodes = []
        for around in entry.before(layer, shape):
            before = KERAS[around.class_name]
            helper = before.layer(**around.options)
            shape = helper.compute_output_shape(shape)
            nodes.append(self._node(f"{name}_{around.suffix}", around, shape))
        node = self._node(name, Around("", entry.keras, _options(entry, layer, shape)), output)
        node.spread, node.trainable = entry.spread, layer.trainable
        self._entries[id(node)] = layer, entry
        return [*nodes, node]

    def _node(self, name: str, around: Around, shape: Shape) -> Node:
        return Node(name, around.class_name, around.options, shape=shape, dtype=self._dtype)

    def _placed(self, network: Network, root: str) -> Iterable[Placed]:
        """The layers with weights, in Keras's order."""
        for node, group in network.groups(root):
            if node.model is not None:
                yield from self._placed(node.model, f"{group}/")
            elif id(node) in self._entries:
                layer, entry = self._entries[id(node)]
                yield Placed(layer, entry, group, layer.title)


def storage(policy: str) -> str:
    """Return the dtype in which arrays come in, for a policy."""
    return "float64" if policy == "float64" else "float32"


def _options(entry: Entry, layer: Layer, shape: Any) -> Options:
    try:
        return keras_options(entry, layer, shape)
    except UnsupportedLayerError as error:
        raise UnsupportedLayerError(f"{layer.title}: {error}") from None


def _residual(layer: Residual, shape: Shape) -> tuple[list[Step], tuple[str, ...]]:
    """A layer, the way around it, and their sum."""
    raise NotImplementedError
