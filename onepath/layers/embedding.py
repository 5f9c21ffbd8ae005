"""Vectors for indices."""

from ..arguments import whole
from ..backends import Array
from ..backends.dtypes import widened
from .base import Layer, Shape
from .initializers import Initializer, check_initializer
from .policies import chosen_policy
from .registry import register_layer
from .regularizers import Regularizer, check_regularizer
from .segments import summed_by_key


@register_layer
class Embedding(Layer):
    """Look a vector up for each index: ``y = embeddings[x]``.

    Indices are integers, or floating and whole. The device is not waited for to look at them: one
    below ``-input_dim`` or from ``input_dim`` on is an IndexError, or gives another index's vector,
    depending on the device; negative ones count from the end. The gradient of indices is zero.

    Parameters
    ----------
    input_dim : int
        How many indices there are, from 0 on.
    output_dim : int
        The vectors' length.
    embeddings_initializer : str or Initializer, optional
        How the vectors are filled at first; see `onepath.layers.initializers`. The default is what
        Keras calls "uniform" here.
    embeddings_regularizer : str or Regularizer, optional
        A penalty that training adds to the loss; see `onepath.layers.regularizers`.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"embeddings"`` of shape (input_dim, output_dim).

    Raises
    ------
    TypeError, ValueError
        If a number is not a positive integer, or an option is none of those allowed.
    """

    indices = True
    shardable = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: str | Initializer = "random_uniform",
        embeddings_regularizer: str | Regularizer | None = None,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.input_dim = whole("input_dim", input_dim)
        self.output_dim = whole("output_dim", output_dim)
        self.embeddings_initializer = check_initializer(embeddings_initializer)
        self.embeddings_regularizer = check_regularizer(embeddings_regularizer)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(...) -> (..., output_dim)."""
        return (*input_shape, self.output_dim)

    def _build(self, input_shape: Shape) -> None:
        shape = self.input_dim, self.output_dim
        initializer, regularizer = self.embeddings_initializer, self.embeddings_regularizer
        self._add_parameter("embeddings", shape, initializer, regularizer)

    def _forward(self, x: Array, training: bool) -> Array:
        at = x.astype("int64", copy=False)
        y = self.home.xp.take(self.parameters["embeddings"], at, axis=0)
        self._saved = at
        return y.astype(self.compute_dtype, copy=False)

    def _learn(self, dy: Array) -> None:
        keys = self._saved.reshape(-1) % self.input_dim
        rows = widened(dy).reshape(-1, self.output_dim)
        sums = summed_by_key(self.home, keys, rows, self.input_dim)
        self.gradients["embeddings"] = sums

    def _backward(self, dy: Array) -> Array:
        if self.trainable:
            self._learn(dy)
        return self.home.xp.zeros(self._saved.shape, dtype=self.variable_dtype)
