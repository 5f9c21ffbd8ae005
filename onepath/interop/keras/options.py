"""Options of layers from Keras's configuration, and back."""

from collections.abc import Mapping
from typing import Any

from ...configuration import _arguments
from ...layers import Layer
from ...layers.initializers import check_initializer
from ...layers.policies import POLICIES
from ..errors import UnsupportedLayerError
from .entry import Entry, Options
from .network import snake_case, text_of

ANY = {
    "autocast",
    "build_config",
    "name",
    "renorm_momentum",
    "seed",
    "synchronized",
    "trainable",
    "unroll",
    "zero_output_for_mask",
}
"""Keras's options that make no difference to what a layer computes here."""

LEFT_OUT = {"axis": -1, "data_format": "channels_last"}
"""Keras's defaults, where ours are others."""

OWN = {"dtype", "engine", "name", "seed"}
"""Our options that Keras has not, or has in another way."""

INITIALIZERS = {"constant": "zeros", "standard_normal": "random_normal"}
"""Names for Keras, where they are not its own."""


def our_options(entry: Entry, options: Options, shape: Any) -> Options:
    """Return our layer's options, without its name, for those that Keras writes.

    Raises
    ------
    UnsupportedLayerError
        If one is not known and makes a difference.
    """
    known = arguments(entry.layer)
    policy = dtype_policy(options.get("dtype"))
    ours: Options = {"dtype": policy} if "dtype" in known else {}
    ours |= {key: value for key, value in LEFT_OUT.items() if key in known}
    for key, value in entry.read(options, shape).items():
        if key in OWN or key in ANY:
            continue
        if key in known:
            ours |= _ours(key, value)
        elif not (_is_off(key, value) or (key in entry.neutral and entry.neutral[key] == value)):
            raise UnsupportedLayerError(f"{key}={text_of(value)} has no counterpart here")
    return ours


def keras_options(entry: Entry, layer: Layer, shape: Any) -> Options:
    """Return what Keras reads as the options of a layer of ours, without name and dtype."""
    left_out = {*OWN, *entry.children}
    config = {key: value for key, value in layer.get_config().items() if key not in left_out}
    for key, value in entry.fixed.items():
        if config.pop(key) != value:
            raise UnsupportedLayerError(f"Keras has it with {key}={value!r} alone")
    return entry.write({key: _keras(key, value) for key, value in config.items()}, shape)


def arguments(cls: type) -> set[str]:
    """Return the names of what a class's constructor takes."""
    return set(_arguments(cls))


def defaults(cls: type) -> Options:
    """Return the options of a class that may be left out, and what they are."""
    given = _arguments(cls).values()
    return {each.name: each.default for each in given if each.default is not each.empty}


def dtype_policy(value: Any) -> str | None:
    """Return our policy for Keras's, or raise."""
    match value:
        case {"class_name": "DTypePolicy", "config": {"name": str(name)}}:
            value = name
    if value is not None and value not in POLICIES:
        raise UnsupportedLayerError(
            f"dtype={text_of(value)} is none of {', '.join(map(repr, POLICIES))}"
        )
    policy: str | None = value
    return policy


def _ours(key: str, value: Any) -> Options:
    """An option of both; none where ours is best left as it is."""
    if key.endswith("_initializer"):
        return _initializer(key, value)
    return {key: tupled(value)}


def _initializer(key: str, value: Any) -> Options:
    """An initializer, if ours has it: its numbers are replaced by the file's anyway."""
    match value:
        case {"class_name": str(name)}:
            value = snake_case(name)
    try:
        return {key: check_initializer(value)}
    except (TypeError, ValueError):
        return {}


def _keras(key: str, value: Any) -> Any:
    for kind in ("initializer", "regularizer"):
        if isinstance(value, Mapping) and key.endswith(f"_{kind}"):
            return {"module": f"keras.{kind}s", **value, "registered_name": None}
    return INITIALIZERS.get(value, value) if key.endswith("_initializer") else value


def _is_off(key: str, value: Any) -> bool:
    """Whether Keras's option is off; how weights begin does not matter when they are there."""
    return key.endswith("_initializer") or not value


def tupled(value: Any) -> Any:
    """Return lists, which JSON has, as tuples."""
    return tuple(map(tupled, value)) if isinstance(value, list) else value
