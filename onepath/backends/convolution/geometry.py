"""The shapes of a convolution, and all validation of them.

A `Window` slides over the spatial axes alone, as pooling does too; a `Geometry` adds channels,
filters and groups. Neither knows of arrays.
"""

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import TypeAlias

Ints: TypeAlias = tuple[int, ...]
Pads: TypeAlias = tuple[tuple[int, int], ...]
Padding: TypeAlias = str | int | Iterable[int | Iterable[int]]
PlainPadding: TypeAlias = str | int | tuple[int | Ints, ...]

_PADDINGS = "'valid', 'same', 'full', an int, or one int or pair of ints for each axis"


@dataclass(frozen=True)
class Window:
    """A window that slides over the spatial axes of an array.

    `Window.over` makes one from arguments as users write them, and checks them.

    Attributes
    ----------
    input_size : tuple of int
        The spatial shape before padding.
    kernel_size : tuple of int
        How many taps the window has along each axis.
    strides : tuple of int
        How far it moves.
    pads : tuple of (int, int)
        What is added before and after each axis.
    dilation : tuple of int
        How far its taps lie apart; 1 is a dense window.
    """

    input_size: Ints
    kernel_size: Ints
    strides: Ints
    pads: Pads
    dilation: Ints

    @classmethod
    def over(
        cls,
        input_size: Iterable[int],
        kernel_size: int | Iterable[int],
        strides: int | Iterable[int] = 1,
        padding: Padding = "valid",
        dilation_rate: int | Iterable[int] = 1,
    ) -> "Window":
        """Make a window from arguments as users write them.

        Parameters
        ----------
        input_size : tuple of int
            The spatial shape of the array.
        kernel_size, strides, dilation_rate : int or tuple of int
            For all axes, or one for each.
        padding : {"valid", "same", "full"}, int, or one int or pair of ints for each axis
            "valid" pads nothing. "same" gives ``ceil(input / stride)`` outputs, an odd rest being
            padded at the end, as Keras does. "full" lets the window overlap by one tap.

        Returns
        -------
        Window
            With everything spelled out for each axis.

        Raises
        ------
        TypeError, ValueError
            If an argument is not a positive integer or has the wrong length, if padding is
            negative or unknown, or if the window is larger than the padded input.
        """
        sizes = _ints("input size", input_size, None)
        rank = len(sizes)
        kernel = _ints("kernel_size", kernel_size, rank)
        steps = _ints("strides", strides, rank)
        dilation = _ints("dilation_rate", dilation_rate, rank)
        extent = _extent(kernel, dilation)
        pads = _pads(_plain_padding(padding), sizes, extent, steps)
        window = cls(sizes, kernel, steps, pads, dilation)
        for axis, (have, need) in enumerate(zip(window.padded_size, extent, strict=True)):
            if need > have:
                raise ValueError(
                    f"the kernel spans {need} positions on spatial axis {axis}, the input has only "
                    f"{have} (size {sizes[axis]}, padding {window.pads[axis]}): use a smaller "
                    "kernel, padding='same', or a larger input"
                )
        return window

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Worked out once: what is remembered of a window is looked up again and again."""
        return hash((self.input_size, self.kernel_size, self.strides, self.pads, self.dilation))

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.input_size)

    @cached_property
    def extent(self) -> Ints:
        """How many positions the dilated window spans along each axis."""
        return _extent(self.kernel_size, self.dilation)

    @cached_property
    def padded_size(self) -> Ints:
        """The spatial shape after padding."""
        return tuple(n + a + b for n, (a, b) in zip(self.input_size, self.pads, strict=True))

    @cached_property
    def output_size(self) -> Ints:
        """At how many places the window stands along each axis."""
        return tuple(
            (n - e) // s + 1
            for n, e, s in zip(self.padded_size, self.extent, self.strides, strict=True)
        )

    @cached_property
    def apart(self) -> bool:
        """Whether no two places of the window share an element."""
        return all(s >= e for s, e in zip(self.strides, self.extent, strict=True))

    @cached_property
    def covers(self) -> bool:
        """Whether each element of the padded input lies under exactly one place of the window."""
        sizes = zip(self.kernel_size, self.output_size, self.padded_size, strict=True)
        return self.apart and all(k * o == n for k, o, n in sizes)

    @cached_property
    def padded(self) -> bool:
        """Whether anything is padded at all."""
        return any(a or b for a, b in self.pads)

    @cached_property
    def interior(self) -> tuple[slice, ...]:
        """Where the input lies within the padded input."""
        return tuple(
            slice(before, before + n)
            for n, (before, _) in zip(self.input_size, self.pads, strict=True)
        )

    @cached_property
    def taps(self) -> tuple[tuple[slice, ...], ...]:
        """For each tap in row-major order: where in the padded input it meets its outputs."""
        axes = zip(self.kernel_size, self.strides, self.dilation, self.output_size, strict=True)
        along = (
            [slice(k * d, k * d + (o - 1) * s + 1, s) for k in range(size)]
            for size, s, d, o in axes
        )
        return tuple(product(*along))


@dataclass(frozen=True)
class Geometry:
    """The shapes of a batched convolution, but for the batch.

    Attributes
    ----------
    window : Window
        What happens on the spatial axes.
    channels, filters : int
        Channels before and after.
    groups : int
        Into how many independent convolutions channels and filters are divided.
    """

    window: Window
    channels: int
    filters: int
    groups: int = 1

    @classmethod
    def of(
        cls,
        input_shape: Ints,
        filters: int,
        kernel_size: int | Iterable[int],
        strides: int | Iterable[int] = 1,
        padding: Padding = "valid",
        dilation_rate: int | Iterable[int] = 1,
        groups: int = 1,
    ) -> "Geometry":
        """Make a geometry from arguments as users write them.

        Parameters
        ----------
        input_shape : tuple of int
            (channels, *input_size), with one to three spatial axes.
        filters : int
            How many channels come out.
        kernel_size, strides, padding, dilation_rate
            As for `Window.over`.
        groups : int, optional
            Divides both channels and filters.

        Returns
        -------
        Geometry
            The same object for the same arguments.

        Raises
        ------
        TypeError, ValueError
            If something is not a positive integer, does not divide, or does not fit.
        """
        return _geometry(
            _plain("input shape", input_shape),
            _plain("filters", filters),
            _plain("kernel_size", kernel_size),
            _plain("strides", strides),
            _plain_padding(padding),
            _plain("dilation_rate", dilation_rate),
            _plain("groups", groups),
        )

    @classmethod
    def transposed(
        cls,
        input_shape: Ints,
        filters: int,
        kernel_size: int | Iterable[int],
        strides: int | Iterable[int] = 1,
        padding: Padding = "valid",
        dilation_rate: int | Iterable[int] = 1,
        groups: int = 1,
        output_padding: int | Iterable[int] | None = None,
    ) -> "Geometry":
        """Make the geometry of the convolution whose transpose takes an input.

        That convolution goes the other way, from the transposed one's output to its input. Of the
        many sizes that it would bring to the input's, n, the one here is, along each axis with a
        stride of s and a dilated kernel that spans e positions,

        - ``(n - 1) * s + e + output_padding`` with "valid", and ``(n - 1) * s + max(e, s)`` if
          output_padding is left out,
        - ``(n - 1) * s + e % 2 + output_padding`` with "same", and ``n * s`` if it is left out,
          both as in Keras,
        - ``(n - 1) * s + e - before - after + output_padding`` with any other padding, as in
          PyTorch, where 0 is added if output_padding is left out.

        Parameters
        ----------
        input_shape : tuple of int
            (channels, *input_size) of the transposed convolution.
        filters : int
            How many channels come out of it.
        kernel_size, strides, padding, dilation_rate
            As for `Window.over`, all of the convolution whose transpose it is.
        groups : int, optional
            Divides both channels and filters.
        output_padding : int or tuple of int, optional
            How many positions more there are at the end of each axis.

        Returns
        -------
        Geometry
            Its ``output_shape`` is ``input_shape``, and its ``input_shape`` is what comes out of
            the transposed convolution; kernels are of shape (channels, filters // groups, *size).

        Raises
        ------
        TypeError, ValueError
            If an argument is not what it must be, does not divide, or if nothing would come out.
        """
        channels, *sizes = _ints("input shape", input_shape, None)
        (depth,), (group_count,) = _ints("filters", filters, 1), _ints("groups", groups, 1)
        _check_groups(group_count, channels=channels, filters=depth)
        size, rank = tuple(sizes), len(sizes)
        kernel = _ints("kernel_size", kernel_size, rank)
        steps = _ints("strides", strides, rank)
        dilation = _ints("dilation_rate", dilation_rate, rank)
        extent = _extent(kernel, dilation)
        plain, more = _plain_padding(padding), _output_padding(output_padding, rank)
        axes = zip(extent, steps, _pads(plain, size, extent, steps), more, strict=True)
        cuts = tuple(_cut(plain, *axis) for axis in axes)
        output = _grown(size, extent, steps, cuts)
        pads = tuple((before, max(after, 0)) for before, after in cuts)
        return cls.of((depth, *output), channels, kernel, steps, pads, dilation, group_count)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Worked out once, as the window's."""
        return hash((self.window, self.channels, self.filters, self.groups))

    @cached_property
    def input_shape(self) -> Ints:
        """(channels, *input_size)."""
        return (self.channels, *self.window.input_size)

    @cached_property
    def output_shape(self) -> Ints:
        """(filters, *output_size)."""
        return (self.filters, *self.window.output_size)

    @cached_property
    def kernel_shape(self) -> Ints:
        """(filters, channels // groups, *kernel_size)."""
        return (self.filters, self.channels // self.groups, *self.window.kernel_size)

    @cached_property
    def reduction(self) -> int:
        """How many products are summed for one output."""
        return math.prod(self.kernel_shape[1:])


@lru_cache(maxsize=1024)
def _geometry(
    input_shape: int | Ints,
    filters: int | Ints,
    kernel_size: int | Ints,
    strides: int | Ints,
    padding: PlainPadding,
    dilation_rate: int | Ints,
    groups: int | Ints,
) -> Geometry:
    channels, *input_size = _ints("input shape", input_shape, None)
    if not 1 <= len(input_size) <= 3:
        raise ValueError(
            f"the input must have channels and one to three spatial axes, got shape {input_shape}"
        )
    (filter_count,), (group_count,) = _ints("filters", filters, 1), _ints("groups", groups, 1)
    _check_groups(group_count, channels=channels, filters=filter_count)
    window = Window.over(input_size, kernel_size, strides, padding, dilation_rate)
    return Geometry(window, channels, filter_count, group_count)


def _check_groups(groups: int, **counts: int) -> None:
    """Raise unless the groups divide what is counted, by name."""
    for name, count in counts.items():
        if count % groups:
            raise ValueError(f"groups={groups} does not divide the {count} {name}")


def _extent(kernel_size: Ints, dilation: Ints) -> Ints:
    return tuple((k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True))


def _pads(padding: PlainPadding, sizes: Ints, extent: Ints, strides: Ints) -> Pads:
    """Spell padding out as a pair for each axis."""
    if padding == "valid":
        return ((0, 0),) * len(sizes)
    if padding == "full":
        return tuple((e - 1, e - 1) for e in extent)
    if padding == "same":
        totals = (
            max((-(-n // s) - 1) * s + e - n, 0)
            for n, e, s in zip(sizes, extent, strides, strict=True)
        )
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        raise ValueError(f"padding must be {_PADDINGS}, got {padding!r}")
    entries = (padding,) * len(sizes) if isinstance(padding, int) else padding
    if len(entries) != len(sizes):
        raise ValueError(
            f"padding has {len(entries)} entries for {len(sizes)} spatial axes: {padding!r}"
        )
    return tuple(_pair(entry) for entry in entries)


def _output_padding(value: int | Iterable[int] | None, rank: int) -> tuple[int | None, ...]:
    """Spell it out for each axis."""
    return (None,) * rank if value is None else _ints("output_padding", value, rank, smallest=0)


def _cut(
    padding: PlainPadding, extent: int, stride: int, pads: tuple[int, int], more: int | None
) -> tuple[int, int]:
    """What a transposed convolution leaves away before and after an axis.

    At the end it may be less than 0: positions are added. See `Geometry.transposed`.
    """
    if padding == "same":
        total = extent - (stride if more is None else extent % 2 + more)
        before = max(total, 0) // 2
        return before, total - before
    if padding == "valid" and more is None:
        return 0, min(extent - stride, 0)
    before, after = pads
    return before, after - (more or 0)


def _grown(sizes: Ints, extent: Ints, strides: Ints, cuts: Pads) -> Ints:
    """The spatial shape that a transposed convolution makes of an input's."""
    grown = []
    axes = zip(sizes, extent, strides, cuts, strict=True)
    for axis, (n, e, s, (before, after)) in enumerate(axes):
        reached = (n - 1) * s + e
        if reached <= before + after:
            raise ValueError(
                f"{n} positions on spatial axis {axis} reach {reached}, of which padding leaves "
                f"away {before + after}, and nothing is left: pad less, or use a larger kernel or "
                "stride"
            )
        if -after >= s:
            raise ValueError(
                f"on spatial axis {axis}, output_padding adds {-after} positions that no kernel "
                f"reaches; fewer than the stride, {s}, can be added: use a smaller output_padding"
            )
        grown.append(reached - before - after)
    return tuple(grown)


def _pair(entry: int | Ints) -> tuple[int, int]:
    before, after = _ints("padding", entry, 2, smallest=0)
    return before, after


def _ints(
    name: str, value: int | Iterable[int], length: int | None, smallest: int = 1
) -> tuple[int, ...]:
    """Check that ``value`` is made of integers from ``smallest``; repeat a single one."""
    plain = _plain(name, value)
    entries = plain if isinstance(plain, tuple) else (plain,) * (length or 1)
    if length is not None and len(entries) != length:
        raise ValueError(f"{name} must have {length} entries, got {value!r}")
    if any(entry < smallest for entry in entries):
        raise ValueError(f"{name} must be at least {smallest}, got {value!r}")
    return entries


def _plain(name: str, value: int | Iterable[int]) -> int | Ints:
    """Spell integers as Python's own: what is remembered of 2 must not do for 2.0."""
    try:
        if isinstance(value, Iterable) and not isinstance(value, str):
            return tuple(operator.index(v) for v in value)
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an int or a tuple of ints, got {value!r}") from None


def _plain_padding(padding: Padding) -> PlainPadding:
    """Spell integers within padding as Python's own, too."""
    try:
        if isinstance(padding, str):
            return padding
        if not isinstance(padding, Iterable):
            return operator.index(padding)
        return tuple(
            tuple(map(operator.index, entry))
            if isinstance(entry, Iterable)
            else operator.index(entry)
            for entry in padding
        )
    except TypeError:
        raise TypeError(f"padding must be {_PADDINGS}, got {padding!r}") from None
