"""What normalizations share that look at one sample at a time."""

import math
from abc import ABC, abstractmethod

from ..backends import Array
from ..backends.dtypes import widened
from .affine import Affine
from .base import Shape
from .summation import along, sums


class SampleNormalization(Affine, ABC):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` with statistics of a sample's parts.

    A subclass says which axes of a batch tell the parts apart, and along which gamma and beta lie.
    Mean and (biased) variance are taken one after the other, in float32 at least.
    """

    _centred = True
    """Whether the mean is subtracted; otherwise the variance is the mean of squares."""

    @abstractmethod
    def _axes(self, rank: int) -> tuple[Shape, Shape]:
        """Axes of which each element has statistics of its own, and those of gamma and beta."""

    def _in_parts(self, x: Array) -> Array:
        """A view in which all these are axes."""
        return x

    def _forward(self, x: Array, training: bool) -> Array:
        parts = self._in_parts(widened(x))
        own, learned = self._axes(parts.ndim)
        per_part, count = along(own, parts.shape), _count(own, parts.shape)
        xp, centred = self.home.xp, parts
        if self._centred:
            centred = parts - (sums(self.home, own, parts) / count).reshape(per_part)
        variance = sums(self.home, own, centred, centred) / count
        factor = (1 / xp.sqrt(variance + self.epsilon)).reshape(per_part)
        normal = xp.multiply(centred, factor, out=centred if self._centred else None)
        self._saved = normal, factor
        y, wide = normal, along(learned, parts.shape)
        if self.scale:
            y = normal * self.parameters["gamma"].reshape(wide)
        if self.center:
            y = xp.add(y, self.parameters["beta"].reshape(wide), out=y if self.scale else None)
        return y.reshape(x.shape)

    def _backward(self, dy: Array) -> Array:
        normal, factor = self._saved
        slope = self._in_parts(widened(dy))  # with respect to normal
        own, learned = self._axes(normal.ndim)
        per_part, count = along(own, normal.shape), _count(own, normal.shape)
        if self.scale:
            gamma = self.parameters["gamma"]
            gradient = sums(self.home, learned, slope, normal)
            self.gradients["gamma"] = gradient.reshape(gamma.shape)
        if self.center:
            beta = sums(self.home, learned, slope)
            self.gradients["beta"] = beta.reshape(self.parameters["beta"].shape)
        if self.scale:
            slope = slope * gamma.reshape(along(learned, normal.shape))
        # mean and variance depend on x, too
        dx = normal * (sums(self.home, own, slope, normal) / -count).reshape(per_part)
        dx += slope
        if self._centred:
            dx -= (sums(self.home, own, slope) / count).reshape(per_part)
        dx *= factor
        return dx.reshape(dy.shape)


def _count(own: Shape, shape: Shape) -> int:
    """How many elements have statistics in common."""
    return math.prod(n for axis, n in enumerate(shape) if axis not in own)
