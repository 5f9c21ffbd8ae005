"""Depthwise and separable convolutions against PyTorch's and Keras's, for random options."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D

examples = settings(deadline=None, max_examples=20, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def options(draw):
    """Rank, arguments of the depthwise convolution, and the shape of a batch."""
    rank = draw(st.integers(1, 2))
    several = st.tuples(*[st.integers(1, 3)] * rank)
    taps, strides, dilation = (draw(several) for _ in range(3))
    arguments = {
        "kernel_size": taps,
        "strides": strides,
        "dilation_rate": dilation,
        "depth_multiplier": draw(st.integers(1, 3)),
        "use_bias": draw(st.booleans()),
    }
    extent = [(k - 1) * d + 1 for k, d in zip(taps, dilation, strict=True)]
    size = [e + draw(st.integers(0, 3)) for e in extent]
    return rank, arguments, (2, draw(st.integers(1, 3)), *size)


def of_torch(torch, layer, padding, kernel="kernel"):
    """A grouped convolution of PyTorch's."""
    function = getattr(torch.nn.functional, f"conv{layer.rank}d")
    return lambda x, arrays: function(
        x,
        arrays[kernel],
        arrays.get("bias") if kernel == "kernel" else None,
        layer.strides,
        padding,
        layer.dilation_rate,
        groups=x.shape[1],
    )


@examples
@given(options=options(), padding=st.integers(0, 2), seed=seeds)
def test_depthwise(torch, as_torch, options, padding, seed):
    rank, arguments, shape = options
    cls = {1: DepthwiseConv1D, 2: DepthwiseConv2D}[rank]
    layer = cls(**arguments, padding=padding, dtype="float64")
    x = np.random.default_rng(seed).normal(size=shape)
    as_torch(layer, of_torch(torch, layer, padding), x)


@examples
@given(
    options=options(),
    padding=st.integers(0, 2),
    filters=st.integers(1, 3),
    engine=st.sampled_from(["auto", "fft", "signal"]),
    seed=seeds,
)
def test_separable(torch, as_torch, options, padding, filters, engine, seed):
    rank, arguments, shape = options
    cls = {1: SeparableConv1D, 2: SeparableConv2D}[rank]
    layer = cls(filters, **arguments, padding=padding, engine=engine, dtype="float64")
    depthwise = of_torch(torch, layer, padding, "depthwise_kernel")
    pointwise = getattr(torch.nn.functional, f"conv{rank}d")

    def function(x, arrays):
        return pointwise(depthwise(x, arrays), arrays["pointwise_kernel"], arrays.get("bias"))

    x = np.random.default_rng(seed).normal(size=shape)
    as_torch(layer, function, x)


def in_keras(keras, layer, shape):
    """The function of a layer of Keras's of the same name and options."""
    config = {
        name: value
        for name, value in layer.get_config().items()
        if name not in ("engine", "seed", "name")
    }
    theirs = getattr(keras.layers, type(layer).__name__).from_config(config)
    theirs.build(shape)

    def function(x, arrays):
        spatial = range(2, x.ndim)
        weights = []
        for name, array in arrays.items():
            if name in ("kernel", "depthwise_kernel"):  # (C*m, 1, *size) -> (*size, C, m)
                grouped = array.reshape(x.shape[1], -1, *array.shape[2:])
                array = grouped.permute(*(axis for axis in spatial), 0, 1)
            elif name == "pointwise_kernel":
                array = array.permute(*spatial, 1, 0)
            weights.append(array)
        return theirs.stateless_call(weights, [], x)[0]

    return function


@examples
@given(
    options=options(),
    separable=st.booleans(),
    padding=st.sampled_from(["valid", "same"]),
    seed=seeds,
)
def test_keras(keras, as_torch, options, separable, padding, seed):
    """Keras takes one stride for all axes, and none with dilation."""
    rank, arguments, shape = options
    arguments["strides"] = arguments["strides"][0]
    if arguments["strides"] > 1:
        arguments["dilation_rate"] = 1
    arguments |= {"padding": padding, "dtype": "float64"}
    if separable:
        layer = {1: SeparableConv1D, 2: SeparableConv2D}[rank](2, **arguments)
    else:
        layer = {1: DepthwiseConv1D, 2: DepthwiseConv2D}[rank](**arguments)
    x = np.random.default_rng(seed).normal(size=shape)
    as_torch(layer, in_keras(keras, layer, shape), x)
