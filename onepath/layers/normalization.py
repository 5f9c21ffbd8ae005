"""Batch normalization."""

import math
from functools import lru_cache
from string import ascii_lowercase

from ..arguments import number
from ..backends import Array
from ..backends.dtypes import widened
from .base import Layer, Shape
from .layout import check_axis, length_along
from .policies import chosen_policy
from .registry import register_layer
from .shards import shard_of

AT_ONCE = 4096
"""Elements that are added up one after the other."""


@register_layer
class BatchNormalization(Layer):
    """Give each channel mean 0 and variance 1 over the batch, then scale and shift it.

    In training ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`` with the batch's own
    mean and (biased) variance, which also enter the moving ones; otherwise with the moving ones
    (S. Ioffe, C. Szegedy, 2015; names and moving averages as in Keras). What comes in float16 or
    bfloat16 is averaged and scaled in float32.

    Parameters
    ----------
    axis : int, optional
        The channels' axis in a batch: 1 for channels first and for flat features, -1 for channels
        last.
    momentum : float, optional
        ``moving = momentum * moving + (1 - momentum) * batch``; from 0 to 1.
    epsilon : float, optional
        Added to the variance; positive.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"gamma"`` and ``"beta"`` of shape (C,).
    state : dict
        ``"moving_mean"`` and ``"moving_variance"`` of shape (C,).

    Raises
    ------
    ValueError
        If momentum or epsilon is out of range, or the axis is that of the batch.
    """

    shardable = meets = True

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.axis = check_axis(axis)
        self.momentum = number("momentum", momentum, at_most=1)
        self.epsilon = number("epsilon", epsilon, positive=True)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if it has the channels."""
        channels = length_along(self.axis, input_shape)
        gamma = self.parameters.get("gamma")
        if gamma is not None and channels != gamma.shape[0]:
            raise ValueError(f"expected {gamma.shape[0]} channels on axis {self.axis}")
        return input_shape

    def _build(self, input_shape: Shape) -> None:
        channels = (length_along(self.axis, input_shape),)
        self._add_parameter("gamma", channels, "ones")
        self._add_parameter("beta", channels, "zeros")
        xp = self.home.xp
        self.state["moving_mean"] = xp.zeros(channels, dtype=self.variable_dtype)
        self.state["moving_variance"] = xp.ones(channels, dtype=self.variable_dtype)

    def _forward(self, x: Array, training: bool) -> Array:
        x = widened(x)
        channel = self.axis % x.ndim
        wide = tuple(x.shape[axis] if axis == channel else 1 for axis in range(x.ndim))
        if training:
            n = x.size // x.shape[channel]
            mean = self._sums(x) / n
            centred = x - mean.reshape(wide)
            shard = shard_of(len(x))
            parts = shard.gather((n, mean, self._sums(centred, centred)))
            count, whole, variance = _combined(parts)
            if shard.index == 0:
                self._remember(whole, variance)
            offset = mean - whole
        else:
            count, offset = None, 0.0
            mean, variance = self.state["moving_mean"], self.state["moving_variance"]
            centred = x - mean.reshape(wide)
        scale = 1 / self.home.xp.sqrt(variance + self.epsilon)
        self._saved = centred, scale, wide, offset, count
        factor = self.parameters["gamma"] * scale
        y = centred * factor.reshape(wide)
        y += (self.parameters["beta"] + offset * factor).reshape(wide)
        return y

    def _sums(self, *factors: Array) -> Array:
        """Sum an array, or the product of two, over all axes but the channels'."""
        first = factors[0]
        rule, kept = _summation(first.shape, first.strides, self.axis, len(factors))
        sums = self.home.einsum(rule, *factors)
        return sums.sum(axis=kept) if kept else sums

    def _remember(self, mean: Array, variance: Array) -> None:
        """Let the batch's statistics enter the moving ones."""
        for name, batch in (("moving_mean", mean), ("moving_variance", variance)):
            moving = self.state[name]
            moving += (1 - self.momentum) * (batch - moving)

    def _backward(self, dy: Array) -> Array:
        centred, scale, wide, offset, count = self._saved
        dy = widened(dy)
        beta = self._sums(dy)
        gamma = (self._sums(dy, centred) + offset * beta) * scale
        self.gradients["gamma"], self.gradients["beta"] = gamma, beta
        factor = (self.parameters["gamma"] * scale).reshape(wide)
        if count is None:
            return dy * factor
        # mean and variance depend on x, too
        beta, gamma = shard_of(len(dy)).total(beta, gamma)
        slope = gamma * (scale / count)
        dx = centred * -slope.reshape(wide)
        dx += dy
        dx -= (beta / count + offset * slope).reshape(wide)
        dx *= factor
        return dx


@lru_cache(maxsize=1024)
def _summation(shape: Shape, strides: Shape, axis: int, factors: int) -> tuple[str, Shape]:
    """What `einsum` is to do with so many arrays, and which axes of its result are to be summed.

    It adds elements up one after the other, which rounds the more the longer it goes on. So it
    stops after `AT_ONCE` of them, as they lie in memory, and its sums are summed in pairs.
    """
    letters = ascii_lowercase[: len(shape)]
    outermost = sorted(range(len(shape)), key=strides.__getitem__)
    outermost.remove(axis % len(shape))
    left, kept = math.prod(shape) // shape[axis], letters[axis]
    while left > AT_ONCE and outermost:
        place = outermost.pop()
        kept += letters[place]
        left //= shape[place]
    return f"{','.join([letters] * factors)}->{kept}", tuple(range(1, len(kept)))


def _combined(parts: list[tuple[int, Array, Array]]) -> tuple[int, Array, Array]:
    """Number, mean and variance of all, from number, mean and squared deviations of each part.

    Deviations are those from the part's own mean (T. Chan, G. Golub, R. LeVeque, "Updating formulae
    and a pairwise algorithm for computing sample variances", 1979).
    """
    count = sum(n for n, _, _ in parts)
    mean = parts[0][1]
    mean = mean + sum(n * (other - mean) for n, other, _ in parts[1:]) / count
    return count, mean, sum(squares + n * (m - mean) ** 2 for n, m, squares in parts) / count
