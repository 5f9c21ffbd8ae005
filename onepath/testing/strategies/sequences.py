"""Layers of sequences."""

from collections.abc import Callable

from hypothesis import strategies as st

from ...backends.convolution.geometry import Ints
from ...layers import GRU, LSTM, Bidirectional, Layer, MultiHeadAttention, SimpleRNN
from .options import Table, seeds


def _recurrent(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    kinds: list[Callable[..., Layer]] = [SimpleRNN, LSTM, GRU]
    make: Callable[..., Layer] = draw(st.sampled_from(kinds))
    return make(
        units=draw(st.integers(1, 3)),
        use_bias=draw(st.booleans()),
        return_sequences=draw(st.booleans()),
        go_backwards=draw(st.booleans()),
        dtype=dtype,
        seed=draw(seeds),
    )


def _bidirectional(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    inner = LSTM(draw(st.integers(1, 3)), dtype=dtype, seed=draw(seeds))
    return Bidirectional(inner, draw(st.sampled_from(["concat", "sum", "mul", "ave"])))


def _attention(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    heads, size = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    return MultiHeadAttention(heads, size, dtype=dtype, seed=draw(seeds))


SEQUENCES: Table = {
    _recurrent: range(2, 3),
    _bidirectional: range(2, 3),
    _attention: range(2, 3),
}
