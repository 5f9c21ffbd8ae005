"""Random numbers that are the same bits on every device.

The generator is Philox4x64-10 [1]_, a counter-based one: block ``i`` of a stream is a pure function
of the key and of ``i``. What is built on it uses integers and the operations that IEEE 754 rounds
correctly (``+ - * / sqrt``), one operation at a time, so devices cannot differ in a bit.

References
----------
.. [1] J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
   SC 2011.
.. [2] M. Wichura, "Algorithm AS 241: the percentage points of the normal distribution",
   Applied Statistics 37 (1988).
"""

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from .types import Array, DType

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF
ROUNDS = 10
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
KEY_STEPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


_BELOW_TWO = 0.022750131948179207
"""Share of the normal distribution below minus two standard deviations."""

Key: TypeAlias = "tuple[int, int] | Array"
"""Two words of 64 bits, the lower one first: numbers, or an array of uint64 on the device."""


class BitSource(Protocol):
    """The part of a backend that a random stream draws on."""

    @property
    def xp(self) -> Any:
        """The array module."""

    def varying(self, compute: Callable[[], Any], dtype: DType, size: int | None = None) -> Any:
        """Numbers that are other ones each time; see `onepath.backends.graphs.Captures`."""

    def asarray(self, x: Any, dtype: DType | None = None) -> Array:
        """Host data on the device."""

    def philox(self, key: Key, counter: int, blocks: int) -> Array:
        """Blocks ``counter + 1 .. counter + blocks`` of a stream."""


