"""Layers made of layers."""

from typing import Any

from ....layers import Graph, Residual, Sequential
from ....layers.base import Shape
from .table import exports
from .writer import Writer


@exports(Sequential)
def sequential(w: Writer, layer: Sequential, x: Any, shape: Shape) -> Any:
    """Write the layers one after the other."""
    for child, child_shape in layer.parts(shape):
        x = w.child(child, x, child_shape)
    return x


@exports(Residual)
def residual(w: Writer, layer: Residual, x: str, shape: Shape) -> str:
    """Write both ways, and the Add where they meet."""
    ends = [w.child(child, x, child_shape) for child, child_shape in layer.parts(shape)]
    return w.node("Add", *ends) if layer.shortcut is not None else w.node("Add", ends[0], x)


@exports(Graph)
def graph(w: Writer, layer: Graph, x: Any, shape: Shape) -> Any:
    """Write the nodes, each behind all that it takes."""
    given = x if layer.several else (x,)
    values = dict(zip(layer.inputs, given, strict=True))
    for (child, taken), name in zip(layer.parts(shape), layer.nodes, strict=True):
        sources = tuple(values[source] for source in layer.nodes[name][1])
        values[name] = w.child(child, sources if child.several else sources[0], taken)
    outputs = tuple(values[name] for name in layer.outputs)
    return outputs if len(outputs) > 1 else outputs[0]
