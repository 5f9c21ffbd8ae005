"""Schedules against Keras and PyTorch, and by hand where they differ or have none."""

import copy
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onepath as op
from onepath import schedules
from onepath.optimizers import SGD, Adam, LossScaleOptimizer
from onepath.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    WarmUp,
    check_rate,
    register_schedule,
)

EXAMPLES = [
    ExponentialDecay(0.1, 3, 0.5),
    ExponentialDecay(0.1, 3, 0.5, staircase=True),
    InverseTimeDecay(0.1, 3, 0.5),
    InverseTimeDecay(0.1, 3, 0.5, staircase=True),
    PiecewiseConstantDecay([3, 5], [0.5, 0.25, 1.0]),
    PolynomialDecay(0.1, 4),
    PolynomialDecay(0.1, 4, 0.01, power=2.0, cycle=True),
    CosineDecay(0.1, 5),
    CosineDecay(0.1, 5, 0.25, warmup_target=0.5, warmup_steps=3),
    CosineDecayRestarts(0.1, 3),
    CosineDecayRestarts(0.1, 3, t_mul=1.0, m_mul=0.5, alpha=0.1),
    OneCycle(0.5, 10),
    OneCycle(0.5, 10, anneal_strategy="linear", three_phase=True),
    WarmUp(0.5, 4),
    WarmUp(ExponentialDecay(0.1, 3, 0.5), 4, 0.01),
]


def example(schedule):
    return repr(schedule)


# Against Keras

positive = st.sampled_from([0.01, 0.3, 1.0, 2.5])
steps = st.integers(1, 12)
KERAS = {
    "ExponentialDecay": {
        "initial_learning_rate": positive,
        "decay_steps": steps,
        "decay_rate": positive,
        "staircase": st.booleans(),
    },
    "InverseTimeDecay": {
        "initial_learning_rate": positive,
        "decay_steps": steps,
        "decay_rate": positive,
        "staircase": st.booleans(),
    },
    "PolynomialDecay": {
        "initial_learning_rate": positive,
        "decay_steps": steps,
        "end_learning_rate": positive,
        "power": st.sampled_from([0.5, 1.0, 3.0]),
        "cycle": st.booleans(),
    },
    "CosineDecay": {
        "initial_learning_rate": positive,
        "decay_steps": steps,
        "alpha": st.sampled_from([0.0, 0.25]),
        "warmup_target": st.none() | positive,
        "warmup_steps": st.integers(1, 5),
    },
    "CosineDecayRestarts": {
        "initial_learning_rate": positive,
        "first_decay_steps": steps,
        "t_mul": st.sampled_from([1.0, 1.5, 2.0]),
        "m_mul": st.sampled_from([0.5, 1.0]),
        "alpha": st.sampled_from([0.0, 0.25]),
    },
}


@pytest.mark.parametrize("name", KERAS)
@settings(deadline=None, max_examples=20, derandomize=True)
@given(data=st.data())
def test_rates_are_keras_s(keras, name, data):
    options = data.draw(st.fixed_dictionaries(KERAS[name]))
    ours = getattr(schedules, name)(**options)
    theirs = getattr(keras.optimizers.schedules, name)(**options)
    for step in range(25):
        # 1e-4 past a step, since its logarithms in float32 put restarts and stairs too late
        at = step + 1e-4 if name == "CosineDecayRestarts" else step
        assert ours(at) == pytest.approx(float(theirs(at)), rel=2e-3, abs=1e-6), step


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.sets(st.integers(0, 20), min_size=1, max_size=4).map(sorted), st.data())
def test_pieces_are_keras_s(keras, boundaries, data):
    count = len(boundaries) + 1
    values = data.draw(st.lists(positive, min_size=count, max_size=count))
    ours = PiecewiseConstantDecay(boundaries, values)
    theirs = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)
    for step in range(25):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=1e-6), step


# Against PyTorch


