"""Our layers for a network of Keras's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ...layers import Graph, Layer, Sequential
from ...layers.base import Shape
from ..errors import CorruptFileError, UnsupportedLayerError
from .channels import Axes, after, converted, follow, together
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

    def network(
        self,
        network: Network,
        shapes: Mapping[str, Shape],
        axes: Mapping[str, Axes],
        root: str = "",
    ) -> tuple[Layer, Axes]:
        """Return the layers of a network, and how the axes of its first output lie.

        Parameters
        ----------
        network : Network
            The network.
        shapes, axes : dict
            The shape of each input's samples, and how their axes lie.
        root : str, optional
            The group in which the groups of its weights are, with a "/".
        """
        wiring = _Wiring(dict(shapes), dict(axes), {name: name for name in network.inputs})
        taken = {*network.inputs, *(node.name for node in network.nodes)}
        groups = {node.name: group for node, group in network.groups(root)}
        places: dict[str, list[Placed]] = {}
        for node in in_order(network):
            sources = tuple(wiring.ends[source] for source in node.sources)
            before, self.placed = self.placed, []
            given = [wiring.shapes[name] for name in sources]
            lie = [wiring.axes[name] for name in sources]
            with explained(f"{node.class_name} {node.name!r}" + f" at {root!r}" * bool(root)):
                for layer, outcome in self._layers(node, given, lie, groups[node.name]):
                    if layer.name != node.name:
                        layer.name = fresh(layer.name, taken)
                    wiring.add(layer, sources, outcome)
                    sources = (layer.name,)
            (wiring.ends[node.name],) = sources
            places[node.name], self.placed = self.placed, before
        for node in network.nodes:
            self.placed.extend(places[node.name])
        outputs = tuple(wiring.ends[name] for name in network.outputs)
        whole = _composed(network, wiring.steps, outputs)
        inputs = tuple(shapes[name] for name in network.inputs)
        shape: Any = inputs if len(inputs) > 1 else inputs[0]
        whole.build(shape)
        return whole, wiring.axes[outputs[0]]

    def _layers(
        self, node: Node, shapes: list[Any], axes: list[Axes], group: str
    ) -> Iterator[tuple[Layer, Axes]]:
        """The layers that compute what one of Keras's does, and how what they give lies."""
        if node.model is not None:
            inner = dict(zip(node.model.inputs, shapes, strict=True))
            lie = dict(zip(node.model.inputs, axes, strict=True))
            layer, outcome = self.network(node.model, inner, lie, f"{group}/")
            yield _named(layer, node.name), outcome
            return
        outcome = together(axes)
        if node.class_name == "Activation":
            layers = activation_layers(node.options.get("activation"), node.name)
        else:
            layer, outcome, layers = self._known(node, shapes, outcome, group)
            yield layer, outcome
        follow(layers, outcome)
        for layer in layers:
            yield layer, outcome

    def _known(
        self, node: Node, shapes: list[Any], axes: Axes, group: str
    ) -> tuple[Layer, Axes, list[Layer]]:
        """The layer of the table, how what it gives lies, and the layer of its activation."""
        shape = tuple(shapes) if len(shapes) > 1 else shapes[0]
        entry, options, outcome = converted(entry_of(node), node.options, axes, shape)
        activation = None
        if "activation" not in arguments(entry.layer):
            options = dict(options)
            activation = options.pop("activation", None)
        layers = activation_layers(activation, f"{node.name}_activation")
        layer = entry.layer(**our_options(entry, options, shape), name=node.name)
        if len(shapes) > 1 and not layer.several:
            raise UnsupportedLayerError(f"it is called with {len(shapes)} arrays")
        layer.trainable = options.get("trainable", True) is not False
        placed = Placed(layer, entry, group)
        stored = placed.stored(self._weights)
        build(placed, shape, stored)
        fill(placed, stored)
        self.placed.append(placed)
        return layer, after(layer, outcome), layers


@dataclass
class _Wiring:
    """What is known of a network as it is made, by name: of inputs, and of our layers."""

    shapes: dict[str, Any]
    axes: dict[str, Axes]
    ends: dict[str, str]
    """Which of our layers gives what one of Keras's gives."""

    steps: dict[str, tuple[Layer, tuple[str, ...]]] = field(default_factory=dict)

    def add(self, layer: Layer, sources: tuple[str, ...], axes: Axes) -> None:
        """Add a layer that takes what others give."""
        given = tuple(self.shapes[name] for name in sources)
        shape: Any = given if layer.several else given[0]
        self.shapes[layer.name] = layer.compute_output_shape(shape)
        self.axes[layer.name] = axes
        self.steps[layer.name] = layer, sources


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
