"""Layers of every class."""

from hypothesis import strategies as st

from ...backends import Array, Backend
from ...backends.convolution.geometry import Ints
from ...layers import (
    Add,
    Average,
    Concatenate,
    Graph,
    Layer,
    Maximum,
    Minimum,
    Multiply,
    Residual,
    Sequential,
    Subtract,
)
from .arrays import DTYPES, arrays
from .convolutions import CONVOLUTIONS
from .flat import FLAT, activation, exponential
from .options import Table, any_axis
from .sequences import SEQUENCES
from .spatial import SPATIAL


@st.composite
def layers(draw: st.DrawFn, dtype: str | None = None) -> tuple[Layer, Ints]:
    """Layers of every class and with options of every kind, not built yet.

    Parameters
    ----------
    dtype : {"float32", "float64"}, optional
        The dtype of their parameters, if it is to be a certain one.

    Returns
    -------
    strategy of (Layer, tuple of int)
        Each with the shape of a sample that it takes, without the batch.
    """
    make, ranks = draw(st.sampled_from([*LEAVES.items(), *COMPOSITES.items()]))
    shape = draw(st.tuples(*[st.integers(1, 5)] * draw(st.sampled_from(ranks))))
    return make(draw, shape, dtype or draw(st.sampled_from(DTYPES))), shape


@st.composite
def layer_inputs(
    draw: st.DrawFn, backend: str | Backend = "cpu", dtype: str | None = None
) -> tuple[Layer, Array]:
    """Layers, each with a batch that it takes.

    Parameters
    ----------
    backend : str or Backend, optional
        Where both live.
    dtype : {"float32", "float64"}, optional
        The dtype of both, if it is to be a certain one.

    Returns
    -------
    strategy of (Layer, array)
        Layers as `layers` draws them, and one to three samples as `arrays` draws them.
    """
    dtype = dtype or draw(st.sampled_from(DTYPES))
    layer, shape = draw(layers(dtype))
    samples = draw(st.integers(1, 3))
    return layer.to(backend), draw(arrays(backend, (samples, *shape), dtype))


def _graph(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    kinds: list[Layer] = [
        Add(),
        Average(),
        Concatenate(any_axis(draw, shape)),
        Maximum(),
        Minimum(),
        Multiply(),
        Subtract(),
    ]
    side, merged = activation(draw, shape, dtype), draw(st.sampled_from(kinds))
    return Graph("x", {"side": (side, "x"), "merged": (merged, ["side", "x"])}, "merged")


def _residual(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    same = _leaves(shape, dtype).filter(lambda layer: layer.compute_output_shape(shape) == shape)
    return Residual(draw(same), draw(st.none() | same))


def _stack(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    stack = []
    for _ in range(draw(st.integers(1, 4))):
        stack.append(draw(_leaves(shape, dtype)))
        shape = stack[-1].compute_output_shape(shape)
    return Sequential(stack)


@st.composite
def _leaves(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    """Layers that are not made of layers, for samples of a shape."""
    fitting = [make for make, ranks in LEAVES.items() if len(shape) in ranks]
    return draw(st.sampled_from(fitting))(draw, shape, dtype)


LEAVES: Table = {**FLAT, **CONVOLUTIONS, **SPATIAL, **SEQUENCES}

COMPOSITES: Table = {
    _residual: range(1, 5),
    _stack: range(1, 5),
    _graph: range(1, 5),
    exponential: range(1, 5),
}
"""What makes layers that are in no others: those made of layers, and a steep one."""
