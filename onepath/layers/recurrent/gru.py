"""Gated recurrent units."""

from ...arguments import flag
from ..base import Shape
from ..initializers import Initializer
from ..registry import register_layer
from ..regularizers import Regularizer
from .activations import check_activation
from .cell import Cell
from .gru_cells import ResetAfterCell, ResetBeforeCell
from .layer import Recurrent


@register_layer
class GRU(Recurrent):
    """Mix the output before with a candidate, as a gate says: ``h = z * h + (1 - z) * g``.

    With ``x = input @ kernel + bias[0]`` and ``p = h @ recurrent_kernel + bias[1]`` in three parts
    and ``s`` the recurrent activation, ``z = s(x_z + p_z)``, ``r = s(x_r + p_r)`` and
    ``g = activation(x_h + r * p_h)``. Without ``reset_after`` the gate r acts on ``h`` before it
    is multiplied: ``g = activation(x_h + (r * h) @ recurrent_kernel_h)``. Before the first step
    ``h`` is zeros (K. Cho et al., 2014; names, defaults and the order of the gates as in Keras).

    Parameters
    ----------
    units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer
        See `onepath.layers.recurrent.layer.Recurrent`.
    recurrent_activation : str, optional
        The gates' activation, one of those allowed for ``activation``.
    kernel_regularizer, recurrent_regularizer, bias_regularizer, return_sequences, go_backwards
        See there.
    reset_after : bool, optional
        Whether the reset gate acts after the product, as in PyTorch and cuDNN, or before, which
        takes two products a step.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"kernel"`` of shape (features, 3 * units), ``"recurrent_kernel"`` of shape
        (units, 3 * units) and ``"bias"`` of shape (2, 3 * units), or (3 * units,) without
        ``reset_after``; columns in the order z, r, h.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed. Shapes are checked when the input's is known.
    """

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        recurrent_initializer: str | Initializer = "orthogonal",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        recurrent_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        reset_after: bool = True,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        self.recurrent_activation = check_activation("recurrent_activation", recurrent_activation)
        self.reset_after = flag("reset_after", reset_after)
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
        cell = ResetAfterCell if self.reset_after else ResetBeforeCell
        return cell(self.activation, self.recurrent_activation)

    def _bias_shape(self, columns: int) -> Shape:
        return (2, columns) if self.reset_after else (columns,)
