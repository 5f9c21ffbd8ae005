"""Networks for our layers, as Keras has them."""

from collections.abc import Iterator
from typing import Any

from ...layers import Graph, Layer, Residual, Sequential
from ...layers.composition import Composite, leaves
from ..errors import UnsupportedLayerError
from .description import described_layer
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
        self._places: dict[int, list[Placed]] = {}
        self._dtype = next((each.dtype for each in leaves(layer) if each.dtype), "float32")
        self.network = self._network(layer, layer.input_shape)
        self.placed = list(self._placed(self.network, ""))

    def _network(self, layer: Layer, shape: Any) -> Network:
        """A layer as a model."""
        children = list(layer.parts(shape)) if isinstance(layer, MODELS) else [(layer, shape)]
        taken = {child.name for child, _ in children}
        given = shape if layer.several else (shape,)
        inputs = tuple(fresh("input", taken) for _ in given)
        if isinstance(layer, Graph):
            inputs = layer.inputs
            taken.update(inputs)
        wiring, outputs = _wired(layer, [child.name for child, _ in children], inputs, taken)
        network = Network(layer.name, {}, [], outputs, sequential=len(inputs) == 1)
        network.shapes = dict(zip(inputs, given, strict=True))
        network.inputs |= network.shapes
        network.dtypes = dict.fromkeys(inputs, storage(self._dtype))
        for child, child_shape in children:
            sources = wiring[child.name]
            if child.indices:
                network.dtypes |= dict.fromkeys(set(sources).intersection(inputs), "int32")
            for node in self._nodes(child, child_shape, taken):
                node.sources, sources = sources, (node.name,)
                network.nodes.append(node)
        if isinstance(layer, Residual):
            output = layer.compute_output_shape(shape)
            node = Node(outputs[0], "Add", {}, output, wiring[outputs[0]], dtype=self._dtype)
            network.nodes.append(node)
        in_order = isinstance(layer, Sequential) or not isinstance(layer, MODELS)
        network.sequential &= in_order and not any(node.spread for node in network.nodes)
        if not network.sequential:
            in_keras_order(network)
        return network

    def _nodes(self, layer: Layer, shape: Any, taken: set[str]) -> list[Node]:
        """A layer with what must go before it."""
        name, output = layer.name, layer.compute_output_shape(shape)
        if isinstance(layer, MODELS):
            model = self._network(layer, shape)
            class_name = "Sequential" if model.sequential else "Functional"
            return [Node(name, class_name, {}, output, model=model, dtype=storage(self._dtype))]
        self._dtype = next((each.dtype for each in leaves(layer) if each.dtype), self._dtype)
        entry = OURS.get(type(layer))
        if entry is None:
            options = {"activation": _activation(layer)}
            return [Node(name, "Activation", options, output, dtype=self._dtype)]
        nodes = [
            Node(fresh(f"{name}_{suffix}", taken), class_name, options, padded, dtype=self._dtype)
            for suffix, class_name, options, padded in entry.before(layer, shape)
        ]
        options, places = self._described(layer, entry, shape, "")
        call = {key: options.pop(key) for key in entry.calls}
        node = Node(name, entry.keras, options, output, dtype=self._dtype, spread=entry.spread)
        node.trainable, node.call = layer.trainable, call
        self._places[id(node)] = places
        return [*nodes, node]

    def _described(
        self, layer: Layer, entry: Entry, shape: Any, group: str
    ) -> tuple[Options, list[Placed]]:
        """Keras's options of a layer, and where its weights are, or those of the layers in it."""
        try:
            options = keras_options(entry, layer, shape)
        except UnsupportedLayerError as error:
            raise UnsupportedLayerError(f"{layer.title}: {error}") from None
        places = []
        inside = layer.children if entry.children and isinstance(layer, Composite) else ()
        for child, (key, place) in zip(inside, entry.children.items(), strict=True):
            child_entry = OURS[type(child)]
            inner, more = self._described(child, child_entry, shape, f"{group}/{place}")
            inner = {"name": child.name, "dtype": self._dtype, **inner}
            options[key] = described_layer(child_entry.keras, inner)
            places.extend(more)
        return options, places or [Placed(layer, entry, group)]

    def _placed(self, network: Network, root: str) -> Iterator[Placed]:
        """The layers with weights, in Keras's order."""
        for node, group in network.groups(root):
            if node.model is not None:
                yield from self._placed(node.model, f"{group}/")
            for place in self._places.get(id(node), ()):
                yield place._replace(group=f"{group}{place.group}")


def _wired(
    layer: Layer, names: list[str], inputs: tuple[str, ...], taken: set[str]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """What each layer in another takes, and what comes out."""
    if isinstance(layer, Graph):
        return {name: sources for name, (_, sources) in layer.nodes.items()}, layer.outputs
    if isinstance(layer, Residual):
        end = fresh("add", taken)
        return {**dict.fromkeys(names, inputs), end: (*names, *inputs)[:2]}, (end,)
    first, *others = names
    return {first: inputs, **{b: (a,) for a, b in zip(names, others, strict=False)}}, (names[-1],)


def storage(policy: str) -> str:
    """Return the dtype in which arrays come in, for a policy."""
    return "float64" if policy == "float64" else "float32"


def _activation(layer: Layer) -> str:
    """The name of what a layer without an entry computes, or an error."""
    name = activation_name(layer)
    if name is None:
        known = ", ".join(sorted(cls.__name__ for cls in OURS))
        raise UnsupportedLayerError(
            f"{layer.title}: a layer of this class cannot be written for Keras; known are {known}"
        )
    return name
