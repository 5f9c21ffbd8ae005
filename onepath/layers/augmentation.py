"""Random changes of images, in training alone: the same ones on every device for a seed."""

import math
from typing import Any

from ..arguments import number, whole
from ..backends import Array
from ..backends.dtypes import widened
from ..backends.random import derived_seed
from .base import Layer, Shape
from .layout import check_data_format, from_first, shape_from_first, shape_to_first, to_first
from .registry import register_layer
from .resampling import Motion, resample, resample_back
from .shards import shard_of

Factor = float | tuple[float, float]


class Augmentation(Layer):
    """What random changes of images share: a few random numbers for each sample and call."""

    sample_rank = 3
    shardable = True
    draws: int
    """Numbers for each sample."""

    def __init__(
        self,
        data_format: str = "channels_first",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, seed=seed)
        self.data_format = check_data_format(data_format)
        self._calls = 0

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if it is that of an image."""
        if len(input_shape) != 3:
            raise ValueError("samples must have 3 axes")
        return input_shape

    def _drawn(self, samples: int) -> Array:
        """Numbers of [0, 1) in float64, shape (draws, N, 1, 1)."""
        random = self.home.random(self._next_seed)
        before = shard_of(samples).first * self.draws
        numbers = random.uniform((samples, self.draws), skip=before).astype("float64")
        return numbers.T[:, :, None, None]

    def _next_seed(self) -> int:
        seed = derived_seed(self.seed, self._calls)
        self._calls += 1
        return seed

    def _forward(self, x: Array, training: bool) -> Array:
        xp = self.home.xp
        x = to_first(xp, x, self.data_format)
        return from_first(xp, self._change(x, training), self.data_format)

    def _backward(self, dy: Array) -> Array:
        xp = self.home.xp
        dx = self._change_back(to_first(xp, dy, self.data_format))
        return from_first(xp, dx, self.data_format)

    def _change(self, x: Array, training: bool) -> Array:
        """(N, C, H, W) -> (N, C, h, w)."""
        raise NotImplementedError

    def _change_back(self, dy: Array) -> Array:
        """(N, C, h, w) -> (N, C, H, W)."""
        raise NotImplementedError


class RandomMotion(Augmentation):
    """What layers share that move images as a whole: flip, shift, turn.

    What comes in from outside is ``fill_value``. The gradient is the exact transpose.
    """

    interpolation = "nearest"
    fill_value = 0.0

    def _change(self, x: Array, training: bool) -> Array:
        if not training:
            self._saved = None
            return x
        self._saved = self._motion(self._drawn(len(x)), x.shape[2:]), x.shape
        return resample(self.home.xp, widened(x), self._saved[0], x.shape[2:], self.fill_value)

    def _change_back(self, dy: Array) -> Array:
        if self._saved is None:
            return dy
        motion, shape = self._saved
        return resample_back(self.home.xp, widened(dy), motion, shape[2:])

    def _motion(self, drawn: Array, size: Shape) -> Motion:
        """How to move each image, from numbers of shape (draws, N, 1, 1)."""
        raise NotImplementedError


@register_layer
class RandomFlip(RandomMotion):
    """Mirror images at random, in training.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}, optional
        Left and right, up and down, or either; each with a probability of 1/2.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, H, W) or (H, W, C).
    name, seed
        See `Layer`.

    Raises
    ------
    ValueError
        If an option is none of those allowed.
    """

    draws = 2

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        data_format: str = "channels_first",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(data_format, name, seed)
        modes = ("horizontal_and_vertical", "horizontal", "vertical")
        if mode not in modes:
            raise ValueError(f"mode must be one of {modes}, got {mode!r}")
        self.mode = mode

    def _motion(self, drawn: Array, size: Shape) -> Motion:
        rows, columns = self.home.xp.where(drawn < 0.5, -1.0, 1.0)
        return Motion(
            rows=rows if "vertical" in self.mode else 1.0,
            columns=columns if "horizontal" in self.mode else 1.0,
        )


@register_layer
class RandomTranslation(RandomMotion):
    """Shift images at random, in training.

    Parameters
    ----------
    height_factor, width_factor : float or (float, float)
        The smallest and the largest shift, down and to the right, as a share of height or width;
        a single number stands for itself to both sides.
    interpolation : {"bilinear", "nearest"}, optional
        What a place between pixels is.
    fill_value : float, optional
        What comes in from outside.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, H, W) or (H, W, C).
    name, seed
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    draws = 2

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        data_format: str = "channels_first",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(data_format, name, seed)
        self.height_factor = check_factor("height_factor", height_factor)
        self.width_factor = check_factor("width_factor", width_factor)
        self.interpolation = check_interpolation(interpolation)
        self.fill_value = number("fill_value", fill_value, at_least=-math.inf)

    def _motion(self, drawn: Array, size: Shape) -> Motion:
        return Motion(
            down=between(self.height_factor, drawn[0]) * size[0],
            right=between(self.width_factor, drawn[1]) * size[1],
            interpolation=self.interpolation,
        )


