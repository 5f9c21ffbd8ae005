"""Layers that make one array of several."""

from functools import reduce
from typing import Any

from ..backends import Array
from ..backends.dtypes import widened
from .base import Layer, Shape
from .layout import check_axis
from .registry import register_layer


class Merge(Layer):
    """What layers share that merge element by element.

    They take a tuple of arrays whose samples broadcast against each other as NumPy's arrays do, so
    that a gate of shape (C, 1, 1) may scale an image of (C, H, W). `backward` returns a tuple, the
    gradient of each input in its shape.

    Parameters
    ----------
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError
        If the input is no tuple.
    ValueError
        If the samples' shapes do not broadcast.
    """

    several = True
    shardable = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape to which the samples broadcast."""
        shapes: tuple[Shape, ...] = input_shape  # type: ignore[assignment]
        rank = max(map(len, shapes))
        lengths = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
        return tuple(_common(axis, shapes) for axis in map(set, lengths))

    def _forward(self, x: Array, training: bool) -> Array:
        rank = max(a.ndim for a in x)
        self._shapes = [a.shape for a in x]
        # (N, *sample) -> (N, 1, ..., *sample)
        return self._merge([a.reshape(len(a), *(1,) * (rank - a.ndim), *a.shape[1:]) for a in x])

    def _backward(self, dy: Array) -> Array:
        return tuple(
            _summed(dx, shape) for dx, shape in zip(self._parted(dy), self._shapes, strict=True)
        )

    def _merge(self, x: list[Array]) -> Array:
        """One array of several that broadcast; what `_parted` needs goes into ``self._saved``."""
        raise NotImplementedError

    def _parted(self, dy: Array) -> list[Array]:
        """The gradient of each input, before it is summed to the input's shape."""
        raise NotImplementedError


@register_layer
class Add(Merge):
    """The sum of the inputs."""

    __doc__ = f"{__doc__}\n{Merge.__doc__}"

    def _merge(self, x: list[Array]) -> Array:
        return reduce(self.home.xp.add, x)

    def _parted(self, dy: Array) -> list[Array]:
        return [dy] * len(self._shapes)


@register_layer
class Subtract(Merge):
    """The first input less the second."""

    __doc__ = f"{__doc__}\n{Merge.__doc__}"

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape to which the two broadcast."""
        if len(input_shape) != 2:
            raise ValueError(f"expected two inputs, got {len(input_shape)}")
        return super().compute_output_shape(input_shape)

    def _merge(self, x: list[Array]) -> Array:
        return x[0] - x[1]

    def _parted(self, dy: Array) -> list[Array]:
        return [dy, -dy]


@register_layer
class Average(Merge):
    """The mean of the inputs."""

    __doc__ = f"{__doc__}\n{Merge.__doc__}"

    def _merge(self, x: list[Array]) -> Array:
        return reduce(self.home.xp.add, map(widened, x)) / len(x)

    def _parted(self, dy: Array) -> list[Array]:
        return [dy / len(self._shapes)] * len(self._shapes)


@register_layer
class Multiply(Merge):
    """The product of the inputs."""

    __doc__ = f"{__doc__}\n{Merge.__doc__}"

    def _merge(self, x: list[Array]) -> Array:
        self._saved = x
        return reduce(self.home.xp.multiply, x)

    def _parted(self, dy: Array) -> list[Array]:
        x: list[Array] = self._saved
        return [
            reduce(self.home.xp.multiply, x[:i] + x[i + 1 :], dy) for i in range(len(self._shapes))
        ]


class Extreme(Merge):
    """What `Maximum` and `Minimum` share; the first of equal inputs takes the gradient."""

    __doc__ = f"{__doc__}\n{Merge.__doc__}"
    extreme: str

    def _merge(self, x: list[Array]) -> Array:
        y = reduce(getattr(self.home.xp, self.extreme), x)
        self._saved = x, y
        return y

    def _parted(self, dy: Array) -> list[Array]:
        x, y = self._saved
        free: Any = True
        parts = []
        for a in x:
            hit = (a == y) & free
            free = ~hit & free
            parts.append(dy * hit)
        return parts


@register_layer
class Maximum(Extreme):
    """The largest of the inputs; the first of equal ones takes the gradient."""

    __doc__ = f"{__doc__}\n{Merge.__doc__}"
    extreme = "maximum"


@register_layer
class Minimum(Extreme):
    """The smallest of the inputs; the first of equal ones takes the gradient."""

    __doc__ = f"{__doc__}\n{Merge.__doc__}"
    extreme = "minimum"


@register_layer
class Concatenate(Layer):
    """Put the inputs behind each other along an axis.

    Takes a tuple of arrays; `backward` returns a tuple.

    Parameters
    ----------
    axis : int, optional
        In a batch: 1 for channels first, -1 for channels last and for flat features.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError
        If the input is no tuple.
    ValueError
        If the axis is that of the batch, or samples differ along another axis.
    """

    several = True
    shardable = True

    def __init__(self, axis: int = -1, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = check_axis(axis)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the samples behind each other."""
        shapes: list[Shape] = [(1, *shape) for shape in input_shape]  # type: ignore[misc]
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            raise ValueError(f"there is no axis {self.axis} in a batch of them")
        axis = self.axis % rank
        others = {shape[:axis] + shape[axis + 1 :] for shape in shapes}
        if axis == 0 or len(others) > 1:
            raise ValueError(f"they must differ along axis {self.axis} alone, which is no batch's")
        return (*shapes[0][1:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = [a.shape[self.axis] for a in x]
        return self.home.xp.concatenate(x, axis=self.axis)

    def _backward(self, dy: Array) -> Array:
        axis, parts, start = self.axis % dy.ndim, [], 0
        for length in self._saved:
            parts.append(dy[(slice(None),) * axis + (slice(start, start + length),)])
            start += length
        return tuple(parts)


def _common(lengths: set[int], shapes: tuple[Shape, ...]) -> int:
    """The length to which an axis broadcasts."""
    if len(lengths - {1}) > 1:
        raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast")
    return max(lengths)


def _summed(dx: Array, shape: Shape) -> Array:
    """Sum over the axes along which an input was broadcast."""
    if dx.shape == shape:
        return dx
    wide = (shape[0], *(1,) * (dx.ndim - len(shape)), *shape[1:])
    axes = tuple(i for i, (n, m) in enumerate(zip(dx.shape, wide, strict=True)) if n != m)
    return dx.sum(axis=axes, keepdims=True).reshape(shape) if axes else dx.reshape(shape)
