"""Convolutional layers in one, two and three dimensions."""

from ..arguments import whole
from ..backends import Array, Geometry
from ..backends.convolution import check_engine
from ..backends.convolution.geometry import Ints, Padding
from .base import Layer, Shape
from .convolving import Convolving
from .initializers import Initializer, check_initializer
from .parameter import Parameter
from .policies import chosen_policy
from .registry import register_layer
from .regularizers import Regularizer, check_regularizer


class Conv(Convolving):
    """What Conv1D, Conv2D and Conv3D share.

    The output is the cross-correlation with each of the kernels, summed over the channels of the
    kernel's group, plus the kernel's bias: ``y[n, f] = bias[f] + sum_c x[n, c] * kernel[f, c]``.

    Parameters
    ----------
    filters : int
        How many channels come out.
    kernel_size : int or tuple of int
        The kernels' spatial shape.
    strides : int or tuple of int, optional
        How far the kernels move.
    padding : {"valid", "same", "full"}, int, or one int or pair of ints for each axis, optional
        "same" gives ``ceil(input / stride)`` outputs and pads an odd rest at the end.
    dilation_rate : int or tuple of int, optional
        How far the kernels' taps lie apart.
    groups : int, optional
        Divides channels and filters into so many independent convolutions.
    use_bias : bool, optional
        Whether a bias is added to each output channel.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    kernel_initializer, bias_initializer : str or Initializer, optional
        How the parameters are filled at first; see `onepath.layers.initializers`.
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss; see `onepath.layers.regularizers`.
    engine : {"auto", "gemm", "winograd", "fft", "signal"}, optional
        What computes; "auto" is the planner's choice, and "signal" is the definition by
        scipy.signal's or cupyx.scipy.signal's sums. See docs/performance.md.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"kernel"`` of shape (filters, channels // groups, *kernel_size), whatever the data format,
        and ``"bias"`` of shape (filters,).

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
        dilation_rate: int | Ints = 1,
        groups: int = 1,
        use_bias: bool = True,
        data_format: str = "channels_first",
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
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
        self.filters = whole("filters", filters)
        self.groups = whole("groups", groups)
        self.kernel_initializer = check_initializer(kernel_initializer)
        self.kernel_regularizer = check_regularizer(kernel_regularizer)

    def _geometry(self, shape: Shape) -> Geometry:
        return Geometry.of(
            shape,
            self.filters,
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
        )

    def _add_kernels(self, geometry: Geometry) -> None:
        shape = geometry.kernel_shape
        self._add_parameter("kernel", shape, self.kernel_initializer, self.kernel_regularizer)


@register_layer
class Conv1D(Conv):
    """Convolution over one axis: samples (C, L), kernels (filters, C // groups, l)."""

    __doc__ = f"{__doc__}\n{Conv.__doc__}"
    rank = 1


@register_layer
class Conv2D(Conv):
    """Convolution over images: samples (C, H, W), kernels (filters, C // groups, h, w)."""

    __doc__ = f"{__doc__}\n{Conv.__doc__}"
    rank = 2


@register_layer
class Conv3D(Conv):
    """Convolution over volumes: samples (C, D, H, W), kernels (filters, C // groups, d, h, w)."""

    __doc__ = f"{__doc__}\n{Conv.__doc__}"
    rank = 3


@register_layer
class Convolutional(Layer):
    """The notebook's convolutional layer: valid cross-correlation, a bias for each position.

    The output is the bias plus the **sum over the input channels** of the valid
    cross-correlations, ``y[f] = biases[f] + sum_c correlate(x[c], kernels[f, c], "valid")``, and
    the biases' gradient is the output's gradient itself.

    The notebook "CNN from scratch", as it is passed around, has two slips in this layer: inside its
    loop over channels it assigns each correlation instead of adding it up, so that the last channel
    alone counts, and it subtracts one scalar from all the biases. For one channel, output, kernel
    gradient and input gradient are equal to the notebook's.

    Parameters
    ----------
    input_shape : tuple of int
        (C, H, W) of one sample.
    kernel_size : int
        Height and width of the kernels.
    depth : int
        How many kernels there are, and so how many channels come out.
    engine, dtype, name, seed
        As for `Conv2D`.

    Attributes
    ----------
    kernels : array, shape (depth, C, kernel_size, kernel_size)
        Drawn from the standard normal distribution at first.
    biases : array, shape (depth, H - kernel_size + 1, W - kernel_size + 1)
        Drawn from the standard normal distribution at first.
    kernels_shape, output_shape : tuple of int
        Their shapes; the output of one sample has that of the biases.
    input_depth : int
        C.

    Raises
    ------
    ValueError
        If the kernel is larger than the input, or something is not a positive integer.
    """

    sample_rank = 3
    shardable = True
    input_shape: Shape
    kernels = Parameter()
    biases = Parameter()

    def __init__(
        self,
        input_shape: Shape,
        kernel_size: int,
        depth: int,
        engine: str = "auto",
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.geometry = Geometry.of(input_shape, depth, (kernel_size, kernel_size))
        self.kernel_size = kernel_size
        self.depth = depth
        self.engine = check_engine(engine)
        self.build(input_shape)

    @property
    def input_depth(self) -> int:
        """How many channels come in."""
        return self.geometry.channels

    @property
    def output_shape(self) -> Shape:
        """(depth, H - kernel_size + 1, W - kernel_size + 1)."""
        return self.geometry.output_shape

    @property
    def kernels_shape(self) -> Shape:
        """(depth, C, kernel_size, kernel_size)."""
        return self.geometry.kernel_shape

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return `output_shape`; biases for each position allow one shape of samples only."""
        if input_shape != self.geometry.input_shape:
            raise ValueError(f"the layer is for samples of shape {self.geometry.input_shape}")
        return self.output_shape

    def _build(self, input_shape: Shape) -> None:
        self._add_parameter("kernels", self.kernels_shape, "standard_normal")
        self._add_parameter("biases", self.output_shape, "standard_normal")

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x
        y = self.home.conv(x, self._weight("kernels"), self.geometry, self.engine)
        y += self.biases
        return y

    def _learn(self, dy: Array) -> None:
        self.gradients["kernels"] = self.home.conv_kernel_gradient(
            self._saved, dy, self.geometry, self.engine
        )
        self.gradients["biases"] = dy.sum(axis=0, dtype=self.biases.dtype)

    def _backward(self, dy: Array) -> Array:
        if self.trainable:
            self._learn(dy)
        kernels = self._weight("kernels")
        return self.home.conv_input_gradient(dy, kernels, self.geometry, self.engine)
