"""The check that a backward pass is the derivative of the forward pass."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...backends import Backend, get_backend
from .. import samples
from ..failure import ParityError
from ..subject import code_of, layer_of
from .problem import INPUT, Problem, gradient_of
from .slopes import Slopes, slopes

RELATIVE = 1e-6
"""How far a gradient may be off, as part of the sum of its elements' shares."""

ABSOLUTE = 1e-12
"""How far it may be off by rounding, as part of the sum of the outputs' shares in the loss."""

SMALL = 64
"""Up to how many outputs and elements the entries of a Jacobian matrix are looked at one by one."""

TINY = float(np.finfo("float64").tiny)
"""The smallest tolerance."""

ATTEMPTS = 10
"""How many points are tried until there is one where not every output has a kink."""


@dataclass
class GradientReport:
    """What `assert_gradients` has compared.

    Attributes
    ----------
    layers : int
        How many layers were checked: the layer, and those within it.
    slopes : int
        How many derivatives were compared, along directions and in Jacobian matrices.
    kinks : int
        How many derivatives of outputs were left out for a kink at the very point.
    moved : int
        How often a point was moved aside, since every output had a kink there.
    worst : float
        The largest difference, as part of its tolerance.
    """

    layers: int = 0
    slopes: int = 0
    kinks: int = 0
    moved: int = 0
    worst: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.slopes} slopes in {self.layers} layer{'s' * (self.layers > 1)} agree, the "
            f"worst within {self.worst:.1%} of its tolerance; {self.kinks} kinks left out, points "
            f"moved aside {self.moved} times"
        )


def assert_gradients(
    layer: Any,
    x: Any,
    backend: Backend | str = "cpu",
    training: bool = False,
    directions: int = 4,
    seed: int = 0,
) -> GradientReport:
    """Check the gradients of input and parameters against slopes of the forward pass, in float64.

    Slopes are measured along random directions, along directions that move elements of like
    magnitude in proportion to themselves, and, where there are few elements and outputs, along each
    element for each output. This is done for the input as given, for one with magnitudes spread
    over decades, and for a small one. Outputs with a kink at the very point, such as a maximum with
    ties, are left out. Layers within the layer are checked first, each with the input that it gets.

    Parameters
    ----------
    layer : object
        A layer, a `Model`, or an object of any class with ``forward(x)`` and ``backward(dy)`` or
        ``backward(dy, learning_rate)``; see `onepath.testing.subject` for where its parameters and
        gradients are looked for. It is not changed.
    x : array or tuple of int
        The input, or its shape.
    backend : Backend or str, optional
        Where to compute.
    training : bool, optional
        What ``forward`` is called with, if it takes it.
    directions : int, optional
        How many random directions are taken for the input and for each parameter.
    seed : int, optional
        For everything that is drawn.

    Returns
    -------
    GradientReport
        What was compared.

    Raises
    ------
    ParityError
        If a gradient is missing, has a wrong shape, is not finite, or is not the slope.
    """
    layer, place = layer_of(layer), get_backend(backend)
    line = _line(layer, x, place, training, seed)
    problem = Problem.of(layer, samples.as_sample(x, seed), place, training, seed, line)
    report = GradientReport()
    for part in problem.parts():
        _check(part, directions, report)
    return report


def _line(layer: Any, x: Any, backend: Backend, training: bool, seed: int) -> str:
    """A line of code that runs the check again."""
    arguments = [code_of(layer), repr(x) if isinstance(x, tuple) else "x"]
    if backend.name != "cpu":
        arguments.append(f"backend={backend.name!r}")
    if training:
        arguments.append("training=True")
    return f"assert_gradients({', '.join(arguments)}, seed={seed})"


def _check(problem: Problem, directions: int, report: GradientReport) -> None:
    """Compare all slopes at all points."""
    report.layers += 1
    rng = np.random.default_rng([problem.seed, 3])
    for place, here in enumerate(_points(problem, rng)):
        for name in here.variables:
            value = here.values[name]
            moves = [_random_move(value, rng) for _ in range(directions if place == 0 else 1)]
            if place == 0 or name == INPUT:
                moves += _proportional_moves(value, rng)
            for move in moves:
                _compare_along(here, name, move, rng, report)
        if place == 0 and not problem.is_composite:
            _compare_elements(here, report)


# Where, and in which directions


