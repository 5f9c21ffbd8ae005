"""Which input meets which output: the one rule behind all three convolutions, axis by axis.

Along an axis, output ``j`` meets input ``first + j * step + k * gap`` by the kernel's tap ``k``.
Forward, that is the window itself. The gradient of a strided convolution with respect to its input
falls apart into phases, the inputs that are ``stride`` apart: each is a correlation of the output
gradient with some of the taps, turned round, and with a step of 1: gathered, not scattered.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from .geometry import Window


class Axis(NamedTuple):
    """The rule along one axis.

    Attributes
    ----------
    inputs, outputs, taps : int
        How many of each there are.
    first : int
        The input that the first output meets by the first tap; what lies outside counts as 0.
    step, gap : int
        From one output, or from one tap, to the next.
    """

    inputs: int
    outputs: int
    taps: int
    first: int
    step: int
    gap: int

    def rows(self, start: int, stop: int) -> "Axis":
        """Return the rule for the outputs from ``start`` up to ``stop``."""
        return self._replace(outputs=stop - start, first=self.first + start * self.step)

    def reaching(self, start: int, stop: int) -> tuple[slice, "Axis"]:
        """Return the outputs that meet inputs from ``start`` up to ``stop``, and their rule."""
        low = -((self.first + (self.taps - 1) * self.gap - start) // self.step)
        high = (stop - 1 - self.first) // self.step + 1
        low = min(max(low, 0), self.outputs)
        high = min(max(high, low), self.outputs)
        rule = self.rows(low, high)
        return slice(low, high), rule._replace(inputs=stop - start, first=rule.first - start)

    def spanned(self) -> "Axis":
        """Return the rule of a single tap for all the inputs that are met, one by one."""
        span = (self.outputs - 1) * self.step + (self.taps - 1) * self.gap + 1
        return Axis(self.inputs, span, 1, self.first, 1, 1)

    def met(self, tap: int) -> tuple[slice, slice]:
        """Return the outputs that meet an input by a tap, and these inputs."""
        start = self.first + tap * self.gap
        low = min(max(-(start // self.step), 0), self.outputs)
        high = min(max(-((start - self.inputs) // self.step), low), self.outputs)
        begin = start + low * self.step
        end = start + (high - 1) * self.step + 1
        return slice(low, high), slice(begin, max(end, begin), self.step)


class Phase(NamedTuple):
    """A part of the input's gradient.

    Attributes
    ----------
    places : tuple of slice
        Where it lies in the input.
    taps : tuple of slice
        Which of the kernel's taps it takes, in what order.
    axes : tuple of Axis
        The correlation of the output gradient with these.
    """

    places: tuple[slice, ...]
    taps: tuple[slice, ...]
    axes: tuple[Axis, ...]


@lru_cache(maxsize=1024)
def forward_axes(window: Window) -> tuple[Axis, ...]:
    """Return the window's own rule."""
    return tuple(
        Axis(inputs, outputs, taps, -before, step, gap)
        for inputs, outputs, taps, (before, _), step, gap in zip(
            window.input_size,
            window.output_size,
            window.kernel_size,
            window.pads,
            window.strides,
            window.dilation,
            strict=True,
        )
    )


@lru_cache(maxsize=1024)
def phases(window: Window) -> tuple[Phase, ...]:
    """Return the parts of the input's gradient that any output reaches."""
    return tuple(
        Phase(*zip(*parts, strict=True))
        for parts in product(*map(_phases_along, forward_axes(window)))
    )


def _phases_along(axis: Axis) -> Iterator[tuple[slice, slice, Axis]]:
    """Input ``q * step + phase`` is met by output ``q + offset - m * gap`` with each m-th tap."""
    common = math.gcd(axis.step, axis.gap)
    between, gap = axis.step // common, axis.gap // common
    for phase in range(min(axis.step, axis.inputs)):
        taps = range(axis.taps)
        first = next(
            (k for k in taps[:between] if (phase - axis.first - k * axis.gap) % axis.step == 0),
            None,
        )
        if first is None:
            continue
        mine = taps[first::between]
        offset = (phase - axis.first - first * axis.gap) // axis.step
        turned = slice(mine[-1], first - 1 if first else None, -between)
        yield (
            slice(phase, None, axis.step),
            turned,
            Axis(
                inputs=axis.outputs,
                outputs=-(-(axis.inputs - phase) // axis.step),
                taps=len(mine),
                first=offset - (len(mine) - 1) * gap,
                step=1,
                gap=gap,
            ),
        )
