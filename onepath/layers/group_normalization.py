"""Group normalization, and instance normalization, its case of a channel a group."""

from ..arguments import whole
from ..backends import Array
from .base import Shape
from .initializers import Initializer
from .layout import check_axis, length_along
from .registry import register_layer
from .regularizers import Regularizer
from .sample_normalization import SampleNormalization


@register_layer
class GroupNormalization(SampleNormalization):
    """Give each group of channels mean 0 and variance 1 in each sample, then scale and shift it.

    ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`` with gamma and beta of each channel
    (Y. Wu, K. He, "Group normalization", 2018; the variance is the biased one). What comes in
    float16 or bfloat16 is averaged in float32.

    Parameters
    ----------
    groups : int, optional
        How many groups of neighbouring channels there are; -1 for as many as there are channels.
    axis : int, optional
        The channels' axis in a batch: 1 for channels first and for flat features, -1 for channels
        last.
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

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed, or the axis is that of the batch. That the groups
        divide the channels is checked when their number is known.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = 1,
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
        self.groups = groups if groups == -1 else whole("groups", groups)
        self.axis = check_axis(axis)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if it has the channels and groups divide them."""
        channels = length_along(self.axis, input_shape)
        if channels % self.groups:
            raise ValueError(f"groups={self.groups} does not divide the {channels} channels")
        for parameter in self.parameters.values():
            if parameter.shape != (channels,):
                raise ValueError(f"expected {parameter.shape[0]} channels on axis {self.axis}")
        return input_shape

    def _build(self, input_shape: Shape) -> None:
        self._add_affine((length_along(self.axis, input_shape),))

    def _in_parts(self, x: Array) -> Array:
        before, channels, after = self._around(x.shape)
        groups = channels if self.groups == -1 else self.groups
        return x.reshape(*before, groups, channels // groups, *after)  # (N, G, C / G, *size)

    def _around(self, shape: Shape) -> tuple[Shape, int, Shape]:
        """What is before the channels, how many there are, and what is after them."""
        channel = self.axis % len(shape)
        return shape[:channel], shape[channel], shape[channel + 1 :]

    def _axes(self, rank: int) -> tuple[Shape, Shape]:
        group = self.axis % (rank - 1)
        return (0, group), (group, group + 1)


@register_layer
class InstanceNormalization(GroupNormalization):
    """Give each channel mean 0 and variance 1 in each sample, then scale and shift it.

    `GroupNormalization` with a group for each channel (D. Ulyanov, A. Vedaldi, V. Lempitsky, 2016),
    as PyTorch and ONNX know it; their ``epsilon`` is 1e-5.

    Parameters
    ----------
    axis, epsilon, center, scale
        See `GroupNormalization`.
    beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer
        See `GroupNormalization`.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"gamma"`` and ``"beta"`` of shape (C,).

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed, or the axis is that of the batch.
    """

    def __init__(
        self,
        axis: int = 1,
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
            -1,
            axis,
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
