"""Scaled dot-product attention, and its way back."""

import math

from ..backends import Array, Backend
from .softmax import softmax


def weights_of(home: Backend, query: Array, key: Array, causal: bool) -> Array:
    """Return how much each place of the query takes of each place of the key.

    Parameters
    ----------
    home : Backend
        Where the arrays live.
    query : array, shape (N, heads, T, width)
        Divided by the root of the width already.
    key : array, shape (N, heads, S, width)
        The keys.
    causal : bool
        Whether place t takes of places 0 to t alone.

    Returns
    -------
    array, shape (N, heads, T, S)
        ``softmax(query @ key.T)``, whose last axis sums to 1; float32 or wider.
    """
    scores = home.matmul(query, key.swapaxes(2, 3))
    if causal:
        behind = home.xp.full(scores.shape[2:], -math.inf, dtype=scores.dtype)
        scores += home.xp.triu(behind, 1)
    return softmax(home.xp, scores, -1)


def weights_back(
    home: Backend, dweights: Array, weights: Array, query: Array, key: Array
) -> tuple[Array, Array]:
    """Return the gradients of query and key, given that of their weights.

    Parameters and shapes are those of `weights_of`.
    """
    dscores = weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True))
    return home.matmul(dscores, key), home.matmul(dscores.swapaxes(2, 3), query)
