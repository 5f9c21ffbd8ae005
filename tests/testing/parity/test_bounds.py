"""The tolerance: wide enough for rounding, whatever the layer, and too narrow for a mistake."""

import math
from dataclasses import replace

import numpy as np
import pytest

from onepath.backends import get_backend
from onepath.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    MaxPooling2D,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from onepath.testing.parity.bounds import Bound, Comparison, Judge
from onepath.testing.parity.measuring import changes, magnitudes
from onepath.testing.parity.noise import Noise, Noisy
from onepath.testing.subject import transplant
from onepath.testing.tracing import Plan, trace

UNIT = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}
TINY = {"float32": 2.0**-126, "float64": 2.0**-1022}
TRAINING = Plan(training=True)


def run(layer, x, dy, dtype="float32", plan=TRAINING, backend="cpu"):
    """A recorded run in a dtype, and the judge of it; the layer's constants stay what they are."""
    home, layer = get_backend(backend), transplant(layer, "cpu", dtype)
    x, dy = np.asarray(x).astype(dtype), np.asarray(dy).astype(dtype)
    layer.build(x.shape[1:])
    seen = trace(transplant(layer, home), home.asarray(x), home.asarray(dy), **plan._asdict())
    host = {name: home.to_numpy(array) for name, array in seen.items()}
    return host, Judge(layer, host, dtype, plan)


def ratios(host, judge):
    return {name: judge.compare(name).ratio for name in host}


# The bound


