"""How the planner decides, on engines that are made up."""

from collections import Counter
from unittest.mock import patch

import numpy as np
import pytest

from onepath.backends import Geometry
from onepath.backends.convolution import ENGINES, planner
from onepath.backends.convolution.engine import OPERATIONS, Cost, Speed
from onepath.backends.convolution.measurements import Measurements
from onepath.backends.convolution.planner import Candidate, choose, decide, predicted, remember

GEOMETRY = Geometry.of((2, 5, 5), 3, 3)
CASE = (GEOMETRY, 8, np.dtype("float32"))


class Machine:
    """A device on which each of a cost's numbers weighs differently."""

    name = "cpu"
    xp = np
    speed = Speed(flops=10.0, moved=100.0, call=0.5)


class Made:
    """An engine that only says what it costs."""

    def __init__(self, name, flops, refuses=None):
        self.name, self.flops, self.refuses = name, flops, refuses
        self.calls = Counter()

    def refusal(self, device, geometry, dtype):
        self.calls["refusal"] += 1
        return self.refuses

    def workspace(self, device, geometry, batch, dtype):
        return 100 * batch

    def cost(self, device, operation, geometry, batch, dtype):
        if self.refuses:
            raise AssertionError("a case that is not supported has no cost")
        self.calls["cost"] += 1
        return Cost(self.flops[operation] if isinstance(self.flops, dict) else self.flops, 0, 0)


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch):
    monkeypatch.setattr(planner, "memory", Measurements())
    monkeypatch.setattr(planner, "_decided", {})


@pytest.fixture
def engines():
    """A function that puts engines in the place of the real ones."""
    with patch.dict(ENGINES, clear=True):

        def engines(*made):
            ENGINES.clear()
            ENGINES.update({engine.name: engine for engine in made})
            return made

        yield engines


def test_a_prediction_adds_up_what_things_take():
    assert predicted(Cost(flops=20.0, moved=300.0, calls=4.0), Machine()) == 2.0 + 3.0 + 2.0


def test_the_smallest_prediction_decides_for_each_operation(engines):
    flops = dict(zip(OPERATIONS, (9.0, 1.0, 5.0), strict=True))
    engines(Made("a", flops), Made("b", 4.0))
    decisions = [decide("auto", Machine(), operation, *CASE) for operation in OPERATIONS]
    assert [each.chosen for each in decisions] == ["b", "a", "b"]
    assert {each.reason for each in decisions} == {"smallest prediction"}
    assert [each.operation for each in decisions] == list(OPERATIONS)
    assert decisions[0].candidates == (
        Candidate("a", predicted=0.9, workspace=800),
        Candidate("b", predicted=0.4, workspace=800),
    )


def test_of_equal_predictions_the_first_engine_has_the_right():
    for names in ("ab", "ba"):
        with patch.dict(ENGINES, {name: Made(name, 1.0) for name in names}, clear=True):
            assert decide("auto", Machine(), "forward", *CASE).chosen == names[0]


def test_what_refuses_is_not_taken(engines):
    engines(Made("a", 1.0, refuses="too odd"), Made("b", 5.0), Made("c", 4.0))
    decision = decide("auto", Machine(), "forward", *CASE)
    assert (decision.chosen, decision.reason) == ("c", "smallest prediction")
    assert decision.candidates[0] == Candidate("a", refusal="too odd")


def test_the_only_one_that_supports_it(engines):
    engines(Made("a", 1.0, refuses="too odd"), Made("b", 5.0))
    decision = decide("auto", Machine(), "forward", *CASE)
    assert (decision.chosen, decision.reason) == ("b", "the only one that supports it")


def test_where_none_supports_it_all_reasons_are_told(engines):
    engines(Made("a", 1.0, refuses="too odd"), Made("b", 5.0, refuses="too even"))
    with pytest.raises(ValueError, match=r"no engine supports this case: a: too odd; b: too even$"):
        choose("auto", Machine(), "forward", *CASE)


