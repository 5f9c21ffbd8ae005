"""Transposed convolutions against PyTorch's and Keras's, for random shapes and options."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from onepath.backends.convolution import ENGINES
from onepath.layers import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose

LAYERS = {1: Conv1DTranspose, 2: Conv2DTranspose, 3: Conv3DTranspose}

examples = settings(deadline=None, max_examples=20, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def axes(draw):
    """Size, taps, stride, dilation, what is left away at both ends, what is added, for an axis."""
    n, k, s, d = (draw(st.integers(1, most)) for most in (4, 3, 3, 3))
    extent = (k - 1) * d + 1
    room = (n - 1) * s + extent - 1
    before = draw(st.integers(0, min(room, extent)))
    after = draw(st.integers(0, min(room - before, extent)))
    return n, k, s, d, (before, after), draw(st.integers(0, s - 1))


@st.composite
def options(draw):
    """A layer's class, its arguments, and the shape of a batch."""
    rank = draw(st.integers(1, 3))
    size, taps, strides, dilation, pads, more = zip(
        *(draw(axes()) for _ in range(rank)), strict=True
    )
    groups, depth, width = (draw(st.integers(1, most)) for most in (3, 2, 2))
    arguments = {
        "filters": groups * width,
        "kernel_size": taps,
        "strides": strides,
        "dilation_rate": dilation,
        "padding": pads,
        "output_padding": more,
        "groups": groups,
        "use_bias": draw(st.booleans()),
    }
    return LAYERS[rank], arguments, (2, groups * depth, *size)


def of_torch(torch, layer, padding=0, output_padding=0):
    """PyTorch's function for a layer, with a padding of PyTorch's."""
    function = getattr(torch.nn.functional, f"conv_transpose{layer.rank}d")
    return lambda x, arrays: function(
        x,
        arrays["kernel"],
        arrays.get("bias"),
        layer.strides,
        padding,
        output_padding,
        layer.groups,
        layer.dilation_rate,
    )


@examples
@given(options=options(), default=st.booleans(), seed=seeds)
def test_padding_by_numbers(torch, as_torch, options, default, seed):
    """PyTorch pads as much on both sides, and adds nothing by default."""
    cls, arguments, shape = options
    arguments["padding"] = pads = [min(pair) for pair in arguments["padding"]]
    more = arguments.pop("output_padding") if default else arguments["output_padding"]
    layer = cls(**arguments, dtype="float64")
    function = of_torch(torch, layer, pads, 0 if default else more)
    as_torch(layer, function, np.random.default_rng(seed).normal(size=shape))


@examples
@given(options=options(), engine=st.sampled_from(["gemm", "fft", "signal"]), seed=seeds)
def test_padding_by_pairs(torch, as_torch, options, engine, seed):
    """As if all of the output were computed, and then its ends cut off, or zeros added."""
    cls, arguments, shape = options
    use_bias = arguments.pop("use_bias")
    layer = cls(**arguments, use_bias=use_bias, engine=engine, dtype="float64")
    whole = of_torch(torch, layer)
    axes = zip(layer.padding, layer.output_padding, strict=True)
    ends = [(-before, more - after) for (before, after), more in axes]

    def function(x, arrays):
        y = torch.nn.functional.pad(whole(x, {"kernel": arrays["kernel"]}), sum(ends[::-1], ()))
        return y + arrays["bias"].reshape(-1, *(1,) * layer.rank) if use_bias else y

    as_torch(layer, function, np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("engine", sorted(ENGINES.keys() - {"cudnn"}))
def test_every_engine(torch, as_torch, engine):
    layer = Conv2DTranspose(4, 3, padding=1, groups=2, engine=engine, dtype="float64")
    x = np.random.default_rng(0).normal(size=(2, 6, 5, 4))
    as_torch(layer, of_torch(torch, layer, 1), x)


def test_padding_beyond_the_stride(torch, as_torch):
    """Where so much is left away that more can be added than the stride."""
    layer = Conv1DTranspose(
        2, 3, padding=2, output_padding=2, dilation_rate=3, use_bias=False, dtype="float64"
    )
    x = np.random.default_rng(0).normal(size=(2, 3, 5))
    as_torch(layer, of_torch(torch, layer, 2, 2), x)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("default", [True, False])
@examples
@given(options=options(), seed=seeds)
def test_words_are_keras_s(keras, as_torch, padding, default, options, seed):
    """Keras has no groups, and dilation only without strides."""
    cls, arguments, shape = options
    del arguments["groups"]
    arguments["padding"] = padding
    if max(arguments["strides"]) > 1:
        arguments["dilation_rate"] = 1
    if default:
        del arguments["output_padding"]
    theirs = getattr(keras.layers, cls.__name__)(
        **arguments, data_format="channels_first", dtype="float64"
    )
    theirs.build(shape)
    out = tuple(theirs.compute_output_shape(shape))
    assume(min(out) > 0)

    def function(x, arrays):
        kernel = arrays["kernel"].permute(*range(2, x.ndim), 1, 0)
        bias = [arrays["bias"]] if "bias" in arrays else []
        return theirs.stateless_call([kernel, *bias], [], x)[0]

    layer = cls(**arguments, dtype="float64")
    as_torch(layer, function, np.random.default_rng(seed).normal(size=shape))
    assert (2, *layer.compute_output_shape(shape[1:])) == out
