"""How far rounding may carry a quantity from the truth: derived, not guessed.

Let u be the dtype's unit roundoff, 2**-24 or 2**-53. Of a sum of k products, computed in any order,
each term goes through at most k roundings, so that the error is at most about ``k u sum |x| |w|``
(N. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 2002, chapter 3). Rounding
errors do not conspire: with a probability of at least ``1 - 2 exp(-L**2 / 2)`` it is below

    L sqrt(k) u sum |x| |w|

(N. Higham, T. Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput.
41 (2019) A2815). With L = 8 that is all but 2.5e-14. What a layer sums, and how often it rounds on
the way, is found by running it on absolute values, once more on the simulated device, which counts.

Where a layer subtracts, normalises or exponentiates, absolute values say little. If a quantity is
off by more than the bound above, the layer is run a few times in float64 with a random error in
each operation (see `onepath.testing.parity.noise`), and L times the largest change is
allowed as well. Both are estimates of one error, so the larger one counts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...backends import Array
from ...backends.dtypes import is_floating
from ...layers.policies import compute_dtype
from ..subject import home_of, parameters_of, transplant
from ..tracing import Plan
from .measuring import changes, magnitudes, roundings
from .replaying import replay

LIKELIHOOD = 8.0
"""L: errors beyond this bound are as likely as a normal number beyond so many deviations."""


@dataclass(frozen=True)
class Bound:
    """How far the elements of a quantity may be from the truth, and why.

    Attributes
    ----------
    unit, tiny : float
        Unit roundoff and smallest normal number of the dtype.
    roundings : int
        How many lie at most on the way to an element: k.
    counted : bool
        Whether they were counted; else k is how many numbers there are in input and parameters.
    magnitude : numpy.ndarray, float64
        What is summed, in absolute values, for each element.
    change : numpy.ndarray, float64, or None
        The largest one in runs with random errors, for each element, once it was measured.
    """

    unit: float
    tiny: float
    roundings: int
    counted: bool
    magnitude: Any
    change: Any = None

    @property
    def a_priori(self) -> Any:
        """``L sqrt(k) u magnitude``, and k results that were flushed to 0."""
        k = self.roundings
        return LIKELIHOOD * math.sqrt(k) * self.unit * self.magnitude + k * self.tiny

    @property
    def allowed(self) -> Any:
        """The bound: a priori, or L times the measured change where that is larger."""
        if self.change is None:
            return self.a_priori
        return np.maximum(self.a_priori, LIKELIHOOD * self.change)


@dataclass(frozen=True)
class Comparison:
    """A recorded quantity beside the truth.

    Attributes
    ----------
    name : str
        The quantity's name, as `trace` gives it.
    actual : numpy.ndarray
        What was recorded.
    expected : numpy.ndarray
        The truth, in float64 if it is floating.
    bound : Bound
        How far they may be apart.
    """

    name: str
    actual: Any
    expected: Any
    bound: Bound

    @cached_property
    def errors(self) -> Any:
        """Absolute errors; infinite where one of the two is not finite and not the other."""
        actual, expected = self.actual, self.expected
        if expected.dtype.kind not in "fc":
            return np.where(actual == expected, 0.0, np.inf)
        with np.errstate(all="ignore"):
            rounded = expected.astype(actual.dtype)  # may overflow, as the layer may
            alike = (actual == rounded) | (np.isnan(actual) & np.isnan(rounded))
            errors = np.abs(actual.astype(expected.dtype) - expected)
        return np.where(alike & ~np.isfinite(rounded), 0.0, np.nan_to_num(errors, nan=np.inf))

    @cached_property
    def ratios(self) -> Any:
        """Errors as multiples of the bound."""
        allowed = self.bound.allowed
        with np.errstate(all="ignore"):
            return np.where(self.errors == 0, 0.0, self.errors / allowed)

    @property
    def ratio(self) -> float:
        """The largest error as a multiple of the bound: up to 1 the quantity is right."""
        return float(self.ratios.max(initial=0.0))

    @property
    def worst(self) -> tuple[int, ...]:
        """The index of the element that is furthest beyond its bound."""
        return tuple(map(int, np.unravel_index(self.ratios.argmax(), self.ratios.shape)))


class Judge:
    """Compares a recorded run of a layer with what it should have been.

    Parameters
    ----------
    layer : object
        The layer as it was before the run, with parameters and state of that dtype.
    recorded : dict of str to numpy.ndarray
        What `trace` returned, on the host.
    dtype : str
        The dtype in which the layer was run, or a mixed policy.
    plan : Plan
        What was done with the layer.
    like : Judge, optional
        That of another run on the same data, which spares measuring and counting again.
    """

    def __init__(
        self,
        layer: Any,
        recorded: Mapping[str, Array],
        dtype: str,
        plan: Plan,
        like: "Judge | None" = None,
    ) -> None:
        self._layer = transplant(layer, "cpu", "float64")
        self._actual = recorded
        self._recorded = {name: _widened(array) for name, array in recorded.items()}
        self._unit, self._tiny = unit_and_tiny(compute_dtype(dtype))
        self._plan = plan
        if like is not None:
            self._magnitudes, self._roundings = like._magnitudes, like._roundings

    @cached_property
    def truth(self) -> dict[str, Array]:
        """Each quantity in float64, from the data that its layer really got.

        If the recording breaks off, the truth has one quantity more.
        """
        with np.errstate(all="ignore"):
            return replay(transplant(self._layer, "cpu"), self._recorded, self._plan)

    def compare(self, name: str) -> Comparison:
        """Compare a recorded quantity with the truth.

        Parameters
        ----------
        name : str
            A name that recording and truth have in common; both arrays must have one shape.

        Returns
        -------
        Comparison
            With the a-priori bound, if that is kept; else with the measured one as well.
        """
        found = Comparison(name, self._actual[name], self.truth[name], self._bound(name))
        if found.ratio > 1 and name in self._changes:
            return replace(found, bound=replace(found.bound, change=self._changes[name]))
        return found

    def _bound(self, name: str) -> Bound:
        size = np.abs(self.truth[name])
        sums = self._magnitudes.get(name)
        if sums is not None and sums.shape == size.shape:
            size = np.fmax(np.where(np.isfinite(sums), sums, 0), size)
        k = self._roundings.get(name)
        counted = k is not None
        k = max(1, self._numbers if k is None else k)
        return Bound(self._unit, self._tiny, k, counted, np.nan_to_num(size, posinf=0))

    @property
    def _numbers(self) -> int:
        """How many there are in input and parameters."""
        arrays = [self._recorded["input"], *parameters_of(self._layer).values()]
        return sum(array.size for array in arrays)

    @cached_property
    def _magnitudes(self) -> dict[str, Any]:
        return magnitudes(self._layer, self._recorded, self._plan)

    @cached_property
    def _roundings(self) -> dict[str, int]:
        return roundings(self._layer, self._recorded, self._plan)

    @cached_property
    def _changes(self) -> dict[str, Any]:
        layer, recorded, plan = self._layer, self._recorded, self._plan
        return changes(layer, recorded, plan, self.truth, self._unit, self._tiny)


def unit_and_tiny(dtype: str) -> tuple[float, float]:
    """Return a dtype's unit roundoff and its smallest normal number."""
    if dtype == "bfloat16":  # float32 without its last 16 bits
        return 2.0**-8, 2.0**-126
    return float(np.finfo(dtype).eps) / 2, float(np.finfo(dtype).tiny)


def _widened(array: Any) -> Any:
    """A floating array in float64, anything else as it is."""
    if home_of(array) is None or not (array.dtype.kind == "c" or is_floating(array.dtype)):
        return array
    return array.astype(np.result_type(array, "float64"))
