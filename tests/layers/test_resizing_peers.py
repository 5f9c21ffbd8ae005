"""Borders and upsampling against PyTorch's; that arguments mean what they do, against Keras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath import layers

few = settings(deadline=None, max_examples=20, derandomize=True)
each_rank = pytest.mark.parametrize("rank", [1, 2, 3])
LARGEST = {1: 9, 2: 6, 3: 4}


def per_axis(data, rank, smallest, largest):
    return data.draw(st.tuples(*[st.integers(smallest, largest)] * rank))


def batch(data, *size):
    shape = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)), *size)
    return np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).normal(size=shape)


def flat(pairs):
    """As PyTorch has it: the last axis first."""
    return [n for pair in reversed(pairs) for n in pair]


@each_rank
@few
@given(data=st.data())
def test_zero_padding(torch, as_torch, rank, data):
    pads = tuple(per_axis(data, 2, 0, 3) for _ in range(rank))
    x = batch(data, *per_axis(data, rank, 1, LARGEST[rank]))
    layer = getattr(layers, f"ZeroPadding{rank}D")(pads)
    as_torch(layer, lambda x, parameters: torch.nn.functional.pad(x, flat(pads)), x)


@each_rank
@few
@given(data=st.data())
def test_cropping(torch, as_torch, rank, data):
    cuts = tuple(per_axis(data, 2, 0, 2) for _ in range(rank))
    left = per_axis(data, rank, 1, LARGEST[rank])
    x = batch(data, *(n + sum(cut) for n, cut in zip(left, cuts, strict=True)))
    layer = getattr(layers, f"Cropping{rank}D")(cuts)
    negative = [-n for n in flat(cuts)]
    as_torch(layer, lambda x, parameters: torch.nn.functional.pad(x, negative), x)


@pytest.mark.parametrize(
    ("rank", "mode"), [(1, "nearest"), (2, "nearest"), (3, "nearest"), (2, "bilinear")]
)
@few
@given(data=st.data())
def test_upsampling(torch, as_torch, rank, mode, data):
    factors = per_axis(data, rank, 1, 4)
    x = batch(data, *per_axis(data, rank, 1, LARGEST[rank]))
    options = {"interpolation": mode} if rank == 2 else {}
    function = torch.nn.functional.interpolate
    as_torch(
        getattr(layers, f"UpSampling{rank}D")(factors, **options),
        lambda x, parameters: function(x, scale_factor=factors, mode=mode),
        x,
    )


LAST = {"data_format": "channels_last"}
AS_KERAS = [
    ("ZeroPadding1D", (2,), LAST),
    ("ZeroPadding1D", ((1, 2),), LAST),
    ("ZeroPadding2D", (2,), LAST),
    ("ZeroPadding2D", ((1, 2),), LAST),
    ("ZeroPadding2D", (((1, 2), (3, 0)),), {}),
    ("ZeroPadding3D", (), {}),
    ("ZeroPadding3D", (((1, 2), (3, 0), (0, 1)),), LAST),
    ("Cropping1D", (1,), LAST),
    ("Cropping1D", ((1, 2),), LAST),
    ("Cropping2D", ((1, 2),), {}),
    ("Cropping2D", (((1, 2), (3, 0)),), LAST),
    ("Cropping3D", (), LAST),
    ("Cropping3D", (((1, 2), (3, 0), (0, 1)),), {}),
    ("UpSampling1D", (), LAST),
    ("UpSampling2D", ((3, 2),), LAST),
    ("UpSampling2D", (2,), {"interpolation": "bilinear"}),
    ("UpSampling2D", ((3, 2),), {"interpolation": "bilinear", **LAST}),
    ("UpSampling3D", ((1, 2, 3),), {}),
    ("Permute", ((3, 1, 2),), {}),
    ("RepeatVector", (3,), {}),
]


@pytest.mark.parametrize(("name", "args", "options"), AS_KERAS, ids=str)
def test_arguments_mean_what_they_do_in_keras(keras, as_torch, name, args, options):
    rank = int(name[-2]) if name.endswith("D") else {"Permute": 2, "RepeatVector": 0}[name]
    x = np.random.default_rng(4).normal(size=(2, 4, 5, 6, 5)[: rank + 2])
    theirs = options
    if name.endswith("1D") and not name.startswith("Zero"):
        theirs = {}  # Keras has one axis alone with the channels last
    elif name.endswith("D"):
        theirs = {"data_format": "channels_first", **options}
    peer = getattr(keras.layers, name)(*args, **theirs, dtype="float64")
    as_torch(getattr(layers, name)(*args, **options), lambda x, parameters: peer(x), x)
