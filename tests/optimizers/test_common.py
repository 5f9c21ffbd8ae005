"""What all optimizers have in common: decay, clipping and averages, against PyTorch and Keras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath import optimizers
from onepath.backends import get_backend
from onepath.backends.simulated.ledger import ledger
from onepath.optimizers import SGD, Adam, AdamW, LossScaleOptimizer
from onepath.schedules import ExponentialDecay

RATE = 0.0625  # which float32 has exactly, as Keras keeps it


def tree(seed, dtype="float64"):
    """Numbers of several shapes, by name; none of them is 0."""
    rng = np.random.default_rng(seed)
    shapes = {"dense/kernel": (3, 2), "dense/bias": (4,), "gain": ()}
    return {name: np.asarray(rng.normal(size=s), dtype) for name, s in shapes.items()}


def on(backend, arrays):
    return {name: backend.asarray(array) for name, array in arrays.items()}


def stepped(backend, optimizer, steps=5, dtype="float64"):
    """Parameters after some steps with other gradients each time, on the host."""
    parameters = on(backend, tree(0, dtype))
    for seed in range(1, steps + 1):
        optimizer.update(parameters, on(backend, tree(seed, dtype)))
    return {name: backend.to_numpy(array) for name, array in parameters.items()}


def stepped_by_torch(torch, make, clip=lambda parameters: None, steps=5):
    """The same by PyTorch."""
    parameters = {name: torch.tensor(a, requires_grad=True) for name, a in tree(0).items()}
    reference = make(parameters.values())
    for seed in range(1, steps + 1):
        for name, gradient in tree(seed).items():
            parameters[name].grad = torch.tensor(gradient)
        clip(parameters.values())
        reference.step()
    return {name: each.detach().numpy() for name, each in parameters.items()}


def assert_close(actual, expected, rtol=1e-12):
    assert actual.keys() == expected.keys()
    for name in actual:
        np.testing.assert_allclose(actual[name], expected[name], rtol=rtol, err_msg=name)


# Against PyTorch


def test_decay_is_pytorch_s_adamw(torch, backend):
    expected = stepped_by_torch(
        torch, lambda w: torch.optim.AdamW(w, lr=RATE, weight_decay=0.3, eps=1e-30)
    )
    for optimizer in (Adam(RATE, epsilon=1e-30, weight_decay=0.3), AdamW(RATE, 0.3, epsilon=1e-30)):
        assert_close(stepped(backend, optimizer), expected)


@pytest.mark.parametrize("most", [0.3, 1.5, 100.0])
@pytest.mark.parametrize("norm", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping_is_pytorch_s(torch, backend, norm, most):
    """It adds 1e-6 to norms before it divides."""
    utils = torch.nn.utils
    clips = {
        "clipnorm": lambda all: [utils.clip_grad_norm_([each], most) for each in all],
        "global_clipnorm": lambda all: utils.clip_grad_norm_(all, most),
        "clipvalue": lambda all: utils.clip_grad_value_(all, most),
    }
    expected = stepped_by_torch(torch, lambda w: torch.optim.SGD(w, lr=RATE), clips[norm])
    actual = stepped(backend, SGD(RATE, **{norm: most}))
    assert_close(actual, expected, rtol=1e-12 if norm == "clipvalue" else 1e-5)
    plain = stepped(backend, SGD(RATE))
    same = all((plain[name] == actual[name]).all() for name in plain)
    assert same == (most == 100), "the bound must matter where it is low"


@pytest.mark.parametrize("momentum", [0.0, 0.7, 1.0])
def test_averages_are_pytorch_s(torch, backend, momentum):
    """Its averaged model takes over the parameters at first, and is updated after each step."""
    swa = torch.optim.swa_utils
    module = torch.nn.ParameterList([torch.tensor(a) for a in tree(0).values()])
    averaged = swa.AveragedModel(module, multi_avg_fn=swa.get_ema_multi_avg_fn(momentum))
    reference = torch.optim.Adam(module.parameters(), lr=RATE, eps=1e-30)
    optimizer = Adam(RATE, epsilon=1e-30, use_ema=True, ema_momentum=momentum)
    parameters = on(backend, tree(0))
    for seed in range(1, 5):
        for each, gradient in zip(module, tree(seed).values(), strict=True):
            each.grad = torch.tensor(gradient)
        reference.step()
        averaged.update_parameters(module)
        optimizer.update(parameters, on(backend, tree(seed)))
        for name, expected in zip(parameters, averaged.module, strict=True):
            actual = backend.to_numpy(optimizer.slots[name]["average"])
            np.testing.assert_allclose(actual, expected.detach(), rtol=1e-12)
    optimizer.finalize_variable_values(parameters)
    for array, expected in zip(parameters.values(), averaged.module, strict=True):
        np.testing.assert_allclose(backend.to_numpy(array), expected.detach(), rtol=1e-12)


# Against Keras, each optimizer with all options at once


def stepped_by_keras(keras, cls, options, steps=6):
    """Parameters after some steps by Keras's optimizer, averages having taken their places."""
    rate = options.pop("learning_rate", RATE)
    if isinstance(rate, ExponentialDecay):
        rate = keras.optimizers.schedules.ExponentialDecay(**rate.get_config())
    reference = getattr(keras.optimizers, cls.__name__)(rate, **options)
    variables = {n: keras.Variable(a, dtype="float64", name="v") for n, a in tree(0).items()}
    for seed in range(1, steps + 1):
        gradients = [keras.ops.convert_to_tensor(g, "float64") for g in tree(seed).values()]
        reference.apply(gradients, list(variables.values()))
    reference.finalize_variable_values(list(variables.values()))
    return {name: each.value.detach().numpy() for name, each in variables.items()}


