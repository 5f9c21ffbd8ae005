"""Attention and embeddings."""

import math
from typing import Any

import numpy as np

from ....layers import Embedding, MultiHeadAttention
from ....layers.several import listed
from .table import exports
from .writer import Writer


@exports(Embedding)
def embedding(w: Writer, layer: Embedding, x: str, shape: Any) -> str:
    """Write a Gather from the table of vectors."""
    return w.node("Gather", w.parameter(layer, "embeddings"), w.cast(x, "int64"), axis=0)


@exports(MultiHeadAttention)
def attention(w: Writer, layer: MultiHeadAttention, x: Any, shape: Any) -> str:
    """Write the formula; an operator of that name is younger than the version written."""
    given, shapes = listed(x), shape if layer.several else (shape,)
    roles = ("query", "value", "key")
    places = {role: min(n, len(given) - 1) for n, role in enumerate(roles)}
    heads = {
        role: _heads(w, layer, role, given[place], shapes[place][0])
        for role, place in places.items()
    }
    # (N, heads, T, width) by (N, heads, width, S)
    scores = w.node("MatMul", heads["query"], w.transpose(heads["key"], (0, 1, 3, 2)))
    scores = w.node("Mul", scores, w.number(scores, 1 / math.sqrt(layer.key_dim)))
    if layer.use_causal_mask:
        lengths = [shapes[places[role]][0] for role in ("query", "key")]
        behind = np.triu(np.full(lengths, -np.inf, dtype=layer.variable_dtype), 1)
        scores = w.node("Add", scores, w.constant("mask", behind))
    means = w.node("MatMul", w.node("Softmax", scores, axis=-1), heads["value"])
    width = layer.num_heads * layer.value_dim
    rows = w.ints("shape", (0, shapes[0][0], width))
    context = w.node("Reshape", w.transpose(means, (0, 2, 1, 3)), rows)
    return _projected(w, layer, "output", context, width)


def _heads(w: Writer, layer: Any, role: str, x: str, length: int) -> str:
    """(N, T, features) -> (N, heads, T, width)."""
    features = layer.parameters[f"{role}_kernel"].shape[0]
    y = _projected(w, layer, role, x, features)
    y = w.node("Reshape", y, w.ints("shape", (0, length, layer.num_heads, -1)))
    return w.transpose(y, (0, 2, 1, 3))


def _projected(w: Writer, layer: Any, role: str, x: str, features: int) -> str:
    """Multiply by a kernel as the matrix that it is, and add the bias."""
    kernel = w.array(layer, f"{role}_kernel").reshape(features, -1)
    y = w.node("MatMul", x, w.constant(f"{role}_kernel", kernel))
    if not layer.use_bias:
        return y
    bias = w.array(layer, f"{role}_bias").reshape(-1)
    return w.node("Add", y, w.constant(f"{role}_bias", bias))
