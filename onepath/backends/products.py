"""Matrix products and sums of products, which devices compute in ways of their own."""

import operator
from functools import reduce
from typing import Any

from .dtypes import widened
from .types import Array


class Products:
    """The part of a backend that multiplies matrices."""

    xp: Any

    def matmul(self, a: Array, b: Array, out: Array | None = None) -> Array:
        """Multiply matrices, as ``numpy.matmul`` does; layers and engines must use nothing else.

        Sums are kept in float32 or wider. So the product of float16 or bfloat16 may be float32.

        Parameters
        ----------
        a, b : array, shape (..., n, k) and (..., k, m)
            On this device, at least 2-D.
        out : array, shape (..., n, m), optional
            Where to put the result.

        Returns
        -------
        array, shape (..., n, m)
            The products.
        """
        return self.xp.matmul(widened(a), widened(b), out=out)

    def dot(self, a: Array, b: Array) -> Array:
        """Multiply two matrices, of which ``a`` may be a column, and ``b`` a row.

        Parameters
        ----------
        a, b : array, shape (n, k) and (k, m)
            On this device.

        Returns
        -------
        array, shape (n, m)
            The product.
        """
        return self.matmul(a, b)

    def einsum(self, rule: str, *operands: Array) -> Array:
        """Sum products of elements, as ``numpy.einsum`` does.

        Parameters
        ----------
        rule : str
            Such as ``"ij,ij->j"``; no letter may be twice in a term.
        *operands : array
            One for each term, on this device.

        Returns
        -------
        array
            Its axes are the letters after the arrow.
        """
        return self.xp.einsum(rule, *operands)


def summed(rule: str, *operands: Array) -> Array:
    """Compute an `einsum` by multiplying elements and a sum.

    Parameters and result are those of `Products.einsum`.
    """
    terms, _, kept = rule.partition("->")
    letters = [*kept, *sorted(set(terms) - {*kept, ","})]

    def spread_out(x: Array, term: str) -> Array:
        """View the array with an axis for each letter, of length 1 where the term lacks it."""
        x = x.transpose([term.index(letter) for letter in letters if letter in term])
        return x[tuple(slice(None) if letter in term else None for letter in letters)]

    product = reduce(operator.mul, map(spread_out, operands, terms.split(",")))
    axes = tuple(range(len(kept), len(letters)))
    return product.sum(axis=axes) if axes else product