decays = st.sampled_from([0.25, 0.5, 0.875])
OWN = {
    "sgd": {"momentum": decays, "nesterov": st.booleans()},
    "rmsprop": {"rho": decays, "momentum": decays, "centered": st.booleans()},
    "adagrad": {"initial_accumulator_value": st.sampled_from([0.125, 2.0])},
    "adadelta": {"rho": decays, "epsilon": st.sampled_from([1e-3, 0.1])},
    "adam": {"beta_1": decays, "beta_2": decays, "amsgrad": st.booleans()},
    "adamw": {"beta_1": decays, "beta_2": decays, "amsgrad": st.booleans()},
    "adamax": {"beta_1": decays, "beta_2": decays, "epsilon": st.sampled_from([1e-7, 0.1])},
    "nadam": {"beta_1": decays, "beta_2": decays, "epsilon": st.sampled_from([1e-7, 0.1])},
    "lion": {"beta_1": decays, "beta_2": decays},
    "ftrl": {
        "learning_rate_power": st.sampled_from([-0.5, -0.75, 0.0]),
        "beta": decays,
        "l1_regularization_strength": st.sampled_from([0.0, 0.5]),
        "l2_regularization_strength": st.sampled_from([0.0, 0.5]),
        "l2_shrinkage_regularization_strength": st.sampled_from([0.0, 0.25]),
    },
}
CLIPS = [{}, {"clipnorm": 0.5}, {"global_clipnorm": 0.75}, {"clipvalue": 0.5}]
COMMON = {
    "learning_rate": st.sampled_from([RATE, 0.5, ExponentialDecay(0.5, 2, 0.25)]),
    "weight_decay": st.sampled_from([0.0, 0.25]),
    "use_ema": st.booleans(),
    "ema_momentum": decays,
    "ema_overwrite_frequency": st.sampled_from([None, 1, 2]),
}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
@settings(deadline=None, max_examples=12, derandomize=True)
@given(data=st.data())
def test_steps_are_keras_s(keras, name, data):
    cls = optimizers.OPTIMIZERS[name]
    options = data.draw(st.fixed_dictionaries({**OWN[name], **COMMON}))
    options |= data.draw(st.sampled_from(CLIPS))
    optimizer, parameters = cls(**options), tree(0)
    for seed in range(1, 7):
        optimizer.update(parameters, tree(seed))
    optimizer.finalize_variable_values(parameters)
    # its rates and some of its sums of powers are float32
    assert_close(parameters, stepped_by_keras(keras, cls, dict(options)), rtol=2e-5)


def test_every_optimizer_is_held_to_keras():
    assert OWN.keys() == optimizers.OPTIMIZERS.keys()


# What is excluded


def test_what_is_excluded_does_not_decay(backend):
    optimizer = AdamW(RATE, 0.5)
    optimizer.exclude_from_weight_decay(["bias$", "gai"])
    actual = stepped(backend, optimizer)
    decayed, plain = stepped(backend, AdamW(RATE, 0.5)), stepped(backend, Adam(RATE))
    for name, expected in {"dense/kernel": decayed, "dense/bias": plain, "gain": plain}.items():
        np.testing.assert_array_equal(actual[name], expected[name])
        assert (decayed[name] != plain[name]).all()


# Averages


def test_averages_take_the_parameters_places_by_turns(backend):
    """By hand: w falls by 1 a step; the average of the first step is w, then halves the way."""
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)
    w, seen = backend.asarray(np.zeros(2)), []
    for _ in range(5):
        optimizer.update({"w": w}, {"w": backend.asarray(np.ones(2))})
        seen.append((backend.to_numpy(w)[0], backend.to_numpy(optimizer.slots["w"]["average"])[0]))
    # averages: -1, (-1 - 2) / 2 = -1.5, (-1.5 - 3) / 2 = -2.25, which w becomes in the third step
    assert seen == [(-1, -1), (-2, -1.5), (-2.25, -2.25), (-3.25, -2.75), (-4.25, -3.5)]


