"""Depthwise convolutions in one and two dimensions."""

from ..arguments import whole
from ..backends import Geometry
from ..backends.convolution.geometry import Ints, Padding
from .base import Shape
from .convolving import Convolving
from .initializers import Initializer, check_initializer
from .registry import register_layer
from .regularizers import Regularizer, check_regularizer


class DepthwiseConv(Convolving):
    """What DepthwiseConv1D and DepthwiseConv2D share.

    Each channel is convolved with kernels of its own: channel c gives the outputs from
    ``c * depth_multiplier`` on, as in a convolution of as many groups as there are channels.

    Parameters
    ----------
    kernel_size : int or tuple of int
        The kernels' spatial shape.
    strides : int or tuple of int, optional
        How far the kernels move.
    padding : {"valid", "same", "full"}, int, or one int or pair of ints for each axis, optional
        As for `Conv2D`.
    depth_multiplier : int, optional
        How many channels come out for each one that goes in.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    dilation_rate : int or tuple of int, optional
        How far the kernels' taps lie apart.
    use_bias : bool, optional
        Whether a bias is added to each output channel.
    depthwise_initializer, bias_initializer : str or Initializer, optional
        How the parameters are filled at first; see `onepath.layers.initializers`.
    depthwise_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss; see `onepath.layers.regularizers`.
    engine : {"auto", "gemm", "winograd", "fft", "signal"}, optional
        As for `Conv2D`.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"kernel"`` of shape (C * depth_multiplier, 1, *kernel_size), whatever the data format, and
        ``"bias"`` of shape (C * depth_multiplier,).

    Raises
    ------
    ValueError
        If an option is none of those allowed. Shapes are checked when the input's is known.
    """

    def __init__(
        self,
        kernel_size: int | Ints,
        strides: int | Ints = 1,
        padding: Padding = "valid",
        depth_multiplier: int = 1,
        data_format: str = "channels_first",
        dilation_rate: int | Ints = 1,
        use_bias: bool = True,
        depthwise_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        depthwise_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        engine: str = "auto",
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            use_bias,
            data_format,
            bias_initializer,
            bias_regularizer,
            engine,
            dtype,
            name,
            seed,
        )
        self.depth_multiplier = whole("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = check_initializer(depthwise_initializer)
        self.depthwise_regularizer = check_regularizer(depthwise_regularizer)

    def _geometry(self, shape: Shape) -> Geometry:
        return Geometry.of(
            shape,
            shape[0] * self.depth_multiplier,
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
            groups=shape[0],
        )

    def _add_kernels(self, geometry: Geometry) -> None:
        shape = geometry.kernel_shape
        self._add_parameter("kernel", shape, self.depthwise_initializer, self.depthwise_regularizer)


@register_layer
class DepthwiseConv1D(DepthwiseConv):
    """Convolution of each channel by itself over one axis: samples (C, L)."""

    __doc__ = f"{__doc__}\n{DepthwiseConv.__doc__}"
    rank = 1


@register_layer
class DepthwiseConv2D(DepthwiseConv):
    """Convolution of each channel of images by itself: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{DepthwiseConv.__doc__}"
    rank = 2
