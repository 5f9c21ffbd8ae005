"""Optimizers against loops written from their formulas, and against PyTorch where it agrees.

What all optimizers have in common is tested in ``test_common.py``.
"""

import inspect
import json
import math

import numpy as np
import pytest

from onepath import optimizers
from onepath.backends import DeviceMismatchError
from onepath.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lion,
    Nadam,
    RMSprop,
)

# Oracles: Keras's formulas for one number, in float64


def sgd(w, gradients, rates, momentum=0.0, nesterov=False):
    m = 0.0
    for g, lr in zip(gradients, rates, strict=True):
        m = momentum * m - lr * g
        w = w + (momentum * m - lr * g if nesterov else m)
    return w


def rmsprop(w, gradients, rates, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    v = a = m = 0.0
    for g, lr in zip(gradients, rates, strict=True):
        v = rho * v + (1 - rho) * g * g
        a = rho * a + (1 - rho) * g
        m = momentum * m + lr * g / math.sqrt((v - a * a if centered else v) + epsilon)
        w = w - m
    return w


def adam(w, gradients, rates, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0, amsgrad=0):
    """Corrected moments as in the paper's Algorithm 1, epsilon scaled to be the "epsilon hat"."""
    m = v = largest = 0.0
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        w = w - lr * weight_decay * w
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        largest = max(largest, v) if amsgrad else v
        m_hat, v_hat = m / (1 - beta_1**t), largest / (1 - beta_2**t)
        w = w - lr * m_hat / (math.sqrt(v_hat) + epsilon / math.sqrt(1 - beta_2**t))
    return w


def adagrad(w, gradients, rates, initial_accumulator_value=0.1, epsilon=1e-7):
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        squares = initial_accumulator_value + sum(each**2 for each in gradients[:t])
        w = w - lr * g / math.sqrt(squares + epsilon)
    return w


def adadelta(w, gradients, rates, rho=0.95, epsilon=1e-7):
    a = d = 0.0
    for g, lr in zip(gradients, rates, strict=True):
        a = rho * a + (1 - rho) * g**2
        step = math.sqrt(d + epsilon) / math.sqrt(a + epsilon) * g
        d = rho * d + (1 - rho) * step**2
        w = w - lr * step
    return w


def adamax(w, gradients, rates, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = 0.0
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        m = beta_1 * m + (1 - beta_1) * g
        u = max(beta_2 ** (t - i) * abs(each) for i, each in enumerate(gradients[:t], 1))
        w = w - lr / (1 - beta_1**t) * m / (u + epsilon)
    return w


def nadam(w, gradients, rates, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    def u(t):
        return beta_1 * (1 - 0.5 * 0.96**t)

    m, v, product = 0.0, 0.0, 1.0
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        product *= u(t)
        m_hat = u(t + 1) * m / (1 - product * u(t + 1)) + (1 - u(t)) * g / (1 - product)
        w = w - lr * m_hat / (math.sqrt(v / (1 - beta_2**t)) + epsilon)
    return w


def lion(w, gradients, rates, beta_1=0.9, beta_2=0.99):
    m = 0.0
    for g, lr in zip(gradients, rates, strict=True):
        w = w - lr * math.copysign(1, beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g
    return w


def ftrl(
    w,
    gradients,
    rates,
    learning_rate_power=-0.5,
    initial_accumulator_value=0.1,
    l1_regularization_strength=0.0,
    l2_regularization_strength=0.0,
    l2_shrinkage_regularization_strength=0.0,
    beta=0.0,
):
    """Algorithm 1 of the paper for each number, with Keras's additions."""
    squares, z = initial_accumulator_value, 0.0
    for g, lr in zip(gradients, rates, strict=True):
        before, squares = squares, squares + g**2
        eta, eta_before = (lr * n**learning_rate_power for n in (squares, before))
        sigma = 1 / eta - 1 / eta_before
        z += g + 2 * l2_shrinkage_regularization_strength * w - sigma * w
        curvature = 1 / eta + beta / lr + 2 * l2_regularization_strength
        beyond = max(abs(z) - l1_regularization_strength, 0)
        w = -math.copysign(beyond, z) / curvature
    return w


CASES = [
    (SGD, sgd, {}),
    (SGD, sgd, {"momentum": 0.9}),
    (SGD, sgd, {"momentum": 0.9, "nesterov": True}),
    (SGD, sgd, {"nesterov": True}),
    (RMSprop, rmsprop, {}),
    (RMSprop, rmsprop, {"rho": 0.7, "momentum": 0.8, "epsilon": 1e-3}),
    (RMSprop, rmsprop, {"centered": True, "epsilon": 1e-2}),
    (RMSprop, rmsprop, {"centered": True, "momentum": 0.5}),
    (Adam, adam, {}),
    (Adam, adam, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}),
    (Adam, adam, {"beta_1": 0.0, "beta_2": 0.0}),
    (AdamW, adam, {"weight_decay": 0.3}),
    (AdamW, adam, {"weight_decay": 0.0, "beta_2": 0.99}),
    (Adam, adam, {"beta_2": 0.3, "amsgrad": True}),
    (AdamW, adam, {"weight_decay": 0.1, "beta_2": 0.3, "amsgrad": True}),
    (Adagrad, adagrad, {}),
    (Adagrad, adagrad, {"initial_accumulator_value": 0.0, "epsilon": 0.1}),
    (Adadelta, adadelta, {}),
    (Adadelta, adadelta, {"rho": 0.5, "epsilon": 0.1}),
    (Adamax, adamax, {}),
    (Adamax, adamax, {"beta_1": 0.5, "beta_2": 0.3, "epsilon": 0.1}),
    (Nadam, nadam, {}),
    (Nadam, nadam, {"beta_1": 0.5, "beta_2": 0.3, "epsilon": 0.1}),
    (Lion, lion, {}),
    (Lion, lion, {"beta_1": 0.5, "beta_2": 0.3}),
    (Ftrl, ftrl, {}),
    (Ftrl, ftrl, {"learning_rate_power": -0.7, "initial_accumulator_value": 0.5, "beta": 0.3}),
    (Ftrl, ftrl, {"l1_regularization_strength": 0.7, "l2_regularization_strength": 0.2}),
    (Ftrl, ftrl, {"l2_shrinkage_regularization_strength": 0.2, "learning_rate_power": 0.0}),
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].__name__}-{case[2]}")
def case(request):
    return request.param


def tree(random, scale=1.0):
    """Parameters of several shapes, by name."""
    return {
        name: random.normal(scale=scale, size=shape)
        for name, shape in {"kernel": (3, 2), "bias": (4,), "gain": ()}.items()
    }


def on(backend, arrays, dtype="float64"):
    return {name: backend.asarray(np.array(a, dtype)) for name, a in arrays.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_are_the_formula_s(torch, case, dtype, backend):
    """Five steps, the rate being changed in between; float32 parameters stay float32."""
    cls, oracle, options = case
    random = np.random.default_rng(0)
    start, gradients = tree(random), [tree(random) for _ in range(5)]
    rates = [0.1, 0.1, 0.02, 0.02, 0.5]
    optimizer, parameters = cls(**options), on(backend, start, dtype)
    arrays = dict(parameters)
    for rate, gradient in zip(rates, gradients, strict=True):
        optimizer.learning_rate = np.float64(rate)
        optimizer.update(parameters, on(backend, gradient, dtype))
    assert optimizer.iterations == 5
    for name, array in arrays.items():
        assert parameters[name] is array
        assert array.dtype == dtype
        expected = [
            oracle(w, [g[name][at] for g in gradients], rates, **options)
            for at, w in np.ndenumerate(start[name])
        ]
        tolerance = 2e-4 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(
            backend.to_numpy(array).ravel(), expected, rtol=tolerance, atol=tolerance
        )


def test_slots_have_their_parameter_s_dtype_and_device(case, backend):
    cls, _, options = case
    optimizer = cls(**options)
    assert optimizer.slots == {}
    parameters, gradients = (
        on(backend, tree(np.random.default_rng(seed)), "float32") for seed in (0, 1)
    )
    optimizer.update(parameters, gradients)
    held = {name: dict(kept) for name, kept in optimizer.slots.items()}
    optimizer.update(parameters, gradients)
    assert optimizer.slots.keys() == parameters.keys()
    for name, kept in optimizer.slots.items():
        for slot, array in kept.items():
            assert backend.owns(array)
            assert (array.shape, array.dtype) == (parameters[name].shape, "float32")
            assert array is held[name][slot]


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (SGD(), set()),
        (SGD(momentum=0.5), {"momentum"}),
        (RMSprop(), {"velocity"}),
        (RMSprop(momentum=0.5, centered=True), {"velocity", "momentum", "average_gradient"}),
        (Adam(), {"momentum", "velocity"}),
        (AdamW(), {"momentum", "velocity"}),
        (Adam(amsgrad=True), {"momentum", "velocity", "velocity_hat"}),
        (Adagrad(), {"accumulator"}),
        (Adadelta(), {"accumulated_grad", "accumulated_delta_var"}),
        (Adamax(), {"momentum", "norm"}),
        (Nadam(), {"momentum", "velocity"}),
        (Lion(), {"momentum"}),
        (Ftrl(), {"accumulator", "linear"}),
        (SGD(use_ema=True), {"average"}),
        (Adam(use_ema=True), {"momentum", "velocity", "average"}),
    ],
)
def test_only_the_slots_that_are_needed(optimizer, slots):
    optimizer.update({"w": np.ones(2)}, {"w": np.ones(2)})
    assert optimizer.slots["w"].keys() == slots


def test_gradients_are_not_changed(case, backend):
    cls, _, options = case
    gradient = backend.asarray(np.array([1.0, -2.0, 3.0]))
    cls(**options).update({"w": backend.asarray(np.zeros(3))}, {"w": gradient})
    np.testing.assert_array_equal(backend.to_numpy(gradient), [1, -2, 3])


def test_parameters_may_be_views(case, backend):
    cls, oracle, options = case
    whole = backend.asarray(np.ones((2, 3)))
    cls(learning_rate=0.25, **options).update(
        {"w": whole.T[1:]}, {"w": backend.asarray(np.full((2, 2), 0.5))}
    )
    moved = oracle(1.0, [0.5], [0.25], **options)
    np.testing.assert_allclose(
        backend.to_numpy(whole), [[1, moved, moved], [1, moved, moved]], rtol=1e-12
    )


def test_a_rate_of_zero_moves_nothing(case):
    cls, _, options = case
    w = np.ones(3)
    if cls is Ftrl:
        with pytest.raises(ValueError, match=r"Ftrl divides by the learning rate, .* got 0"):
            cls(learning_rate=0, **options).update({"w": w}, {"w": np.ones(3)})
        np.testing.assert_array_equal(w, 1)
        return
    cls(learning_rate=0, **options).update({"w": w}, {"w": np.ones(3)})
    np.testing.assert_array_equal(w, 1)


def test_a_centered_difference_never_falls_below_zero(backend):
    """Of equal gradients v and a**2 are equal but for rounding, which is larger than epsilon."""
    optimizer, w = RMSprop(centered=True), backend.asarray(np.zeros(64, "float32"))
    gradient = backend.asarray(np.linspace(1e3, 2e3, 64, dtype="float32"))
    for _ in range(300):
        optimizer.update({"w": w}, {"w": gradient})
    assert np.isfinite(backend.to_numpy(w)).all()


# PyTorch

RATE = 0.05


def run_both(torch, make, optimizer, steps=6):
    """Parameters after some steps by PyTorch's optimizer and by ours."""
    random = np.random.default_rng(7)
    start, gradients = random.normal(size=(4, 3)), random.normal(size=(steps, 4, 3))
    ours, theirs = start.copy(), torch.tensor(start, requires_grad=True)
    reference = make([theirs])
    for gradient in gradients:
        theirs.grad = torch.tensor(gradient)
        reference.step()
        optimizer.update({"w": ours}, {"w": gradient})
    return theirs.detach().numpy(), ours


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("SGD", {}, SGD(RATE)),
        ("SGD", {"momentum": 0.9}, SGD(RATE, momentum=0.9)),
        ("SGD", {"momentum": 0.9, "nesterov": True}, SGD(RATE, momentum=0.9, nesterov=True)),
        # an epsilon so small that it does not matter whether it is added inside or outside the root
        ("RMSprop", {"alpha": 0.8, "eps": 1e-30}, RMSprop(RATE, rho=0.8, epsilon=1e-30)),
        (
            "RMSprop",
            {"alpha": 0.8, "eps": 1e-30, "momentum": 0.7},
            RMSprop(RATE, rho=0.8, epsilon=1e-30, momentum=0.7),
        ),
        (
            "RMSprop",
            {"alpha": 0.8, "eps": 1e-30, "centered": True},
            RMSprop(RATE, rho=0.8, epsilon=1e-30, centered=True),
        ),
        ("Adam", {"betas": (0.8, 0.95), "eps": 1e-30}, Adam(RATE, 0.8, 0.95, 1e-30)),
        ("AdamW", {"weight_decay": 0.1, "eps": 1e-30}, AdamW(RATE, 0.1, epsilon=1e-30)),
        (
            "Adam",
            {"betas": (0.8, 0.5), "eps": 1e-30, "amsgrad": True},
            Adam(RATE, 0.8, 0.5, 1e-30, amsgrad=True),
        ),
        (
            "AdamW",
            {"weight_decay": 0.1, "betas": (0.8, 0.5), "eps": 1e-30, "amsgrad": True},
            AdamW(RATE, 0.1, 0.8, 0.5, 1e-30, amsgrad=True),
        ),
        (
            "Adagrad",
            {"initial_accumulator_value": 0.2, "eps": 1e-30},
            Adagrad(RATE, 0.2, epsilon=1e-30),
        ),
        ("Adadelta", {"rho": 0.8, "eps": 1e-3}, Adadelta(RATE, 0.8, 1e-3)),
        ("Adamax", {"betas": (0.8, 0.5), "eps": 1e-30}, Adamax(RATE, 0.8, 0.5, 1e-30)),
        (
            "NAdam",
            {"betas": (0.8, 0.5), "eps": 1e-3, "momentum_decay": 1},
            Nadam(RATE, 0.8, 0.5, 1e-3),
        ),
    ],
)
def test_pytorch_agrees_at_a_constant_rate(torch, name, theirs, ours):
    cls = getattr(torch.optim, name)
    expected, actual = run_both(torch, lambda w: cls(w, lr=RATE, **theirs), ours)
    # its NAdam keeps a product in float32
    np.testing.assert_allclose(actual, expected, rtol=1e-6 if name == "NAdam" else 1e-9)


