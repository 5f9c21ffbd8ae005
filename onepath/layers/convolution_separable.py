"""Separable convolutions in one and two dimensions."""

from ..arguments import whole
from ..backends import Array, Geometry
from ..backends.convolution.geometry import Ints, Padding
from .base import Shape
from .convolution_depthwise import DepthwiseConv
from .initializers import Initializer, check_initializer
from .layout import from_first, to_first
from .registry import register_layer
from .regularizers import Regularizer, check_regularizer


class SeparableConv(DepthwiseConv):
    """What SeparableConv1D and SeparableConv2D share.

    A depthwise convolution, then a pointwise one, which mixes the channels that come out of the
    first, then the bias (F. Chollet, "Xception", 2017).

    Parameters
    ----------
    filters : int
        How many channels come out.
    kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier
        Those of the depthwise convolution; see `DepthwiseConv2D`.
    use_bias : bool, optional
        Whether a bias is added to each output channel.
    depthwise_initializer, pointwise_initializer, bias_initializer : str or Initializer, optional
        How the parameters are filled at first; see `onepath.layers.initializers`.
    depthwise_regularizer, pointwise_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss; see `onepath.layers.regularizers`.
    engine : {"auto", "gemm", "fft", "signal"}, optional
        What computes both convolutions, as for `Conv2D`; "winograd" cannot do the second.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"depthwise_kernel"`` of shape (C * depth_multiplier, 1, *kernel_size),
        ``"pointwise_kernel"`` of shape (filters, C * depth_multiplier, 1, ...), both whatever the
        data format, and ``"bias"`` of shape (filters,).

    Raises
    ------
    ValueError
        If an option is none of those allowed. Shapes are checked when the input's is known.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Ints,
        strides: int | Ints = 1,
        padding: Padding = "valid",
        data_format: str = "channels_first",
        dilation_rate: int | Ints = 1,
        depth_multiplier: int = 1,
        use_bias: bool = True,
        depthwise_initializer: str | Initializer = "glorot_uniform",
        pointwise_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        depthwise_regularizer: str | Regularizer | None = None,
        pointwise_regularizer: str | Regularizer | None = None,
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
            depth_multiplier,
            data_format,
            dilation_rate,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            bias_regularizer,
            engine,
            dtype,
            name,
            seed,
        )
        self.filters = whole("filters", filters)
        self.pointwise_initializer = check_initializer(pointwise_initializer)
        self.pointwise_regularizer = check_regularizer(pointwise_regularizer)

    def geometries(self, input_shape: Shape) -> tuple[Geometry, ...]:
        """Return those of the depthwise and of the pointwise convolution, or raise."""
        geometry = self.geometry(input_shape)
        return geometry, self._pointwise(geometry)

    def _pointwise(self, geometry: Geometry) -> Geometry:
        """The geometry of the second convolution."""
        return Geometry.of(geometry.output_shape, self.filters, 1)

    def _output_shape(self, geometry: Geometry) -> Shape:
        return self._pointwise(geometry).output_shape

    def _add_kernels(self, geometry: Geometry) -> None:
        self._add_parameter(
            "depthwise_kernel",
            geometry.kernel_shape,
            self.depthwise_initializer,
            self.depthwise_regularizer,
        )
        self._add_parameter(
            "pointwise_kernel",
            self._pointwise(geometry).kernel_shape,
            self.pointwise_initializer,
            self.pointwise_regularizer,
        )

    def _convolve(self, x: Array, geometry: Geometry) -> Array:
        deep, mixing = self._weight("depthwise_kernel"), self._weight("pointwise_kernel")
        between = self.home.conv(x, deep, geometry, self.engine)
        pointwise = self._pointwise(geometry)
        self._saved = x, geometry, between, pointwise
        return self.home.conv(between, mixing, pointwise, self.engine)

    def _learn(self, dy: Array) -> None:
        dy = to_first(self.home.xp, dy, self.data_format)
        self._learn_all(dy, self._sent_between(dy))

    def _backward(self, dy: Array) -> Array:
        dy = to_first(self.home.xp, dy, self.data_format)
        sent = self._sent_between(dy)
        if self.trainable:
            self._learn_all(dy, sent)
        _, geometry, *_ = self._saved
        deep = self._weight("depthwise_kernel")
        dx = self.home.conv_input_gradient(sent, deep, geometry, self.engine)
        return from_first(self.home.xp, dx, self.data_format)

    def _sent_between(self, dy: Array) -> Array:
        """The gradient of what is between the two convolutions."""
        *_, pointwise = self._saved
        mixing = self._weight("pointwise_kernel")
        return self.home.conv_input_gradient(dy, mixing, pointwise, self.engine)

    def _learn_all(self, dy: Array, sent: Array) -> None:
        """Fill the gradients, given those of the output and of what is between."""
        x, geometry, between, pointwise = self._saved
        learn, engine = self.home.conv_kernel_gradient, self.engine
        self.gradients["depthwise_kernel"] = learn(x, sent, geometry, engine)
        self.gradients["pointwise_kernel"] = learn(between, dy, pointwise, engine)
        self._learn_bias(dy)


@register_layer
class SeparableConv1D(SeparableConv):
    """Depthwise, then pointwise convolution over one axis: samples (C, L)."""

    __doc__ = f"{__doc__}\n{SeparableConv.__doc__}"
    rank = 1


@register_layer
class SeparableConv2D(SeparableConv):
    """Depthwise, then pointwise convolution of images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{SeparableConv.__doc__}"
    rank = 2
