"""Attention."""

import math
from typing import Any, Self

from ..arguments import flag, number, whole
from ..backends import Array
from ..backends.random import derived_seed
from .base import Layer, Shape
from .dot_products import weights_back, weights_of
from .initializers import Initializer, check_initializer
from .policies import chosen_policy
from .registry import register_layer
from .regularization import Dropout
from .regularizers import Regularizer, check_regularizer

ROLES = ("query", "value", "key")


@register_layer
class MultiHeadAttention(Layer):
    """For each place of a sequence, take means of another's values, weighted by likeness.

    Query, key and value are projected for each head. A head's weights are
    ``softmax(query @ key.T / sqrt(key_dim))``, its output is ``weights @ value``, and the heads'
    outputs are projected to one (A. Vaswani et al., 2017; names and layouts as in Keras).

    The input is a tuple (query, value) or (query, value, key); the value is the key where none is
    given. Or it is one array, which then is all three. Which of these it is, the first input
    settles. Samples are (T, features) for the query, (S, features) for value and key.

    Parameters
    ----------
    num_heads : int
        How many heads there are.
    key_dim : int
        How many features query and key are projected to, for each head.
    value_dim : int, optional
        How many features values are projected to, for each head; ``key_dim`` if left out.
    dropout : float, optional
        The probability with which a weight is dropped in training; see `Dropout`.
    use_bias : bool, optional
        Whether projections have biases.
    output_shape : int, optional
        How many features come out; as many as the query has if left out.
    use_causal_mask : bool, optional
        Whether places see only those that are not behind them. Keras takes it at each call.
    kernel_initializer, bias_initializer : str or Initializer, optional
        See `onepath.layers.initializers`; kernels are filled as the matrices that they are.
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss; see `onepath.layers.regularizers`.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"query_kernel"`` and ``"key_kernel"`` of shape (features, num_heads, key_dim),
        ``"value_kernel"`` of shape (features, num_heads, value_dim), ``"output_kernel"`` of shape
        (num_heads, value_dim, output_shape); ``"query_bias"`` and so on, of their last two axes,
        but ``"output_bias"`` of the last one.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed. Shapes are checked when the input's is known.
    """

    sample_rank = 2
    shardable = True
    several = None

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | None = None,
        use_causal_mask: bool = False,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.num_heads = whole("num_heads", num_heads)
        self.key_dim = whole("key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else whole("value_dim", value_dim)
        self.dropout = number("dropout", dropout, below=1)
        self.use_bias = flag("use_bias", use_bias)
        self.output_shape = output_shape
        if output_shape is not None:
            self.output_shape = whole("output_shape", output_shape)
        self.use_causal_mask = flag("use_causal_mask", use_causal_mask)
        self.kernel_initializer = check_initializer(kernel_initializer)
        self.bias_initializer = check_initializer(bias_initializer)
        self.kernel_regularizer = check_regularizer(kernel_regularizer)
        self.bias_regularizer = check_regularizer(bias_regularizer)
        self._dropping = Dropout(self.dropout, seed=derived_seed(self.seed, "dropout"))

    # One array, or a tuple of two or three

    def build(self, input_shape: Any, backend: Any = None) -> None:
        """Make the parameters for samples of one shape, or of a tuple of them; see `Layer`."""
        if not self.built:
            self.several = isinstance(next(iter(input_shape), 0), tuple | list)
        super().build(input_shape, backend)

    def _check(self, input: Any) -> tuple[Any, bool]:
        several = isinstance(input, tuple | list if self.several else tuple)
        if self.built and several != self.several:
            built = f"{len(self.input_shape or ())} arrays" if self.several else "one array"
            raise TypeError(
                f"{self.title}: the first input was {built}, and so must be all, got "
                f"{type(input).__module__}.{type(input).__qualname__}"
            )
        before, self.several = self.several, several
        try:
            return super()._check(input)
        except Exception:
            self.several = before
            raise

    def _given(self, inputs: Any) -> dict[str, Any]:
        """What is query, value and key, of what is given: arrays or shapes."""
        count = len(inputs)
        if count > 3:
            raise ValueError(f"there are at most a query, a value and a key, got {count} inputs")
        return {role: inputs[min(i, count - 1)] for i, role in enumerate(ROLES)}

    # Shapes and parameters

    def _shapes(self, input_shape: Any) -> dict[str, Shape]:
        """The samples' shapes, by role."""
        input_shape = tuple(input_shape)
        several = bool(input_shape) and isinstance(input_shape[0], tuple | list)
        return self._given(input_shape if several else (input_shape,))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(T, features), or a tuple of such -> (T, features of the output)."""
        shapes = self._shapes(input_shape)
        for role, shape in shapes.items():
            if len(shape) != 2:
                raise ValueError(f"the {role}'s samples must have 2 axes, of places and features")
            kernel = self.parameters.get(f"{role}_kernel")
            if kernel is not None and shape[1] != kernel.shape[0]:
                raise ValueError(
                    f"expected {kernel.shape[0]} features of the {role}, got {shape[1]}"
                )
        lengths = shapes["value"][0], shapes["key"][0]
        if lengths[0] != lengths[1]:
            raise ValueError(f"each value needs a key, got {lengths[0]} values, {lengths[1]} keys")
        places, features = shapes["query"]
        return places, self._features_out(features)

    def _features_out(self, features: int) -> int:
        if self.built:
            return int(self.parameters["output_kernel"].shape[-1])
        return features if self.output_shape is None else self.output_shape

    def _build(self, input_shape: Any) -> None:
        shapes, heads = self._shapes(input_shape), self.num_heads
        widths = {"query": self.key_dim, "key": self.key_dim, "value": self.value_dim}
        for role, width in widths.items():
            self._add_projection(role, (shapes[role][1],), (heads, width))
        out = self._features_out(shapes["query"][1])
        self._add_projection("output", (heads, self.value_dim), (out,))

    def _add_projection(self, role: str, into: Shape, out: Shape) -> None:
        """Make a kernel and a bias, as those of a dense layer."""
        kernel, bias = f"{role}_kernel", f"{role}_bias"
        matrix = math.prod(into), math.prod(out)
        self._add_parameter(kernel, matrix, self.kernel_initializer, self.kernel_regularizer)
        self._parameters[kernel] = self._parameters[kernel].reshape(*into, *out)
        if self.use_bias:
            self._add_parameter(bias, out, self.bias_initializer, self.bias_regularizer)

    def _matrix(self, role: str) -> Array:
        """A kernel as it multiplies rows, in the dtype of computation."""
        kernel = self._weight(f"{role}_kernel")
        features = kernel.shape[0] if role != "output" else self.num_heads * self.value_dim
        return kernel.reshape(features, -1)

    # Forward, and backward beside it

    def _forward(self, x: Any, training: bool) -> Array:
        home, given = self.home, self._given(x if self.several else (x,))
        query, key, value = (self._heads(role, given[role]) for role in ("query", "key", "value"))
        query *= 1 / math.sqrt(self.key_dim)
        weights = weights_of(home, query, key, self.use_causal_mask)
        dropped = self._dropping._forward(weights, training)
        context = _rows(home.matmul(dropped, value))  # (N * T, heads * value_dim)
        self._saved = given, query, key, value, weights, dropped, context
        y = home.matmul(context, self._matrix("output"))
        if self.use_bias:
            y += self.parameters["output_bias"]
        return y.reshape(*given["query"].shape[:2], -1)

    def _heads(self, role: str, x: Array) -> Array:
        """(N, T, features) -> (N, heads, T, width)."""
        y = self.home.matmul(x.reshape(-1, x.shape[-1]), self._matrix(role))
        if self.use_bias:
            y += self.parameters[f"{role}_bias"].reshape(-1)
        return y.reshape(*x.shape[:2], self.num_heads, -1).transpose(0, 2, 1, 3)

    def _inward(self, dy: Array) -> dict[str, Array]:
        """The gradients of the projected query, value and key, (N * T, heads * width) each."""
        home = self.home
        _, query, key, value, weights, dropped, _ = self._saved
        batch, heads, places, _ = query.shape
        dcontext = home.matmul(dy, self._matrix("output").T)
        dcontext = dcontext.reshape(batch, places, heads, -1).transpose(0, 2, 1, 3)
        dvalue = home.matmul(dropped.swapaxes(2, 3), dcontext)
        dweights = self._dropping._backward(home.matmul(dcontext, value.swapaxes(2, 3)))
        dquery, dkey = weights_back(home, dweights, weights, query, key)
        dquery *= 1 / math.sqrt(self.key_dim)
        return {"query": _rows(dquery), "key": _rows(dkey), "value": _rows(dvalue)}

    def _fill(self, dy: Array, inner: dict[str, Array]) -> None:
        """Fill the gradients of all projections."""
        given, *_, context = self._saved
        rows = {role: x.reshape(-1, x.shape[-1]) for role, x in given.items()}
        for role, d in (*inner.items(), ("output", dy)):
            found = {"kernel": self.home.dot(rows.get(role, context).T, d)}
            if self.use_bias:
                found["bias"] = d.sum(axis=0, dtype=self.variable_dtype)
            for name, gradient in found.items():
                shape = self.parameters[f"{role}_{name}"].shape
                self.gradients[f"{role}_{name}"] = gradient.reshape(shape)

    def _learn(self, dy: Array) -> None:
        dy = dy.reshape(-1, dy.shape[-1])  # (N * T, features)
        self._fill(dy, self._inward(dy))

    def _backward(self, dy: Array) -> Any:
        dy = dy.reshape(-1, dy.shape[-1])  # (N * T, features)
        inner = self._inward(dy)
        if self.trainable:
            self._fill(dy, inner)
        given: dict[str, Array] = self._saved[0]
        dx = [
            self.home.matmul(inner[role], self._matrix(role).T).reshape(x.shape)
            for role, x in given.items()
        ]
        count = len(self.input_shape or ()) if self.several else 1
        while len(dx) > count:  # the last input is the others, too
            dx[-2:] = [dx[-2] + dx[-1]]
        return tuple(dx) if self.several else dx[0]

    # Dropout has a mask of its own

    def replica(self) -> Self:
        """Return a layer of the same parameters, with gradients and a mask of its own."""
        twin = super().replica()
        twin._dropping = self._dropping.replica()
        return twin

    def clear(self) -> None:
        """Drop what the last forward kept for a backward."""
        super().clear()
        self._dropping.clear()


def _rows(x: Array) -> Array:
    """(N, heads, T, width) -> (N * T, heads * width)."""
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0] * x.shape[2], -1)
