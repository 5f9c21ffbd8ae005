"""Transposed convolutions in one, two and three dimensions."""

from ..backends import Array, Geometry
from ..backends.convolution.geometry import Ints, Padding
from .base import Shape
from .convolution import Conv
from .initializers import Initializer
from .registry import register_layer
from .regularizers import Regularizer


class ConvTranspose(Conv):
    """What Conv1DTranspose, Conv2DTranspose and Conv3DTranspose share.

    The output is what a convolution sends back to its input, if the gradient of its output is the
    transposed one's input: ``y[n, f, i * stride + k * dilation - padding]`` is the bias plus the
    sum of ``x[n, c, i] * kernel[c, f, k]`` over all channels, positions and taps that lead there
    (V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4).

    Parameters
    ----------
    filters : int
        How many channels come out.
    kernel_size : int or tuple of int
        The kernels' spatial shape.
    strides : int or tuple of int, optional
        How far apart in the output the kernels stand for neighbouring positions of the input.
    padding : {"valid", "same", "full"}, int, or one int or pair of ints for each axis, optional
        That of the convolution whose transpose it is: so much is left away at both ends. "same"
        gives ``input * stride`` outputs, of an odd rest leaving away more at the end.
    output_padding : int or tuple of int, optional
        How many positions more come out at the end of each axis, for the sizes that the same
        convolution brings to one size. If left out, none with padding by numbers; "valid" and
        "same" give what Keras gives. See `onepath.backends.Geometry.transposed`.
    dilation_rate : int or tuple of int, optional
        How far the kernels' taps lie apart; with strides, too, unlike in Keras.
    groups : int, optional
        Divides channels and filters into so many independent transposed convolutions.
    use_bias, data_format, engine
        As for `Conv2D`; every engine transposes.
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer
        As for `Conv2D`.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"kernel"`` of shape (channels, filters // groups, *kernel_size), whatever the data format,
        as in PyTorch, and ``"bias"`` of shape (filters,).

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
        output_padding: int | Ints | None = None,
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
            filters,
            kernel_size,
            strides,
            padding,
            dilation_rate,
            groups,
            use_bias,
            data_format,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            engine,
            dtype,
            name,
            seed,
        )
        self.output_padding = output_padding

    def _geometry(self, shape: Shape) -> Geometry:
        """That of the convolution from the output to the input."""
        return Geometry.transposed(
            shape,
            self.filters,
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
            self.output_padding,
        )

    def _output_shape(self, geometry: Geometry) -> Shape:
        return geometry.input_shape

    def _convolve(self, x: Array, geometry: Geometry) -> Array:
        self._saved = x, geometry
        return self.home.conv_input_gradient(x, self._weight("kernel"), geometry, self.engine)

    def _learn_kernels(self, dy: Array) -> None:
        x, geometry = self._saved
        self.gradients["kernel"] = self.home.conv_kernel_gradient(dy, x, geometry, self.engine)

    def _send_back(self, dy: Array) -> Array:
        _, geometry = self._saved
        return self.home.conv(dy, self._weight("kernel"), geometry, self.engine)


@register_layer
class Conv1DTranspose(ConvTranspose):
    """Transposed convolution over one axis: samples (C, L), kernels (C, filters // groups, l)."""

    __doc__ = f"{__doc__}\n{ConvTranspose.__doc__}"
    rank = 1


@register_layer
class Conv2DTranspose(ConvTranspose):
    """Transposed convolution of images: samples (C, H, W), kernels (C, filters // groups, h, w)."""

    __doc__ = f"{__doc__}\n{ConvTranspose.__doc__}"
    rank = 2


@register_layer
class Conv3DTranspose(ConvTranspose):
    """Transposed convolution of volumes: samples (C, D, H, W).

    Kernels are (C, filters // groups, d, h, w).
    """

    __doc__ = f"{__doc__}\n{ConvTranspose.__doc__}"
    rank = 3
