"""By the cases' names."""

import hashlib
import math

import numpy as np

from .composition import below
from .definition import defined
from .merging import split
from .regularization import dropped


def projected(rows, kernel, bias):
    """(T, features) -> (heads, T, width)."""
    heads, width = kernel.shape[1:]
    y = np.zeros((heads, len(rows), width))
    for h, t, w in np.ndindex(y.shape):
        y[h, t, w] = bias[h, w] + sum(x * k for x, k in zip(rows[t], kernel[:, h, w], strict=True))
    return y


def shares(query, keys, places):
    """How much a query takes of each key; of none but the first places."""
    scores = [sum(query * key) / math.sqrt(len(query)) for key in keys[:places]]
    total = sum(map(math.exp, scores))
    return [math.exp(s) / total for s in scores] + [0.0] * (len(keys) - places)


def attention(causal=False, mask=None):
    """Of queries, values and keys, in this order; the mask thins the weights out."""

    def oracle(inputs, arrays):
        query, value, key = ([*inputs] + [inputs[-1]] * 2)[:3]
        if len(inputs) == 1:
            value = key = query
        parts = {}
        for name, x in (("query", query), ("value", value), ("key", key)):
            kernel = arrays[f"{name}_kernel"]
            bias = arrays.get(f"{name}_bias", np.zeros(kernel.shape[1:]))
            parts[name] = [projected(rows, kernel, bias) for rows in x]
        heads, _, out = arrays["output_kernel"].shape
        weights = np.zeros((len(query), heads, query.shape[1], value.shape[1]))
        for n, h, t in np.ndindex(weights.shape[:3]):
            seen = t + 1 if causal else weights.shape[3]
            weights[n, h, t] = shares(parts["query"][n][h, t], parts["key"][n][h], seen)
        weights = mask(weights, {}) if mask else weights
        y = np.zeros((len(query), query.shape[1], out))
        for n, t, o in np.ndindex(y.shape):
            y[n, t, o] = arrays.get("output_bias", np.zeros(out))[o]
            for h, s in np.ndindex(weights.shape[1], weights.shape[3]):
                taken = sum(parts["value"][n][h, s] * arrays["output_kernel"][h, :, o])
                y[n, t, o] += weights[n, h, t, s] * taken
        return y

    return oracle


def alone(oracle):
    return lambda x, arrays: oracle((x,), arrays)


def joined(oracle, *shapes):
    def together(x, arrays):
        return oracle(split(x, shapes), below("multi_head_attention", arrays))

    return together


def seed_of_dropout(seed):
    digest = hashlib.blake2b(f"{seed}/dropout".encode(), digest_size=16).digest()
    return int.from_bytes(digest, "little")


DEFINITIONS = {
    "MultiHeadAttention": defined(
        alone(attention()),
        bound=256,
        misfits_once_built={(3, 4): "expected 2 features of the query, got 4"},
    ),
    "MultiHeadAttention causal": defined(alone(attention(causal=True)), bound=256),
    "MultiHeadAttention of two": defined(joined(attention(), (2, 4), (3, 2)), bound=256),
    "MultiHeadAttention of three training": defined(
        joined(attention(mask=dropped(0.4, seed_of_dropout(1))), (2, 3), (3, 2), (3, 2)),
        bound=256,
        rowwise=False,
    ),
}
