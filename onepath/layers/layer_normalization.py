"""Layer normalization, and the one by root mean squares."""

from collections.abc import Iterable

from ..arguments import whole
from .base import Shape
from .initializers import Initializer
from .layout import check_axis, length_along
from .registry import register_layer
from .regularizers import Regularizer
from .sample_normalization import SampleNormalization

MOST_AXES = 64
"""No array has more."""


@register_layer
class LayerNormalization(SampleNormalization):
    """Give each sample mean 0 and variance 1 along some axes, then scale and shift it.

    ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`` (J. Ba, J. Kiros, G. Hinton, 2016;
    the variance is the biased one). What comes in float16 or bfloat16 is averaged in float32.

    Parameters
    ----------
    axis : int or iterable of int, optional
        Axes of a batch over which mean and variance are taken, the last by default.
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
        ``"gamma"`` and ``"beta"``, as long as a sample along these axes.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed, or an axis is that of the batch.
    """

    def __init__(
        self,
        axis: int | Iterable[int] = -1,
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
        self.axis = _checked_axes(axis)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if it has the axes."""
        lengths = self._lengths(input_shape)
        for parameter in self.parameters.values():
            if parameter.shape != lengths:
                raise ValueError(
                    f"expected lengths {parameter.shape} along axis {self.axis}, got {lengths}"
                )
        return input_shape

    def _lengths(self, input_shape: Shape) -> Shape:
        """How long samples are along the axes."""
        for axis in self._given():
            length_along(axis, input_shape)
        _, learned = self._axes(len(input_shape) + 1)
        if len(set(learned)) < len(learned):
            raise ValueError(f"axis {self.axis} has one of the {len(input_shape) + 1} axes twice")
        return tuple(input_shape[axis - 1] for axis in learned)

    def _given(self) -> Shape:
        return self.axis if isinstance(self.axis, tuple) else (self.axis,)

    def _axes(self, rank: int) -> tuple[Shape, Shape]:
        learned = tuple(sorted(axis % rank for axis in self._given()))
        return tuple(axis for axis in range(rank) if axis not in learned), learned

    def _build(self, input_shape: Shape) -> None:
        self._add_affine(self._lengths(input_shape))


@register_layer
class RMSNormalization(LayerNormalization):
    """Divide each sample by its root mean square along some axes, then scale it.

    ``y = gamma * x / sqrt(mean(x**2) + epsilon)`` (B. Zhang, R. Sennrich, 2019).

    Parameters
    ----------
    axis : int or iterable of int, optional
        Axes of a batch over which the mean is taken, the last by default.
    epsilon : float, optional
        Added to the mean; positive.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"gamma"``, as long as a sample along these axes.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed, or an axis is that of the batch.
    """

    _centred = False

    def __init__(
        self,
        axis: int | Iterable[int] = -1,
        epsilon: float = 1e-6,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(axis, epsilon, center=False, dtype=dtype, name=name, seed=seed)


def _checked_axes(axis: int | Iterable[int]) -> int | Shape:
    """Return an axis, or a tuple of them, none of which is the batch's."""
    if not isinstance(axis, Iterable):
        return check_axis(whole("axis", axis, at_least=-MOST_AXES))
    axes = tuple(check_axis(whole("axis", each, at_least=-MOST_AXES)) for each in axis)
    if not axes:
        raise ValueError("axis must be at least one, got ()")
    return axes
