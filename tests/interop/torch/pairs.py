"""Layers made twice: here, and in PyTorch."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from onepath import layers


class Pair(NamedTuple):
    """A layer here and in PyTorch, and the shape of a sample.

    ``ours(dtype)`` and ``theirs(torch.nn)`` make them. ``call(module, x)`` is what the module gives
    where that is not ``module(x)``.
    """

    name: str
    ours: Callable[[str], Any]
    theirs: Callable[[Any], Any]
    shape: tuple[int, ...]
    call: Callable[[Any, Any], Any] = lambda module, x: module(x)


def separable(nn, conv):
    """What those who write it in PyTorch call its parts."""
    parts = {"depthwise": conv(2, 6, 3, groups=2, bias=False), "pointwise": conv(6, 5, 1)}
    return nn.Sequential(OrderedDict(parts))


RECURRENT = {layers.SimpleRNN: "RNN", layers.LSTM: "LSTM", layers.GRU: "GRU"}
"""What PyTorch calls them."""


def first(module, x):
    """The outputs, of outputs and last states."""
    return module(x)[0]


PAIRS = [
    Pair("dense", lambda d: layers.Dense(3, dtype=d), lambda nn: nn.Linear(4, 3), (4,)),
    Pair(
        "dense without bias",
        lambda d: layers.Dense(3, use_bias=False, dtype=d),
        lambda nn: nn.Linear(4, 3, bias=False),
        (2, 4),
    ),
    Pair("conv 1d", lambda d: layers.Conv1D(3, 2, dtype=d), lambda nn: nn.Conv1d(2, 3, 2), (2, 5)),
    Pair(
        "conv 2d in groups",
        lambda d: layers.Conv2D(4, (2, 3), strides=2, padding=1, groups=2, dtype=d),
        lambda nn: nn.Conv2d(2, 4, (2, 3), stride=2, padding=1, groups=2),
        (2, 5, 6),
    ),
    Pair(
        "conv 3d",
        lambda d: layers.Conv3D(3, (1, 2, 3), use_bias=False, dtype=d),
        lambda nn: nn.Conv3d(2, 3, (1, 2, 3), bias=False),
        (2, 3, 4, 5),
    ),
    Pair(
        "conv 1d transpose",
        lambda d: layers.Conv1DTranspose(3, 2, strides=2, dtype=d),
        lambda nn: nn.ConvTranspose1d(2, 3, 2, stride=2),
        (2, 5),
    ),
    Pair(
        "conv 2d transpose in groups",
        lambda d: layers.Conv2DTranspose(6, (2, 3), groups=2, dtype=d),
        lambda nn: nn.ConvTranspose2d(4, 6, (2, 3), groups=2),
        (4, 3, 4),
    ),
    Pair(
        "conv 3d transpose",
        lambda d: layers.Conv3DTranspose(3, (1, 2, 3), dtype=d),
        lambda nn: nn.ConvTranspose3d(2, 3, (1, 2, 3)),
        (2, 3, 4, 5),
    ),
    Pair(
        "depthwise 1d",
        lambda d: layers.DepthwiseConv1D(2, depth_multiplier=2, dtype=d),
        lambda nn: nn.Conv1d(3, 6, 2, groups=3),
        (3, 5),
    ),
    Pair(
        "depthwise 2d",
        lambda d: layers.DepthwiseConv2D((2, 3), dtype=d),
        lambda nn: nn.Conv2d(3, 3, (2, 3), groups=3),
        (3, 5, 6),
    ),
    Pair(
        "separable",
        lambda d: layers.SeparableConv2D(5, 3, depth_multiplier=3, dtype=d),
        lambda nn: separable(nn, nn.Conv2d),
        (2, 5, 6),
    ),
    Pair(
        "separable 1d",
        lambda d: layers.SeparableConv1D(5, 3, depth_multiplier=3, dtype=d),
        lambda nn: separable(nn, nn.Conv1d),
        (2, 6),
    ),
    Pair(
        "batch normalization",
        lambda d: layers.BatchNormalization(epsilon=1e-5, dtype=d),
        lambda nn: nn.BatchNorm2d(3),
        (3, 2, 2),
    ),
    Pair(
        "batch normalization alone",
        lambda d: layers.BatchNormalization(center=False, scale=False, epsilon=1e-5, dtype=d),
        lambda nn: nn.BatchNorm1d(3, affine=False),
        (3,),
    ),
    Pair(
        "layer normalization",
        lambda d: layers.LayerNormalization(axis=(-2, -1), epsilon=1e-5, dtype=d),
        lambda nn: nn.LayerNorm((3, 4)),
        (2, 3, 4),
    ),
    Pair(
        "layer normalization without a shift",
        lambda d: layers.LayerNormalization(epsilon=1e-5, center=False, dtype=d),
        lambda nn: nn.LayerNorm(4, bias=False),
        (3, 4),
    ),
    Pair(
        "group normalization",
        lambda d: layers.GroupNormalization(2, epsilon=1e-5, dtype=d),
        lambda nn: nn.GroupNorm(2, 4),
        (4, 2, 3),
    ),
    Pair(
        "instance normalization",
        lambda d: layers.InstanceNormalization(epsilon=1e-5, dtype=d),
        lambda nn: nn.InstanceNorm2d(3, affine=True),
        (3, 4, 5),
    ),
    Pair(
        "root mean square normalization",
        lambda d: layers.RMSNormalization(epsilon=1e-6, dtype=d),
        lambda nn: nn.RMSNorm(4, eps=1e-6),
        (3, 4),
    ),
    Pair("prelu", lambda d: layers.PReLU(dtype=d), lambda nn: nn.PReLU(4), (4,)),
    Pair(
        "prelu of channels",
        lambda d: layers.PReLU(shared_axes=(2, 3), dtype=d),
        lambda nn: nn.PReLU(3),
        (3, 2, 4),
    ),
    Pair(
        "prelu of one slope",
        lambda d: layers.PReLU(shared_axes=(1, 2), dtype=d),
        lambda nn: nn.PReLU(),
        (3, 4),
    ),
    Pair(
        "embedding",
        lambda d: layers.Embedding(6, 3, dtype=d),
        lambda nn: nn.Embedding(6, 3),
        (4,),
        lambda module, x: module(x.long() % 6),
    ),
    *(
        Pair(
            f"{ours.__name__}{'' if bias else ' without bias'}",
            lambda d, ours=ours, bias=bias: ours(4, use_bias=bias, return_sequences=True, dtype=d),
            lambda nn, ours=ours, bias=bias: getattr(nn, RECURRENT[ours])(
                3, 4, bias=bias, batch_first=True
            ),
            (5, 3),
            first,
        )
        for ours in RECURRENT
        for bias in (True, False)
    ),
    *(
        Pair(
            f"Bidirectional {ours.__name__}",
            lambda d, ours=ours: layers.Bidirectional(ours(4, return_sequences=True, dtype=d)),
            lambda nn, ours=ours: getattr(nn, RECURRENT[ours])(
                3, 4, bidirectional=True, batch_first=True
            ),
            (5, 3),
            first,
        )
        for ours in RECURRENT
    ),
    *(
        Pair(
            f"attention{'' if bias else ' without bias'}",
            lambda d, bias=bias: layers.MultiHeadAttention(2, 3, use_bias=bias, dtype=d),
            lambda nn, bias=bias: nn.MultiheadAttention(6, 2, bias=bias, batch_first=True),
            (4, 6),
            lambda module, x: module(x, x, x, need_weights=False)[0],
        )
        for bias in (True, False)
    ),
]
