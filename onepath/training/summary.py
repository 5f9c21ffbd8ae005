"""A network as a table."""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..backends import Array
from ..layers import Graph, Layer
from ..tables import table
from ..units import size

Row = tuple[str, str, str, str]

HEADER = "layer", "output shape", "takes", "parameters"
TAKES = HEADER.index("takes")


def summarize(layer: Layer, width: int | None = None) -> str:
    """Lay out a built network as a table of plain text.

    Parameters
    ----------
    layer : Layer
        The network.
    width : int, optional
        The length of the longest line; that of the terminal if left out. Long names and shapes lose
        what is in their middle.

    Returns
    -------
    str
        A line for each layer, those inside others indented, and totals. Where there is a `Graph`,
        a column tells what its nodes take.

    Raises
    ------
    RuntimeError
        If the layer is not built.
    """
    if layer.input_shape is None:
        raise RuntimeError(f"{layer.title} is not built: call build(input_shape) or fit first")
    rows = [] if isinstance(layer, Graph) else [_input("input", layer.input_shape, 0)]
    rows += _rows(layer, layer.input_shape, 0)
    totals = [(name, "", "", value) for name, value in _totals(layer)]
    shown: list[tuple[str, ...]] = [HEADER, *rows, *totals]
    if not any(row[TAKES] for row in shown[1:]):
        shown = [row[:TAKES] + row[TAKES + 1 :] for row in shown]
    header, rule, *lines = table(shown[0], shown[1:], len(shown[0]) - 1, width).split("\n")
    return "\n".join([header, rule, *lines[: len(rows)], rule, *lines[len(rows) :]])


def _rows(
    layer: Layer, input_shape: Any, depth: int, takes: str = "", output: bool = False
) -> Iterator[Row]:
    """The rows of a layer, and of those inside it."""
    kind = [type(layer).__name__]
    if layer.parameters and not layer.trainable_parameters:
        kind.append("frozen")
    if output:
        kind.append("output")
    name = f"{'  ' * depth}{layer.name} ({', '.join(kind)})"
    shape = _shape(layer.compute_output_shape(input_shape))
    yield name, shape, takes, f"{_count(layer.parameters):,}"
    sources: Mapping[str, str] = {}
    outputs: Collection[str] = ()
    if isinstance(layer, Graph):
        shapes = input_shape if layer.several else (input_shape,)
        for source, sample in zip(layer.inputs, shapes, strict=True):
            yield _input(source, sample, depth + 1)
        sources = {node: ", ".join(taken) for node, (_, taken) in layer.nodes.items()}
        outputs = layer.outputs if len(layer.outputs) > 1 else ()
    for child, sample in layer.parts(input_shape):
        taken = sources.get(child.name, "")
        yield from _rows(child, sample, depth + 1, taken, child.name in outputs)


def _input(name: str, shape: Any, depth: int) -> Row:
    """The row of an input."""
    title = name if name == "input" else f"{name} (input)"
    return f"{'  ' * depth}{title}", _shape(shape), "", ""


def _shape(shape: Any) -> str:
    """A batch's shape, or those of several, with commas between."""
    several = bool(shape) and isinstance(shape[0], tuple)
    shapes = shape if several else (shape,)
    return ", ".join(f"({', '.join(map(str, ('N', *sample)))})" for sample in shapes)


def _totals(layer: Layer) -> Iterator[tuple[str, str]]:
    """What is counted, and how many there are."""
    count, learned = _count(layer.parameters), _count(layer.trainable_parameters)
    yield "parameters", f"{count:,}"
    if learned < count:
        yield "  trainable", f"{learned:,}"
        yield "  frozen", f"{count - learned:,}"
    if layer.state:
        yield "state (not learned)", f"{_count(layer.state):,}"
    held = (layer.parameters | layer.state).values()
    yield f"memory on {layer.home.name}", size(sum(array.nbytes for array in held))


def _count(arrays: Mapping[str, Array]) -> int:
    """How many numbers there are."""
    return sum(math.prod(array.shape) for array in arrays.values())
