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
from .configuration import class_of, taken
from .entry import Entry, Options
from .mappings import KERAS
from .mappings.activations import activation_layers
from .network import Network, Node, fresh, text_of
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
        names = {*network.inputs, *(node.name for node in network.nodes)}
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
                        layer.name = fresh(layer.name, names)
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
        known = KERAS[node.class_name].calls if node.class_name in KERAS else ()
        if node.call.keys() - set(known):
            raise UnsupportedLayerError(f"it is called with {text_of(node.call)}")
        if node.model is not None:
            inner = dict(zip(node.model.inputs, shapes, strict=True))
            lie = dict(zip(node.model.inputs, axes, strict=True))
            layer, outcome = self.network(node.model, inner, lie, f"{group}/")
            yield _named(layer, node.name), outcome
            return
        outcome = together(axes)
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
        entry, options, outcome = converted(entry_of(node.class_name), node.options, axes, shape)
        activation = None
        if "activation" not in arguments(entry.layer):
            options = dict(options)
            activation = options.pop("activation", None)
        layers = activation_layers(activation, f"{node.name}_activation")
        layer, placed = _made(entry, options | node.call, shape, node.name, group)
        if len(shapes) > 1 and layer.several is False:
            raise UnsupportedLayerError(f"it is called with {len(shapes)} arrays")
        for each in placed:
            stored = each.stored(self._weights)
            build(each, shape, stored)
            fill(each, stored)
        layer.build(shape)
        self.placed.extend(placed)
        return layer, after(layer, outcome), layers


def _made(
    entry: Entry, options: Options, shape: Any, name: str, group: str
) -> tuple[Layer, list[Placed]]:
    """A layer that is not built, and where its weights are, or those of the layers in it."""
    options, placed = dict(options), list[Placed]()
    inner: dict[str, Any] = {}
    for key, place in entry.children.items():
        class_name, config = class_of(options.pop(key, None), key)
        child_entry, child_name = entry_of(class_name), taken(config, "name", str, key)
        inner[key], more = _made(child_entry, config, shape, child_name, f"{group}/{place}")
        placed.extend(more)
    layer = entry.layer(**our_options(entry, options, shape), **inner, name=name)
    layer.trainable = options.get("trainable", True) is not False
    return layer, placed or [Placed(layer, entry, group)]


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


def entry_of(class_name: str) -> Entry:
    """Return the table's entry for one of Keras's classes, or raise."""
    if class_name not in KERAS:
        raise UnsupportedLayerError(
            f"a layer of this class cannot be read; known are {', '.join(sorted(KERAS))}"
        )
    return KERAS[class_name]


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