def test_pytorch_agrees_on_the_first_step_of_adam_with_its_epsilon_scaled(torch):
    ours = Adam(RATE, epsilon=0.1 * math.sqrt(1 - 0.999))
    expected, actual = run_both(
        torch, lambda w: torch.optim.Adam(w, lr=RATE, eps=0.1), ours, steps=1
    )
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_keras_s_and_not_pytorch_s_once_the_rate_changes(torch, nesterov):
    """Keras has the rate inside the momentum, PyTorch outside; by hand, from w = 0 with g = 1.

    Keras: m = -0.1, then 0.5 (-0.1) - 1 = -1.05. PyTorch: b = 1, then 1.5, times the rate 1.
    """
    ours, theirs = np.zeros(1), torch.zeros(1, dtype=torch.float64, requires_grad=True)
    theirs.grad = torch.ones_like(theirs)
    keras_like = SGD(0.1, momentum=0.5, nesterov=nesterov)
    torch_like = torch.optim.SGD([theirs], lr=0.1, momentum=0.5, nesterov=nesterov)
    for rate in (0.1, 1.0):
        keras_like.learning_rate = torch_like.param_groups[0]["lr"] = rate
        keras_like.update({"w": ours}, {"w": np.ones(1)})
        torch_like.step()
    keras_steps = (-0.05 - 0.1, -0.525 - 1) if nesterov else (-0.1, -1.05)
    torch_steps = (-0.1 * 1.5, -1.0 * 1.75) if nesterov else (-0.1, -1.5)
    np.testing.assert_allclose(ours, sum(keras_steps), rtol=1e-12)
    np.testing.assert_allclose(theirs.detach(), sum(torch_steps), rtol=1e-12)


