"""What changes the shape alone."""

from ....layers import Flatten, Permute, RepeatVector, Reshape
from ....layers.base import Shape
from .table import exports
from .writer import Writer


@exports(Flatten)
def flatten(w: Writer, layer: Flatten, x: str, shape: Shape) -> str:
    """Write a Flatten."""
    return w.node("Flatten", x, axis=1)


@exports(Reshape)
def reshape(w: Writer, layer: Reshape, x: str, shape: Shape) -> str:
    """Write a Reshape; its 0 is the batch's length, whatever that is."""
    return w.node("Reshape", x, w.ints("shape", (0, *layer.compute_output_shape(shape))))


@exports(Permute)
def permute(w: Writer, layer: Permute, x: str, shape: Shape) -> str:
    """Write a Transpose."""
    return w.transpose(x, (0, *layer.dims))


@exports(RepeatVector)
def repeat_vector(w: Writer, layer: RepeatVector, x: str, shape: Shape) -> str:
    """Write a Tile along a new axis."""
    wide = w.node("Unsqueeze", x, w.ints("axes", (1,)))
    return w.node("Tile", wide, w.ints("repeats", (1, layer.n, 1)))