def test_finalizing_without_averages_changes_nothing():
    w = {"w": np.ones(2)}
    SGD().finalize_variable_values(w)
    SGD(use_ema=True).finalize_variable_values(w)
    np.testing.assert_array_equal(w["w"], 1)


# The scale of a scaled loss


@pytest.mark.parametrize(
    "options",
    [
        {"weight_decay": 0.5},
        {"clipnorm": 0.5},
        {"clipvalue": 0.5},
        {"global_clipnorm": 0.5},
        {"use_ema": True, "ema_overwrite_frequency": 2},
    ],
)
def test_a_scaled_loss_makes_no_difference(backend, options):
    """Clipping is done to the gradients that the loss itself has."""
    expected = stepped(backend, Adam(**options), dtype="float32")
    inner = Adam(**options)
    scaling, parameters = LossScaleOptimizer(inner, 2.0**10), on(backend, tree(0, "float32"))
    for seed in range(1, 6):
        scaled = {name: a * np.float32(2**10) for name, a in tree(seed, "float32").items()}
        scaling.update(parameters, on(backend, scaled))
    for name, array in parameters.items():
        np.testing.assert_array_equal(backend.to_numpy(array), expected[name])
    scaling.finalize_variable_values(parameters)
    average = inner.slots["gain"].get("average", parameters["gain"])
    np.testing.assert_array_equal(backend.to_numpy(parameters["gain"]), backend.to_numpy(average))


def test_excluding_and_averages_go_through_the_scale():
    scaling = LossScaleOptimizer(AdamW(1.0, 0.5))
    scaling.exclude_from_weight_decay(["gain"])
    assert scaling.inner.undecayed == ("gain",)


def test_the_average_begins_with_the_parameter_where_the_first_step_is_left_out(backend):
    scaling = LossScaleOptimizer(SGD(1.0, use_ema=True, ema_momentum=0.5), 1.0)
    w = {"w": backend.asarray(np.full(2, 4.0, "float32"))}
    for g in (np.inf, 2.0):
        scaling.update(w, {"w": backend.asarray(np.full(2, g, "float32"))})
    # the scale is 0.5 by then: w = 4 - 2 / 0.5 = 0
    np.testing.assert_array_equal(backend.to_numpy(scaling.slots["w"]["average"]), 2)


# Nothing waits, nothing is lost


def test_nothing_waits_for_the_device():
    backend = get_backend("simulated")
    options = {"weight_decay": 0.1, "global_clipnorm": 0.1, "use_ema": True}
    optimizer = Adam(ExponentialDecay(0.1, 2, 0.5), ema_overwrite_frequency=2, **options)
    parameters, gradients = on(backend, tree(0)), on(backend, tree(1))
    optimizer.update(parameters, gradients)
    with ledger.watch() as events:
        for _ in range(3):
            optimizer.update(parameters, gradients)
    assert events == []


@pytest.mark.parametrize("clip", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_clipping_does_not_change_the_gradients(backend, clip):
    gradients = on(backend, tree(1))
    Adam(**{clip: 0.01}).update(on(backend, tree(0)), gradients)
    for name, array in tree(1).items():
        np.testing.assert_array_equal(backend.to_numpy(gradients[name]), array)


def test_gradients_of_zeros_stay_zeros():
    for clip in ("clipnorm", "clipvalue", "global_clipnorm"):
        w = {"w": np.ones(3)}
        SGD(1.0, **{clip: 0.5}).update(w, {"w": np.zeros(3)})
        np.testing.assert_array_equal(w["w"], 1)


# What is refused


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weight_decay": -1}, ValueError, "weight_decay must be at least 0 and finite, got -1"),
        ({"clipnorm": 0}, ValueError, "clipnorm must be above 0 and finite, got 0"),
        ({"clipvalue": "1"}, TypeError, "clipvalue must be a number, got '1'"),
        ({"global_clipnorm": np.inf}, ValueError, "global_clipnorm must be above 0 and finite"),
        ({"use_ema": 1}, TypeError, "use_ema must be True or False, got 1"),
        ({"ema_momentum": 1.5}, ValueError, "ema_momentum must be at least 0 and at most 1"),
        ({"ema_overwrite_frequency": 0}, ValueError, "ema_overwrite_frequency must be at least 1"),
        (
            {"clipnorm": 1.0, "clipvalue": 2.0},
            ValueError,
            r"only one of clipnorm=1\.0, clipvalue=2\.0 and global_clipnorm=None can be",
        ),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        Adam(**options)
