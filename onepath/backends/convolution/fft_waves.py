"""Fourier transforms of what is short and filled up with zeros, as matrix products."""

import math
from functools import lru_cache
from typing import Any

from ..types import Array, DType
from .geometry import Ints


class Waves:
    """Real transforms between the taps of kernels and all frequencies.

    If k of n numbers are not 0, or k of n results are wanted, a fast transform takes nearly as long
    as for all n. A product with the matrix of waves at those k places takes less while k is small,
    and leaves dilation to the choice of places.

    Parameters
    ----------
    xp : module
        The array module.
    lengths : tuple of int
        The lengths of the transforms.
    kernel_size, dilation : tuple of int
        How many taps the kernels have, and how far these lie apart.
    dtype : dtype
        The kernels' dtype.
    """

    def __init__(
        self, xp: Any, lengths: Ints, kernel_size: Ints, dilation: Ints, dtype: DType
    ) -> None:
        numbers = xp.result_type(dtype, "complex64")
        *others, last = (
            _waves(xp, *axis) for axis in zip(lengths, kernel_size, dilation, strict=True)
        )
        half = lengths[-1] // 2 + 1
        self._others = [waves.astype(numbers) for waves in others]
        self._last = xp.ascontiguousarray(last[:, :half]).astype(numbers).view(dtype)
        # a frequency and its negative are conjugate, but for 0 and the highest of an even length
        twice = xp.full(half, 2.0)
        twice[0] = 1
        if lengths[-1] % 2 == 0:
            twice[-1] = 1
        back = last[:, :half].conj() * (twice / math.prod(lengths))
        self._back = xp.ascontiguousarray(back.astype(numbers).view(dtype).T)
        self._xp, self._dtype, self._complex = xp, dtype, numbers

    def conjugates(self, kernels: Array) -> Array:
        """Transform.

        Parameters
        ----------
        kernels : array, shape (P, *taps)
            Real numbers.

        Returns
        -------
        array, shape (P, frequencies)
            The transforms' conjugates.
        """
        planes = len(kernels)
        x = (kernels @ self._last).view(self._complex)
        width = x.shape[-1]
        for waves in reversed(self._others):
            # (..., k, width) -> (..., n, width)
            x = waves.T @ x.reshape(-1, len(waves), width)
            width *= waves.shape[1]
        return x.reshape(planes, width)

    def taps(self, spectra: Array) -> Array:
        """Transform back.

        Parameters
        ----------
        spectra : array, shape (P, frequencies)
            Transforms, not conjugated.

        Returns
        -------
        array, shape (P, *taps)
            Real numbers.
        """
        planes, width = spectra.shape
        x = self._xp.ascontiguousarray(spectra)
        for waves in self._others:
            width //= waves.shape[1]
            # (..., n, width) -> (..., k, width)
            x = waves @ x.reshape(-1, waves.shape[1], width)
        x = x.reshape(-1, width).view(self._dtype) @ self._back
        return x.reshape(planes, *map(len, self._others), -1)


@lru_cache(maxsize=32)
def waves_on(
    device: str, xp: Any, lengths: Ints, kernel_size: Ints, dilation: Ints, dtype: DType
) -> Waves:
    """Return the waves on the device of a name; the same for the same arguments."""
    return Waves(xp, lengths, kernel_size, dilation, dtype)


def _waves(xp: Any, length: int, taps: int, step: int) -> Array:
    """``exp(2 pi i t f / n)`` for the taps' places t and all frequencies f, in float64."""
    places = xp.arange(taps)[:, None] * step
    angles = places * xp.arange(length) % length * (2 * math.pi / length)
    return xp.cos(angles) + 1j * xp.sin(angles)