class Random:
    """A stream of random numbers on a backend's device.

    Two streams with the same seed give the same bits, whatever their devices.

    Parameters
    ----------
    backend : Backend
        Where the numbers are made.
    seed : int or callable
        A non-negative integer below 2**128, or a function that returns one: it is called now, and
        anew whenever captured work is done again.
    counter : int, optional
        How many blocks of the stream were used up before.

    Attributes
    ----------
    backend : Backend
        Where the numbers are made.
    counter : int
        How many blocks of the stream are used up.

    Raises
    ------
    ValueError
        If the seed is out of range.
    """

    def __init__(self, backend: BitSource, seed: int | Callable[[], int], counter: int = 0) -> None:
        if callable(seed):
            self._key: Key = backend.varying(lambda: _words(seed()), "uint64", 2)
        else:
            self._key = _words(seed)
        self.counter = counter
        self.backend = backend
        self._seed = seed
        self._xp = backend.xp

    def bits(self, size: int) -> Array:
        """Draw ``size`` words of 64 random bits, as uint64."""
        blocks = -(-size // 4)
        words = self.backend.philox(self._key, self.counter, blocks)
        self.counter += blocks
        return words[:size]

    def uniform(
        self,
        shape: tuple[int, ...],
        low: float = 0.0,
        high: float = 1.0,
        dtype: DType = "float32",
        skip: int = 0,
    ) -> Array:
        """Draw from the uniform distribution on [low, high).

        Parameters
        ----------
        shape : tuple of int
            The result's shape.
        low, high : float, optional
            The bounds.
        dtype : {"float32", "float64"}, optional
            The result's dtype: 24 random bits go into a float32, 53 into a float64.
        skip : int, optional
            How many numbers to leave out first, at no cost.

        Returns
        -------
        array
            Numbers on the backend's device.

        Raises
        ------
        ValueError
            If the dtype is another one, or ``low`` is above ``high``.
        """
        xp, size = self._xp, math.prod(shape)
        dtype = xp.dtype(dtype)
        if dtype not in (xp.float32, xp.float64):
            raise ValueError(f"uniform: dtype must be float32 or float64, got {dtype}")
        if not low <= high:
            raise ValueError(f"uniform: low must not be above high, got {low} and {high}")
        in_block = 4 if dtype == xp.float64 else 8
        self.counter += skip // in_block
        skip %= in_block
        if dtype == xp.float64:
            unit = (self.bits(skip + size)[skip:] >> 11).astype(dtype) * 2.0**-53
        else:
            halves = self.bits(-(-(skip + size) // 2)).view("uint32")[skip : skip + size]
            unit = (halves >> 8).astype(dtype) * dtype.type(2.0**-24)
        if (low, high) != (0.0, 1.0):
            unit *= dtype.type(high - low)
            unit += dtype.type(low)
            # the sum may have been rounded up to the bound itself
            xp.minimum(unit, xp.nextafter(dtype.type(high), dtype.type(low)), out=unit)
        return unit.reshape(shape)

    def normal(
        self,
        shape: tuple[int, ...],
        mean: float = 0.0,
        std: float = 1.0,
        dtype: DType = "float32",
    ) -> Array:
        """Draw from the normal distribution, by inversion of its distribution function [2]_.

        Parameters
        ----------
        shape : tuple of int
            The result's shape.
        mean, std : float, optional
            Mean and standard deviation.
        dtype : {"float32", "float64"}, optional
            The result's dtype; the arithmetic is float64 in both cases.

        Returns
        -------
        array
            Numbers on the backend's device, at most 8.3 standard deviations from the mean.
        """
        # 52 bits and a half are exact in a float64; with one bit more, the half would be rounded
        halfway = (self.bits(math.prod(shape)) >> 12).astype("float64") + 0.5
        z = _normal_quantile(self._xp, halfway * 2.0**-52)
        return (z * std + mean).astype(dtype).reshape(shape)

    def truncated_normal(
        self,
        shape: tuple[int, ...],
        mean: float = 0.0,
        std: float = 1.0,
        dtype: DType = "float32",
    ) -> Array:
        """Draw from the normal distribution within two standard deviations of its mean.

        By inversion, as `normal` does: nothing is drawn twice. Parameters and result are those of
        `normal`; ``std`` is the standard deviation before the tails are cut off.
        """
        halfway = (self.bits(math.prod(shape)) >> 12).astype("float64") + 0.5
        unit = halfway * 2.0**-52
        unit *= 1.0 - 2.0 * _BELOW_TWO
        unit += _BELOW_TWO
        z = _normal_quantile(self._xp, unit)
        self._xp.clip(z, -2.0, 2.0, out=z)
        return (z * std + mean).astype(dtype).reshape(shape)

    def on(self, backend: BitSource) -> "Random":
        """Return a stream of the same numbers from here on, on another device."""
        return Random(backend, self._seed, self.counter)

    def permutation(self, size: int) -> Array:
        """Draw a random order of ``0 .. size - 1``, as int64."""
        return self._xp.argsort(self.bits(size))


def checked_seed(seed: int) -> int:
    """Return ``seed`` if a stream can be keyed with it, or raise."""
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**128:
        raise ValueError(f"a seed is an integer from 0 to 2**128 - 1, got {seed!r}")
    return seed


def _words(seed: int) -> tuple[int, int]:
    """The key of a seed's stream."""
    return checked_seed(seed) & _MASK64, seed >> 64


def derived_seed(seed: int, *path: str | int) -> int:
    """Return the seed of a stream of its own, told from others by ``path``."""
    import hashlib  # it loads OpenSSL, which takes a fifth of NumPy's own import time

    text = "/".join(map(str, (seed, *path)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


_root = 0
_given_out = 0


def set_seed(seed: int) -> None:
    """Set the seed from which every layer made without a seed of its own takes the next one.

    A program starts with seed 0: two runs of it give the same numbers.

    Parameters
    ----------
    seed : int
        A non-negative integer below 2**128.
    """
    global _root, _given_out
    _root, _given_out = checked_seed(seed), 0


def next_seed() -> int:
    """Give out the next seed under the one that `set_seed` set."""
    global _given_out
    _given_out += 1
    return derived_seed(_root, _given_out)


def philox4x64(xp: Any, key: Key, counter: int, blocks: int) -> Array:
    """Compute blocks ``counter + 1 .. counter + blocks`` of the Philox4x64-10 stream of ``key``.

    The one formula for all devices; NumPy's own ``numpy.random.Philox`` gives the same words, which
    the CPU makes use of.

    Parameters
    ----------
    xp : module
        The array module.
    key : (int, int) or array of uint64, shape (2,)
        Two words of 64 bits.
    counter : int
        How many blocks come before.
    blocks : int
        How many blocks to compute.

    Returns
    -------
    array
        ``4 * blocks`` uint64 words.
    """
    c0 = xp.arange(counter + 1, counter + 1 + blocks, dtype="uint64")
    c1, c2, c3 = (xp.zeros_like(c0) for _ in range(3))
    for round_ in range(ROUNDS):
        k0, k1 = _round_key(xp, key, round_)
        high0, low0 = _wide_product(xp, MULTIPLIERS[0], c0)
        high1, low1 = _wide_product(xp, MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
    return xp.stack([c0, c1, c2, c3], axis=1).reshape(-1)


def _round_key(xp: Any, key: Key, round_: int) -> tuple[Any, Any]:
    """The key's words in a round."""
    k0, k1 = (round_ * step & _MASK64 for step in KEY_STEPS)
    if isinstance(key, tuple):
        return xp.uint64(key[0] + k0 & _MASK64), xp.uint64(key[1] + k1 & _MASK64)
    return key[:1] + xp.uint64(k0), key[1:] + xp.uint64(k1)


def _wide_product(xp: Any, a: int, b: Array) -> tuple[Array, Array]:
    """High and low word of the 128-bit products of the word ``a`` with the words ``b``."""
    a_high, a_low = a >> 32, a & _MASK32
    b_high, b_low = b >> 32, b & _MASK32
    middle = b_low * a_high + (b_low * a_low >> 32)
    carry = b_high * a_low + (middle & _MASK32)
    return b_high * a_high + (middle >> 32) + (carry >> 32), b * xp.uint64(a)


# Wichura's rational approximations, numerator and denominator, highest power first.
_CENTRE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
     4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
     1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
     2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
     4.2313330701600911252e1, 1.0),
)  # fmt: skip
_FLANK = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0,
     4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,
     2.05319162663775882187e0, 1.0),
)  # fmt: skip
_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
     5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)  # fmt: skip


def _normal_quantile(xp: Any, p: Array) -> Array:
    """The standard normal distribution's quantiles at ``p``, strictly between 0 and 1."""
    q = p - 0.5
    centre = q * _ratio(_CENTRE, 0.180625 - q * q)
    r = xp.sqrt(-_log(xp, xp.minimum(p, 1.0 - p)))
    outside = xp.where(r <= 5.0, _ratio(_FLANK, r - 1.6), _ratio(_TAIL, r - 5.0))
    return xp.where(xp.abs(q) <= 0.425, centre, xp.copysign(outside, q))


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], r: Array) -> Array:
    numerator, denominator = (_horner(coefficients, r) for coefficients in polynomials)
    return numerator / denominator


def _horner(coefficients: tuple[float, ...], r: Array) -> Array:
    total = r * coefficients[0] + coefficients[1]
    for coefficient in coefficients[2:]:
        total *= r
        total += coefficient
    return total


_LOG_TERMS = tuple(2.0 / k for k in range(21, 0, -2))


def _log(xp: Any, p: Array) -> Array:
    """The natural logarithm from exactly rounded operations alone.

    ``log`` of two devices' libraries may differ in the last bit. Here ``p = m * 2**e`` with m in
    [sqrt(1/2), sqrt(2)), and ``log m = 2 artanh(s)`` with ``s = (m - 1) / (m + 1)``, as a series.
    """
    m, e = xp.frexp(p)
    low = m < math.sqrt(0.5)
    m = xp.where(low, m * 2.0, m)
    e = e - low
    s = (m - 1.0) / (m + 1.0)
    return s * _horner(_LOG_TERMS, s * s) + e * math.log(2.0)
