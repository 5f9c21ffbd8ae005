"""Recurrent layers."""

from typing import Any

from ...layers import GRU, LSTM, Bidirectional, SimpleRNN
from .case import Case, typed

_SEQUENCES: dict[str, Any] = {"return_sequences": True}


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("SimpleRNN", typed(SimpleRNN, 3), (4, 2)),
        Case(
            "SimpleRNN sequences backwards",
            typed(SimpleRNN, 2, "softsign", **_SEQUENCES, go_backwards=True, use_bias=False),
            (3, 2),
        ),
        Case("LSTM", typed(LSTM, 3), (3, 2)),
        Case(
            "LSTM sequences backwards",
            typed(LSTM, 2, "elu", "hard_sigmoid", **_SEQUENCES, go_backwards=True, use_bias=False),
            (3, 3),
        ),
        Case("GRU", typed(GRU, 3), (3, 2)),
        Case("GRU sequences", typed(GRU, 2, **_SEQUENCES, use_bias=False), (3, 3)),
        Case("GRU reset before", typed(GRU, 2, **_SEQUENCES, reset_after=False), (3, 2)),
        Case(
            "Bidirectional",
            lambda dtype: Bidirectional(LSTM(2, **_SEQUENCES, dtype=dtype, seed=1)),
            (3, 2),
        ),
        Case(
            "Bidirectional product",
            lambda dtype: Bidirectional(
                GRU(2, dtype=dtype, seed=1),
                "mul",
                SimpleRNN(2, go_backwards=True, name="back", dtype=dtype, seed=2),
            ),
            (3, 2),
        ),
        Case(
            "Bidirectional sum",
            lambda dtype: Bidirectional(
                SimpleRNN(2, "linear", **_SEQUENCES, name="simple", dtype=dtype, seed=1), "sum"
            ),
            (3, 2),
        ),
        Case(
            "Bidirectional mean",
            lambda dtype: Bidirectional(
                SimpleRNN(2, go_backwards=True, name="simple", dtype=dtype, seed=1), "ave"
            ),
            (3, 2),
        ),
    ]
