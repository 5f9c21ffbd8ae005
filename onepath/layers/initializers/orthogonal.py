"""Orthogonal matrices."""

import math
from typing import Any

from ...arguments import number
from ...backends import Array, Random, get_backend
from .base import Drawn


class Orthogonal(Drawn):
    """A matrix with orthogonal rows or columns, of the length ``gain`` each.

    A random matrix's QR decomposition with a positive diagonal of R, so that no direction is
    preferred (A. Saxe et al., 2014; `keras.initializers.Orthogonal`). Of a parameter with more axes
    than two, the matrix is (first, all others). It is computed on the host in float64 and sent, as
    decompositions of two devices differ in their last bits.

    Parameters
    ----------
    gain : float, optional
        Finite.
    seed : int, optional
        See `Drawn`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number. So does a parameter of fewer axes than two.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = number("gain", gain, at_least=-math.inf)

    def _drawn(self, random: Random, shape: tuple[int, ...], dtype: Any) -> Array:
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal is for two axes or more, but the parameter's shape is {shape}"
            )
        host = get_backend("cpu")
        rows, columns = shape[0], math.prod(shape[1:])
        size = max(rows, columns), min(rows, columns)
        with host.steady():
            q, r = host.xp.linalg.qr(random.on(host).normal(size, dtype="float64"))
        q = q * host.xp.where(host.xp.diag(r) < 0, -self.gain, self.gain)
        matrix = q if rows >= columns else q.T
        return random.backend.asarray(matrix.reshape(shape).astype(dtype, order="C"))
