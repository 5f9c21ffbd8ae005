"""Weights of embeddings, of recurrent layers and of attention."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import layers
from ...layers import Layer
from ..errors import UnsupportedLayerError
from .slot import Entry, Slot, always, same, turned

ROLES = "query", "key", "value"
"""In PyTorch's order."""

RECURRENT = turned("kernel", "weight_ih_l0"), turned("recurrent_kernel", "weight_hh_l0")

BIASES = Slot(
    ("bias",),
    ("bias_ih_l0", "bias_hh_l0"),
    lambda bias: (bias, np.zeros_like(bias)),
    lambda inward, recurrent: (inward + recurrent,),
)
"""PyTorch has two biases where only their sum matters."""


def _gru(layer: layers.GRU) -> Iterator[Slot]:
    """Gates z, r, h here, and r, z, n in PyTorch; the bias is a row for each of its two."""
    if not layer.reset_after:
        raise UnsupportedLayerError("PyTorch's GRU computes as with reset_after=True alone")
    for slot in RECURRENT:
        yield Slot(slot.ours, slot.theirs, lambda a: (_swapped(a.T),), lambda a: (_swapped(a).T,))
    yield Slot(
        ("bias",),
        ("bias_ih_l0", "bias_hh_l0"),
        lambda bias: (_swapped(bias[0]), _swapped(bias[1])),
        lambda inward, recurrent: (np.stack((_swapped(inward), _swapped(recurrent))),),
    )


def _swapped(rows: Any) -> Any:
    """Change the places of the first two of three gates."""
    first, second, third = np.split(rows, 3)
    return np.concatenate((second, first, third))


def _bidirectional(layer: layers.Bidirectional) -> Iterator[Slot]:
    """The first layer's weights, and those of the one that goes backwards."""
    children: Any = layer.children
    ahead, back = children
    if type(ahead) is not type(back) or ahead.go_backwards:
        raise UnsupportedLayerError(
            "PyTorch has two layers of one kind there, of which the second goes backwards"
        )
    for child, suffix in ((ahead, ""), (back, "_reverse")):
        for slot in SEQUENCES[type(child)](child):
            if child.parameters.keys() >= set(slot.ours):
                yield slot.within(f"{child.name}/", behind=suffix)


def _attention(layer: layers.MultiHeadAttention) -> Iterator[Slot]:
    """Three projections in one matrix there; a head's features lie side by side on both sides."""
    shapes = {role: layer.parameters[f"{role}_kernel"].shape for role in (*ROLES, "output")}
    features, heads, width = inward = shapes["query"]
    wanted = dict.fromkeys(ROLES, inward) | {"output": (heads, width, features)}
    if shapes != wanted or features != heads * width:
        raise UnsupportedLayerError(
            "PyTorch has one matrix for query, key and value only where features in and out are as "
            f"many as num_heads * key_dim and num_heads * value_dim; kernels here are {shapes}"
        )
    square = features, features
    yield Slot(
        tuple(f"{role}_kernel" for role in ROLES),
        ("in_proj_weight",),
        lambda *kernels: (np.concatenate([kernel.reshape(square).T for kernel in kernels]),),
        lambda rows: tuple(part.T.reshape(inward) for part in np.split(rows, 3)),
    )
    yield Slot(
        tuple(f"{role}_bias" for role in ROLES),
        ("in_proj_bias",),
        lambda *biases: (np.concatenate([bias.reshape(-1) for bias in biases]),),
        lambda row: tuple(part.reshape(heads, width) for part in np.split(row, 3)),
    )
    yield Slot(
        ("output_kernel",),
        ("out_proj.weight",),
        lambda kernel: (kernel.reshape(square).T,),
        lambda rows: (rows.T.reshape(wanted["output"]),),
    )
    yield same("output_bias", "out_proj.bias")


SEQUENCES: dict[type[Layer], Entry] = {
    layers.Embedding: always(same("embeddings", "weight")),
    layers.SimpleRNN: always(*RECURRENT, BIASES),
    layers.LSTM: always(*RECURRENT, BIASES),
    layers.GRU: _gru,
    layers.Bidirectional: _bidirectional,
    layers.MultiHeadAttention: _attention,
}
"""The part of the table that they are."""
