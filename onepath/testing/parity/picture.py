"""A picture of where two sides part: the error of each quantity, beside its bound."""

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np

from ...drawing import COLOURS, FAINT, GREY, WRONG, Path, picture
from .bounds import Comparison

SIDES = COLOURS[0], COLOURS[2]


class Mark(NamedTuple):
    """What is drawn of a quantity, each number as part of its largest element.

    Attributes
    ----------
    name : str
        The quantity.
    errors : tuple of float
        On either side, the error of the element that comes nearest to its bound.
    bound : float
        The bound of the element that comes nearest on any side; the largest, if all are exact.
    apart : float
        How far the two sides are apart, whoever is to blame.
    """

    name: str
    errors: tuple[float, float]
    bound: float
    apart: float

    @classmethod
    def of(cls, name: str, a: Comparison, b: Comparison) -> "Mark":
        """Measure what two sides make of a quantity."""
        nearest = max(a, b, key=lambda side: side.ratio)
        scale = float(np.max(np.abs(nearest.expected), initial=0)) or 1.0
        errors = float(a.errors[a.worst]) / scale, float(b.errors[b.worst]) / scale
        allowed = nearest.bound.allowed
        bound = float(allowed[nearest.worst] if nearest.ratio else allowed.max(initial=0)) / scale
        with np.errstate(all="ignore"):
            apart = np.max(np.abs(a.actual.astype("float64") - b.actual), initial=0) / scale
        return cls(name, errors, bound, float(apart))


def draw(
    path: Path,
    marks: Sequence[Mark],
    sides: Sequence[str],
    title: str,
    wrong: str | None,
) -> None:
    """Draw each quantity's errors on both sides, from the first at the top to the last.

    Parameters
    ----------
    path : str or path
        The PNG file to write.
    marks : sequence of Mark
        The quantities.
    sides : sequence of str
        The names of the two sides.
    title : str
        What is to be seen.
    wrong : str or None
        The name of the quantity that is wrong first.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    lines = wrap(title, 90)
    with picture(path, 8, 1.6 + 0.2 * len(lines) + 0.22 * len(marks)) as figure:
        figure.suptitle("\n".join(lines), x=0.02, ha="left")
        axes = figure.subplots()
        axes.spines["left"].set_visible(False)
        _draw_rows(axes, marks, sides, wrong)
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower right", ncols=4, frameon=False
        )


def _draw_rows(axes: Any, marks: Sequence[Mark], sides: Sequence[str], wrong: str | None) -> None:
    """A row for each quantity: what is allowed as a bar, errors as dots."""
    names, rows = [mark.name for mark in marks], range(len(marks))
    numbers = [n for mark in marks for n in (*mark.errors, mark.bound, mark.apart)]
    positive = [n for n in numbers if 0 < n < math.inf] or [1.0]
    low, high = min(positive) / 10, max(positive) * 10
    if wrong in names:
        place = names.index(wrong)
        axes.axhspan(place - 0.5, place + 0.5, color=WRONG, alpha=0.2, linewidth=0, zorder=0)
    axes.barh(rows, [mark.bound for mark in marks], color=FAINT, height=0.7, label="bound")
    apart = [min(max(mark.apart, low), high) for mark in marks]
    axes.plot(apart, rows, "|", color=GREY, markersize=9, label="difference")
    for k, (side, colour) in enumerate(zip(sides, SIDES, strict=True)):
        errors = [min(max(mark.errors[k], low), high) for mark in marks]
        size = 7 - 2.5 * k  # both are seen where one lies upon the other
        label = f"error of {side}"
        axes.plot(errors, rows, "o", color=colour, markersize=size, label=label, clip_on=False)
    axes.set_yticks(rows, names)
    axes.set_ylim(max(1, len(marks)) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_formatter("{x:.0e}")
    axes.tick_params(axis="y", length=0, pad=8)
    axes.set_xlabel("as part of the quantity's largest element; exact results on the left edge")