def test_bound_is_the_formula():
    bound = Bound(2.0**-24, 2.0**-126, 9, True, np.array([0.0, 1.0, 100.0]))
    expected = 8 * 3 * 2.0**-24 * np.array([0, 1, 100]) + 9 * 2.0**-126
    np.testing.assert_array_equal(bound.allowed, expected)
    measured = replace(bound, change=np.array([0.0, 1.0, 1e-9]))
    np.testing.assert_array_equal(measured.allowed, [expected[0], 8.0, expected[2]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_magnitude_is_the_sum_of_absolute_terms(dtype):
    rng = np.random.default_rng(1)
    layer, x = Dense(3, seed=1, bias_initializer="standard_normal"), rng.standard_normal((4, 6))
    host, judge = run(layer, x, rng.standard_normal((4, 3)), dtype)
    w, b = (numbers_of(layer, dtype)[name] for name in ("kernel", "bias"))
    x, dy = host["input"].astype("float64"), host["output gradient"].astype("float64")
    sums = {
        "forward": [
            [sum(abs(x[n, i] * w[i, j]) for i in range(6)) + abs(b[j]) for j in range(3)]
            for n in range(4)
        ],
        "input gradient": [
            [sum(abs(dy[n, j] * w[i, j]) for j in range(3)) for i in range(6)] for n in range(4)
        ],
        "gradient of kernel": [
            [sum(abs(x[n, i] * dy[n, j]) for n in range(4)) for j in range(3)] for i in range(6)
        ],
        "gradient of bias": [sum(abs(dy[n, j]) for n in range(4)) for j in range(3)],
    }
    roundings = {"forward": 7, "input gradient": 3, "gradient of kernel": 4, "gradient of bias": 4}
    for name, expected in sums.items():
        bound = judge.compare(name).bound
        np.testing.assert_allclose(bound.magnitude, expected, rtol=1e-6, err_msg=name)
        assert bound.roundings == roundings[name], name
        assert (bound.unit, bound.tiny, bound.counted) == (UNIT[dtype], TINY[dtype], True)


def numbers_of(layer, dtype):
    """The parameters that a copy in a dtype draws."""
    layer = transplant(layer, "cpu", dtype)
    layer.build((6,))
    return {name: array.astype("float64") for name, array in layer.parameters.items()}


def test_steps_add_up_what_they_subtract():
    """``w - lr g`` has the magnitude ``|w| + lr |g|``, also where both are equal."""
    layer = Dense(1, use_bias=False, seed=1, dtype="float64")
    layer.build((1,))
    layer.parameters["kernel"][...] = 3.0
    plan = Plan(optimizer="sgd", steps=1)
    recorded = trace(transplant(layer, "cpu"), np.full((1, 1), 300.0), np.ones((1, 1)), steps=1)
    assert recorded["step 1 kernel"] == 0
    found = magnitudes(layer, recorded, plan)["step 1 kernel"]
    np.testing.assert_allclose(found, 6)


class Host(Dense):
    """What cannot run on the simulated device."""

    def _forward(self, x, training):
        return super()._forward(np.ascontiguousarray(x), training)


def test_without_a_count_there_are_as_many_roundings_as_numbers():
    rng = np.random.default_rng(1)
    _, judge = run(Host(3, seed=1), rng.standard_normal((4, 6)), rng.standard_normal((4, 3)))
    bound = judge.compare("forward").bound
    assert (bound.roundings, bound.counted) == (4 * 6 + 6 * 3 + 3, False)
    assert bound.magnitude.min() > 0


class Delicate(ReLU):
    """What takes no positive numbers."""

    def _forward(self, x, training):
        if float(x.max()) > 0:
            raise ValueError("too large")
        return super()._forward(x, training) + x


def test_magnitude_that_cannot_be_had_is_the_truth_itself():
    _, judge = run(Delicate(), -np.ones((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(judge.compare("forward").bound.magnitude, 1)


class Exponential(ReLU):
    def _forward(self, x, training):
        self._saved = x
        return self.backend.xp.exp(x)


def test_magnitude_that_overflows_is_the_truth_itself():
    x = -709.9  # of which the exponential is not 0 yet, and the opposite's not finite any more
    _, judge = run(Exponential(), [[x, 1.0]], np.ones((1, 2)), "float64")
    expected = [[math.exp(x), math.e]]
    np.testing.assert_allclose(judge.compare("forward").bound.magnitude, expected, rtol=1e-9)


# Narrow enough


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-4), ("float64", 1e-12)])
@pytest.mark.parametrize(
    ("layer", "x", "y"),
    [
        (Dense(5, seed=1), (4, 30), (4, 5)),
        (Conv2D(3, 3, seed=1), (2, 3, 6, 6), (2, 3, 4, 4)),
        (Conv2D(4, 2, dilation_rate=2, groups=2, seed=1), (2, 4, 6, 6), (2, 4, 4, 4)),
    ],
    ids=["dense", "conv", "grouped"],
)
@pytest.mark.parametrize("name", ["forward", "input gradient", "gradient of kernel"])
def test_small_error_of_one_element_is_seen(layer, x, y, dtype, error, name):
    """In the element whose terms cancel least, for which that is what its terms allow."""
    rng = np.random.default_rng(2)
    host, judge = run(layer, rng.standard_normal(x), rng.standard_normal(y), dtype)
    assert judge.compare(name).ratio <= 1
    at = np.unravel_index(np.abs(host[name]).argmax(), host[name].shape)
    host[name][at] *= 1 + error
    found = judge.compare(name)
    assert found.ratio > 1
    assert found.worst == tuple(at)


# Wide enough: where the a-priori bound says too little, changes by random errors are measured


def far_from_zero(rng):
    return BatchNormalization(seed=1), rng.standard_normal((6, 3)) + 1e5, TRAINING


def pair(rng):
    """Of two samples, the normalised ones are 1 and -1 whatever they are: the gradient is 0."""
    return BatchNormalization(seed=1, epsilon=1e-12), rng.standard_normal((2, 40)), TRAINING


def bias_without_effect(rng):
    """What is added before a mean is subtracted has no gradient."""
    layers = [Dense(20, seed=1), BatchNormalization()]
    return Sequential(layers), rng.standard_normal((8, 5)), TRAINING


def large_logits(rng):
    return Softmax(), 1e3 * rng.standard_normal((40, 6)), Plan()


def saturated(rng):
    return Sigmoid(), np.linspace(10, 40, 60).reshape(6, 10), Plan()


def saturated_tanh(rng):
    return Tanh(), np.linspace(4, 40, 60).reshape(6, 10), Plan()


def kinks(rng):
    """Many numbers within rounding of a kink, since their terms cancel."""
    layer = Sequential([Dense(50, use_bias=False, seed=1), ReLU(), Dense(3, seed=2)])
    half = rng.standard_normal((20, 10))
    layer.build((20,))
    kernel = layer.layers[0].parameters["kernel"]
    kernel[10:] = kernel[:10]
    return layer, np.concatenate([half, -half * (1 + 1e-7)], axis=1), Plan()


def ties(rng):
    layer = Sequential([Conv2D(2, 1, seed=1), MaxPooling2D(2), Flatten()])
    return layer, np.round(rng.standard_normal((3, 2, 8, 8))), Plan()


def long_sums(rng):
    return Dense(2, seed=1), np.abs(rng.standard_normal((2, 100_000))), Plan()


def denormal(rng):
    return MaxPooling2D(2), 1e-40 * rng.standard_normal((2, 1, 6, 6)), Plan()


@pytest.mark.parametrize("backend", ["cpu", "simulated"])
@pytest.mark.parametrize(
    "case",
    [
        far_from_zero,
        pair,
        bias_without_effect,
        large_logits,
        saturated,
        saturated_tanh,
        kinks,
        ties,
        long_sums,
        denormal,
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(3))
def test_rounding_raises_no_alarm(case, dtype, backend, seed):
    rng = np.random.default_rng(seed)
    layer, x, plan = case(rng)
    y = transplant(layer, "cpu", "float64").forward(x, plan.training)
    host, judge = run(layer, x, rng.standard_normal(y.shape), dtype, plan, backend)
    assert max(ratios(host, judge).values()) <= 1


@pytest.mark.parametrize("case", [pair, saturated, saturated_tanh])
def test_what_cancels_is_beyond_the_a_priori_bound(case):
    """These cases would be false alarms without the measured change."""
    rng = np.random.default_rng(0)
    layer, x, plan = case(rng)
    y = transplant(layer, "cpu", "float64").forward(x, plan.training)
    host, judge = run(layer, x, rng.standard_normal(y.shape), "float32", plan)
    measured = [c for c in map(judge.compare, host) if c.bound.change is not None]
    assert measured
    for found in measured:
        assert replace(found, bound=replace(found.bound, change=None)).ratio > 1
        assert found.ratio <= 1


class Shifted(ReLU):
    """``(x + 1000) - 1000``: rounding to multiples of about 1000 u."""

    def _forward(self, x, training):
        self._saved = x
        return (x + 1000.0) - 1000.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_change_is_as_large_as_what_rounding_does(dtype):
    rng = np.random.default_rng(0)
    layer, x = Shifted(), rng.standard_normal((20, 20)).astype(dtype).astype("float64")
    recorded = trace(transplant(layer, "cpu"), x, x)
    found = changes(layer, recorded, Plan(), recorded, UNIT[dtype], TINY[dtype])["forward"]
    # each of the 16 errors is of up to 1000 u, the last operation's aside
    assert np.all((found > 300 * UNIT[dtype]) & (found < 1003 * UNIT[dtype]))


def test_a_mistake_is_seen_where_the_change_was_measured():
    rng = np.random.default_rng(0)
    layer, x, plan = pair(rng)
    host, judge = run(layer, x, rng.standard_normal(x.shape), "float32", plan)
    host["input gradient"][1, 7] += 1e-4
    found = judge.compare("input gradient")
    assert found.bound.change is not None
    assert found.ratio > 1
    assert found.worst == (1, 7)


def test_ties_are_no_excuse():
    """Exact data have no rounding errors: which of several equal ones is taken is no accident."""
    host, judge = run(MaxPooling2D(2), np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), plan=Plan())
    assert ratios(host, judge)["input gradient"] == 0
    host["input gradient"][...] = [[[[0, 1], [0, 0]]]]
    assert ratios(host, judge)["input gradient"] > 1e5


# Comparing


def compare(actual, expected, allowed=0.5):
    bound = Bound(allowed / 8, 0.0, 1, True, np.ones(np.shape(expected)))
    return Comparison("forward", np.asarray(actual), np.asarray(expected), bound)


def test_worst_element_is_the_one_furthest_beyond_its_bound():
    bound = Bound(1 / 8, 0.0, 1, True, np.array([[1.0, 100.0]]))
    found = Comparison("forward", np.array([[3.0, 60.0]]), np.array([[1.0, 0.0]]), bound)
    assert (found.worst, found.ratio) == ((0, 0), 2.0)


def test_equal_numbers_are_within_a_bound_of_zero():
    assert compare([0.0, 1.0], [0.0, 1.0], 0.0).ratio == 0


@pytest.mark.parametrize(
    ("actual", "expected", "ratio"),
    [
        (np.nan, np.nan, 0),
        (np.inf, np.inf, 0),
        (-np.inf, np.inf, np.inf),
        (1.0, np.inf, np.inf),
        (np.nan, 1.0, np.inf),
        (1.0, np.nan, np.inf),
    ],
)
def test_what_is_not_finite_must_be_the_same(actual, expected, ratio):
    assert compare([actual], [expected]).ratio == ratio


def test_truth_that_the_dtype_cannot_hold_is_infinite():
    assert compare(np.array([np.inf], "float32"), [1e39]).ratio == 0
    assert compare(np.array([np.inf], "float32"), [1e38]).ratio == np.inf


def test_integers_must_be_equal():
    assert compare([1, 2], [1, 2]).ratio == 0
    assert compare([1, 2], [1, 3]).ratio == np.inf
    assert compare([True], [False]).ratio == np.inf


# Random errors

U = 1e-3


def noisy(array, seed=1, tiny=0.0):
    return Noise(U, tiny, seed).on(np.asarray(array))


BIG = np.random.default_rng(4).uniform(0.5, 2, (200, 100))


@pytest.mark.parametrize(
    ("operate", "bound"),
    [
        (lambda a: a + 2.0, lambda a: a + 2),
        (lambda a: 2.0 - a, lambda a: np.abs(2 - a)),
        (lambda a: a * a, lambda a: a * a),
        (np.sqrt, np.sqrt),
        (np.exp, lambda a: 4 * np.exp(a)),
        (lambda a: a.sum(axis=1), lambda a: 10 * a.sum(axis=1)),
        (lambda a: np.sum(a - 1.25, axis=0), lambda a: np.sqrt(200) * np.abs(a - 1.25).sum(axis=0)),
        (lambda a: a @ a.T, lambda a: 10 * (a @ a.T)),
        (lambda a: np.dot(a, a.T), lambda a: 10 * (a @ a.T)),
        (lambda a: np.einsum("ij,kj->ik", a, a), lambda a: 10 * (a @ a.T)),
        (lambda a: np.cumsum(a, axis=1), lambda a: 10 * np.cumsum(a, axis=1)),
    ],
)
def test_errors_are_as_large_as_rounding_allows(operate, bound):
    """All within the bound; and such that the largest of them comes near to it."""
    with np.errstate(all="raise"):
        error = np.abs(np.asarray(operate(noisy(BIG))) - operate(BIG)) / bound(BIG)
    assert 0.9 * U < error.max() < 1.1 * U
    assert 0.35 * U < error.mean() < 0.65 * U


@pytest.mark.parametrize(
    "operate",
    [
        np.negative,
        np.abs,
        lambda a: np.maximum(a, 1.0),
        lambda a: a.max(axis=0),
        lambda a: a > 1,
        lambda a: a[3:, ::2].T.reshape(-1),
        lambda a: np.concatenate([a, a]),
        lambda a: np.where(a > 1, a, 0),
        lambda a: a.astype("int64") + 1,
        lambda a: a.copy(),
    ],
)
def test_what_does_not_round_makes_no_error(operate):
    np.testing.assert_array_equal(operate(noisy(BIG)), operate(BIG))


@pytest.mark.parametrize(
    "operate",
    [
        lambda a: a[1:].T,
        lambda a: a.reshape(-1),
        lambda a: np.where(a > 1, a, 0),
        lambda a: np.split(a, 2)[1],
        lambda a: np.linalg.qr(a)[0] + 0 * a,
        np.zeros_like,
        lambda a: a.max(),
        lambda a: np.stack([a, a]),
    ],
)
def test_results_go_on_making_errors(operate):
    result = operate(noisy(BIG))
    assert isinstance(result, Noisy)
    assert np.all(np.asarray(result + 1.5) != np.asarray(result) + 1.5)


def test_errors_reach_memory_that_was_given():
    out, total = np.zeros(BIG.shape), np.zeros(BIG.shape)
    a = noisy(BIG)
    assert np.add(a, 1.0, out=out) is out
    total += a
    total[:, 1:] += a[:, :-1]
    a *= 3.0
    for found, exact in (
        (out, BIG + 1),
        (total[:, 1:], BIG[:, 1:] + BIG[:, :-1]),
        (np.asarray(a), 3 * BIG),
    ):
        assert 0.9 * U < np.abs(found / exact - 1).max() < 2.1 * U


def test_same_seed_same_errors():
    first, again, other = (np.asarray(noisy(BIG, seed) + 1.0) for seed in (5, 5, 7))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_even_seeds_flush_what_is_denormal():
    values = np.array([1e-5, -1e-5, 1e-2, 0.0])
    np.testing.assert_array_equal(noisy(values, seed=2, tiny=1e-3), [0, 0, 1e-2, 0])
    np.testing.assert_array_equal(noisy(values, seed=3, tiny=1e-3), values)
    assert (noisy([1e-2], seed=2, tiny=1e-3) * 1e-2)[0] == 0


def test_integers_are_exact():
    labels = np.array([1, 2])
    assert Noise(U, 0.0, 1).on(labels) is labels
