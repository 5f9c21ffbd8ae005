"""Batch normalization."""

from ..arguments import number
from ..backends import Array
from ..backends.dtypes import widened
from .affine import Affine
from .base import Shape
from .initializers import Initializer
from .layout import check_axis, length_along
from .registry import register_layer
from .regularizers import Regularizer
from .shards import shard_of
from .summation import along, sums


@register_layer
class BatchNormalization(Affine):
    """Give each channel mean 0 and variance 1 over the batch, then scale and shift it.

    In training ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`` with the batch's own
    mean and (biased) variance, which also enter the moving ones; otherwise, and where the layer is
    not ``trainable``, with the moving ones (S. Ioffe, C. Szegedy, 2015; names and moving averages
    as in Keras). What comes in float16 or bfloat16 is averaged and scaled in float32.

    Parameters
    ----------
    axis : int, optional
        The channels' axis in a batch: 1 for channels first and for flat features, -1 for channels
        last.
    momentum : float, optional
        ``moving = momentum * moving + (1 - momentum) * batch``; from 0 to 1.
    epsilon : float, optional
        Added to the variance; positive.
    center, scale : bool, optional
        Whether there are ``beta`` and ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer, optional
        How it is filled at first; see `onepath.layers.initializers`.
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss; see `onepath.layers.regularizers`.
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
    TypeError, ValueError
        If an option is none of those allowed, or the axis is that of the batch.
    """

    shardable = meets = True

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: str | Initializer = "zeros",
        gamma_initializer: str | Initializer = "ones",
        beta_regularizer: str | Regularizer | None = None,
        gamma_regularizer: str | Regularizer | None = None,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            dtype,
            name,
            seed,
        )
        self.axis = check_axis(axis)
        self.momentum = number("momentum", momentum, at_most=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if it has the channels."""
        channels = length_along(self.axis, input_shape)
        moving = self.state.get("moving_mean")
        if moving is not None and channels != moving.shape[0]:
            raise ValueError(f"expected {moving.shape[0]} channels on axis {self.axis}")
        return input_shape

    def _build(self, input_shape: Shape) -> None:
        channels = (length_along(self.axis, input_shape),)
        self._add_affine(channels)
        xp = self.home.xp
        self.state["moving_mean"] = xp.zeros(channels, dtype=self.variable_dtype)
        self.state["moving_variance"] = xp.ones(channels, dtype=self.variable_dtype)

    def _forward(self, x: Array, training: bool) -> Array:
        x = widened(x)
        channel = (self.axis % x.ndim,)
        wide = along(channel, x.shape)
        if training and self.trainable:
            n = x.size // x.shape[channel[0]]
            mean = sums(self.home, channel, x) / n
            centred = x - mean.reshape(wide)
            shard = shard_of(len(x))
            parts = shard.gather((n, mean, sums(self.home, channel, centred, centred)))
            count, whole, variance = _combined(parts)
            if shard.index == 0:
                self._remember(whole, variance)
            offset = mean - whole
        else:
            count, offset = None, 0.0
            mean, variance = self.state["moving_mean"], self.state["moving_variance"]
            centred = x - mean.reshape(wide)
        scale = 1 / self.home.xp.sqrt(variance + self.epsilon)
        self._saved = centred, scale, channel, offset, count
        factor = self.parameters["gamma"] * scale if self.scale else scale
        shift = offset * factor
        if self.center:
            shift = self.parameters["beta"] + shift
        y = centred * factor.reshape(wide)
        y += shift.reshape(wide)
        return y

    def _remember(self, mean: Array, variance: Array) -> None:
        """Let the batch's statistics enter the moving ones."""
        for name, batch in (("moving_mean", mean), ("moving_variance", variance)):
            moving = self.state[name]
            moving += (1 - self.momentum) * (batch - moving)

    def _backward(self, dy: Array) -> Array:
        centred, scale, channel, offset, count = self._saved
        dy, wide = widened(dy), along(channel, centred.shape)
        beta = sums(self.home, channel, dy)
        gamma = (sums(self.home, channel, dy, centred) + offset * beta) * scale
        for name, gradient in (("gamma", gamma), ("beta", beta)):
            if name in self.parameters:
                self.gradients[name] = gradient
        factor = self.parameters["gamma"] * scale if self.scale else scale
        factor = factor.reshape(wide)
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


def _combined(parts: list[tuple[int, Array, Array]]) -> tuple[int, Array, Array]:
    """Number, mean and variance of all, from number, mean and squared deviations of each part.

    Deviations are those from the part's own mean (T. Chan, G. Golub, R. LeVeque, "Updating formulae
    and a pairwise algorithm for computing sample variances", 1979).
    """
    count = sum(n for n, _, _ in parts)
    mean = parts[0][1]
    mean = mean + sum(n * (other - mean) for n, other, _ in parts[1:]) / count
    return count, mean, sum(squares + n * (m - mean) ** 2 for n, m, squares in parts) / count
