"""A network as the plain layers that it is made of, and who takes what."""

from typing import Any, NamedTuple

from .base import Layer, Shape
from .composition import Residual, Sequential
from .graph import Graph
from .merging import Add


class Node(NamedTuple):
    """A place of a network.

    Attributes
    ----------
    path : str
        Its name, behind the names of the layers that it is in: ``block/conv``.
    layer : Layer or None
        What computes there; None for an input.
    sources : tuple of int
        The numbers of the nodes that it takes.
    shape : tuple of int
        Of an output sample; a tuple of such if there are several.
    """

    path: str
    layer: Layer | None
    sources: tuple[int, ...]
    shape: Shape


def wiring(layer: Layer, input_shape: Shape) -> tuple[list[Node], tuple[int, ...]]:
    """Take a network apart.

    Stacks, residual layers and graphs are opened, however deep; of a residual layer an `Add`
    remains, where its ways meet. A class of one's own that goes its own way through its children is
    a single node.

    Parameters
    ----------
    layer : Layer
        The network.
    input_shape : tuple of int
        The shape of a sample, or a tuple of shapes.

    Returns
    -------
    nodes : list of Node
        The inputs, and then each layer behind all that it takes.
    outputs : tuple of int
        The numbers of the nodes whose outputs are the network's.

    Raises
    ------
    ValueError
        If the network cannot take such samples.
    """
    shapes: Any = input_shape if layer.several else (input_shape,)
    names = layer.inputs if isinstance(layer, Graph) else ("input",)
    if len(names) != len(shapes):
        names = tuple(f"input_{i}" for i in range(1, len(shapes) + 1))
    nodes = [Node(name, None, (), shape) for name, shape in zip(names, shapes, strict=True)]
    outputs = _walk(nodes, layer, "", tuple(range(len(nodes))), input_shape)
    return nodes, outputs


def _walk(
    nodes: list[Node], layer: Layer, path: str, sources: tuple[int, ...], shape: Shape
) -> tuple[int, ...]:
    """Add the nodes of a layer; return those that give its outputs."""
    if _goes_as(layer, Sequential):
        for child, taken in layer.parts(shape):
            sources = _walk(nodes, child, _inside(path, child), sources, taken)
        return sources
    if _goes_as(layer, Graph):
        assert isinstance(layer, Graph)
        known: dict[str, tuple[int, ...]] = {
            name: (source,) for name, source in zip(layer.inputs, sources, strict=True)
        }
        for (child, taken), names in zip(layer.parts(shape), layer.nodes.values(), strict=True):
            given = tuple(i for name in names[1] for i in known[name])
            known[child.name] = _walk(nodes, child, _inside(path, child), given, taken)
        return tuple(i for name in layer.outputs for i in known[name])
    if _goes_as(layer, Residual):
        ends = [_walk(nodes, c, _inside(path, c), sources, s) for c, s in layer.parts(shape)]
        around = ends[1] if len(ends) > 1 else sources
        output = layer.compute_output_shape(shape)
        return _added(nodes, Node(path or layer.name, Add(), (*ends[0], *around), output))
    output = layer.compute_output_shape(shape)
    return _added(nodes, Node(path or layer.name, layer, sources, output))


def _goes_as(layer: Layer, cls: type[Layer]) -> bool:
    """Whether a layer goes through its children as those of a class do."""
    return isinstance(layer, cls) and type(layer)._forward is cls._forward


def _inside(path: str, child: Layer) -> str:
    return f"{path}/{child.name}" if path else child.name


def _added(nodes: list[Node], node: Node) -> tuple[int]:
    nodes.append(node)
    return (len(nodes) - 1,)
