"""Layers that convolve."""

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st

from ...backends import Geometry, get_backend
from ...backends.convolution import ENGINES
from ...backends.convolution.geometry import Ints
from ...layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolutional,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Layer,
    SeparableConv1D,
    SeparableConv2D,
)
from ...layers.convolution_depthwise import DepthwiseConv
from ...layers.layout import shape_to_first
from .options import FORMATS, Table, seeds
from .shapes import LARGEST, convolution_options, paddings, spelled, window_options


def _convolution(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    channels, *size = shape_to_first(shape, data_format)
    layer = partial(
        {1: Conv1D, 2: Conv2D, 3: Conv3D}[len(size)],
        **draw(convolution_options(channels, tuple(size))),
        use_bias=draw(st.booleans()),
        data_format=data_format,
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(seeds),
    )
    return layer(engine=draw(engines(layer().geometry(shape))))


def _transposed_convolution(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    """Small steps and kernels, as outputs are larger than inputs; some of each is left."""
    data_format = draw(st.sampled_from(FORMATS))
    channels, *size = shape_to_first(shape, data_format)
    rank, groups = len(size), draw(st.sampled_from([1, channels]))
    most = 2 if max(size) <= LARGEST[rank] else 1
    kernel, strides, dilation = (draw(st.tuples(*[st.integers(1, most)] * rank)) for _ in range(3))
    less = tuple((k - 1) * d // 2 for k, d in zip(kernel, dilation, strict=True))
    padding = draw(paddings(less).filter(lambda padding: padding != "full"))
    more = st.none() if padding == "same" else st.tuples(*(st.integers(0, s - 1) for s in strides))
    layer = partial(
        {1: Conv1DTranspose, 2: Conv2DTranspose, 3: Conv3DTranspose}[rank],
        groups * draw(st.integers(1, 2)),
        draw(spelled(kernel)),
        draw(spelled(strides)),
        padding,
        output_padding=draw(st.none() | more),
        dilation_rate=draw(spelled(dilation)),
        groups=groups,
        use_bias=draw(st.booleans()),
        data_format=data_format,
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(seeds),
    )
    return layer(engine=draw(engines(layer().geometry(shape))))


def _separable_convolution(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    size = shape_to_first(shape, data_format)[1:]
    kinds: list[Callable[..., DepthwiseConv]] = [
        {1: DepthwiseConv1D, 2: DepthwiseConv2D}[len(size)],
        partial({1: SeparableConv1D, 2: SeparableConv2D}[len(size)], draw(st.integers(1, 3))),
    ]
    layer: Callable[..., DepthwiseConv] = partial(
        draw(st.sampled_from(kinds)),
        **draw(window_options(size)),
        depth_multiplier=draw(st.integers(1, 2)),
        use_bias=draw(st.booleans()),
        data_format=data_format,
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(seeds),
    )
    return layer(engine=draw(engines(*layer().geometries(shape))))


def _convolutional(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    taps, depth = draw(st.integers(1, min(3, *shape[1:]))), draw(st.integers(1, 3))
    engine = draw(engines(Geometry.of(shape, depth, (taps, taps))))
    return Convolutional(shape, taps, depth, engine, dtype, seed=draw(seeds))


def engines(*geometries: Geometry) -> st.SearchStrategy[str]:
    """The engines that take all of some convolutions."""
    cpu = get_backend("cpu")
    taking = (
        name
        for name, engine in ENGINES.items()
        if all(engine.refusal(cpu, each, "float32") is None for each in geometries)
    )
    return st.sampled_from(["auto", *taking])


CONVOLUTIONS: Table = {
    _convolution: range(2, 5),
    _transposed_convolution: range(2, 5),
    _separable_convolution: range(2, 4),
    _convolutional: range(3, 4),
}
