"""Long short-term memory."""

from typing import Any

from ...arguments import flag
from ...backends import Array, Backend
from ..base import Shape
from ..initializers import Initializer
from ..registry import register_layer
from ..regularizers import Regularizer
from .activations import check_activation
from .cell import Arrays, Cell, Given, blocks, rows, started
from .layer import Recurrent


class LSTMCell(Cell):
    """Gates i, f and o, and a candidate g: ``c = f * c_before + i * g`` and ``h = o * act(c)``."""

    gates = 4

    def kept(self, xp: Any, z: Array, h: Array) -> Arrays:
        """Return outputs, gates, what the cell carries on, and its activation."""
        c = xp.empty_like(h)
        c[0] = 0
        return h, z, c, xp.empty_like(h[1:])

    def forward(
        self, home: Backend, kernel: Array, bias: Array | None, z: Array, kept: Arrays
    ) -> None:
        """Take all steps; the gates' activations take the place of the projected inputs."""
        xp, (h, _, c, s) = home.xp, kept
        product, candidate = xp.empty_like(z[0]), xp.empty_like(h[0])
        for h_before, now, h_now, c_before, c_now, squashed in zip(
            h, z, h[1:], c, c[1:], s, strict=False
        ):
            home.matmul(h_before, kernel, out=product)
            now += product
            i, f, g, o = blocks(now, h.shape[-1])
            self.activation.apply(xp, g, candidate)
            # the candidate's columns, too: one call on all is faster than two on the others
            self.recurrent_activation.apply(xp, now, now)
            g[...] = candidate
            xp.multiply(f, c_before, out=c_now)
            candidate *= i
            c_now += candidate
            self.activation.apply(xp, c_now, squashed)
            xp.multiply(o, squashed, out=h_now)

    def like_deltas(self, kept: Arrays) -> Arrays:
        """Tell the gradients of the projected inputs, and of what the cell carries on."""
        _, z, _, s = kept
        return z, s

    def backward(
        self, home: Backend, kernel: Array, dy: Given, kept: Arrays, deltas: Arrays
    ) -> None:
        """Go all steps back: first what does not depend on later steps, for all at once."""
        xp, (h, z, c, s), (dz, dc_dh) = home.xp, kept, deltas
        units = h.shape[-1]
        i, f, g, o = blocks(z, units)
        di, df, dg, do = blocks(dz, units)
        self.recurrent_activation.slope(xp, z, dz)
        self.activation.slope(xp, g, dg)
        di *= g
        df *= c[:-1]
        dg *= i
        do *= s
        self.activation.slope(xp, s, dc_dh)
        dc_dh *= o
        dh, dc = started(xp, h), started(xp, h)
        for given, now, share, forget in zip(dy[::-1], dz[::-1], dc_dh[::-1], f[::-1], strict=True):
            if given is not None:
                dh += given
            share *= dh
            dc += share
            gates = now.reshape(len(now), 4, units)
            gates[:, :3] *= dc[:, None]
            gates[:, 3] *= dh
            dc *= forget
            home.matmul(now, kernel.T, out=dh)

    def learned(self, home: Backend, kept: Arrays, deltas: Arrays) -> tuple[Array, Array | None]:
        """Return the recurrent kernel's gradient."""
        return home.dot(rows(kept[0][:-1]).T, rows(deltas[0])), None

    def projected(self, deltas: Arrays) -> Array:
        """Return the gradient of the projected inputs."""
        return deltas[0]


@register_layer
class LSTM(Recurrent):
    """Carry a cell's content from step to step, which gates let in, keep and let out.

    With ``z = x @ kernel + h @ recurrent_kernel + bias`` in four parts and ``s`` the recurrent
    activation, ``c = s(z_f) * c + s(z_i) * activation(z_c)`` and ``h = s(z_o) * activation(c)``.
    Before the first step ``c`` and ``h`` are zeros (S. Hochreiter, J. Schmidhuber, 1997; F. Gers
    et al., 2000; names, defaults and the order of the gates as in Keras).

    Parameters
    ----------
    units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer
        See `onepath.layers.recurrent.layer.Recurrent`.
    recurrent_activation : str, optional
        The gates' activation, one of those allowed for ``activation``.
    unit_forget_bias : bool, optional
        Whether the bias of the gate that keeps begins as ones (R. Jozefowicz et al., 2015).
    kernel_regularizer, recurrent_regularizer, bias_regularizer, return_sequences, go_backwards
        See there.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    parameters : dict
        ``"kernel"`` of shape (features, 4 * units), ``"recurrent_kernel"`` of shape
        (units, 4 * units) and ``"bias"`` of shape (4 * units,); columns in the order i, f, c, o.

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
        unit_forget_bias: bool = True,
        kernel_regularizer: str | Regularizer | None = None,
        recurrent_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        self.recurrent_activation = check_activation("recurrent_activation", recurrent_activation)
        self.unit_forget_bias = flag("unit_forget_bias", unit_forget_bias)
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
        return LSTMCell(self.activation, self.recurrent_activation)

    def _build(self, input_shape: Shape) -> None:
        super()._build(input_shape)
        if self.use_bias and self.unit_forget_bias:
            self.parameters["bias"][self.units : 2 * self.units] = 1
