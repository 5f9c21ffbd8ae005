"""Convolutions and dense layers against PyTorch, for random shapes and options."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import Conv1D, Conv2D, Conv3D, Convolutional, Dense

SEEDS = st.integers(0, 2**32 - 1)
WIDEST = {1: 12, 2: 8, 3: 5}


@st.composite
def convolutions(draw, rank):
    """Options of a convolution, and the shape of a batch that it takes."""
    each = st.tuples(*[st.integers(1, 3)] * rank)
    kernel, strides, dilation = draw(each), draw(each), draw(each)
    padding = draw(st.tuples(*[st.integers(0, 2)] * rank))
    groups = draw(st.sampled_from([1, 2]))
    room = [
        draw(st.integers(max((k - 1) * d + 1 - 2 * p, 1), WIDEST[rank] + (k - 1) * d))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    ]
    shape = draw(st.integers(1, 3)), groups * draw(st.integers(1, 2)), *room
    options = {
        "filters": groups * draw(st.integers(1, 2)),
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "dilation_rate": dilation,
        "groups": groups,
        "use_bias": draw(st.booleans()),
    }
    return options, shape


@pytest.mark.parametrize("engine", ["auto", "gemm", "fft", "signal"])
@pytest.mark.parametrize("layer", [Conv1D, Conv2D, Conv3D], ids=lambda layer: layer.__name__)
@settings(deadline=None, max_examples=15, derandomize=True)
@given(data=st.data(), last=st.booleans(), seed=SEEDS)
def test_convolutions(torch, as_torch, layer, engine, data, last, seed):
    options, shape = data.draw(convolutions(layer.rank))
    x = np.random.default_rng(seed).normal(size=shape)
    convolve = getattr(torch.nn.functional, f"conv{layer.rank}d")

    def function(x, parameters):
        x = x.movedim(-1, 1) if last else x
        bias = parameters.get("bias")
        given = (options[name] for name in ("strides", "padding", "dilation_rate", "groups"))
        y = convolve(x, parameters["kernel"], bias, *given)
        return y.movedim(1, -1) if last else y

    data_format = "channels_last" if last else "channels_first"
    made = layer(**options, engine=engine, data_format=data_format, dtype="float64", seed=1)
    as_torch(made, function, np.moveaxis(x, 1, -1).copy() if last else x)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(
    samples=st.integers(1, 3),
    channels=st.integers(1, 3),
    size=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    taps=st.integers(1, 3),
    seed=SEEDS,
)
def test_biases_by_position(torch, as_torch, samples, channels, size, taps, seed):
    x = np.random.default_rng(seed).normal(size=(samples, channels, *size))
    layer = Convolutional((channels, *size), taps, 2, dtype="float64", seed=1)
    convolve = torch.nn.functional.conv2d
    as_torch(layer, lambda x, p: convolve(x, p["kernels"]) + p["biases"], x)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(
    shape=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    units=st.integers(1, 4),
    use_bias=st.booleans(),
    seed=SEEDS,
)
def test_dense(torch, as_torch, shape, units, use_bias, seed):
    x = np.random.default_rng(seed).normal(size=shape)
    layer = Dense(units, use_bias=use_bias, dtype="float64", seed=1)
    linear = torch.nn.functional.linear
    as_torch(layer, lambda x, p: linear(x, p["kernel"].T, p.get("bias")), x)