def by_torch(torch, make, count=30, rate=0.4):
    """The rates of PyTorch's scheduler, step by step."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=rate)
    scheduler = make(optimizer)
    for _ in range(count):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        scheduler.step()


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    total=st.integers(2, 40),
    pct=st.sampled_from([0.0, 0.1, 0.3, 0.45]),
    strategy=st.sampled_from(["cos", "linear"]),
    factors=st.tuples(st.sampled_from([1.0, 25.0]), st.sampled_from([0.5, 1e4])),
    three=st.booleans(),
)
def test_one_cycle_is_pytorch_s(torch, total, pct, strategy, factors, three):
    if pct * total == 1:
        pct = 0.3  # it divides by 0
    ours = OneCycle(0.4, total, pct, strategy, *factors, three)
    rates = by_torch(
        torch,
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            0.4,
            total,
            pct_start=pct,
            anneal_strategy=strategy,
            cycle_momentum=False,
            div_factor=factors[0],
            final_div_factor=factors[1],
            three_phase=three,
        ),
        total - 1,
    )
    for step, expected in enumerate(rates):
        assert ours(step) == pytest.approx(expected, rel=1e-12, abs=1e-15), step
    end = pytest.approx(0.4 / factors[0] / factors[1])
    assert ours(total - 1) == end
    assert ours(total + 100) == end


@pytest.mark.parametrize("t_mul", [1, 2, 3])
@pytest.mark.parametrize("first", [1, 4])
def test_restarts_are_pytorch_s(torch, t_mul, first):
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
    ours = CosineDecayRestarts(0.4, first, t_mul, alpha=0.1)
    rates = by_torch(torch, lambda optimizer: scheduler(optimizer, first, t_mul, 0.04), 50)
    assert [ours(step) for step in range(50)] == pytest.approx(list(rates), rel=1e-12)


@pytest.mark.parametrize("start", [0.25, 1.0])
def test_warming_up_is_pytorch_s(torch, start):
    torch_s = torch.optim.lr_scheduler

    def make(optimizer):
        return torch_s.SequentialLR(
            optimizer,
            [
                torch_s.LinearLR(optimizer, start, total_iters=5),
                torch_s.ExponentialLR(optimizer, 0.5),
            ],
            milestones=[5],
        )

    ours = WarmUp(ExponentialDecay(0.4, 1, 0.5), 5, 0.4 * start)
    assert [ours(step) for step in range(30)] == pytest.approx(list(by_torch(torch, make)))


def test_warming_up_to_a_number():
    assert [WarmUp(0.8, 4)(step) for step in range(6)] == pytest.approx(
        [0, 0.2, 0.4, 0.6, 0.8, 0.8]
    )
    assert WarmUp(0.8, 0)(0) == 0.8


def test_restarts_come_at_their_steps():
    """Where a logarithm of 1 - step / 3 (1 - 2) in float64 is rounded to less than its floor."""
    ours = CosineDecayRestarts(1.0, 3)
    lengths = itertools.accumulate(3 * 2**i for i in range(30))
    assert all(ours(step) == 1 for step in lengths)


# As functions


@pytest.mark.parametrize("schedule", EXAMPLES, ids=example)
def test_configurations_come_back(schedule):
    config = json.loads(json.dumps(schedule.get_config()))
    again = type(schedule).from_config(config)
    assert again.get_config() == schedule.get_config()
    assert repr(again) == repr(schedule)
    rates = [schedule(step) for step in range(20)]
    assert [again(step) for step in range(20)] == rates
    assert all(type(rate) is float and rate >= 0 for rate in rates)
    assert all(math.isfinite(schedule(step)) for step in (10**6, 10**9))


def test_every_schedule_is_registered_and_has_an_example():
    assert {type(each) for each in EXAMPLES} == set(schedules.SCHEDULES.values())
    for name, cls in schedules.SCHEDULES.items():
        assert getattr(schedules, name) is cls
    assert op.schedules is schedules is op.optimizers.schedules


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ExponentialDecay(-1, 3, 0.5), ValueError, "initial_learning_rate must be at lea"),
        (lambda: ExponentialDecay(1, 0, 0.5), ValueError, "decay_steps must be above 0 and fin"),
        (lambda: InverseTimeDecay(1, 3, "x"), TypeError, "decay_rate must be a number, got 'x'"),
        (lambda: ExponentialDecay(1, 3, 1, 1), TypeError, "staircase must be True or False"),
        (lambda: PiecewiseConstantDecay([], [1]), ValueError, "boundaries must be rising"),
        (lambda: PiecewiseConstantDecay([3, 3], [1, 2, 3]), ValueError, r"got \[3\.0, 3\.0\]"),
        (lambda: PiecewiseConstantDecay([3], [1]), ValueError, "one more than the 1 boundaries"),
        (lambda: PolynomialDecay(1, 3, cycle=1), TypeError, "cycle must be True or False"),
        (lambda: CosineDecay(1, 3, -1), ValueError, "alpha must be at least 0"),
        (lambda: CosineDecay(1, 3, warmup_target="x"), TypeError, "warmup_target must be a num"),
        (lambda: CosineDecayRestarts(1, 3, 0.5), ValueError, "t_mul must be at least 1 and fin"),
        (lambda: OneCycle(1, 0), ValueError, "total_steps must be at least 1, got 0"),
        (lambda: OneCycle(1, 3, 1.5), ValueError, "pct_start must be at least 0 and at most 1"),
        (lambda: OneCycle(1, 3, 1, "exp"), ValueError, "anneal_strategy must be 'cos' or 'lin"),
        (lambda: WarmUp(lambda step: 1, 3), TypeError, "schedule must be a number, got <func"),
        (lambda: WarmUp(0.1, -3), ValueError, "warmup_steps must be at least 0"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


# In optimizers


@pytest.mark.parametrize("schedule", EXAMPLES, ids=example)
def test_each_step_takes_its_rate(backend, schedule):
    """Gradient descent with a gradient of -1 adds the rates up."""
    optimizer, w = SGD(schedule), backend.asarray(np.zeros(2))
    gradient, expected = backend.asarray(np.full(2, -1.0)), 0.0
    for step in range(12):
        assert optimizer.learning_rate == schedule(step)
        optimizer.update({"w": w}, {"w": gradient})
        expected += schedule(step)
        assert backend.to_numpy(w)[0] == pytest.approx(expected, rel=1e-12)


def test_a_number_takes_a_schedule_s_place_and_the_other_way_round():
    optimizer = SGD(ExponentialDecay(0.5, 1, 0.5))
    optimizer.iterations = 1
    assert optimizer.learning_rate == 0.25
    optimizer.learning_rate /= 5
    assert optimizer.learning_rate == 0.05
    optimizer.iterations = 7
    assert optimizer.learning_rate == 0.05
    assert optimizer.get_config()["learning_rate"] == 0.05
    optimizer.learning_rate = WarmUp(1.0, 14)
    assert optimizer.learning_rate == 0.5


@pytest.mark.parametrize("schedule", EXAMPLES, ids=example)
def test_optimizers_hold_schedules_in_their_configurations(schedule):
    for optimizer in (Adam(schedule), LossScaleOptimizer(Adam(schedule))):
        config = json.loads(json.dumps(optimizer.get_config()))
        again = type(optimizer).from_config(config)
        assert again.get_config() == config
        again.iterations = 5
        assert again.learning_rate == schedule(5)
        assert repr(schedule) in repr(again)


def test_decay_follows_the_schedule():
    w, optimizer = {"w": np.ones(1)}, SGD(ExponentialDecay(0.5, 1, 0.5), weight_decay=0.5)
    for _ in range(2):
        optimizer.update(w, {"w": np.zeros(1)})
    assert w["w"][0] == pytest.approx((1 - 0.25) * (1 - 0.125))


class Own(LearningRateSchedule):
    """A schedule of somebody's own."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, step):
        return self.rate / (step + 1)


def test_schedules_of_one_s_own(monkeypatch):
    optimizer = SGD(Own(0.5))
    config = optimizer.get_config()
    assert config["learning_rate"] == {"class_name": "Own", "config": {"rate": 0.5}}
    with pytest.raises(ValueError, match="no schedule 'Own' is registered; known are \\['Cosine"):
        SGD.from_config(config)
    monkeypatch.setattr("onepath.schedules.registry.SCHEDULES", dict(schedules.SCHEDULES))
    assert register_schedule(Own) is Own
    assert SGD.from_config(config).learning_rate == 0.5
    with pytest.raises(ValueError, match="there is a schedule 'Own' already"):
        register_schedule(copy.copy(type("Own", (Own,), {})))


@pytest.mark.parametrize("value", ["cosine", None, {"class_name": "CosineDecay"}, [0.1]])
def test_what_is_no_rate(value):
    with pytest.raises(TypeError, match="rate must be a number, got "):
        check_rate("rate", value)
