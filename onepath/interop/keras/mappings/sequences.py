"""What goes through sequences: embeddings, recurrent layers and attention."""

from typing import Any

from ....layers import GRU, LSTM, Bidirectional, Embedding, MultiHeadAttention, SimpleRNN
from ..entry import Entry, Options, Weight

CELL = tuple(Weight(name, group="cell") for name in ("kernel", "recurrent_kernel", "bias"))

PROJECTIONS = tuple(
    Weight(f"{role}_{name}", group=f"{role}_dense")
    for role in ("query", "key", "value", "output")
    for name in ("kernel", "bias")
)


def one_axis(options: Options, shape: Any) -> Options:
    """Unpack what Keras writes as a sequence of one."""
    output = options.get("output_shape")
    return {**options, "output_shape": output[0]} if isinstance(output, list) else options


ENTRIES = (
    Entry("Embedding", Embedding, (Weight("embeddings"),)),
    *(Entry(cls.__name__, cls, CELL) for cls in (SimpleRNN, LSTM, GRU)),
    Entry(
        "Bidirectional",
        Bidirectional,
        children={"layer": "forward_layer", "backward_layer": "backward_layer"},
    ),
    Entry(
        "MultiHeadAttention",
        MultiHeadAttention,
        PROJECTIONS,
        read=one_axis,
        neutral={"attention_axes": [1]},
        spread=True,
        calls=("use_causal_mask",),
    ),
)
