"""Gated recurrent units, in two ways."""

from typing import Any

from ...backends import Array, Backend
from .cell import Arrays, Cell, Given, blocks, rows, started


class GatedCell(Cell):
    """What both share: gates z and r, a candidate g, and ``h = z * h_before + (1 - z) * g``."""

    gates = 3

    def kept(self, xp: Any, z: Array, h: Array) -> Arrays:
        """Return outputs, gates, and what the reset gate multiplies, or has multiplied."""
        return h, z, xp.empty_like(h[1:])

    def _mixed(self, xp: Any, before: Array, now: Array, after: Array) -> None:
        """Compute the output of a step."""
        z, _, g = blocks(now, after.shape[-1])
        self.activation.apply(xp, g, g)
        xp.subtract(before, g, out=after)
        after *= z
        after += g

    def _slopes(self, xp: Any, kept: Arrays, dz: Array, dg: Array) -> None:
        """Write dh/dz to the first of dz's columns, dr/d(its sum) to the second, dh/dg to dg."""
        h, gates, _ = kept
        units = h.shape[-1]
        z, _, g = blocks(gates, units)
        first, _, _ = blocks(dz, units)
        self.recurrent_activation.slope(xp, gates[..., : 2 * units], dz[..., : 2 * units])
        self.activation.slope(xp, g, dg)
        dg *= 1 - z
        first *= h[:-1] - g


class ResetAfterCell(GatedCell):
    """``g = act(z_g + r * (h_before @ kernel_g + bias_g))``: one product a step."""

    def forward(
        self, home: Backend, kernel: Array, bias: Array | None, z: Array, kept: Arrays
    ) -> None:
        """Take all steps; the gates' activations take the place of the projected inputs."""
        xp, (h, _, recalled) = home.xp, kept
        units = h.shape[-1]
        product = xp.empty_like(z[0])
        into_gates, into_candidate = product[:, : 2 * units], product[:, 2 * units :]
        for before, now, after, recall in zip(h, z, h[1:], recalled, strict=False):
            home.matmul(before, kernel, out=product)
            if bias is not None:
                product += bias
            recall[...] = into_candidate
            gates, g = now[:, : 2 * units], now[:, 2 * units :]
            gates += into_gates
            self.recurrent_activation.apply(xp, gates, gates)
            into_candidate *= gates[:, units:]
            g += into_candidate
            self._mixed(xp, before, now, after)

    def like_deltas(self, kept: Arrays) -> Arrays:
        """Tell the gradients of the recurrent product, and of the candidate's sum."""
        return kept[1], kept[2]

    def backward(
        self, home: Backend, kernel: Array, dy: Given, kept: Arrays, deltas: Arrays
    ) -> None:
        """Go all steps back: first what does not depend on later steps, for all at once."""
        xp, (h, gates, recalled), (dp, dg) = home.xp, kept, deltas
        units = h.shape[-1]
        z, r, _ = blocks(gates, units)
        _, second, third = blocks(dp, units)
        self._slopes(xp, kept, dp, dg)
        second *= recalled
        second *= dg
        xp.multiply(dg, r, out=third)
        dh, back = started(xp, h), started(xp, h)
        for given, now, candidate, update in zip(
            dy[::-1], dp[::-1], dg[::-1], z[::-1], strict=True
        ):
            if given is not None:
                dh += given
            now.reshape(len(now), 3, units)[...] *= dh[:, None]
            candidate *= dh
            home.matmul(now, kernel.T, out=back)
            dh *= update
            dh += back

    def learned(self, home: Backend, kept: Arrays, deltas: Arrays) -> tuple[Array, Array | None]:
        """Return the gradients of the recurrent kernel and its bias."""
        dp = rows(deltas[0])
        return home.dot(rows(kept[0][:-1]).T, dp), dp.sum(axis=0)

    def projected(self, deltas: Arrays) -> Array:
        """Return the gradient of the projected inputs, in place of the recurrent product's."""
        dp, dg = deltas
        dp[..., -dg.shape[-1] :] = dg
        return dp


class ResetBeforeCell(GatedCell):
    """``g = act(z_g + (r * h_before) @ kernel_g)``: two products a step (K. Cho et al., 2014)."""

    def forward(
        self, home: Backend, kernel: Array, bias: Array | None, z: Array, kept: Arrays
    ) -> None:
        """Take all steps; the gates' activations take the place of the projected inputs."""
        xp, (h, _, resets) = home.xp, kept
        units = h.shape[-1]
        of_gates, of_candidate = _halves(xp, kernel)
        into_gates = xp.empty_like(h[0], shape=(h.shape[1], 2 * units))
        into_candidate = xp.empty_like(h[0])
        for before, now, after, reset in zip(h, z, h[1:], resets, strict=False):
            gates, g = now[:, : 2 * units], now[:, 2 * units :]
            gates += home.matmul(before, of_gates, out=into_gates)
            self.recurrent_activation.apply(xp, gates, gates)
            xp.multiply(gates[:, units:], before, out=reset)
            g += home.matmul(reset, of_candidate, out=into_candidate)
            self._mixed(xp, before, now, after)

    def like_deltas(self, kept: Arrays) -> Arrays:
        """Tell the gradient of the projected inputs."""
        return (kept[1],)

    def backward(
        self, home: Backend, kernel: Array, dy: Given, kept: Arrays, deltas: Arrays
    ) -> None:
        """Go all steps back: first what does not depend on later steps, for all at once."""
        xp, (h, gates, _), (dz,) = home.xp, kept, deltas
        units = h.shape[-1]
        of_gates, of_candidate = _halves(xp, kernel)
        z, r, _ = blocks(gates, units)
        _, second, third = blocks(dz, units)
        self._slopes(xp, kept, dz, third)
        second *= h[:-1]
        dh, back = started(xp, h), started(xp, h)
        for given, now, update, reset in zip(dy[::-1], dz[::-1], z[::-1], r[::-1], strict=True):
            if given is not None:
                dh += given
            first, second, third = blocks(now, units)
            first *= dh
            third *= dh
            dh *= update
            home.matmul(third, of_candidate.T, out=back)
            second *= back
            back *= reset
            dh += back
            dh += home.matmul(now[:, : 2 * units], of_gates.T, out=back)

    def learned(self, home: Backend, kept: Arrays, deltas: Arrays) -> tuple[Array, Array | None]:
        """Return the recurrent kernel's gradient."""
        (h, _, resets), (dz,) = kept, deltas
        units, dz = h.shape[-1], rows(dz)
        parts = (
            home.dot(rows(h[:-1]).T, dz[:, : 2 * units]),
            home.dot(rows(resets).T, dz[:, 2 * units :]),
        )
        return home.xp.concatenate(parts, axis=1), None

    def projected(self, deltas: Arrays) -> Array:
        """Return the gradient of the projected inputs."""
        return deltas[0]


def _halves(xp: Any, kernel: Array) -> tuple[Array, Array]:
    """The columns of both gates, and the candidate's, each without gaps in memory."""
    edge = 2 * len(kernel)
    return xp.ascontiguousarray(kernel[:, :edge]), xp.ascontiguousarray(kernel[:, edge:])
