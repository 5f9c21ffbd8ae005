"""The three convolutions as the simulated ``cudnn`` computes them: tap by tap."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np


class Sliding:
    """Where the taps of a kernel meet an image.

    Parameters
    ----------
    shapes : tuple of three tuples of int
        Of image, kernel and response: (N, C, *size), (F, C // groups, *size), (N, F, *size).
    pre_padding, post_padding, stride, dilation : sequence of int
        One for each spatial axis.

    Raises
    ------
    ValueError
        If the shapes do not belong together.
    """

    def __init__(
        self,
        shapes: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
        pre_padding: Sequence[int],
        post_padding: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> None:
        image, kernel, response = shapes
        axes = list(
            zip(image[2:], kernel[2:], pre_padding, post_padding, stride, dilation, strict=True)
        )
        size = tuple((n + a + b - d * (k - 1) - 1) // s + 1 for n, k, a, b, s, d in axes)
        if response != (image[0], kernel[0], *size) or image[1] % kernel[1]:
            raise ValueError(f"no convolution of {image} with {kernel} gives {response}")
        self.groups = image[1] // kernel[1]
        self._image, self._kernel, self._response = image, kernel, response
        self._pads = [(0, 0), (0, 0), *((a, b) for _, _, a, b, _, _ in axes)]
        self._axes = axes

    def forward(self, x: Any, kernel: Any) -> Any:
        """Correlate."""
        padded = self._grouped(np.pad(x, self._pads))
        kernel = kernel.reshape(self.groups, -1, *kernel.shape[1:])
        y = np.zeros(self._response, x.dtype)
        rows = y.reshape(len(y), self.groups, -1, *y.shape[2:])
        for tap, place in self._taps():
            rows += np.einsum("ngc...,gfc->ngf...", padded[place], kernel[(..., *tap)])
        return y

    def input_gradient(self, dy: Any, kernel: Any) -> Any:
        """Send back what came out: the adjoint of `forward` in the image."""
        sizes = [n + a + b for n, (a, b) in zip(self._image, self._pads, strict=True)]
        padded: Any = np.zeros(sizes, dy.dtype)
        rows = self._grouped(padded)
        dy, kernel = self._grouped(dy), kernel.reshape(self.groups, -1, *kernel.shape[1:])
        for tap, place in self._taps():
            rows[place] += np.einsum("ngf...,gfc->ngc...", dy, kernel[(..., *tap)])
        inner = zip(self._image, self._pads, strict=True)
        return padded[tuple(slice(a, a + n) for n, (a, _) in inner)]

    def kernel_gradient(self, x: Any, dy: Any) -> Any:
        """Correlate image and response: the adjoint of `forward` in the kernel."""
        padded, dy = self._grouped(np.pad(x, self._pads)), self._grouped(dy)
        gradient = np.zeros(self._kernel, x.dtype)
        rows: Any = gradient.reshape(self.groups, -1, *gradient.shape[1:])
        for tap, place in self._taps():
            seen = padded[place].reshape(*padded.shape[:3], -1)
            sent = dy.reshape(*dy.shape[:3], -1)
            rows[(..., *tap)] = np.einsum("ngco,ngfo->gfc", seen, sent)
        return gradient

    def terms(self, operation: str) -> int:
        """How many products at most are added up for an element of the result."""
        taps = int(np.prod(self._kernel[2:]))
        return {
            "forward": taps * self._kernel[1],
            "input_gradient": taps * self._kernel[0] // self.groups,
            "kernel_gradient": int(np.prod(self._response)) // self._response[1],
        }[operation]

    def _grouped(self, x: Any) -> Any:
        """(N, G*C, *size) -> (N, G, C, *size), as a view."""
        return x.reshape(len(x), self.groups, -1, *x.shape[2:])

    def _taps(self) -> Iterator[tuple[tuple[int, ...], Any]]:
        """Each tap, and where in the padded image it meets the response."""
        for tap in product(*(range(k) for _, k, *_ in self._axes)):
            along = zip(tap, self._axes, self._response[2:], strict=True)
            place: Any = (slice(t * d, t * d + (o - 1) * s + 1, s) for t, (*_, s, d), o in along)
            yield tap, (..., *place)


def as_tf32(x: Any) -> Any:
    """Round float32 to TF32: 10 bits of fraction, to the nearest, ties to even."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    half = np.uint32(0xFFF) + ((bits >> np.uint32(13)) & np.uint32(1))
    rounded = (bits + half) & np.uint32(0xFFFF_E000)
    return np.where(np.isfinite(x), rounded.view(np.float32), x)
