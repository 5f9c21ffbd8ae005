"""Attention."""

from functools import partial

from ...layers import Layer, MultiHeadAttention
from ...layers.base import Shape
from ..joining import Joined
from .case import Case, typed


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("MultiHeadAttention", typed(MultiHeadAttention, 2, 3), (3, 2)),
        Case(
            "MultiHeadAttention causal",
            typed(MultiHeadAttention, 2, 1, use_causal_mask=True, use_bias=False),
            (3, 2),
        ),
        Case("MultiHeadAttention of two", partial(_two, _TWO), (14,)),
        Case("MultiHeadAttention of three training", partial(_three, _THREE), (18,), training=True),
    ]


_TWO = (2, 4), (3, 2)
_THREE = (2, 3), (3, 2), (3, 2)


def _two(shapes: tuple[Shape, ...], dtype: str) -> Layer:
    return Joined(MultiHeadAttention(2, 2, value_dim=3, dtype=dtype, seed=1), shapes)


def _three(shapes: tuple[Shape, ...], dtype: str) -> Layer:
    layer = MultiHeadAttention(1, 2, dropout=0.4, output_shape=2, dtype=dtype, seed=1)
    return Joined(layer, shapes)
