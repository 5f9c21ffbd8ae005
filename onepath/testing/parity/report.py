"""The words of a comparison: a report if it went well, an exception's message if not."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...backends import Backend
from ..failure import ParityError
from ..subject import title_of
from ..tracing import path_and_what
from .bounds import LIKELIHOOD, Bound, Comparison
from .resemblance import resemblance

MENDS = {
    "device": "let the input's own array module make arrays: xp = backend_of(x).xp",
    "dtype": "give arrays that the layer makes the input's dtype; and mind that NumPy's float64 "
    "numbers raise float32 to float64, while Python's do not",
}
"""What most likely mends what a check has found."""

_PACKAGE = Path(__file__).parents[2]


class Row(NamedTuple):
    """One quantity of one run beside the truth.

    Attributes
    ----------
    quantity : str
        Its name, as `trace` gives it.
    backend, dtype, layout : str
        Which run.
    error, bound : float
        Absolute error of the element that comes nearest to its bound, and that bound.
    ratio : float
        The one as a multiple of the other.
    """

    quantity: str
    backend: str
    dtype: str
    layout: str
    error: float
    bound: float
    ratio: float


class Run(NamedTuple):
    """Which run it was.

    Attributes
    ----------
    layer : object
        The layer.
    backend, dtype, layout : str
        Where, in what, and how the input lay in memory.
    line : str
        A line of code that makes the run again.
    """

    layer: Any
    backend: str
    dtype: str
    layout: str
    line: str

    def __str__(self) -> str:
        return f"on {self.backend} ({self.dtype}, layout {self.layout!r})"


@dataclass
class ParityReport:
    """What was compared, and how near to their bounds the errors came.

    Attributes
    ----------
    title : str
        The layer.
    rows : list of Row
        In the order in which they were computed, run by run.
    counted : bool
        Whether roundings were counted on the simulated device. Otherwise the layer cannot run
        there, and bounds are wide: as many roundings are taken as there are numbers.
    """

    title: str
    rows: list[Row] = field(default_factory=list)
    counted: bool = True

    @property
    def worst(self) -> Row:
        """The quantity that came nearest to its bound."""
        return max(self.rows, key=lambda row: row.ratio)

    def add(self, comparisons: Iterable[Comparison], run: Run) -> None:
        """Take up what was found to be right in a run."""
        for comparison in comparisons:
            index = comparison.worst
            error, bound = comparison.errors[index], comparison.bound.allowed[index]
            row = Row(comparison.name, *run[1:4], float(error), float(bound), comparison.ratio)
            self.rows.append(row)
            self.counted &= comparison.bound.counted

    def __str__(self) -> str:
        runs = {(row.backend, row.dtype, row.layout) for row in self.rows}
        names = dict.fromkeys(row.backend for row in self.rows)
        worst = self.worst
        text = (
            f"{self.title}: {len(self.rows)} quantities of {len(runs)} runs on {', '.join(names)} "
            f"are right; the worst error is {worst.ratio:.2g} of its bound ({worst.quantity}, "
            f"{worst.backend}, {worst.dtype}, {worst.layout})"
        )
        return text if self.counted else text + "; roundings could not be counted"


# Failures


def wrong_value(comparison: Comparison, run: Run, sides: str) -> ParityError:
    """Tell of a quantity that is beyond its bound.

    Parameters
    ----------
    comparison : Comparison
        The quantity.
    run : Run
        Where it was computed.
    sides : str
        Which backends are wrong, and which are right.

    Returns
    -------
    ParityError
        To be raised.
    """
    subject, what = _subject(run.layer, comparison.name)
    index, errors = comparison.worst, comparison.errors
    beyond = int((comparison.ratios > 1).sum())
    rows = {
        "worst": f"at {list(index)} of shape {errors.shape}; {beyond} of {errors.size} elements "
        + ("is beyond its bound" if beyond == 1 else "are beyond their bounds"),
        "actual": _number(comparison.actual[index], run.dtype),
        "expected": _number(comparison.expected[index], run.dtype),
    }
    if comparison.expected.dtype.kind in "fc":
        rows["error"] = _error(comparison, run.dtype)
        rows["bound"] = _bound(comparison.bound, index)
        looks = resemblance(comparison.actual, comparison.expected, comparison.bound.allowed)
        rows |= {"looks like": looks} if looks else {}
    rows |= {"wrong": sides, "reproduce": run.line}
    return ParityError(what, f"{subject}: {_phrase(what)} is wrong {run}", rows)


def wrong_kind(
    check: str, name: str, actual: str, expected: str, run: Run, sides: str
) -> ParityError:
    """Tell of a quantity that is not even of the kind that it should be.

    Parameters
    ----------
    check : str
        What is wrong with it: "device", "shape", "dtype", or "presence".
    name : str
        The quantity.
    actual, expected : str
        What it is, and what it should be; see `kind_of`.
    run : Run
        Where it was computed.
    sides : str
        Which backends are wrong, and which are right.

    Returns
    -------
    ParityError
        To be raised.
    """
    subject, what = _subject(run.layer, name)
    rows = {"actual": actual, "expected": expected}
    rows |= {"mend": MENDS[check]} if check in MENDS else {}
    rows |= {"wrong": sides, "reproduce": run.line}
    wrong = "is not there" if check == "presence" else f"has a wrong {check}"
    return ParityError(check, f"{subject}: {_phrase(what)} {wrong} {run}", rows)


def raised(error: Exception, place: tuple[str, Any, str], run: Run, sides: str) -> ParityError:
    """Tell of an exception.

    Parameters
    ----------
    error : Exception
        What was raised; it becomes the cause. A ParityError only gets further rows.
    place : tuple of (str, object, str)
        Where: the path of a layer within the layer, that layer, and the pass.
    run : Run
        Where it was computed.
    sides : str
        Which backends are wrong, and which are right.

    Returns
    -------
    ParityError
        To be raised.
    """
    path, layer, pass_ = place
    rows = {"wrong": sides, "reproduce": run.line}
    if isinstance(error, ParityError):
        failure = ParityError(error.check, f"{error.headline} {run}", {**error.rows, **rows})
    else:
        subject = _within(path, layer, run.layer)
        headline = f"{subject}: {pass_} raises {type(error).__name__} {run}"
        said = {"it says": str(error), "raised": _line(error)}
        failure = ParityError("exception", headline, said | rows)
    failure.__cause__ = error
    return failure


def _subject(layer: Any, name: str) -> tuple[str, str]:
    """Whose quantity it is, and which one."""
    path, leaf, what = path_and_what(name, layer)
    return _within(path, leaf, layer), what


def _within(path: str, leaf: Any, layer: Any) -> str:
    if not path:
        return title_of(layer)
    at = "" if path == leaf.name else f" at {path!r}"
    return f"{title_of(leaf)}{at} in {title_of(layer)}"


def _phrase(what: str) -> str:
    """A quantity as part of a sentence."""
    if what in ("input", "output gradient"):
        return f"the {what} that it is given"
    if what.startswith("step "):
        _, step, parameter = what.split(" ", 2)
        return f"{parameter} after step {step}"
    return "the output of forward" if what == "forward" else f"the {what}"


def _line(error: Exception) -> str:
    """The line of the program in which an exception came up: the last one that is not onepath's."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = (_PACKAGE / "backends", Path(np.__file__).parent)
    own = [f for f in frames if not any(Path(f.filename).is_relative_to(p) for p in inner)]
    last = (own or frames)[-1]
    return f"in {Path(last.filename).name}:{last.lineno}, {last.name}: {last.line}"


