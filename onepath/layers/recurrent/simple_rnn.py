"""The simplest recurrent layer."""

from typing import Any

from ...backends import Array, Backend
from ..initializers import Initializer
from ..registry import register_layer
from ..regularizers import Regularizer
from .cell import Arrays, Cell, Given, rows, started
from .layer import Recurrent


class SimpleCell(Cell):
    """``h = activation(z + h_before @ kernel)``."""

    gates = 1

    def kept(self, xp: Any, z: Array, h: Array) -> Arrays:
        """Return the outputs."""
        return (h,)

    def forward(
        self, home: Backend, kernel: Array, bias: Array | None, z: Array, kept: Arrays
    ) -> None:
        """Take all steps."""
        (h,) = kept
        for before, now, after in zip(h, z, h[1:], strict=False):
            home.matmul(before, kernel, out=after)
            after += now
            self.activation.apply(home.xp, after, after)

    def like_deltas(self, kept: Arrays) -> Arrays:
        """Tell the gradient of the projected inputs."""
        return (kept[0][1:],)

    def backward(
        self, home: Backend, kernel: Array, dy: Given, kept: Arrays, deltas: Arrays
    ) -> None:
        """Go all steps back."""
        (h,), (dz,) = kept, deltas
        self.activation.slope(home.xp, h[1:], dz)
        dh = started(home.xp, h)
        for given, now in zip(dy[::-1], dz[::-1], strict=True):
            if given is not None:
                dh += given
            now *= dh
            home.matmul(now, kernel.T, out=dh)

    def learned(self, home: Backend, kept: Arrays, deltas: Arrays) -> tuple[Array, Array | None]:
        """Return the recurrent kernel's gradient."""
        (h,), (dz,) = kept, deltas
        return home.dot(rows(h[:-1]).T, rows(dz)), None

    def projected(self, deltas: Arrays) -> Array:
        """Return the gradient of the projected inputs."""
        return deltas[0]


@register_layer
class SimpleRNN(Recurrent):
    """Add a product with the output before: ``h = activation(x @ kernel + h @ recurrent_kernel)``.

    A bias is added to the sum. The first step has an ``h`` of zeros before it (J. Elman, 1990;
    names and defaults as in Keras).

    Parameters
    ----------
    units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer
        See `onepath.layers.recurrent.layer.Recurrent`.
    kernel_regularizer, recurrent_regularizer, bias_regularizer, return_sequences, go_backwards
        See there.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"kernel"`` of shape (features, units), ``"recurrent_kernel"`` of shape (units, units) and
        ``"bias"`` of shape (units,).

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed. Shapes are checked when the input's is known.
    """

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        recurrent_initializer: str | Initializer = "orthogonal",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        recurrent_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(
            units=units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            dtype=dtype,
            name=name,
            seed=seed,
        )

    def _make_cell(self) -> Cell:
        return SimpleCell(self.activation)
