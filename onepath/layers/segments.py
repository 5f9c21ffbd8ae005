"""Sums of rows that have the same key, in a fixed order; no atomics, no waiting for a device."""

from typing import Any

from ..backends import Array, Backend

BLOCK = 64
"""Rows that are compared with each other at a time."""


def summed_by_key(home: Backend, keys: Array, rows: Array, count: int) -> Array:
    """Add up the rows of each key.

    Rows are sorted by key, and divided into blocks. Each row gets the sum of those of its key that
    are in its block or before it; so the last row of a key has the sum of all. What is added to
    what depends on the keys alone. A row that is not finite spoils the sums of its neighbours.

    Parameters
    ----------
    home : Backend
        Where the arrays live.
    keys : array of int64, shape (n,)
        From 0 to ``count - 1``.
    rows : array, shape (n, width)
        Floating, not narrow.
    count : int
        How many keys there may be.

    Returns
    -------
    array, shape (count, width)
        Zeros for keys that do not occur.
    """
    xp = home.xp
    order = xp.argsort(keys, kind="stable")
    keys = keys[order]
    sums = _running(home, keys, rows[order])
    every = xp.arange(count, dtype=keys.dtype)
    last = xp.maximum(xp.searchsorted(keys, every, side="right") - 1, 0)
    occurs = keys[last] == every
    return xp.where(occurs[:, None], sums[last], 0)


def _running(home: Backend, keys: Array, rows: Array) -> Array:
    """For each row, the sum of those of its key in its block and before it; keys are sorted.

    In a block, by a product with a matrix of ones and zeros. What earlier blocks have of a key is
    the same sum again, of the blocks' last rows.
    """
    xp, n = home.xp, len(keys)
    blocks = -(-n // BLOCK)
    keys = _filled_up(xp, keys, blocks)  # (blocks, BLOCK)
    rows = _filled_up(xp, rows, blocks)  # (blocks, BLOCK, width)
    same = keys[:, :, None] == keys[:, None, :]
    sums = home.matmul(same.astype(rows.dtype), rows)
    if blocks > 1:
        before = _running(home, keys[:-1, -1], sums[:-1, -1])  # (blocks - 1, width)
        goes_on = keys[1:] == keys[:-1, -1:]  # (blocks - 1, BLOCK)
        sums[1:] += xp.where(goes_on[..., None], before[:, None], 0)
    return sums.reshape(-1, sums.shape[-1])[:n]


def _filled_up(xp: Any, x: Array, blocks: int) -> Array:
    """(n, ...) -> (blocks, BLOCK, ...), with zeros at the end."""
    filled = xp.zeros((blocks * BLOCK, *x.shape[1:]), dtype=x.dtype)
    filled[: len(x)] = x
    return filled.reshape(blocks, BLOCK, *x.shape[1:])
