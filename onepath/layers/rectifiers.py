"""Activations made of straight pieces."""

from collections.abc import Iterable

from ..arguments import number, whole
from ..backends import Array, backend_of
from ..backends.dtypes import widened
from .base import Layer, Shape
from .elementwise import Elementwise
from .initializers import Initializer, check_initializer
from .policies import chosen_policy
from .registry import register_layer
from .regularizers import Regularizer, check_regularizer
from .summation import sums


@register_layer
class ReLU(Elementwise):
    """Rectified linear unit, ``max(x, 0)``; its derivative at 0 is taken to be 0.

    With the options it is ``x`` above the threshold, ``negative_slope * (x - threshold)`` up to it,
    and nowhere more than ``max_value``; at its corners the derivative is the one from the left, but
    0 at ``max_value``.

    Parameters
    ----------
    max_value : float, optional
        The largest output; not limited if left out.
    negative_slope : float, optional
        The slope up to the threshold.
    threshold : float, optional
        Up to where an input counts as small; at least 0.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is not a number, or negative.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.max_value = None if max_value is None else number("max_value", max_value)
        self.negative_slope = number("negative_slope", negative_slope)
        self.threshold = number("threshold", threshold)

    def _forward(self, x: Array, training: bool) -> Array:
        xp = backend_of(x).xp
        threshold = self.threshold
        y = xp.where(x <= threshold, 0, x) if threshold else xp.maximum(x, 0)  # NaN is not small
        if self.negative_slope:
            y += self.negative_slope * xp.minimum(x - threshold if threshold else x, 0)
        if self.max_value is not None:
            y = xp.minimum(y, self.max_value)
        self._saved = y  # it is positive where x is large, and the next layer keeps it anyway
        return y

    def _backward(self, dy: Array) -> Array:
        xp, y = backend_of(dy).xp, self._saved
        dx = xp.greater(y, 0, out=xp.empty_like(dy))  # 1 or 0, not a boolean
        if self.negative_slope:
            dx += self.negative_slope * (1 - dx)
        if self.max_value is not None:
            dx *= y < self.max_value
        dx *= dy
        return dx


@register_layer
class LeakyReLU(ReLU):
    """``x`` where positive, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float, optional
        The slope for negative inputs.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If the slope is not a number, or negative.
    """

    def __init__(self, negative_slope: float = 0.3, name: str | None = None) -> None:
        super().__init__(negative_slope=negative_slope, name=name)


@register_layer
class PReLU(Layer):
    """``x`` where positive, ``alpha * x`` elsewhere, with slopes that are learned.

    (K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015.)

    Parameters
    ----------
    alpha_initializer : str or Initializer, optional
        How it is filled at first; see `onepath.layers.initializers`.
    alpha_regularizer : str or Regularizer, optional
        A penalty that training adds to the loss; see `onepath.layers.regularizers`.
    shared_axes : int or iterable of int, optional
        Axes of a batch along which one slope serves all: ``(2, 3)`` for a slope a channel in images
        with channels first. Each feature has its own if left out.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"alpha"`` of a sample's shape, with 1 for the shared axes.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    shardable = True

    def __init__(
        self,
        alpha_initializer: str | Initializer = "zeros",
        alpha_regularizer: str | Regularizer | None = None,
        shared_axes: int | Iterable[int] | None = None,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.alpha_initializer = check_initializer(alpha_initializer)
        self.alpha_regularizer = check_regularizer(alpha_regularizer)
        axes = shared_axes if isinstance(shared_axes, Iterable | None) else (shared_axes,)
        self.shared_axes = axes and tuple(whole("shared_axes", axis) for axis in axes)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if there are slopes for it."""
        alpha, wanted = self.parameters.get("alpha"), self._slopes(input_shape)
        if alpha is not None and alpha.shape != wanted:
            raise ValueError(f"they need slopes of shape {wanted}, and those are {alpha.shape}")
        return input_shape

    def _slopes(self, input_shape: Shape) -> Shape:
        """The shape of alpha for such samples."""
        shared = self.shared_axes or ()
        for axis in shared:
            if axis > len(input_shape):
                raise ValueError(f"there is no axis {axis} in a batch of them to be shared")
        return tuple(1 if axis in shared else n for axis, n in enumerate(input_shape, start=1))

    def _build(self, input_shape: Shape) -> None:
        shape = self._slopes(input_shape)
        self._add_parameter("alpha", shape, self.alpha_initializer, self.alpha_regularizer)

    def _forward(self, x: Array, training: bool) -> Array:
        xp = self.home.xp
        self._saved = x
        y = xp.minimum(x, 0)
        y *= self._weight("alpha")
        y += xp.maximum(x, 0)
        return y

    def _backward(self, dy: Array) -> Array:
        xp, x, alpha = self.home.xp, self._saved, self._weight("alpha")
        if self.trainable:
            kept = tuple(axis for axis, n in enumerate(alpha.shape, start=1) if n > 1)
            slopes = sums(self.home, kept, widened(dy), xp.minimum(widened(x), 0))
            self.gradients["alpha"] = slopes.reshape(alpha.shape)
        dx = xp.greater(x, 0, out=xp.empty_like(dy))  # 1 or 0, not a boolean
        dx += alpha * (1 - dx)
        dx *= dy
        return dx


@register_layer
class HardSigmoid(Elementwise):
    """``alpha * x + beta``, cut off at 0 and 1, where the derivative is 0.

    Parameters
    ----------
    alpha, beta : float, optional
        Keras's and PyTorch's by default; ONNX's ``alpha`` is 0.2.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If alpha or beta is not a number, or negative.
    """

    def __init__(self, alpha: float = 1 / 6, beta: float = 0.5, name: str | None = None) -> None:
        super().__init__(name)
        self.alpha = number("alpha", alpha)
        self.beta = number("beta", beta)

    def _forward(self, x: Array, training: bool) -> Array:
        y = widened(x) * self.alpha
        y += self.beta
        self._saved = backend_of(x).xp.clip(y, 0, 1, out=y)
        return y

    def _backward(self, dy: Array) -> Array:
        y = self._saved
        return widened(dy) * self.alpha * ((y > 0) & (y < 1))


@register_layer
class HardTanh(Elementwise):
    """``x``, cut off at -1 and 1, where the derivative is 0."""

    def _forward(self, x: Array, training: bool) -> Array:
        xp = backend_of(x).xp
        self._saved = y = xp.minimum(xp.maximum(x, -1), 1)
        return y

    def _backward(self, dy: Array) -> Array:
        return dy * (backend_of(dy).xp.abs(self._saved) < 1)
