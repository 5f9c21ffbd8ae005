"""The contest of engines, on a clock that stands still unless an engine moves it."""

from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest

from onepath.backends import Geometry, blas, get_threads, set_threads
from onepath.backends.convolution import ENGINES
from onepath.backends.convolution.engine import OPERATIONS
from onepath.tuning import measuring
from onepath.tuning.measuring import measure

GEOMETRY = Geometry.of((2, 6, 5), 4, 3, groups=2)


class Clock:
    now = 0.0

    def perf_counter(self):
        return self.now


class Made:
    """An engine that takes its time, another one at its first call."""

    def __init__(self, clock, seconds, first=0.0):
        self.clock, self.seconds, self.first = clock, seconds, first
        self.times = []
        self.arguments = self.rehearsed = None

    def rehearse(self, device, *arguments):
        assert not self.times
        self.rehearsed = arguments

    def forward(self, device, *arguments):
        self.arguments = arguments
        self.clock.now += self.seconds if self.times else self.first
        self.times.append(self.clock.now)

    input_gradient = kernel_gradient = forward


@pytest.fixture
def contest(monkeypatch, cpu):
    """A function that lets made-up engines compete: seconds by name, and the engines."""
    clock = Clock()
    monkeypatch.setattr(measuring, "time", clock)

    def contest(**seconds):
        engines = {name: Made(clock, *each) for name, each in seconds.items()}
        with patch.dict(ENGINES, engines, clear=True):
            return measure(cpu, "forward", GEOMETRY, 2, "float32", list(engines)), engines

    return contest


def test_each_gets_the_seconds_of_a_call(contest):
    times, _ = contest(a=(0.004, 10.0), b=(0.005,), c=(0.00001, 1.0))
    assert times == {"a": 0.004, "b": 0.005, "c": 0.00001}


def test_the_way_that_an_engine_chose_is_told(contest, monkeypatch):
    monkeypatch.setattr(Made, "rehearse", lambda self, *_: "fast" if self.seconds < 0.5 else None)
    assert contest(a=(0.004,), b=(0.6,))[0] == {"a": 0.004, "a fast": 0.004, "b": 0.6}


def test_times_have_three_digits(contest):
    assert contest(a=(0.00123456,))[0] == {"a": 0.00123}


def test_short_calls_are_measured_many_at_a_time(contest):
    _, engines = contest(a=(0.0001,))
    assert len(engines["a"].times) > measuring._MOST * 0.002 / 0.0001


def test_long_calls_are_repeated_thrice_and_no_more(contest):
    _, engines = contest(a=(30.0,), b=(40.0,))
    # the first is not measured
    assert [len(each.times) for each in engines.values()] == [1 + 3, 1 + 3]


def test_bursts_of_engines_alternate(contest):
    _, engines = contest(a=(0.01,), b=(0.01,))
    calls = sorted((now, name) for name, each in engines.items() for now in each.times)
    order = "".join(name for _, name in calls)
    assert order.startswith("abababba")


def test_one_that_is_beaten_is_out(contest):
    times, engines = contest(a=(0.01,), b=(0.039,), c=(0.05,))
    assert times == {"a": 0.01, "b": 0.039, "c": 0.05}
    assert len(engines["c"].times) == 2
    assert len(engines["b"].times) > 3


def test_a_disturbance_is_not_what_counts(contest, monkeypatch):
    real = Made.forward

    def disturbed(self, *arguments):
        real(self, *arguments)
        if len(self.times) == 3:
            self.clock.now += 0.02

    monkeypatch.setattr(Made, "forward", disturbed)
    assert contest(a=(0.01,))[0] == {"a": 0.01}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_engines_get_what_the_operation_takes(backend, operation):
    seen, rehearsed = [], []
    engine = SimpleNamespace(rehearse=lambda device, *arguments: rehearsed.append(arguments))
    setattr(engine, operation, lambda device, *arguments: seen.append((device, arguments)))
    with patch.dict(ENGINES, {"made": engine}, clear=True):
        measure(backend, operation, GEOMETRY, 3, "float64", ["made"])
    device, (first, second, geometry) = seen[0]
    assert device is backend
    assert geometry is GEOMETRY
    assert rehearsed == [(operation, geometry, first, second)]
    x, dy, kernel = (3, 2, 6, 5), (3, 4, 4, 3), (4, 1, 3, 3)
    shapes = {"forward": (x, kernel), "input_gradient": (dy, kernel), "kernel_gradient": (x, dy)}
    assert (first.shape, second.shape) == shapes[operation]
    for array in (first, second):
        assert backend.owns(array)
        assert array.dtype == np.float64
        assert backend.to_numpy(array).std() > 0.3
        if array.shape != kernel:  # samples lie as they do between the layers of a network
            assert (array.strides[0] == 8) == (backend.name == "cpu")


def test_it_is_measured_on_one_thread(cpu):
    before = get_threads()
    inside = []

    class Engine:
        def rehearse(self, *arguments):
            inside.append((get_threads(), blas.control() and blas.control().read()))

        def forward(self, *arguments):
            inside.append((get_threads(), blas.control() and blas.control().read()))
            if len(inside) == 5:
                raise RuntimeError("broken")

    set_threads(3)
    try:
        with (
            patch.dict(ENGINES, {"made": Engine()}, clear=True),
            pytest.raises(RuntimeError, match="broken"),
        ):
            measure(cpu, "forward", GEOMETRY, 2, "float32", ["made"])
        assert set(inside) == {(1, blas.control() and 1)}
        assert get_threads() == 3
    finally:
        set_threads(before)


def test_real_engines(backend):
    for operation in OPERATIONS:
        times = measure(backend, operation, GEOMETRY, 2, "float32", ["gemm", "signal"])
        assert times.keys() == {"gemm", "signal"}
        assert all(0 < seconds < 10 for seconds in times.values())
