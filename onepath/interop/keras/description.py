"""What Keras reads as a model."""

from collections.abc import Mapping
from typing import Any

from .entry import Options
from .network import Network, Node


def described(network: Network) -> dict[str, Any]:
    """Return what Keras reads as a model."""
    options: Options = {"name": network.name, "trainable": True}
    inputs = [_described_input(network, name) for name in network.inputs]
    if network.sequential:
        layers = [*inputs, *(_described_node(node) for node in network.nodes)]
        return _object("keras", "Sequential", {**options, "layers": layers})
    tensors = {name: (network.shapes[name], network.dtypes[name]) for name in network.inputs}
    tensors |= {node.name: (node.shape, node.dtype) for node in network.nodes}
    for each, name in zip(inputs, network.inputs, strict=True):
        each.update(name=name, inbound_nodes=[])
    layers = [
        {**_described_node(node), "name": node.name, "inbound_nodes": [_call(node, tensors)]}
        for node in network.nodes
    ]
    functional = {node.name for node in network.nodes if node.model and not node.model.sequential}
    return _object(
        "keras.src.models.functional",
        "Functional",
        {
            **options,
            "layers": [*inputs, *layers],
            "input_layers": _one_or_list([[name, 0, 0] for name in network.inputs]),
            # models in models count their own construction as a first call
            "output_layers": _one_or_list(
                [[name, int(name in functional), 0] for name in network.outputs]
            ),
        },
    )


def described_layer(class_name: str, options: Options) -> dict[str, Any]:
    """Return what Keras reads as a layer of its own."""
    return _object("keras.layers", class_name, options)


def _one_or_list(entries: list[Any]) -> Any:
    """An entry itself if it is alone: else Keras's model would give a list of one array."""
    return entries[0] if len(entries) == 1 else entries


def _object(module: str, class_name: str, config: Options) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": class_name if module.startswith("keras.src") else None,
    }


def _described_input(network: Network, name: str) -> dict[str, Any]:
    shape = [None, *network.shapes[name]]
    options = {"name": name, "batch_shape": shape, "dtype": network.dtypes[name]}
    return described_layer("InputLayer", options)


def _described_node(node: Node) -> dict[str, Any]:
    if node.model is not None:
        return described(node.model)
    options = {"name": node.name, "dtype": node.dtype, **node.options}
    if not node.trainable:
        options["trainable"] = False
    return described_layer(node.class_name, options)


def _call(node: Node, tensors: Mapping[str, tuple[Any, str]]) -> dict[str, Any]:
    """A call as Keras writes it: merging layers take a list, others each tensor for itself."""
    arguments: list[Any] = [
        {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": [None, *tensors[source][0]],
                "dtype": tensors[source][1],
                "keras_history": [source, 0, 0],
            },
        }
        for source in node.sources
    ]
    if node.spread and len(arguments) == 1:
        arguments *= 2
    several = len(arguments) > 1 and not node.spread
    return {"args": [arguments] if several else arguments, "kwargs": node.call}