# What is refused, and that nothing has been changed then


def refused(optimizer, parameters, gradients, error, message):
    before = {name: array.copy() for name, array in parameters.items()}
    iterations = optimizer.iterations
    with pytest.raises(error, match=message):
        optimizer.update(parameters, gradients)
    assert optimizer.iterations == iterations
    for name, array in parameters.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("names", "missing", "extra"),
    [("cd", r"\['b'\]", r"\['c', 'd'\]"), ("a", r"\['b'\]", r"\[\]"), ("abc", r"\[\]", r"\['c'\]")],
)
def test_names_that_differ(names, missing, extra):
    gradients = {name: np.ones(2) for name in {"a", *names}}
    message = f"without a gradient: {missing}, without a parameter: {extra}"
    refused(SGD(), {"a": np.ones(2), "b": np.ones(2)}, gradients, ValueError, message)


def test_shapes_that_differ():
    parameters, gradients = (
        {"a": np.ones(2), "b": np.ones((3, 1))},
        {"a": np.ones(2), "b": np.ones(3)},
    )
    message = (
        r"parameter 'b' is float64 of shape \(3, 1\), but its gradient float64 of shape \(3,\)"
    )
    refused(SGD(), parameters, gradients, ValueError, message)


def test_dtypes_that_differ():
    refused(
        Adam(),
        {"a": np.ones(2, "float32"), "b": np.ones(2, "float32")},
        {"a": np.ones(2, "float32"), "b": np.ones(2)},
        ValueError,
        r"'b' is float32 of shape \(2,\), but its gradient float64",
    )
    whole = np.ones(2, "int64")
    refused(SGD(), {"a": whole}, {"a": whole}, TypeError, "'a' must be floating, got int64")