def _points(problem: Problem, rng: Any) -> Iterator[Problem]:
    """The problem itself, and with inputs where other mistakes show, as far as they are allowed.

    Elements only get smaller: then they stay within the domains of logarithms and probabilities.
    """
    yield problem
    if INPUT not in problem.variables:
        return
    x = problem.values[INPUT]
    decades = rng.permutation(np.linspace(-4, 0, x.size)).reshape(x.shape)
    for point, value in (
        ("with magnitudes spread over decades", x * 10**decades),
        ("times 1e-4", x * 1e-4),
    ):
        other = problem.at(INPUT, value, f"{problem.point}, {point}")
        if np.all(np.isfinite(other.output)):
            yield other


def _scale(value: Any) -> float:
    """A typical distance between elements."""
    spread, largest = float(np.std(value)), float(np.max(np.abs(value)))
    # equal numbers have the rounding of their mean for a deviation
    return spread if spread > 1e-12 * largest else largest or 1.0


def _random_move(value: Any, rng: Any) -> Any:
    """A random direction in which every element moves alike."""
    return rng.standard_normal(value.shape) * _scale(value)


def _proportional_moves(value: Any, rng: Any) -> list[Any]:
    """Random directions in which elements move in proportion to themselves, decade by decade.

    No element crosses 0, small ones are not lost among large ones, and none goes further than in
    `_random_move`.
    """
    sizes = np.minimum(np.abs(value), _scale(value))
    move = rng.standard_normal(value.shape) * sizes
    with np.errstate(divide="ignore"):
        decades = np.floor(np.log10(sizes))
    occupied = np.unique(decades[np.isfinite(decades)])
    return [np.where(decades == decade, move, 0) for decade in occupied]


# Comparing along a direction


@dataclass(frozen=True)
class _Comparison:
    """A derivative along a direction: what backward claims and what was measured."""

    problem: Problem
    name: str
    move: Any
    shown: bool
    claimed: float
    measured: float
    tolerance: float
    kinks: int

    @property
    def ratio(self) -> float:
        """The difference, as part of the tolerance."""
        return abs(self.claimed - self.measured) / self.tolerance


def _compare_along(
    problem: Problem, name: str, move: Any, rng: Any, report: GradientReport
) -> None:
    """Compare along a direction, from a point where that is possible; raise if they differ."""
    first = problem.point
    for _ in range(ATTEMPTS):
        comparison = _along(problem, name, move)
        if comparison is not None:
            break
        report.moved += 1
        aside = problem.values[name] + 0.01 * _random_move(problem.values[name], rng)
        problem = problem.at(name, aside, f"{first}, moved aside")
    else:
        raise ParityError(
            "smoothness",
            f"{problem.title}: slopes of forward cannot be measured",
            {
                "along": name,
                "tried": f"{ATTEMPTS} points, from {first} on: at each of them every output that "
                "moves has a kink, or is rough however near one looks",
                "likely": "forward rounds to something inside, or draws random numbers",
                "reproduce": problem.line,
            },
        )
    report.slopes += 1
    report.kinks += comparison.kinks
    if comparison.ratio > 1:
        raise _failure(_narrowed(comparison))
    report.worst = max(report.worst, comparison.ratio)


def _along(problem: Problem, name: str, move: Any) -> _Comparison | None:
    """Compare along a direction, or return None if every output that moves has a kink."""
    found = _slopes(problem, name, move)
    if not np.any(found.measured & (found.errors > 0)) and not np.all(found.measured):
        return None
    weights = np.where(found.measured, problem.output_gradient, 0)
    gradients = problem.gradients(weights)
    shares = gradients[name] * move if name in gradients else np.zeros(1)
    errors = np.where(found.measured, found.errors, 0)
    return _Comparison(
        problem,
        name,
        move,
        name in gradients,
        claimed=float(np.sum(shares)),
        measured=float(np.sum(weights * found.values)),
        tolerance=TINY
        + RELATIVE * float(np.sum(np.abs(shares)))
        + float(np.sum(np.abs(weights) * (errors + ABSOLUTE * np.abs(problem.output)))),
        kinks=int(np.sum(~found.measured)),
    )


def _slopes(problem: Problem, name: str, move: Any) -> Slopes:
    """The outputs' derivatives along a direction."""
    return slopes(lambda t: problem.moved(name, t * move), problem.output, problem.noise)


def _narrowed(comparison: _Comparison) -> _Comparison:
    """Halve the elements that move as long as the difference stays, if possible down to one."""
    elements = np.flatnonzero(comparison.move)
    while len(elements) > 1:
        halves = []
        for half in np.array_split(elements, 2):
            move = np.zeros(comparison.move.shape)
            move.flat[half] = comparison.move.flat[half]
            part = _along(comparison.problem, comparison.name, move)
            if part is not None and part.ratio > 1:
                halves.append((abs(part.claimed - part.measured), half, part))
        if not halves:
            break
        _, elements, comparison = max(halves, key=lambda half: half[0])
    return comparison


