"""What goes into a network and comes out of it, by name where there are several."""

from collections.abc import Mapping
from typing import Any

from ..layers import Graph, Layer, Sequential

Names = tuple[str, ...]


def input_names(layer: Layer) -> Names | None:
    """Return the names of a network's inputs; None if there is one."""
    while isinstance(layer, Sequential):
        layer = layer.layers[0]
    return layer.inputs if isinstance(layer, Graph) and len(layer.inputs) > 1 else None


def output_names(layer: Layer) -> Names | None:
    """Return the names of a network's outputs; None if there is one."""
    while isinstance(layer, Sequential):
        layer = layer.layers[-1]
    return layer.outputs if isinstance(layer, Graph) and len(layer.outputs) > 1 else None


def in_order(role: str, given: Any, names: Names | None) -> Any:
    """Return what was given for each end, in a tuple; for one end, what was given.

    Parameters
    ----------
    role : str
        What messages call it.
    given : object, or a dict, list or tuple of such
        One for each end, by name or in order.
    names : tuple of str or None
        The ends; None for one that has no name.

    Raises
    ------
    ValueError
        If something is missing or left over.
    """
    if names is None:
        return given
    if isinstance(given, Mapping):
        if given.keys() != set(names):
            raise ValueError(f"{role} must be for {list(names)}, got {sorted(given)}")
        return tuple(given[name] for name in names)
    if not isinstance(given, list | tuple) or len(given) != len(names):
        count = len(given) if isinstance(given, list | tuple) else type(given).__name__
        raise ValueError(
            f"{role} must be one for each of {list(names)}, in a dict, list or tuple, got {count}"
        )
    return tuple(given)