def test_a_gradient_that_is_no_array():
    refused(
        SGD(),
        {"a": np.ones(1)},
        {"a": [1.0]},
        DeviceMismatchError,
        r"'a' is on cpu, but its gradient, a builtins\.list, is not: get_backend\('cpu'\)",
    )


def test_a_gradient_on_another_device(cuda):
    with pytest.raises(DeviceMismatchError, match=r"'a' is on cuda:0, but its gradient, a numpy"):
        SGD().update({"a": cuda.asarray(np.ones(1))}, {"a": np.ones(1)})


def test_slots_of_another_model():
    optimizer = Adam()
    optimizer.update({"a": np.ones(2), "b": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)})
    wider = {"a": np.ones(2), "b": np.ones(3)}
    message = r"'b' is .*\(3,\), but its momentum .*\(2,\).* served another model.*slots\.clear\(\)"
    refused(optimizer, wider, {"a": np.ones(2), "b": np.ones(3)}, ValueError, message)
    optimizer.slots.clear()
    optimizer.update(wider, {"a": np.ones(2), "b": np.ones(3)})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, np.float32(-1)])
@pytest.mark.parametrize("cls", [SGD, RMSprop, Adam, AdamW, Adagrad, Lion])
def test_rates_out_of_range(cls, value):
    message = rf"learning_rate must be at least 0 and finite, got .*{float(value)}"
    with pytest.raises(ValueError, match=message):
        cls(learning_rate=value)
    optimizer = cls()
    before = optimizer.learning_rate
    with pytest.raises(ValueError, match=message):
        optimizer.learning_rate = value
    assert optimizer.learning_rate == before