def _failure(comparison: _Comparison) -> ParityError:
    """The error for a derivative along a direction."""
    problem, name, move = comparison.problem, comparison.name, comparison.move
    elements = np.flatnonzero(move)
    if len(elements) == 1:
        index = np.unravel_index(elements[0], move.shape)
        size = float(move[index])
        where = {"element": _element(name, index, problem.values[name][index])}
    else:
        size = 1.0
        where = {"direction": f"{len(elements)} of {move.size} elements of {name}"}
    where["found"] = "for a random output gradient" + (
        f"; {comparison.kinks} outputs with kinks left out" if comparison.kinks else ""
    )
    claimed, measured = comparison.claimed / size, comparison.measured / size
    tolerance = comparison.tolerance / abs(size)
    return _mismatch(problem, name, where, claimed, measured, tolerance, comparison.shown)


# Comparing element by element


def _compare_elements(problem: Problem, report: GradientReport) -> None:
    """Compare the Jacobian matrices that are small, entry by entry; raise if one differs."""
    outputs = problem.output.size
    names = [n for n in problem.variables if max(problem.values[n].size, outputs) <= SMALL]
    if not names:
        return
    rows = [problem.gradients(row.reshape(problem.output.shape)) for row in np.eye(outputs)]
    for name in names:
        value = problem.values[name]
        if name in rows[0]:
            claims = np.stack([row[name].ravel() for row in rows])
            _compare_matrix(problem, name, value, claims, report)


def _compare_matrix(
    problem: Problem, name: str, value: Any, claims: Any, report: GradientReport
) -> None:
    """Compare a Jacobian matrix of shape (outputs, elements)."""
    sizes = np.where(value == 0, _scale(value), value).ravel()
    moves = np.zeros((value.size, *value.shape))
    moves.reshape(value.size, -1)[np.diag_indices(value.size)] = sizes
    columns = [_slopes(problem, name, move) for move in moves]
    measured = np.stack([column.values.ravel() for column in columns], axis=1) / sizes
    smooth = np.stack([column.measured.ravel() for column in columns], axis=1)
    errors = np.stack([column.errors.ravel() for column in columns], axis=1)
    floor = ABSOLUTE * np.max(np.abs(problem.output))
    tolerance = TINY + RELATIVE * np.abs(claims) + (errors + floor) / np.abs(sizes)
    ratios = np.where(smooth, np.abs(claims - measured) / tolerance, 0)

    report.slopes += ratios.size
    report.kinks += int(np.sum(~smooth))
    worst = np.unravel_index(np.argmax(ratios), ratios.shape)
    if ratios[worst] > 1:
        output = np.unravel_index(worst[0], problem.output.shape)
        index = np.unravel_index(worst[1], value.shape)
        where = {
            "element": _element(name, index, value[index]),
            "found": f"for output{_brackets(output)}; {np.sum(ratios > 1)} of {ratios.size} "
            "entries of the Jacobian matrix differ",
        }
        raise _mismatch(problem, name, where, claims[worst], measured[worst], tolerance[worst])
    report.worst = max(report.worst, float(ratios[worst]))


# Words


def _brackets(index: Any) -> str:
    return f"[{', '.join(str(int(i)) for i in index)}]" if index else ""


def _element(name: str, index: Any, value: float) -> str:
    return f"{name}{_brackets(index)} = {value:.6g}"


def _mismatch(
    problem: Problem,
    name: str,
    where: dict[str, str],
    claimed: float,
    measured: float,
    tolerance: float,
    shown: bool = True,
) -> ParityError:
    """The error for a gradient that is not the slope."""
    difference = abs(claimed - measured)
    digits = max(
        6, min(17, 3 - math.floor(math.log10(difference / max(abs(claimed), abs(measured)))))
    )
    both = f"; backward / measured = {claimed / measured:.6g}" if measured and claimed else ""
    rows = {
        **where,
        "backward": f"{claimed + 0.0: .{digits}g}" if shown else " no gradient shown",
        "measured": f"{measured + 0.0: .{digits}g}",
        "difference": f" {difference:.3g}, tolerance {tolerance:.2g}{both}",
        "at": f"{problem.point}, shape {problem.values[INPUT].shape}, training={problem.training}",
    }
    if not shown:
        rows["mend"] = (
            f"let backward keep it in a dict, gradients[{name!r}], or take a learning rate; if "
            f"{name} is not learned, keep it in a dict `state`"
        )
    rows["reproduce"] = problem.line
    return ParityError(
        gradient_of(name),
        f"{problem.title}: the {gradient_of(name)} is not the slope of forward",
        rows,
    )