# Words and numbers


def kind_of(array: Any, home: Backend | None, dtype: Any = None) -> str:
    """Say what a quantity is, leaving its values aside.

    Parameters
    ----------
    array : object
        The quantity.
    home : Backend or None
        Where it is; None if it is no array.
    dtype : dtype, optional
        What to name in place of its own.

    Returns
    -------
    str
        Such as "float32 of shape (3, 4) on cpu".
    """
    if home is None:
        return f"no array of a backend, but {type(array).__module__}.{type(array).__qualname__}"
    return f"{dtype or array.dtype} of shape {array.shape} on {home.name}"


def _number(value: Any, dtype: str) -> str:
    """As many digits as tell numbers of the dtype apart, and a few more for the truth."""
    if np.asarray(value).dtype.kind not in "fc":
        return str(value)
    return f"{value: .{np.finfo(dtype).precision + 3}g}"


def _error(comparison: Comparison, dtype: str) -> str:
    """The worst element's error: absolute, relative, and in units in the last place."""
    index = comparison.worst
    error, expected = float(comparison.errors[index]), abs(comparison.expected[index])
    units = error / float(np.spacing(expected.astype(dtype)))
    relative = f"{error / expected:.2g} relative" if expected else "the truth is 0"
    return (
        f"{error:.2g} absolute, {relative}, {units:.2g} ULP: {comparison.ratio:.2g} times the bound"
    )


def _bound(bound: Bound, index: tuple[int, ...]) -> str:
    """What the worst element's bound was made of."""
    allowed, k = bound.allowed[index], bound.roundings
    if bound.change is not None and allowed > bound.a_priori[index]:
        return (
            f"{allowed:.2g} = {LIKELIHOOD:g} d, with d = {bound.change[index]:.2g} the most that "
            f"random errors of size u = {bound.unit:.3g} in each operation changed it"
        )
    return (
        f"{allowed:.2g} = {LIKELIHOOD:g} u sqrt(k) m, with u = {bound.unit:.3g}, k = {k} "
        f"{'' if bound.counted else 'assumed '}rounding{'s' * (k > 1)}, and m = "
        f"{bound.magnitude[index]:.3g} the sum of magnitudes"
    )
