"""One run of a layer on one backend, compared with the truth."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...backends import Backend
from ...layers.policies import compute_dtype, variable_dtype
from .. import samples
from ..failure import ParityError
from ..subject import home_of, parameters_of, run_forward, state_of, transplant
from ..tracing import Plan, Recorder, is_of_variable, run
from .bounds import Comparison, Judge
from .report import Run, kind_of, raised, wrong_kind, wrong_value

DTYPES = ("float16", "float32", "float64")

NO_TRUTH = "the truth"
"""The name of what fails if the layer raises something in float64 on the CPU."""


class Data(NamedTuple):
    """A layer with what it is to be run on, of one dtype and on the CPU.

    Attributes
    ----------
    layer : object
        Built, and never run itself.
    x, dy : numpy.ndarray
        Input and output's gradient.
    dtype : str
        The dtype of all floating arrays, or a mixed policy.
    plan : Plan
        What to do with the layer.
    """

    layer: Any
    x: Any
    dy: Any
    dtype: str
    plan: Plan

    @classmethod
    def of(cls, layer: Any, x: Any, plan: Plan, seed: int) -> "Data":
        """Build a copy of a layer and draw what it needs, in float64.

        Parameters
        ----------
        layer : object
            onepath's or a stranger's. In the copy, parameters and state that are all 0 or all 1 get
            random values, lest they hide a mistake.
        x : numpy.ndarray
            The input.
        plan : Plan
            What to do with the layer.
        seed : int
            For everything that is drawn.

        Returns
        -------
        Data
            Of dtype float64.
        """
        x = samples.as_floating(x, "float64")
        built = transplant(layer, "cpu", "float64")
        with np.errstate(all="ignore"):
            y = run_forward(built, x.copy())
        ready = transplant(built, "cpu")
        samples.vary_constants(parameters_of(ready) | state_of(ready), seed)
        return cls(ready, x, samples.output_gradient(np.shape(y), seed), "float64", plan)

    def rounded(self, dtype: str) -> "Data":
        """Return the same, rounded to a dtype."""
        with np.errstate(all="ignore"):
            layer, narrow = transplant(self.layer, "cpu", dtype), compute_dtype(dtype)
            x, dy = samples.as_floating(self.x, narrow), self.dy.astype(narrow)
            return Data(layer, x, dy, dtype, self.plan)


class Failure(NamedTuple):
    """The first thing that is wrong in a run.

    Attributes
    ----------
    name : str
        The quantity.
    position : int
        How many quantities before it are right.
    tell : callable
        Makes the exception to raise of a sentence that says which sides are right and wrong.
    """

    name: str
    position: int
    tell: Callable[[str], ParityError]


class Outcome:
    """A run, and how it compares with the truth.

    Parameters
    ----------
    data : Data
        What is run.
    home : Backend
        Where.
    run : Run
        How messages call the run; its layout is that of input and output's gradient.
    like : Judge, optional
        That of another run on the same data.
    layer : object, optional
        What is run in place of the data's layer, which still says what is true.

    Attributes
    ----------
    run : Run
        As given.
    judge : Judge
        What compares.
    right : list of Comparison
        The quantities up to the first one that is wrong.
    failure : Failure or None
        What is wrong.
    """

    def __init__(
        self,
        data: Data,
        home: Backend,
        run: Run,
        like: Judge | None = None,
        layer: Any = None,
    ) -> None:
        self.run = run
        self.right: list[Comparison] = []
        self._home, self._dtype = home, data.dtype
        self._recorder = Recorder()
        self._error = self._attempt(data.layer if layer is None else layer, data)
        host = {name: _on_host(array) for name, array in self._recorder.seen.items()}
        self.judge = Judge(data.layer, host, data.dtype, data.plan, like)
        self.failure = self._first_failure()

    def comparisons(self) -> dict[str, Comparison]:
        """Return what can be compared, right or wrong, by name."""
        if self.failure and self.failure.name == NO_TRUTH:
            return {}
        truth, seen = self.judge.truth, self._recorder.seen
        return {
            name: self.judge.compare(name)
            for name in truth
            if home_of(seen.get(name)) and not self._wrong_check(name)
        }

    def _attempt(self, layer: Any, data: Data) -> Exception | None:
        """Run a copy of the layer; return what was raised."""
        x, dy = (
            samples.laid_out(self._home, array, self.run.layout) for array in (data.x, data.dy)
        )
        try:
            with np.errstate(all="ignore"):  # a GPU does not warn either
                run(transplant(layer, self._home), x, dy, self._recorder, data.plan)
        except Exception as error:
            return error
        return None

    def _first_failure(self) -> Failure | None:
        """Compare up to the first thing that is wrong."""
        seen = self._recorder.seen
        try:
            truth = self.judge.truth
        except Exception as error:
            run = self.run._replace(backend="cpu", dtype="float64")
            place = "", run.layer, NO_TRUTH
            return self._failure(NO_TRUTH, partial(raised, error, place, run))
        for name in truth:
            if name not in seen:
                return self._failure(name, self._of_missing(name))
            if home_of(seen[name]) is None and home_of(truth[name]) is None:
                continue  # a first layer may have no input gradient
            check = self._wrong_check(name)
            if check:
                return self._failure(name, self._of_kind(check, name))
            comparison = self.judge.compare(name)
            if comparison.ratio > 1:
                return self._failure(name, partial(wrong_value, comparison, self.run))
            self.right.append(comparison)
        for name in seen.keys() - truth.keys():
            tell = partial(wrong_kind, "presence", name, "there", "not there", self.run)
            return self._failure(name, tell)
        return self._failure("", self._of_missing("")) if self._error else None

    def _failure(self, name: str, tell: Callable[[str], ParityError]) -> Failure:
        return Failure(name, len(self.right), tell)

    def _of_missing(self, name: str) -> Callable[[str], ParityError]:
        """What tells of a quantity that was not computed."""
        if self._error is not None:
            return partial(raised, self._error, self._recorder.place, self.run)
        return partial(wrong_kind, "presence", name, "not there", "there", self.run)

    def _of_kind(self, check: str, name: str) -> Callable[[str], ParityError]:
        """What tells of a quantity that is not of the kind that it should be."""
        actual, truth = self._recorder.seen[name], self.judge.truth[name]
        wanted = kind_of(truth, None)
        if home_of(truth):
            wanted = kind_of(truth, self._home, self._expected_dtype(name))
        found = kind_of(actual, home_of(actual))
        return partial(wrong_kind, check, name, found, wanted, self.run)

    def _wrong_check(self, name: str) -> str | None:
        """The name of the check that a quantity does not pass, leaving its values aside."""
        array, truth = self._recorder.seen[name], self.judge.truth[name]
        if not self._home.owns(array):
            return "device"
        if home_of(truth) is None:
            return "presence"
        if array.shape != truth.shape:
            return "shape"
        return "dtype" if array.dtype != self._expected_dtype(name) else None

    def _expected_dtype(self, name: str) -> Any:
        """The dtype that corresponds to that of the truth."""
        truth = self.judge.truth[name]
        if truth.dtype.kind not in "fc":
            return truth.dtype
        dtype = np.dtype((variable_dtype if is_of_variable(name) else compute_dtype)(self._dtype))
        return np.result_type(dtype, "complex64") if truth.dtype.kind == "c" else dtype


def first_failure(outcomes: Sequence[Outcome]) -> ParityError | None:
    """Find what is wrong first, in the order of computation, in any of several runs.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Of runs on the same data.

    Returns
    -------
    ParityError or None
        It says which of the runs are wrong there, and which are right. None if all are right.
    """
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if not failures:
        return None
    first = min(failures, key=lambda failure: failure.position)
    return first.tell(_sides(outcomes, first.position))


def _sides(outcomes: Sequence[Outcome], position: int) -> str:
    """Say which backends are wrong, and which are right, about the quantity at a position."""
    right, wrong = [], []
    for outcome in outcomes:
        name = outcome.run.backend
        if outcome.failure and outcome.failure.position == position:
            wrong.append(name)
        elif position < len(outcome.right):
            right.append(f"{name} is right ({outcome.right[position].ratio:.2g} of its bound)")
        else:  # there is nothing that could be wrong
            right.append(f"{name} is right")
    if right:
        return f"{', '.join(wrong)}; {', '.join(right)}"
    if outcomes[0].run.dtype == "float64" and "cpu" in wrong:
        truth = "where the truth comes from: it is not deterministic, or minds the layout"
        return f"{', '.join(wrong)}, {truth}"
    return f"{', '.join(wrong)}; the truth is the layer in float64 on the CPU"


def _on_host(array: Any) -> Any:
    """A quantity on the host; what is no array stays what it is."""
    home = home_of(array)
    return array if home is None else home.to_numpy(array)
