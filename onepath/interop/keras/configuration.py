"""Networks from the configuration that Keras writes."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import CorruptFileError, UnsupportedLayerError
from .entry import Options
from .network import Network, Node, Open, text_of

MODULES = (
    "keras",
    "keras.layers",
    "keras.losses",
    "keras.models",
    "keras.optimizers",
    "keras.optimizers.schedules",
)
PACKAGES = tuple(
    f"keras.src.{part}." for part in ("backend", "layers", "losses", "models", "optimizers")
)
"""Where Keras says that its own classes are; looked up in a table, and never imported."""

MODELS = ("Sequential", "Functional", "Model")
CALLED_BY_NAME = ("query", "value", "key")
"""Arguments of a call that may be other layers' outputs; a mask may not."""

DEPTH = 32
"""How deep models may lie in models."""


def read_network(description: Any, place: str = "the model", depth: int = 0) -> Network:
    """Return the network that a description has.

    Parameters
    ----------
    description : dict
        What Keras writes of an object, out of JSON.
    place : str, optional
        What messages call it.
    depth : int, optional
        In how many models it lies.

    Raises
    ------
    CorruptFileError
        If it is no such description.
    UnsupportedLayerError
        If it is a model of a class of its own, or something that our layers have not.
    """
    class_name, options = class_of(description, place)
    if class_name not in MODELS:
        raise UnsupportedLayerError(
            f"{place} is a {text_of(class_name)}; models of classes Sequential and Functional can "
            "be read"
        )
    if depth > DEPTH:
        raise CorruptFileError(f"{place}: models lie in models more than {DEPTH} deep")
    name = taken(options, "name", str, place)
    layers = taken(options, "layers", list, place)
    parts = [class_of(layer, f"layer {n} of {place}") for n, layer in enumerate(layers)]
    network = Network(name, {}, [], (), class_name == "Sequential")
    for (layer_class, config), layer in zip(parts, layers, strict=True):
        where = f"{layer_class} {text_of(config.get('name'))} in {place}"
        layer_name = taken(config, "name", str, where)
        if layer_class == "InputLayer":
            network.inputs[layer_name] = _sample(config, where)
            continue
        node = Node(layer_name, layer_class, config)
        if layer_class in MODELS:
            node.model = read_network(layer, where, depth + 1)
        if not network.sequential:
            node.sources, node.call = _called(layer, where)
        network.nodes.append(node)
    if network.sequential:
        _chain(network, place)
    else:
        network.outputs = tuple(_names(options.get("output_layers"), place))
        wanted = _names(options.get("input_layers"), place)
        if set(wanted) != set(network.inputs):
            raise CorruptFileError(f"{place}: inputs {wanted} are not {[*network.inputs]}")
        network.inputs = {name: network.inputs[name] for name in wanted}
    _check_names(network, place)
    return network


def class_of(description: Any, place: str) -> tuple[str, Options]:
    """Return class name and options of a described object of Keras's own, or raise.

    Nothing is imported by the names in a file: the class is looked up in a table.
    """
    match description:
        case {"class_name": str(name), "config": Mapping() as config, "module": str(module)}:
            registered = description.get("registered_name")
        case {"class_name": str(name), "config": Mapping()}:
            raise UnsupportedLayerError(f"{place} is a {text_of(name)} of no module")
        case _:
            raise CorruptFileError(f"{place} is {text_of(description)}, not a description")
    if not (module in MODULES or module.startswith(PACKAGES)) or registered not in (None, name):
        raise UnsupportedLayerError(
            f"{place} is a {text_of(name)} of {text_of(module)}, registered as "
            f"{text_of(registered)}: only Keras's own classes can be read"
        )
    return name, dict(config)


def taken(options: Mapping[str, Any], key: str, kind: type, place: str) -> Any:
    """Return an option of a type, or raise."""
    value = options.get(key)
    if not isinstance(value, kind):
        raise CorruptFileError(f"{place}: {key!r} is {text_of(value)}, not a {kind.__name__}")
    return value


def _sample(config: Options, where: str) -> Open:
    shape = taken(config, "batch_shape", list, where)
    lengths = shape[1:]
    if not all(n is None or (type(n) is int and n > 0) for n in lengths):
        raise CorruptFileError(f"{where}: 'batch_shape' is {text_of(shape)}")
    if config.get("sparse") or config.get("ragged") or config.get("optional"):
        raise UnsupportedLayerError(f"{where}: inputs are dense arrays, and all are needed")
    return tuple(lengths)


def _chain(network: Network, place: str) -> None:
    """Let each layer of a stack take what the one before gives."""
    if len(network.inputs) != 1:
        raise UnsupportedLayerError(
            f"{place} has {len(network.inputs)} inputs, so the shapes in it are not known: build "
            "the model in Keras, and save it again"
        )
    (before,) = network.inputs
    for node in network.nodes:
        node.sources, before = (before,), node.name
    network.outputs = (before,)


def _called(layer: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], Options]:
    """The names of what a layer takes in its one call, and what else it is called with."""
    calls = taken(layer, "inbound_nodes", list, where)
    if len(calls) != 1:
        raise UnsupportedLayerError(
            f"{where} is called {len(calls)} times: a layer with shared weights cannot be read"
        )
    match calls[0]:
        case {"args": list(arguments), "kwargs": Mapping() as options}:
            pass
        case _:
            raise CorruptFileError(f"{where}: a call is {text_of(calls[0])}")
    found = [name for value in arguments for name in _tensors(value, where)]
    for key in CALLED_BY_NAME:
        found.extend(_tensors(options.get(key), where))
    if any(value for value in arguments if not isinstance(value, Mapping | list)):
        raise UnsupportedLayerError(f"{where} is called with {text_of(arguments)}")
    others = {key: v for key, v in options.items() if key not in CALLED_BY_NAME and v}
    return tuple(found), others


def _tensors(value: Any, where: str) -> Iterator[str]:
    match value:
        case {"class_name": "__keras_tensor__", "config": {"keras_history": list(history)}}:
            yield _name(history, where)
        case list():
            for each in value:
                if isinstance(each, list):
                    raise UnsupportedLayerError(f"{where} takes {text_of(value)}")
                yield from _tensors(each, where)


def _names(value: Any, place: str) -> list[str]:
    """The names in a model's list of inputs or outputs, which is a bare entry if there is one."""
    match value:
        case [str(), int(), int()]:
            return [_name(value, place)]
        case list():
            return [_name(each, place) for each in value]
        case Mapping():
            return [_name(each, place) for each in value.values()]
    raise CorruptFileError(f"{place}: inputs or outputs are {text_of(value)}")


def _name(history: Any, place: str) -> str:
    match history:
        # models in models count their own construction as a first call
        case [str(name), 0 | 1, 0]:
            return name
        case [str(name), int(), int()]:
            raise UnsupportedLayerError(
                f"{place} takes {text_of(history)}: of layers that are called more than once, or "
                "have several outputs, nothing can be read"
            )
    raise CorruptFileError(f"{place}: {text_of(history)} names no layer")


def _check_names(network: Network, place: str) -> None:
    names = [*network.inputs, *(node.name for node in network.nodes)]
    if len(set(names)) < len(names):
        raise CorruptFileError(f"{place}: two layers have one name")
    for taker, sources in (
        *((node.name, node.sources) for node in network.nodes),
        (place, network.outputs),
    ):
        unknown = [name for name in sources if name not in names]
        if unknown or not sources:
            raise CorruptFileError(f"{place}: {taker!r} takes {unknown or 'nothing'}")
