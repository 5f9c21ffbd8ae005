"""Our layers for a network of Keras's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ...layers import Graph, Layer, Sequential
from ...layers.base import Shape
from ..errors import CorruptFileError, UnsupportedLayerError
from .entry import Entry
from .mappings import KERAS
from .mappings.activations import activation_layers
from .network import Network, Node, fresh
from .options import arguments, our_options
from .placing import Placed, build, fill
from .weights import StoredWeights


class Reader:
    """Makes layers, and gives them the weights in a file.

    Parameters
    ----------
    weights : StoredWeights
        Where the weights are.

    Attributes
    ----------
    placed : list of Placed
        The layers with weights, in Keras's order.
    """

    def __init__(self, weights: StoredWeights) -> None:
        self._weights = weights
        self.placed: list[Placed] = []

    def network(self, network: Network, shapes: Mapping[str, Shape], root: str = "") -> Layer:
        """Return the layers of a network, built for samples of shapes by the inputs' names."""
        known: dict[str, Any] = dict(shapes)
        ends = {name: name for name in network.inputs}
        steps: dict[str, tuple[Layer, tuple[str, ...]]] = {}
        groups = {node.name: group for node, group in network.groups(root)}
        places: dict[str, list[Placed]] = {}
        taken = {*network.inputs, *(node.name for node in network.nodes)}
        for node in in_order(network):
            sources = tuple(ends[source] for source in node.sources)
            before, self.placed = self.placed, []
            for layer in self._layers(node, [known[s] for s in sources], groups[node.name], root):
                if layer.name != node.name:
                    layer.name = fresh(layer.name, taken)
                known[layer.name] = layer.compute_output_shape(_given(layer, sources, known))
                steps[layer.name] = layer, sources
                sources = (layer.name,)
            (ends[node.name],) = sources
            places[node.name], self.placed = self.placed, before
        for node in network.nodes:
            self.placed.extend(places[node.name])
        outputs = tuple(ends[name] for name in network.outputs)
        whole = _composed(network, steps, outputs)
        inputs = tuple(shapes[name] for name in network.inputs)
        shape: Any = inputs if len(inputs) > 1 else inputs[0]
        whole.build(shape)
        return whole

    def _layers(self, node: Node, shapes: list[Any], group: str, root: str) -> Iterator[Layer]:
        """The layers that compute what one of Keras's does, built, with their weights."""
        title = f"{node.class_name} {node.name!r}" + (f" at {root!r}" if root else "")
        with explained(title):
            if node.model is not None:
                inner = dict(zip(node.model.inputs, shapes, strict=True))
                yield _named(self.network(node.model, inner, f"{group}/"), node.name)
            elif node.class_name == "Activation":
                yield from activation_layers(node.options.get("activation"), node.name)
            else:
                yield from self._known(node, shapes, group, title)

    def _known(self, node: Node, shapes: list[Any], group: str, title: str) -> Iterator[Layer]:
        """The layer of the table, and its activation."""
        entry = entry_of(node)
        options = dict(node.options)
        activation = None
        if "activation" not in arguments(entry.layer):
            activation = options.pop("activation", None)
        after = activation_layers(activation, f"{node.name}_activation")
        shape = tuple(shapes) if len(shapes) > 1 else shapes[0]
        layer = entry.layer(**our_options(entry, options, shape), name=node.name)
        if len(shapes) > 1 and not layer.several:
            raise UnsupportedLayerError(f"it is called with {len(shapes)} arrays")
        layer.trainable = options.get("trainable", True) is not False
        placed = Placed(layer, entry, group, title)
        stored = placed.stored(self._weights)
        build(placed, shape, stored)
        fill(placed, stored)
        self.placed.append(placed)
        yield layer
        yield from after


def entry_of(node: Node) -> Entry:
    """Return the table's entry for a layer, or raise."""
    if node.class_name not in KERAS:
        raise UnsupportedLayerError(
            f"a layer of this class cannot be read; known are {', '.join(sorted(KERAS))}"
        )
    return KERAS[node.class_name]


@contextmanager
def explained(title: str) -> Iterator[None]:
    """Let errors say which layer they are about; what our layers refuse is not supported."""
    try:
        yield
    except (CorruptFileError, UnsupportedLayerError) as error:
        raise type(error)(f"{title}: {error}") from error.__cause__
    except (TypeError, ValueError) as error:
        raise UnsupportedLayerError(f"{title}: {error}") from error


def in_order(network: Network) -> list[Node]:
    """Return the nodes, each behind all that it takes."""
    nodes = {node.name: node for node in network.nodes}
    sorter = TopologicalSorter({node.name: node.sources for node in network.nodes})
    try:
        return [nodes[name] for name in sorter.static_order() if name in nodes]
    except CycleError as error:
        raise CorruptFileError(f"the wiring has a circle: {error.args[1]}") from None


def _given(layer: Layer, sources: tuple[str, ...], known: Mapping[str, Any]) -> Any:
    return tuple(known[s] for s in sources) if layer.several else known[sources[0]]


def _named(layer: Layer, name: str) -> Layer:
    layer.name, layer._named = name, True
    return layer


def _composed(
    network: Network, steps: dict[str, tuple[Layer, tuple[str, ...]]], outputs: tuple[str, ...]
) -> Layer:
    """A stack if each layer takes what the one before gives, or else a graph."""
    if network.is_chain and steps:
        return Sequential([_named(layer, name) for name, (layer, _) in steps.items()], network.name)
    return Graph(tuple(network.inputs), steps, outputs, network.name)
