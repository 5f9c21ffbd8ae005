"""The fully connected layer."""

from ..arguments import whole
from ..backends import Array
from ..backends.convolution.windows import like
from .base import Layer, Shape
from .initializers import Initializer, check_initializer
from .policies import chosen_policy
from .registry import register_layer
from .regularizers import Regularizer, check_regularizer


@register_layer
class Dense(Layer):
    """Connect every input feature with every unit: ``y = x @ kernel + bias``, on the last axis.

    Parameters
    ----------
    units : int
        How many features come out.
    use_bias : bool, optional
        Whether a bias is added.
    kernel_initializer, bias_initializer : str or Initializer, optional
        How the parameters are filled at first; see `onepath.layers.initializers`.
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss; see `onepath.layers.regularizers`.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"kernel"`` of shape (features, units), ``"bias"`` of shape (units,).

    Raises
    ------
    TypeError, ValueError
        If units is not a positive integer, or an option is none of those allowed.
    """

    shardable = True

    def __init__(
        self,
        units: int,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.units = whole("units", units)
        self.use_bias = use_bias
        self.kernel_initializer = check_initializer(kernel_initializer)
        self.bias_initializer = check_initializer(bias_initializer)
        self.kernel_regularizer = check_regularizer(kernel_regularizer)
        self.bias_regularizer = check_regularizer(bias_regularizer)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(..., features) -> (..., units)."""
        kernel = self.parameters.get("kernel")
        if not input_shape:
            raise ValueError("samples need an axis of features")
        if kernel is not None and input_shape[-1] != kernel.shape[0]:
            raise ValueError(f"expected {kernel.shape[0]} features, got {input_shape[-1]}")
        return (*input_shape[:-1], self.units)

    def _build(self, input_shape: Shape) -> None:
        kernel = (input_shape[-1], self.units)
        self._add_parameter("kernel", kernel, self.kernel_initializer, self.kernel_regularizer)
        if self.use_bias:
            bias = (self.units,)
            self._add_parameter("bias", bias, self.bias_initializer, self.bias_regularizer)

    def _forward(self, x: Array, training: bool) -> Array:
        rows = x.reshape(-1, x.shape[-1])  # (N*..., features)
        self._saved = rows, x.shape
        y = self.home.matmul(rows, self._weight("kernel"))
        if self.use_bias:
            y += self.parameters["bias"]
        return y.reshape(*x.shape[:-1], self.units)

    def _learn(self, dy: Array) -> None:
        rows, _ = self._saved
        dy = dy.reshape(-1, self.units)  # (N*..., units)
        self.gradients["kernel"] = self.home.dot(rows.T, dy)
        if self.use_bias:
            self.gradients["bias"] = dy.sum(axis=0, dtype=self.parameters["bias"].dtype)

    def _backward(self, dy: Array) -> Array:
        if self.trainable:
            self._learn(dy)
        rows, shape = self._saved
        dx = like(self.home.xp, rows.shape, rows)
        dy = dy.reshape(-1, self.units)  # (N*..., units)
        self.home.matmul(dy, self._weight("kernel").T, out=dx)
        return dx.reshape(shape)