@pytest.mark.parametrize("value", [True, "0.1", None, [0.1], 1j])
def test_rates_that_are_no_numbers(value):
    with pytest.raises(TypeError, match=r"learning_rate must be a number, got .+"):
        SGD(value)


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), np.int64(2)])
def test_rates_become_python_s_floats(value):
    optimizer = SGD(value)
    assert type(optimizer.learning_rate) is float
    assert optimizer.learning_rate == value


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (SGD, "momentum"),
        (RMSprop, "rho"),
        (RMSprop, "momentum"),
        (Adam, "beta_1"),
        (AdamW, "beta_2"),
        (Adadelta, "rho"),
        (Adamax, "beta_1"),
        (Nadam, "beta_2"),
        (Lion, "beta_2"),
    ],
)
@pytest.mark.parametrize("value", [1, 1.5, -0.1, math.nan])
def test_decays_out_of_range(cls, name, value):
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and below 1, got {value}"):
        cls(**{name: value})


@pytest.mark.parametrize("cls", [RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam])
@pytest.mark.parametrize("value", [0, -1e-7, math.nan, math.inf])
def test_epsilons_out_of_range(cls, value):
    with pytest.raises(ValueError, match=f"epsilon must be above 0 and finite, got {value}"):
        cls(epsilon=value)


