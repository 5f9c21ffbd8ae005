"""Layers that change the shape alone."""

import math

from ..arguments import whole
from ..backends import Array
from ..backends.convolution.strides import inverse
from ..backends.dtypes import widened
from .base import Layer, Shape
from .registry import register_layer


@register_layer
class Flatten(Layer):
    """Make one axis of all of a sample's axes."""

    shardable = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(*sample) -> (features,)."""
        return (math.prod(input_shape),)

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x.shape
        return x.reshape(len(x), -1)

    def _backward(self, dy: Array) -> Array:
        return dy.reshape(self._saved)


@register_layer
class Reshape(Layer):
    """Give each sample another shape.

    Parameters
    ----------
    target_shape : tuple of int
        The shape of an output sample; one entry may be -1, and is what is left.
    name : str, optional
        See `Layer`.

    Raises
    ------
    ValueError
        If an entry is neither positive nor -1, or more than one is -1.
    """

    shardable = True

    def __init__(self, target_shape: Shape, name: str | None = None) -> None:
        super().__init__(name)
        self.target_shape = tuple(target_shape)
        if any(n < 1 and n != -1 for n in self.target_shape) or self.target_shape.count(-1) > 1:
            raise ValueError(
                "target_shape is made of positive integers, one of which may be -1, "
                f"got {target_shape!r}"
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the target's shape, if as many elements fit in."""
        size = math.prod(input_shape)
        known = math.prod(n for n in self.target_shape if n != -1)
        if size % known or (-1 not in self.target_shape and size != known):
            raise ValueError(f"their {size} elements do not make {self.target_shape}")
        return tuple(size // known if n == -1 else n for n in self.target_shape)

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x.shape
        return x.reshape(len(x), *self.compute_output_shape(x.shape[1:]))

    def _backward(self, dy: Array) -> Array:
        return dy.reshape(self._saved)


@register_layer
class Permute(Layer):
    """Give the axes of each sample another order.

    Parameters
    ----------
    dims : tuple of int
        The axes in their new order, counted from 1, as axis 0 is the batch: with ``(2, 1)``,
        samples are transposed.
    name : str, optional
        See `Layer`.

    Raises
    ------
    ValueError
        If the axes are not 1 to n in some order.
    """

    shardable = True

    def __init__(self, dims: Shape, name: str | None = None) -> None:
        super().__init__(name)
        self.dims = tuple(dims) if isinstance(dims, list | tuple) else ()
        self.sample_rank = len(self.dims)
        if not self.dims or set(self.dims) != set(range(1, len(self.dims) + 1)):
            raise ValueError(f"dims must be the axes 1 to n in some order, got {dims!r}")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the lengths of the axes in their new order."""
        if len(input_shape) != len(self.dims):
            raise ValueError(f"samples must have {len(self.dims)} axes")
        return tuple(input_shape[axis - 1] for axis in self.dims)

    def _forward(self, x: Array, training: bool) -> Array:
        return x.transpose(0, *self.dims)

    def _backward(self, dy: Array) -> Array:
        return dy.transpose(inverse((0, *self.dims)))


@register_layer
class RepeatVector(Layer):
    """Repeat each sample, a vector, along a new first axis.

    Parameters
    ----------
    n : int
        How many times.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If n is not a positive integer.
    """

    sample_rank = 1
    shardable = True

    def __init__(self, n: int, name: str | None = None) -> None:
        super().__init__(name)
        self.n = whole("n", n)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(features,) -> (n, features)."""
        if len(input_shape) != 1:
            raise ValueError("samples must have 1 axis")
        return (self.n, *input_shape)

    def _forward(self, x: Array, training: bool) -> Array:
        return self.home.xp.repeat(x[:, None], self.n, axis=1)

    def _backward(self, dy: Array) -> Array:
        return widened(dy).sum(axis=1)
