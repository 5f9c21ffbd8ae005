"""A network as a table."""

import math
from collections.abc import Iterator, Mapping

from ..backends import Array
from ..layers import Layer
from ..layers.base import Shape

Row = tuple[str, str, str]


def summarize(layer: Layer) -> str:
    """Lay out a built network as a table.

    Parameters
    ----------
    layer : Layer
        The network.

    Returns
    -------
    str
        A line for each layer, those inside others indented, and the totals.

    Raises
    ------
    RuntimeError
        If the layer is not built.
    """
    if layer.input_shape is None:
        raise RuntimeError(f"{layer.title} is not built: call build(input_shape) or fit first")
    rows: list[Row] = [("layer", "output shape", "parameters")]
    rows += _rows(layer, layer.input_shape, 0)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
        for name, shape, count in rows
    ]
    rule = "─" * len(lines[0])
    size = sum(a.nbytes for a in layer.parameters.values())
    count, learned = _count(layer.parameters), _count(layer.trainable_parameters)
    frozen = count - learned
    kinds = f" ({learned:,} trainable, {frozen:,} frozen)" if frozen else ""
    total = f"{count:,} parameters{kinds}, {size / 1024:,.1f} KiB, on {layer.home.name}"
    return "\n".join([lines[0], rule, *lines[1:], rule, total])


def _rows(layer: Layer, input_shape: Shape, depth: int) -> Iterator[Row]:
    output_shape = layer.compute_output_shape(input_shape)
    frozen = ", frozen" if layer.parameters and not layer.trainable_parameters else ""
    name = f"{'  ' * depth}{layer.name} ({type(layer).__name__}{frozen})"
    yield name, f"({', '.join(map(str, ('N', *output_shape)))})", f"{_count(layer.parameters):,}"
    for child, shape in layer.parts(input_shape):
        yield from _rows(child, shape, depth + 1)


def _count(arrays: Mapping[str, Array]) -> int:
    """How many numbers there are."""
    return sum(math.prod(a.shape) for a in arrays.values())