def test_other_options_out_of_range():
    with pytest.raises(ValueError, match=r"weight_decay must be at least 0 and finite, got -0\.1"):
        AdamW(weight_decay=-0.1)
    with pytest.raises(TypeError, match="nesterov must be True or False, got 1"):
        SGD(nesterov=1)
    with pytest.raises(TypeError, match="weight_decay must be a number, got None"):
        AdamW(weight_decay=None)
    with pytest.raises(TypeError, match="centered must be True or False, got 'yes'"):
        RMSprop(centered="yes")
    with pytest.raises(TypeError, match="amsgrad must be True or False, got 1"):
        Adam(amsgrad=1)
    with pytest.raises(ValueError, match="beta_1 must be above 0 and at most 1, got 0"):
        Lion(beta_1=0)
    with pytest.raises(ValueError, match="initial_accumulator_value must be at least 0"):
        Adagrad(initial_accumulator_value=-1)
    with pytest.raises(ValueError, match=r"learning_rate_power must be at most 0, got 0\.5"):
        Ftrl(learning_rate_power=0.5)
    for name in ("l1_regularization_strength", "l2_shrinkage_regularization_strength", "beta"):
        with pytest.raises(ValueError, match=rf"{name} must be at least 0 and finite, got -0\.5"):
            Ftrl(**{name: -0.5})


# Names and configurations


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("sgd", SGD),
        ("rmsprop", RMSprop),
        ("adagrad", Adagrad),
        ("adadelta", Adadelta),
        ("adam", Adam),
        ("adamw", AdamW),
        ("AdamW", AdamW),
        ("adamax", Adamax),
        ("nadam", Nadam),
        ("lion", Lion),
        ("ftrl", Ftrl),
    ],
)
def test_optimizers_by_name(name, cls):
    optimizer = optimizers.get(name)
    assert type(optimizer) is cls
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(name) is not optimizer


def test_unknown_optimizers():
    with pytest.raises(
        ValueError, match=r"unknown optimizer 'lamb'; known are 'sgd', 'rmsprop', 'a"
    ):
        optimizers.get("lamb")
    with pytest.raises(
        TypeError, match=r"optimizer must be of class Optimizer or a name, got <class"
    ):
        optimizers.get(Adam)


each = pytest.mark.parametrize("cls", optimizers.OPTIMIZERS.values(), ids=lambda c: c.__name__)


@each
def test_names_and_defaults_are_keras_s(keras, cls):
    """All of its arguments but those left out, and none of our own."""
    theirs = inspect.signature(getattr(keras.optimizers, cls.__name__)).parameters
    left_out = {"name", "kwargs", "loss_scale_factor", "gradient_accumulation_steps"}
    defaults = {name: each.default for name, each in theirs.items() if name not in left_out}
    assert cls().get_config() == defaults


@each
def test_configurations_come_back(cls):
    plain = cls().get_config()
    assert cls(**plain).get_config() == plain
    other = {
        name: not value if isinstance(value, bool) else value and value / 2
        for name, value in plain.items()
    } | {"clipnorm": 0.5, "ema_overwrite_frequency": 3, "weight_decay": 0.25}
    optimizer = cls.from_config(json.loads(json.dumps(other)))
    assert optimizer.get_config() == other
    optimizer.learning_rate = 0.25
    assert cls.from_config(optimizer.get_config()).learning_rate == 0.25
    assert repr(optimizer).startswith(f"{cls.__name__}(learning_rate=0.25, ")
    assert "clipnorm=0.5" in repr(optimizer)
    with pytest.raises(ValueError, match=rf"{cls.__name__} has no \['decay'\]; its arguments are"):
        cls.from_config({"decay": 1})


def test_arguments_are_in_keras_s_order():
    assert list(SGD().get_config()) == ["learning_rate", "momentum", "nesterov", *COMMON]
    assert list(Adam().get_config())[:6] == [
        "learning_rate",
        "beta_1",
        "beta_2",
        "epsilon",
        "amsgrad",
        "weight_decay",
    ]
    assert list(AdamW().get_config())[:3] == ["learning_rate", "weight_decay", "beta_1"]


COMMON = [
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
]
