"""The check that all backends compute the same thing."""

from collections.abc import Iterable
from typing import Any

from ...arguments import whole
from ...backends import Backend, available_backends, get_backend
from ...layers.policies import MIXED, check_policy
from ...optimizers import Optimizer
from .. import samples
from ..subject import code_of, layer_of, title_of
from ..tracing import Plan
from .bounds import Judge
from .outcomes import DTYPES, Data, Outcome, first_failure
from .report import ParityReport, Run, raised

LAYOUTS = ("C", "F", "strided")
STEPS = 3


def assert_parity(
    layer: Any,
    x: Any,
    backends: Iterable[str | Backend] | None = None,
    dtypes: Iterable[str] = ("float32", "float64"),
    layouts: Iterable[str] = LAYOUTS,
    training: bool = False,
    optimizer: str | Optimizer | None = None,
    steps: int = STEPS,
    seed: int = 0,
) -> ParityReport:
    """Check that a layer computes the same on every backend, up to what rounding explains.

    Output, input gradient, parameters' gradients, state, and the parameters after steps of an
    optimizer are each compared with the truth: the same layer in float64 on the CPU, from exactly
    the data that the layer really got. What happens in layers within the layer is compared as well,
    so that the first of them that is wrong is named. `onepath.testing.parity.bounds` derives the
    bound.

    Shapes, dtypes and devices of all results are checked too, and that neither the input nor the
    output's gradient is changed.

    Parameters
    ----------
    layer : object
        A layer, a `Model`, or an object of any class with ``forward(x)`` and ``backward(dy)`` or
        ``backward(dy, learning_rate)``; see `onepath.testing.subject`. It is not changed. In the
        copies that are run, parameters and state that are all 0 or all 1 get random values, lest
        they hide a mistake.
    x : array or tuple of int
        The input, a batch, or its shape, to be filled with random numbers of all magnitudes.
    backends : iterable of str or Backend, optional
        Where to compute; all that are available, if left out.
    dtypes : iterable of str, optional
        Of input, parameters and state; or "mixed_float16" or "mixed_bfloat16", under which
        parameters and state are float32.
    layouts : iterable of {"C", "F", "strided"}, optional
        How input and output gradient lie in memory: row by row, in Fortran's order, or as every
        second element of a larger array.
    training : bool, optional
        What ``forward`` is called with, if it takes it.
    optimizer : str or Optimizer, optional
        What takes steps; plain gradient descent if left out.
    steps : int, optional
        How many.
    seed : int, optional
        For everything that is drawn.

    Returns
    -------
    ParityReport
        Each quantity of each run, with its worst error and its bound.

    Raises
    ------
    ParityError
        At the first quantity, in the order of computation, that is wrong anywhere. Whatever is
        raised in a forward or backward pass becomes one, too.
    ValueError
        If an option is none of those allowed.
    """
    subject = layer_of(layer)
    plan = Plan(training, optimizer, whole("steps", steps, at_least=0))
    names = available_backends() if backends is None else backends
    homes = [get_backend(name) for name in _several("backends", names)]
    kinds = [_checked("dtypes", dtype, (*DTYPES, *MIXED)) for dtype in _several("dtypes", dtypes)]
    orders = [_checked("layouts", layout, LAYOUTS) for layout in _several("layouts", layouts)]

    def run_of(home: Backend, dtype: str, layout: str) -> Run:
        line = _line(subject, x, home, dtype, layout, plan, seed)
        return Run(subject, home.name, dtype, layout, line)

    host = samples.as_sample(x, seed)
    try:
        data = Data.of(subject, host, plan, seed)
    except Exception as error:
        run = run_of(get_backend("cpu"), "float64", "C")
        raise raised(error, ("", subject, "forward"), run, "there is no truth") from error
    report = ParityReport(title_of(subject))
    for dtype in kinds:
        rounded = data.rounded(dtype)
        like: Judge | None = None
        for layout in orders:
            outcomes = []
            for home in homes:
                outcomes.append(Outcome(rounded, home, run_of(home, dtype, layout), like))
                like = like or outcomes[0].judge
            failure = first_failure(outcomes)
            if failure is not None:
                raise failure from failure.__cause__
            for outcome in outcomes:
                report.add(outcome.right, outcome.run)
    return report


def _several(name: str, value: Any) -> tuple[Any, ...]:
    """One or several of something as a tuple."""
    found = (value,) if isinstance(value, str | Backend) else tuple(value)
    if not found:
        raise ValueError(f"{name} must name at least one, got {value!r}")
    return found


def _checked(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{name} must be of {allowed}, got {value!r}")
    return check_policy(value) if value in MIXED else str(value)


def _line(layer: Any, x: Any, home: Backend, dtype: str, layout: str, plan: Plan, seed: int) -> str:
    """A line of code that makes a run again."""
    options: dict[str, Any] = {"backends": home.name, "dtypes": dtype, "layouts": layout}
    if plan.training:
        options["training"] = True
    if plan.optimizer is not None:
        options["optimizer"] = plan.optimizer
    if plan.steps != STEPS:
        options["steps"] = plan.steps
    options["seed"] = seed
    arguments = [code_of(layer), repr(x) if isinstance(x, tuple) else "x"]
    arguments += [f"{name}={value!r}" for name, value in options.items()]
    return f"assert_parity({', '.join(arguments)})"
