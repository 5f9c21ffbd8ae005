"""Golden recordings: what a device computed, kept, so that others can be held to it without it.

A recording has, for each case and dtype, what was given (input, output's gradient, parameters and
state), what the device computed from that, and the truth in float64. Nothing in it is code, and no
class is looked up by a name in it: its cases are found again by their own names.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...backends import Backend, get_backend
from .. import samples
from ..cases import Case
from ..failure import ParityError
from ..parity.bounds import Comparison, Judge
from ..parity.outcomes import Data, Outcome, first_failure
from ..parity.report import ParityReport, Run, wrong_value
from ..subject import transplant
from ..tracing import trace
from .descriptions import description_of, first_change
from .file import RECORD_AGAIN, RecordingError, Tree, write
from .origin import origin_of
from .recording import (
    DTYPES,
    INPUTS,
    PARTS,
    Entry,
    Recording,
    given_to,
    kinds_of,
    plan_of,
    table_of,
)

_LAYOUT = "C"


def record(
    path: Any,
    cases: Iterable[Case] | None = None,
    device: str | Backend = "cuda",
    seed: int = 0,
) -> None:
    """Run cases on a device and keep all that it computes, with where that came from.

    Parameters
    ----------
    path : str or path-like
        The file. An older one of that name is replaced when the new one is complete.
    cases : iterable of Case, optional
        What to run, each in float32 and in float64; the standard table if left out.
    device : str or Backend, optional
        Where to run it.
    seed : int, optional
        For everything that is drawn.

    Raises
    ------
    BackendUnavailableError
        If the device is not there.
    OSError
        If the file cannot be written.
    ParityError
        If a case raises something on the device. Numbers are not judged here, `replay` does that.
    """
    home = get_backend(device)
    table = table_of(cases)
    arrays = {
        name: {dtype: _parts(case, dtype, home, seed) for dtype in DTYPES}
        for name, case in table.items()
    }
    manifest = {
        "origin": origin_of(home),
        "seed": seed,
        "cases": {name: description_of(case, plan_of(case)) for name, case in table.items()},
    }
    write(path, manifest, arrays)


def replay(
    path: Any, backend: str | Backend = "cpu", cases: Iterable[Case] | None = None
) -> list[ParityReport]:
    """Check a recording, and hold a backend to it: no GPU is needed for one that was made on it.

    Each case is run on the backend, from the recorded numbers. What the device computed, and what
    the backend computes, must both be within rounding's bound of the truth. The truth is computed
    again, too, and must be the recorded one up to the rounding of float64.

    Parameters
    ----------
    path : str or path-like
        The recording.
    backend : str or Backend, optional
        What to hold to it.
    cases : iterable of Case, optional
        Where its cases are found again; the standard table if left out.

    Returns
    -------
    list of ParityReport
        One for each case, with rows for the recorded device and for the backend.

    Raises
    ------
    ParityError
        At the first quantity that is wrong; it says on which side.
    RecordingError
        If the file is damaged, is none, or does not fit the cases any more.
    """
    home = get_backend(backend)
    recording = Recording.read(path)
    reports: dict[str, ParityReport] = {}
    for entry in recording.entries(cases):
        report = reports.setdefault(entry.case, ParityReport(entry.case))
        try:
            for outcome in _checked(entry, recording, home):
                report.add(outcome.right, outcome.run)
        except ParityError as error:
            rows = {"case": entry.case, **error.rows}
            raise ParityError(error.check, error.headline, rows) from error.__cause__
    return list(reports.values())


class Difference(NamedTuple):
    """How far two recordings are apart in a quantity, where that is furthest.

    Attributes
    ----------
    case, dtype, quantity : str
        What was compared.
    difference : float
        Between the two, at the element where it is the largest part of its bound.
    ulp : float
        The same in units in the last place.
    ratio : float
        The same as a multiple of the bound for what rounding does on one device.
    """

    case: str
    dtype: str
    quantity: str
    difference: float
    ulp: float
    ratio: float


def diff(a: Any, b: Any, cases: Iterable[Case] | None = None) -> list[Difference]:
    """Compare what two devices computed from the same numbers.

    Parameters
    ----------
    a, b : str or path-like
        Two recordings of the same cases, made with the same seed.
    cases : iterable of Case, optional
        Where their cases are found again; the standard table if left out.

    Returns
    -------
    list of Difference
        One for each quantity of each case, in the order in which they were computed.

    Raises
    ------
    RecordingError
        If one is damaged, is none, or does not fit the cases any more, or if the two were not made
        from the same numbers.
    """
    one, other = Recording.read(a), Recording.read(b)
    for name in one.descriptions.keys() ^ other.descriptions.keys():
        raise RecordingError(f"{a} and {b} hold different cases: {name!r} is in one of them alone")
    table = table_of(cases).values()
    differences: list[Difference] = []
    for first, second in zip(one.entries(table), other.entries(table), strict=True):
        unlike = _first_unlike(first, second)
        if unlike:
            raise RecordingError(
                f"{a} and {b} were not made from the same numbers: the {unlike} of {first.case!r} "
                f"in {first.data.dtype} differs. Record both with one seed"
            )
        changed = first_change(kinds_of(first.recorded), kinds_of(second.recorded))
        if changed:
            raise RecordingError(
                f"{a} and {b} hold different quantities of {first.case!r}: {changed}"
            )
        differences += _differences(first, second)
    return differences


# Recording


def _parts(case: Case, dtype: str, home: Backend, seed: int) -> Tree:
    """Run a case in one dtype; return all arrays, by `PARTS`."""
    try:
        x = samples.as_sample(case.x, seed)
        data = Data.of(case.make(dtype), x, plan_of(case), seed).rounded(dtype)
        given = given_to(data)
        layer = transplant(data.layer, home)
        inputs = [samples.laid_out(home, given[name], _LAYOUT) for name in INPUTS]
        seen = trace(layer, *inputs, **data.plan._asdict())
        recorded = {name: home.to_numpy(array) for name, array in seen.items()}
    except Exception as error:
        raise ParityError(
            "exception",
            f"{case.name} cannot be recorded: it raises {type(error).__name__} on {home.name} "
            f"({dtype})",
            {"it says": str(error)},
        ) from error
    truth = Judge(data.layer, recorded, dtype, data.plan).truth
    return dict(zip(PARTS, (given, _later(recorded), _later(truth)), strict=True))


def _later(quantities: Mapping[str, Any]) -> dict[str, Any]:
    """The quantities that were computed, not given."""
    return {name: array for name, array in quantities.items() if name not in INPUTS}


# Replaying


class _Recorded(Outcome):
    """A run that was made elsewhere, once."""

    def __init__(self, entry: Entry, run: Run) -> None:
        self._recorded = entry.recorded
        super().__init__(entry.data, get_backend("cpu"), run)

    def _attempt(self, layer: Any, data: Data) -> None:
        """Take what was recorded for what was computed."""
        self._recorder.seen = dict(self._recorded)


def _checked(entry: Entry, recording: Recording, home: Backend) -> tuple[Outcome, Outcome]:
    """Return what recording and backend come to; raise at the first thing that is wrong."""
    line = f"replay({recording.path!r}, {home.name!r})"
    data, device = entry.data, f"recorded {recording.device}"
    there = _Recorded(entry, Run(data.layer, device, data.dtype, _LAYOUT, line))
    changed = first_change(kinds_of(entry.truth), kinds_of(_later(there.judge.truth)))
    if changed:
        raise recording.stale(entry.case, f"which computes other quantities: {changed}")
    position, untrue = _untrue(entry, there) or (0, None)
    if untrue and (there.failure is None or position <= there.failure.position):
        raise untrue
    here = Outcome(data, home, there.run._replace(backend=home.name), there.judge)
    failure = first_failure([there, here])
    if failure:
        raise failure from failure.__cause__
    return there, here


def _untrue(entry: Entry, there: Outcome) -> tuple[int, ParityError] | None:
    """The first quantity whose truth is not the one computed here: its position, and what to raise.

    Up to the rounding of float64: another machine adds in another order.
    """
    data, judge = entry.data, None
    for position, (name, truth) in enumerate(there.judge.truth.items()):
        if name in INPUTS or entry.truth[name].tobytes() == truth.tobytes():
            continue
        judge = judge or Judge(data.layer, entry.recorded, "float64", data.plan, there.judge)
        found = replace(judge.compare(name), actual=entry.truth[name])
        if found.ratio > 1:
            run = there.run._replace(backend="the recorded truth", dtype="float64")
            now = there.judge.compare(name)
            then = replace(now, expected=entry.truth[name])
            return position, wrong_value(found, run, _which_truth(there.run.backend, now, then))
    return None


def _which_truth(device: str, now: Comparison, then: Comparison) -> str:
    """Say which of two truths is wrong: the one that a device's numbers do not support."""
    match now.ratio <= 1, then.ratio <= 1:
        case True, False:
            return f"the recorded truth; {device} agrees with the one computed here"
        case False, True:
            return (
                f"what is computed here; {device} agrees with the recorded truth. If the layer's "
                f"mathematics was meant to change, {RECORD_AGAIN}"
            )
        case True, True:
            return f"one of the truths; {device} agrees with both, so far as its dtype can tell"
    return f"one of the truths, and {device}, which agrees with neither"


# Comparing recordings


def _first_unlike(one: Entry, other: Entry) -> str | None:
    """The first array that was given to one case and not to the other."""
    others = given_to(other.data)
    for name, array in given_to(one.data).items():
        if array.tobytes() != others[name].tobytes():
            return name
    return None


def _differences(one: Entry, other: Entry) -> Iterator[Difference]:
    """What two devices made of the same numbers, quantity by quantity."""
    data = one.data
    judge = Judge(data.layer, one.recorded, data.dtype, data.plan)
    for name in _later(judge.truth):
        expected = other.recorded[name]
        found = replace(judge.compare(name), expected=expected.astype("float64"))
        difference = float(found.errors[found.worst])
        unit = float(np.spacing(np.abs(expected[found.worst])))
        yield Difference(one.case, data.dtype, name, difference, difference / unit, found.ratio)