def test_an_engine_may_be_asked_for_by_name(engines):
    _, slow, odd = engines(Made("a", 1.0), Made("b", 5.0), Made("c", 5.0, refuses="too odd"))
    decision = decide("b", Machine(), "forward", *CASE)
    assert (decision.chosen, decision.reason) == ("b", "asked for by name")
    assert choose("b", Machine(), "forward", *CASE) is slow
    with pytest.raises(ValueError, match="engine 'c' does not support this case: too odd"):
        choose(odd.name, Machine(), "forward", *CASE)
    with pytest.raises(ValueError, match=r"engine must be 'auto' or one of \('a', 'b', 'c'\)"):
        choose("d", Machine(), "forward", *CASE)


def test_measured_beats_predicted(engines):
    fast, slow = engines(Made("a", 1.0), Made("b", 5.0))
    machine = Machine()
    assert choose("auto", machine, "forward", *CASE) is fast
    remember(machine, *CASE, {"forward": {"a": 2e-3, "b": 1e-3}})
    assert choose("auto", machine, "forward", *CASE) is slow
    decision = decide("auto", machine, "forward", *CASE)
    assert decision.reason == "fastest measured"
    assert [each.measured for each in decision.candidates] == [2e-3, 1e-3]
    assert [each.predicted for each in decision.candidates] == [0.1, 0.5]


def test_an_engine_that_was_not_measured_is_behind_those_that_were(engines):
    engines(Made("a", 1.0), Made("b", 5.0), Made("c", 2.0))
    remember(Machine(), *CASE, {"forward": {"b": 2.0, "c": 3.0}})
    assert decide("auto", Machine(), "forward", *CASE).chosen == "b"


def test_a_measurement_of_an_engine_that_refuses_or_is_gone_does_not_count(engines):
    engines(Made("a", 1.0, refuses="too odd"), Made("b", 5.0), Made("c", 2.0))
    remember(Machine(), *CASE, {"forward": {"a": 1e-6, "gone": 1e-6}})
    decision = decide("auto", Machine(), "forward", *CASE)
    assert (decision.chosen, decision.reason) == ("c", "smallest prediction")
    assert decision.candidates[0].measured is None


def test_a_measurement_holds_for_its_own_case_alone(engines):
    engines(Made("a", 1.0), Made("b", 5.0))
    machine = Machine()
    geometry, batch, dtype = CASE
    remember(machine, geometry, batch, "f4", {"forward": {"a": 2.0, "b": 1.0}})
    for operation, *case in (
        ("input_gradient", geometry, batch, dtype),
        ("forward", Geometry.of((2, 6, 5), 3, 3), batch, dtype),
        ("forward", geometry, batch + 1, dtype),
        ("forward", geometry, batch, np.dtype("float64")),
    ):
        assert choose("auto", machine, operation, *case).name == "a"
    assert choose("auto", machine, "forward", *CASE).name == "b"
    for name in ("float32", "f4"):
        assert choose("auto", machine, "forward", geometry, batch, name).name == "b"


def test_a_decision_that_was_made_is_looked_up(engines):
    (engine,) = engines(Made("a", 1.0))
    machine = Machine()
    for _ in range(5):
        for operation in OPERATIONS:
            choose("auto", machine, operation, *CASE)
    assert engine.calls == {"cost": 3, "refusal": 3}
    choose("auto", Machine(), "forward", *CASE)  # another device
    assert engine.calls["cost"] == 4


def test_what_is_looked_up_does_not_grow_without_end(engines, monkeypatch):
    (engine,) = engines(Made("a", 1.0))
    monkeypatch.setattr(planner, "_MOST", 3)
    geometry, _, dtype = CASE
    machine = Machine()
    for batch in (1, 2, 3, 4, 4, 3):
        choose("auto", machine, "forward", geometry, batch, dtype)
        assert len(planner._decided) <= 3
    assert engine.calls["cost"] == 5


def test_decisions_of_real_engines(backend):
    for operation in OPERATIONS:
        decision = decide("auto", backend, operation, *CASE)
        assert [each.engine for each in decision.candidates] == list(ENGINES)
        assert decision.chosen in ENGINES
        for each in decision.candidates:
            assert (each.predicted is None) == (each.refusal is not None)
            assert each.predicted is None or each.predicted > 0
