"""What all layers that convolve have in common."""

from ..backends import Array, Geometry
from ..backends.convolution import check_engine
from ..backends.convolution.geometry import Ints, Padding
from .base import Layer, Shape
from .initializers import Initializer, check_initializer
from .layout import check_data_format, from_first, shape_from_first, shape_to_first, to_first
from .policies import chosen_policy
from .regularizers import Regularizer, check_regularizer


class Convolving(Layer):
    """A convolution of some kind, plus a bias for each channel that comes out.

    Here it is the plain one, with the parameter "kernel"; other kinds override `_convolve`,
    `_learn_kernels` and `_send_back`, to which arrays come with the channels first.
    """

    rank: int
    shardable = True
    _last: tuple[Shape, Geometry] | None = None

    def __init__(
        self,
        kernel_size: int | Ints,
        strides: int | Ints,
        padding: Padding,
        dilation_rate: int | Ints,
        use_bias: bool,
        data_format: str,
        bias_initializer: str | Initializer,
        bias_regularizer: str | Regularizer | None,
        engine: str,
        dtype: str | None,
        name: str | None,
        seed: int | None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.dilation_rate = dilation_rate
        self.use_bias = use_bias
        self.data_format = check_data_format(data_format)
        self.bias_initializer = check_initializer(bias_initializer)
        self.bias_regularizer = check_regularizer(bias_regularizer)
        self.engine = check_engine(engine)
        self.sample_rank = self.rank + 1

    # Shapes

    def geometry(self, input_shape: Shape) -> Geometry:
        """Return the convolution's geometry for samples of a shape, or raise."""
        if len(input_shape) != self.rank + 1:
            raise ValueError(f"samples must have {self.rank + 1} axes")
        shape = shape_to_first(input_shape, self.data_format)
        if self.input_shape is not None:
            expected, *_ = shape_to_first(self.input_shape, self.data_format)
            if shape[0] != expected:
                raise ValueError(
                    f"expected {expected} channels, got {shape[0]} with "
                    f"data_format={self.data_format!r}"
                )
        return self._geometry(shape)

    def geometries(self, input_shape: Shape) -> tuple[Geometry, ...]:
        """Return the geometries of all convolutions for samples of a shape, or raise."""
        return (self.geometry(input_shape),)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the output's shape for a sample of (C, *size) or (*size, C)."""
        return shape_from_first(self._output_shape(self.geometry(input_shape)), self.data_format)

    def _geometry(self, shape: Shape) -> Geometry:
        """The geometry for samples of (C, *size)."""
        raise NotImplementedError

    def _output_shape(self, geometry: Geometry) -> Shape:
        """(channels that come out, *size)."""
        return geometry.output_shape

    def _geometry_of(self, input_shape: Shape) -> Geometry:
        """The geometry for samples that were checked, which mostly have the last ones' shape."""
        if self._last is None or self._last[0] != input_shape:
            self._last = input_shape, self.geometry(input_shape)
        return self._last[1]

    # Parameters

    def _build(self, input_shape: Shape) -> None:
        geometry = self.geometry(input_shape)
        self._add_kernels(geometry)
        if self.use_bias:
            bias = self._output_shape(geometry)[:1]
            self._add_parameter("bias", bias, self.bias_initializer, self.bias_regularizer)

    def _add_kernels(self, geometry: Geometry) -> None:
        """Make the parameters but for the bias."""
        raise NotImplementedError

    # Forward and backward

    def _forward(self, x: Array, training: bool) -> Array:
        geometry = self._geometry_of(x.shape[1:])
        y = self._convolve(to_first(self.home.xp, x, self.data_format), geometry)
        if self.use_bias:
            y += self.parameters["bias"].reshape(-1, *(1,) * self.rank)
        return from_first(self.home.xp, y, self.data_format)

    def _learn(self, dy: Array) -> None:
        dy = to_first(self.home.xp, dy, self.data_format)
        self._learn_kernels(dy)
        self._learn_bias(dy)

    def _backward(self, dy: Array) -> Array:
        if self.trainable:
            self._learn(dy)
        dx = self._send_back(to_first(self.home.xp, dy, self.data_format))
        return from_first(self.home.xp, dx, self.data_format)

    def _convolve(self, x: Array, geometry: Geometry) -> Array:
        """The output before the bias; what backward needs goes into ``self._saved``."""
        self._saved = x, geometry
        return self.home.conv(x, self._weight("kernel"), geometry, self.engine)

    def _learn_kernels(self, dy: Array) -> None:
        """Fill the gradients of all parameters but the bias."""
        x, geometry = self._saved
        self.gradients["kernel"] = self.home.conv_kernel_gradient(x, dy, geometry, self.engine)

    def _learn_bias(self, dy: Array) -> None:
        """Fill the gradient of the bias, if there is one."""
        if self.use_bias:
            axes = (0, *range(2, dy.ndim))
            self.gradients["bias"] = dy.sum(axis=axes, dtype=self.parameters["bias"].dtype)

    def _send_back(self, dy: Array) -> Array:
        """The input's gradient."""
        _, geometry = self._saved
        return self.home.conv_input_gradient(dy, self._weight("kernel"), geometry, self.engine)
