"""Measured derivatives: right where they count as measured, and never trusted at a kink."""

import numpy as np
import pytest

from onepath.testing.gradients.slopes import STEPS, slopes


def measure(function, noise=0.0):
    """The slope of a function of a number, at 0."""
    centre = np.atleast_1d(function(0.0))
    found = slopes(lambda t: np.atleast_1d(function(t)), centre, np.full(centre.shape, noise))
    return [field[0] for field in found] if centre.size == 1 else found


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (np.sin, 1),
        (np.exp, 1),
        (lambda t: np.tanh(3 * t + 1), 3 / np.cosh(1) ** 2),
        (lambda t: 1e-8 * np.exp(t), 1e-8),
        (lambda t: 1e8 * np.exp(t), 1e8),
        (lambda t: 1 + 1e-3 * np.sin(t), 1e-3),
        (lambda t: np.exp(1000 * t), 1000),
        (lambda t: np.tanh(1e4 * t), 1e4),
        (lambda t: t**2, 0),
        (lambda t: 3.0, 0),
    ],
)
def test_smooth_functions(function, slope):
    value, error, measured = measure(function)
    assert measured
    assert abs(value - slope) <= error
    assert error <= 1e-6 * abs(slope) + 1e-9 * abs(function(1e-3))


def test_constant_is_exact():
    value, error, measured = measure(lambda t: 0.1)
    assert (value, error, measured) == (0, 0, True)


@pytest.mark.parametrize("jump", [1.0, -1e-3, 1e3])
def test_bound_covers_a_kink_wherever_it_lies(jump):
    """A slope of 1, and another one beyond a kink at any distance from the point."""
    h = STEPS[-1]
    for place in np.linspace(-3.5 * h, 3.5 * h, 701):
        if abs(place) < 1e-3 * h:
            continue

        def bent(t, place=place):
            beyond = max(t - place, 0) if place > 0 else max(place - t, 0)
            return t + jump * beyond

        value, error, measured = measure(bent)
        assert abs(value - 1) <= error, place / h
        assert not measured or error <= 1e-6 * abs(value) + 1e-6, place / h


@pytest.mark.parametrize("place", [1e-2, 2.1e-3, 1e-4, -3e-5, 1e-6])
def test_kink_nearby_is_stepped_around(place):
    value, error, measured = measure(lambda t: t + max(t / place - 1, 0))
    assert measured
    assert abs(value - 1) <= error <= 1e-5


@pytest.mark.parametrize(
    "function",
    [
        lambda t: max(t, 0),
        lambda t: max(t, -t),
        lambda t: np.sign(t),
        lambda t: float(t > 0),
        lambda t: float(t >= 0),
        lambda t: np.cbrt(t),
        lambda t: np.sqrt(abs(t)),
        lambda t: np.tanh(1e9 * t),
        lambda t: np.nan if t > 0 else t,
    ],
)
def test_kink_at_the_point_is_not_measured(function):
    assert not measure(function)[2]


def test_smooth_values_are_measured_beside_kinks_and_jumps():
    def mixed(t):
        beyond = np.nan if t > 0 else t
        return np.array([np.sin(t), 2.0, 1e-3 * np.sin(t), max(t, 0) * (1 + t), np.sign(t), beyond])

    found = measure(mixed)
    np.testing.assert_array_equal(found.measured, [True, True, True, False, False, False])
    np.testing.assert_allclose(found.values[:3], [1, 0, 1e-3], rtol=1e-6)


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-6])
def test_bound_covers_noise(size):
    rng = np.random.default_rng(1)

    def noisy(t):
        return np.sin(t + phases) + size * rng.uniform(-1, 1, phases.size)

    phases = np.arange(50000)
    found = measure(noisy, noise=size)
    assert np.all(found.measured)
    assert np.all(abs(found.values - np.cos(phases)) <= found.errors)
    assert np.max(found.errors) <= 200 * size / STEPS[0] + 1e-6


def test_noise_that_nobody_told_of_is_not_measured():
    rng = np.random.default_rng(1)
    found = measure(lambda t: np.arange(100.0) * t + 1e-6 * rng.uniform(-1, 1, 100))
    assert np.mean(found.measured) < 0.1


def test_staircase_is_not_measured():
    assert not measure(lambda t: np.float64(np.float32(17.31 + t)))[2]