@register_layer
class RandomRotation(RandomMotion):
    """Turn images around their centre at random, in training.

    Parameters
    ----------
    factor : float or (float, float)
        The smallest and the largest turn, counter-clockwise, in full turns; a single number stands
        for itself to both sides.
    interpolation, fill_value, data_format, name, seed
        As for `RandomTranslation`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    draws = 1

    def __init__(
        self,
        factor: Factor,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        data_format: str = "channels_first",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(data_format, name, seed)
        self.factor = check_factor("factor", factor)
        self.interpolation = check_interpolation(interpolation)
        self.fill_value = number("fill_value", fill_value, at_least=-math.inf)

    def _motion(self, drawn: Array, size: Shape) -> Motion:
        angle = between(self.factor, drawn[0]) * (2 * math.pi)
        xp = self.home.xp
        return Motion(
            rows=xp.cos(angle),
            columns=xp.cos(angle),
            sine=xp.sin(angle),
            interpolation=self.interpolation,
        )


@register_layer
class RandomCrop(Augmentation):
    """Cut a window out of each image: at random in training, else from the middle.

    Parameters
    ----------
    height, width : int
        The window's size.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, H, W) or (H, W, C).
    name, seed
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer, or, once the input's is known, larger than it.
    """

    draws = 2

    def __init__(
        self,
        height: int,
        width: int,
        data_format: str = "channels_first",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(data_format, name, seed)
        self.height, self.width = whole("height", height), whole("width", width)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(C, H, W) -> (C, height, width)."""
        channels, *size = shape_to_first(
            super().compute_output_shape(input_shape), self.data_format
        )
        if self.height > size[0] or self.width > size[1]:
            raise ValueError(f"there is no window of {self.height} x {self.width} in them")
        return shape_from_first((channels, self.height, self.width), self.data_format)

    def _change(self, x: Array, training: bool) -> Array:
        size = self.height, self.width
        room = [n - m for n, m in zip(x.shape[2:], size, strict=True)]
        if not training:
            top, left = (n // 2 for n in room)
            window = ..., slice(top, top + size[0]), slice(left, left + size[1])
            self._saved = window, x.shape
            return x[window]
        # from the middle, where a motion begins, to the window's place
        down, right = (
            n / 2 - self.home.xp.floor(u * (n + 1))
            for n, u in zip(room, self._drawn(len(x)), strict=True)
        )
        self._saved = Motion(down=down, right=right), x.shape
        return resample(self.home.xp, x, self._saved[0], size)

    def _change_back(self, dy: Array) -> Array:
        where, shape = self._saved
        if isinstance(where, Motion):
            return resample_back(self.home.xp, dy, where, shape[2:])
        dx = self.home.xp.zeros(shape, dtype=dy.dtype)
        dx[where] = dy
        return dx


@register_layer
class RandomErasing(Augmentation):
    """Paint over a random rectangle of each image, in training.

    (Z. Zhong et al., "Random Erasing Data Augmentation", 2017.) A square of one size, with
    ``scale=(s, s)`` and ``ratio=(1, 1)``, is cutout (T. DeVries, G. Taylor, 2017).

    Parameters
    ----------
    factor : float, optional
        The probability that an image is painted over; from 0 to 1.
    scale : (float, float), optional
        The smallest and the largest area, as a share of the image's.
    ratio : (float, float), optional
        The smallest and the largest height divided by width; it is as often above 1 as below if
        they are each other's inverse.
    fill_value : float, optional
        What is painted.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, H, W) or (H, W, C).
    name, seed
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    draws = 5

    def __init__(
        self,
        factor: float = 1.0,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 1 / 0.3),
        fill_value: float = 0.0,
        data_format: str = "channels_first",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(data_format, name, seed)
        self.factor = number("factor", factor, at_most=1)
        self.scale = check_range("scale", scale, at_most=1)
        self.ratio = check_range("ratio", ratio, positive=True)
        self.fill_value = number("fill_value", fill_value, at_least=-math.inf)

    def _change(self, x: Array, training: bool) -> Array:
        if not training:
            self._saved = None
            return x
        xp = self.home.xp
        chance, area, shape, row, column = self._drawn(len(x))
        share = between(self.scale, area)
        ratio = xp.exp(between((math.log(self.ratio[0]), math.log(self.ratio[1])), shape))
        rows = self._stretch(x.shape[2], xp.sqrt(share * ratio), row)
        columns = self._stretch(x.shape[3], xp.sqrt(share / ratio), column)
        painted = (chance < self.factor) & rows[:, :, None] & columns[:, None, :]
        kept = ~painted[:, None]  # (N, 1, H, W)
        self._saved = kept
        return xp.where(kept, x, xp.asarray(self.fill_value, dtype=x.dtype))

    def _stretch(self, n: int, share: Array, place: Array) -> Array:
        """Which of n places lie in a stretch of a share of them, shape (N, n)."""
        xp = self.home.xp
        length = xp.minimum(xp.rint(share * n), n)[..., 0]
        start = xp.floor(place[..., 0] * (n - length + 1))
        i = xp.arange(n, dtype="float64")
        return (i >= start) & (i < start + length)

    def _change_back(self, dy: Array) -> Array:
        return dy if self._saved is None else dy * self._saved


def between(bounds: tuple[float, float], u: Array) -> Array:
    """Numbers between two, from such between 0 and 1."""
    return bounds[0] + (bounds[1] - bounds[0]) * u


def check_factor(name: str, value: Any) -> tuple[float, float]:
    """Return the smallest and the largest factor, or raise; a number stands for both sides."""
    if isinstance(value, tuple | list):
        return check_range(name, value, at_least=-1, at_most=1)
    value = number(name, value, at_most=1)
    return -value, value


def check_range(name: str, value: Any, **bounds: Any) -> tuple[float, float]:
    """Return two numbers, the first not above the second, or raise."""
    if not (isinstance(value, tuple | list) and len(value) == 2):
        raise ValueError(f"{name} must be two numbers, the smallest and the largest, got {value!r}")
    low, high = (number(name, each, **bounds) for each in value)
    if low > high:
        raise ValueError(f"{name} runs from the smallest to the largest, got {value!r}")
    return low, high


def check_interpolation(interpolation: str) -> str:
    """Return ``interpolation`` if it is one, or raise."""
    if interpolation not in ("bilinear", "nearest"):
        raise ValueError(f"interpolation must be 'bilinear' or 'nearest', got {interpolation!r}")
    return interpolation
