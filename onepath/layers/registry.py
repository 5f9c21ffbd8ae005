"""The classes that may be made from a configuration: a closed list, nothing is imported by name."""

from collections.abc import Mapping
from typing import Any, TypeVar

from .base import Layer

_classes: dict[str, type[Layer]] = {}

LayerType = TypeVar("LayerType", bound=type[Layer])


def register_layer(cls: LayerType) -> LayerType:
    """Allow a class to be made from a configuration, as a decorator.

    Parameters
    ----------
    cls : type
        A class derived from `Layer`, with a name that no other has.

    Returns
    -------
    type
        The class itself.

    Raises
    ------
    ValueError
        If another class has that name.
    """
    if _classes.get(cls.__name__, cls) is not cls:
        raise ValueError(f"there is a layer class {cls.__name__!r} already")
    _classes[cls.__name__] = cls
    return cls


def serialize(layer: Layer) -> dict[str, Any]:
    """Return class name and configuration of a layer, as JSON can hold them.

    Raises
    ------
    ValueError
        If the layer could not be made again, its class not being registered.
    """
    if _classes.get(type(layer).__name__) is not type(layer):
        raise ValueError(
            f"{type(layer).__module__}.{type(layer).__qualname__} is not registered, so it could "
            "not be made again: register_layer makes it known"
        )
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(description: Mapping[str, Any]) -> Layer:
    """Make a layer from what `serialize` returned.

    Raises
    ------
    ValueError
        If the class is not registered, or the description is none.
    """
    match description:
        case {"class_name": str(class_name), "config": Mapping() as config}:
            pass
        case _:
            raise ValueError(
                f"a layer's description has 'class_name' and 'config', got {description!r}"
            )
    if class_name not in _classes:
        raise ValueError(
            f"no layer class {class_name!r} is registered; register_layer makes your own known. "
            f"Known are {sorted(_classes)}"
        )
    return _classes[class_name].from_config(config)
