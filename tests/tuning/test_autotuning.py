"""From measurements to what computes."""

import builtins
import json
from unittest.mock import patch

import pytest

import onepath as op
from onepath.backends import Geometry, get_backend
from onepath.backends.convolution import ENGINES
from onepath.backends.convolution.engine import OPERATIONS, Cost
from onepath.layers import Conv2D, Dense
from onepath.tuning import autotuning, batches_of, convolutions_of, tune

GEOMETRY = Geometry.of((1, 5, 5), 2, 3)


class Made:
    """An engine that is predicted to take some calls, and can do nothing."""

    def __init__(self, calls, refuses=None):
        self.calls, self.refuses = calls, refuses

    def refusal(self, device, geometry, dtype):
        return self.refuses

    def workspace(self, device, geometry, batch, dtype):
        return 0

    def cost(self, device, operation, geometry, batch, dtype):
        return Cost(0, 0, self.calls)


@pytest.fixture
def measured(monkeypatch):
    """What was measured, of engines of which the last is the fastest and two should not be."""
    seen = []

    def measure(backend, operation, geometry, batch, dtype, engines):
        seen.append((operation, geometry, batch, dtype, engines))
        return {name: 1.0 / (1 + number) for number, name in enumerate(engines)}

    monkeypatch.setattr(autotuning, "measure", measure)
    engines = {
        "quick": Made(1),
        "odd": Made(0, refuses="too odd"),
        "fair": Made(20),
        "hopeless": Made(21),
    }
    for name, engine in engines.items():
        engine.name = name
    with patch.dict(ENGINES, engines, clear=True):
        yield seen


def test_the_hopeless_and_those_that_refuse_are_not_measured(measured):
    op.autotune(GEOMETRY, batch_size=4)
    assert measured == [
        (operation, GEOMETRY, 4, "float32", ["quick", "fair"]) for operation in OPERATIONS
    ]


@pytest.mark.usefixtures("measured")
def test_the_fastest_computes_from_then_on():
    assert op.explain(GEOMETRY, 4).convolutions[0].forward.chosen == "quick"
    explanation = op.autotune(GEOMETRY, batch_size=4)
    assert explanation == op.explain(GEOMETRY, 4)
    (convolution,) = explanation.convolutions
    for operation in OPERATIONS:
        decision = getattr(convolution, operation)
        assert (decision.chosen, decision.reason) == ("fair", "fastest measured")
        assert [each.measured for each in decision.candidates] == [1.0, None, 0.5, None]
    assert op.explain(GEOMETRY, 5).convolutions[0].forward.chosen == "quick"


def test_it_is_remembered_in_the_file(measured, cache):
    op.autotune(GEOMETRY, batch_size=4)
    ((_, cases),) = json.loads((cache / "convolutions.json").read_text())["seconds"].items()
    assert list(cases.values()) == [{"quick": 1.0, "fair": 0.5}] * 3
    assert len(measured) == 3


def test_each_case_is_measured_once(measured):
    model = op.Sequential(
        [Conv2D(1, 3, padding="same"), Conv2D(1, 3, padding="same"), Conv2D(2, 3)]
    )
    op.autotune(model, (1, 5, 5))
    assert [(geometry.filters, batch) for _, geometry, batch, _, _ in measured] == (
        [(1, 32)] * 3 + [(2, 32)] * 3
    )


def test_layers_that_were_told_their_engine_are_left_out(measured):
    model = op.Sequential([Conv2D(1, 3, engine="quick"), Conv2D(2, 1)])
    explanation = op.autotune(model, (1, 5, 5))
    assert {geometry.filters for _, geometry, *_ in measured} == {2}
    assert len(explanation.convolutions) == 2


def test_dtype_and_device_are_the_layers_or_as_asked_for(measured):
    layer = Conv2D(2, 3, dtype="float64").to("simulated")
    assert op.autotune(layer, (1, 5, 5)).device == "simulated:0"
    assert measured[-1][3] == "float64"
    assert op.autotune(layer, (1, 5, 5), device="cpu", dtype="float32").device == "cpu"
    assert measured[-1][3] == "float32"


def test_a_network_without_convolutions(measured):
    assert op.autotune(Dense(2), (3,)).convolutions == ()
    assert measured == []


def test_what_was_measured_before_an_interruption_is_kept(measured, cache):
    model = op.Sequential([Conv2D(1, 3), Conv2D(2, 1)])
    steps = tune(convolutions_of(model, (1, 5, 5)), 4, get_backend("cpu"))
    assert next(steps).geometry.filters == 1
    assert not list(cache.iterdir())
    assert next(steps).geometry.filters == 2
    steps.close()
    assert len(measured) == 3
    assert "kernel (1, 1, 3, 3)" in (cache / "convolutions.json").read_text()


def test_nothing_is_measured_if_it_cannot_be_remembered(measured, monkeypatch):
    real = builtins.__import__

    def failing(name, *arguments, **options):
        if name == "platformdirs":
            raise ImportError("No module named 'platformdirs'")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", failing)
    monkeypatch.delenv("ONEPATH_CACHE")
    with pytest.raises(ImportError, match=r"needs platformdirs: pip install 'onepath\[train\]'"):
        op.autotune(GEOMETRY)
    assert measured == []


@pytest.mark.parametrize(("batch_size", "error"), [(0, ValueError), (2.5, TypeError)])
def test_the_batch_size_is_a_positive_integer(batch_size, error):
    with pytest.raises(error, match="batch_size must be"):
        op.autotune(GEOMETRY, batch_size=batch_size)


def test_real_engines_compute_the_same_whatever_is_chosen(backend):
    layer = Conv2D(3, 3, padding="same", seed=0)
    layer.build((2, 6, 6), backend)
    x = backend.random(0).normal((4, 2, 6, 6))
    before = backend.to_numpy(layer.forward(x))
    explanation = op.autotune(layer, batch_size=4)
    assert explanation.device == backend.name
    assert {explanation.convolutions[0].forward.reason} <= {
        "fastest measured",
        "the only one that supports it",
    }
    after = backend.to_numpy(layer.forward(x))
    assert abs(after - before).max() < 1e-5


def test_the_parts_of_a_batch_are_measured_too():
    """Those in which it goes through a network, as far as the device divides it."""
    cpu, simulated = op.get_backend("cpu"), op.get_backend("simulated")
    layer = Conv2D(4, 3)
    assert batches_of(layer, 32, cpu, (3, 64, 64)) == (32, 16)
    assert batches_of(layer, 33, cpu, (3, 64, 64)) == (33, 17, 16)
    assert batches_of(layer, 32, simulated, (3, 64, 64)) == (32,)
    assert batches_of(layer, 8, cpu, (3, 64, 64)) == (8,)
    assert batches_of(GEOMETRY, 32, cpu) == (32,)
    layer.build((3, 64, 64))
    assert batches_of(op.Model(layer), 32, cpu) == (32, 16)
