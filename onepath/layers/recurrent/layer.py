"""What recurrent layers share: options, parameters, and the way of a batch through time."""

from itertools import pairwise
from typing import Any

from ...arguments import flag, whole
from ...backends import Array
from ...backends.dtypes import widened
from ..base import Layer, Shape
from ..initializers import Initializer, check_initializer
from ..policies import chosen_policy
from ..regularizers import Regularizer, check_regularizer
from .activations import check_activation
from .cell import Cell, rows


class Recurrent(Layer):
    """A layer that goes through sequences; the notation is that of `Cell`.

    What does not depend on other steps is one product for all of them: the projected inputs before
    the first step, and all gradients after the last one back. Recurrences are computed in float32
    where the input is narrower.

    Parameters
    ----------
    units : int
        How many features come out.
    activation : str, optional
        "tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "elu" or "softsign".
    use_bias : bool, optional
        Whether biases are added.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer, optional
        How the parameters are filled at first; see `onepath.layers.initializers`.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss; see `onepath.layers.regularizers`.
    return_sequences : bool, optional
        Whether the output of each step comes out, or the last one's alone.
    go_backwards : bool, optional
        Whether the last step is taken first. Outputs come in the order in which steps are taken.
    dtype, name, seed
        See `Layer`.
    """

    sample_rank = 2
    shardable = True

    def __init__(
        self,
        units: int,
        activation: str,
        use_bias: bool,
        kernel_initializer: str | Initializer,
        recurrent_initializer: str | Initializer,
        bias_initializer: str | Initializer,
        kernel_regularizer: str | Regularizer | None,
        recurrent_regularizer: str | Regularizer | None,
        bias_regularizer: str | Regularizer | None,
        return_sequences: bool,
        go_backwards: bool,
        dtype: str | None,
        name: str | None,
        seed: int | None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.units = whole("units", units)
        self.activation = check_activation("activation", activation)
        self.use_bias = flag("use_bias", use_bias)
        self.kernel_initializer = check_initializer(kernel_initializer)
        self.recurrent_initializer = check_initializer(recurrent_initializer)
        self.bias_initializer = check_initializer(bias_initializer)
        self.kernel_regularizer = check_regularizer(kernel_regularizer)
        self.recurrent_regularizer = check_regularizer(recurrent_regularizer)
        self.bias_regularizer = check_regularizer(bias_regularizer)
        self.return_sequences = flag("return_sequences", return_sequences)
        self.go_backwards = flag("go_backwards", go_backwards)
        self._cell = self._make_cell()

    def _make_cell(self) -> Cell:
        """What is done at each step, by the layer's options."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(T, features) -> (T, units), or (units,) without ``return_sequences``."""
        if len(input_shape) != 2:
            raise ValueError("samples must have 2 axes, of steps and of features")
        kernel = self.parameters.get("kernel")
        if kernel is not None and input_shape[1] != kernel.shape[0]:
            raise ValueError(f"expected {kernel.shape[0]} features, got {input_shape[1]}")
        return (input_shape[0], self.units) if self.return_sequences else (self.units,)

    def _build(self, input_shape: Shape) -> None:
        columns = self._cell.gates * self.units
        shapes = (input_shape[1], columns), (self.units, columns)
        initializers = self.kernel_initializer, self.recurrent_initializer
        regularizers = self.kernel_regularizer, self.recurrent_regularizer
        for name, shape, initializer, regularizer in zip(
            ("kernel", "recurrent_kernel"), shapes, initializers, regularizers, strict=True
        ):
            self._add_parameter(name, shape, initializer, regularizer)
        if self.use_bias:
            bias = self._bias_shape(columns)
            self._add_parameter("bias", bias, self.bias_initializer, self.bias_regularizer)

    def _bias_shape(self, columns: int) -> Shape:
        return (columns,)

    def _biases(self) -> tuple[Array | None, Array | None]:
        """What is added to projected inputs, and to the recurrent product."""
        bias = self.parameters.get("bias")
        return (bias, None) if bias is None or bias.ndim == 1 else (bias[0], bias[1])

    def _in_time(self, x: Array) -> Array:
        """(N, T, n) -> (T, N, n), in the order in which steps are taken, as a view."""
        x = self.home.xp.moveaxis(x, 1, 0)
        return x[::-1] if self.go_backwards else x

    def _forward(self, x: Array, training: bool) -> Array:
        xp, cell = self.home.xp, self._cell
        x = xp.ascontiguousarray(self._in_time(x))  # (T, N, features)
        into, through = self._biases()
        z = widened(self.home.matmul(rows(x), self._weight("kernel")))  # (T * N, gates * units)
        if into is not None:
            z += into
        z = z.reshape(*x.shape[:2], -1)
        h = xp.empty_like(z, shape=(len(x) + 1, x.shape[1], self.units))
        h[0] = 0
        kernel, kept = self.parameters["recurrent_kernel"], cell.kept(xp, z, h)

        def take(part: slice) -> None:
            cell.forward(self.home, kernel, through, z[:, part], _cut(kept, part))

        with self.home.scope(quiet=True):
            self.home.spread(take, self._parts(z))
        self._saved = x, kept
        return xp.moveaxis(h[1:], 0, 1) if self.return_sequences else h[-1].copy()

    def _parts(self, z: Array) -> list[slice]:
        """The samples, divided among threads: a matter of the shape alone."""
        steps, batch, columns = z.shape
        count = self.home.shards((batch, steps, columns))
        edges = [batch * i // count for i in range(count + 1)]
        return [slice(*each) for each in pairwise(edges)]

    def _back(self, dy: Array, learning: bool) -> Array:
        """Return the gradient of the projected inputs, shape (T * N, gates * units)."""
        cell, (x, kept) = self._cell, self._saved
        steps, deltas = len(x), self._deltas(kept)
        kernel = self.parameters["recurrent_kernel"]

        def go(part: slice) -> None:
            given: Any = [None] * (steps - 1) + [dy[part]]
            if self.return_sequences:
                given = self.home.xp.moveaxis(dy[part], 1, 0)
            cell.backward(self.home, kernel, given, _cut(kept, part), _cut(deltas, part))

        self.home.spread(go, self._parts(deltas[0]))
        if learning:
            recurrent, through = cell.learned(self.home, kept, deltas)
        dz = rows(cell.projected(deltas))
        if learning:
            self.gradients["kernel"] = self.home.dot(rows(x).T, dz)
            self.gradients["recurrent_kernel"] = recurrent
            if self.use_bias:
                into = dz.sum(axis=0)
                stacked = through is not None
                self.gradients["bias"] = self.home.xp.stack([into, through]) if stacked else into
        return dz

    def _deltas(self, kept: tuple[Array, ...]) -> tuple[Array, ...]:
        """Scratch memory for the way back, as fresh memory costs as much as what is done in it."""
        take = self.home.workspace.take
        likes = self._cell.like_deltas(kept)
        return tuple(take(f"recurrent {i}", a.shape, a.dtype) for i, a in enumerate(likes))

    def _learn(self, dy: Array) -> None:
        self._back(dy, learning=True)

    def _backward(self, dy: Array) -> Array:
        dz = self._back(dy, self.trainable)
        dx = self.home.matmul(dz, self._weight("kernel").T)
        dx = dx.reshape(self._saved[0].shape)  # (T, N, features)
        return self.home.xp.moveaxis(dx[::-1] if self.go_backwards else dx, 0, 1)


def _cut(arrays: tuple[Array, ...], part: slice) -> tuple[Array, ...]:
    """(T, N, n) -> (T, some of N, n), of each."""
    return tuple(each[:, part] for each in arrays)
