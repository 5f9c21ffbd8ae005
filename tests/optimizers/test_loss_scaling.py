"""Loss scaling: against the rule in plain Python, and against the inner optimizer alone."""

import copy
import json

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.backends.simulated.ledger import ledger
from onepath.optimizers import SGD, Adagrad, Adam, AdamW, LossScaleOptimizer, Nadam, RMSprop
from onepath.training import LearningRateScheduler, Model

INNERS = [
    SGD(0.1),
    SGD(0.1, momentum=0.9),
    RMSprop(centered=True, momentum=0.5),
    Adam(),
    AdamW(amsgrad=True, global_clipnorm=0.5),
    Nadam(clipnorm=0.5, use_ema=True),
    Adagrad(clipvalue=0.5),
]
BAD = [np.inf, -np.inf, np.nan]


def scale_rule(finite, initial, growth):
    """The scale after each step: halved by one that is not finite, doubled by so many that are."""
    scale, good = initial, 0
    for each in finite:
        good = good + 1 if each else 0
        scale = scale if each else scale / 2
        if good == growth:
            scale, good = scale * 2, 0
        yield scale, good


def tree(backend, seed=0):
    """Parameters of several shapes, by name."""
    rng = np.random.default_rng(seed)
    shapes = {"kernel": (3, 2), "bias": (4,), "gain": ()}
    return {
        name: backend.asarray(np.asarray(rng.normal(size=shape), "float32"))
        for name, shape in shapes.items()
    }


def on_host(backend, arrays):
    return {name: backend.to_numpy(array).copy() for name, array in arrays.items()}


def everything(backend, optimizer, parameters):
    """Bytes of parameters, and of all that the inner optimizer remembers of them."""
    remembered = {name: optimizer.slots[name].items() for name in parameters}
    slots = {f"{name} {slot}": a for name, its in remembered.items() for slot, a in its}
    return {name: a.tobytes() for name, a in on_host(backend, parameters | slots).items()}


def numbers(backend, optimizer):
    """Scale and count."""
    found = on_host(backend, optimizer.slots["loss scale"])
    return float(found["scale"]), int(found["steps"])


def spoilt(backend, gradients, name, value):
    """The same with one number that is not finite."""
    host = backend.to_numpy(gradients[name]).copy()
    host[(0,) * host.ndim] = value
    return {**gradients, name: backend.asarray(host)}


# The rule


@pytest.mark.parametrize("growth", [1, 3, 7])
@pytest.mark.parametrize("initial", [2.0**15, 1000.0])
def test_scale_is_the_rule_s(backend, growth, initial):
    finite = np.random.default_rng(growth).random(60) < 0.8
    optimizer = LossScaleOptimizer(SGD(), initial, growth)
    parameters, gradients = tree(backend), tree(backend, 1)
    for step, (each, expected) in enumerate(
        zip(finite, scale_rule(finite, initial, growth), strict=True)
    ):
        given = gradients if each else spoilt(backend, gradients, "bias", BAD[step % 3])
        optimizer.update(parameters, given)
        assert numbers(backend, optimizer) == expected, step
    assert optimizer.iterations == 60


def test_scale_stays_a_normal_number(backend):
    parameters, good = tree(backend), tree(backend, 1)
    bad = spoilt(backend, good, "gain", np.nan)
    for start, gradients, end in [(2.0**125, good, 2.0**127), (2.0**-124, bad, 2.0**-126)]:
        optimizer = LossScaleOptimizer(SGD(), start, 1)
        for _ in range(5):
            optimizer.update(parameters, gradients)
        assert numbers(backend, optimizer)[0] == end


def test_the_loss_s_gradient_is_multiplied(backend):
    optimizer = LossScaleOptimizer(SGD(), 8.0)
    gradient = tree(backend)["kernel"]
    scaled = optimizer.scaled(gradient)
    assert scaled.dtype == gradient.dtype
    np.testing.assert_array_equal(backend.to_numpy(scaled), 8 * backend.to_numpy(gradient))
    assert SGD().scaled(gradient) is gradient


# Steps


@pytest.mark.parametrize("inner", INNERS, ids=repr)
def test_steps_are_those_of_the_inner_optimizer(backend, inner):
    """Bit for bit, since a power of 2 is undone exactly."""
    alone, scaling = copy.deepcopy(inner), LossScaleOptimizer(copy.deepcopy(inner), 2.0**12)
    expected, parameters = tree(backend), tree(backend)
    for seed in range(1, 5):
        gradients = tree(backend, seed)
        alone.update(expected, gradients)
        host = {name: array * 2.0**12 for name, array in on_host(backend, gradients).items()}
        given = {name: backend.asarray(np.asarray(array)) for name, array in host.items()}
        before = on_host(backend, given)
        scaling.update(parameters, given)
        for name, array in on_host(backend, given).items():
            np.testing.assert_array_equal(array, before[name])
        assert everything(backend, scaling, parameters) == everything(backend, alone, expected)
    assert scaling.iterations == scaling.inner.iterations == 4


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("name", ["kernel", "bias", "gain"])
@pytest.mark.parametrize("inner", INNERS, ids=repr)
def test_a_step_left_out_changes_nothing(backend, inner, name, value):
    """Bit for bit, whichever parameter's gradient it is that is not finite."""
    optimizer = LossScaleOptimizer(copy.deepcopy(inner))
    parameters = tree(backend)
    optimizer.update(parameters, tree(backend, 1))
    before = everything(backend, optimizer, parameters)
    arrays = [*parameters.values(), *optimizer.slots["loss scale"].values()]
    optimizer.update(parameters, spoilt(backend, tree(backend, 2), name, value))
    assert everything(backend, optimizer, parameters) == before
    after = [*parameters.values(), *optimizer.slots["loss scale"].values()]
    assert list(map(id, after)) == list(map(id, arrays)), "a captured graph holds on to the arrays"
    assert optimizer.iterations == 2
    optimizer.update(parameters, tree(backend, 2))
    assert everything(backend, optimizer, parameters) != before


def test_refused_gradients_change_nothing(backend):
    optimizer, parameters = LossScaleOptimizer(SGD()), tree(backend)
    gradients = tree(backend, 1)
    del gradients["bias"]
    before = on_host(backend, parameters)
    with pytest.raises(ValueError, match="must have the same names"):
        optimizer.update(parameters, gradients)
    for name, array in on_host(backend, parameters).items():
        np.testing.assert_array_equal(array, before[name])
    assert optimizer.iterations == 0
    assert "loss scale" not in optimizer.slots


def test_nothing_to_learn_is_no_error():
    optimizer = LossScaleOptimizer(SGD())
    optimizer.update({}, {})
    assert optimizer.slots == {}


# As an optimizer among others


def test_the_learning_rate_is_the_inner_optimizer_s():
    optimizer = LossScaleOptimizer(SGD(0.5))
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = 0.25
    assert optimizer.inner.learning_rate == 0.25


@pytest.mark.parametrize("inner", INNERS, ids=repr)
def test_configuration_makes_it_again(inner):
    optimizer = op.optimizers.LossScaleOptimizer(inner, 8.0, 5)
    config = json.loads(json.dumps(optimizer.get_config()))
    again = LossScaleOptimizer.from_config(config)
    assert again.get_config() == config
    assert type(again.inner) is type(inner)
    assert repr(again) == repr(optimizer) == f"LossScaleOptimizer({inner!r}, 8.0, 5)"


def test_only_known_optimizers_are_made_of_a_configuration():
    config = {"inner": {"class_name": "System", "config": {}}}
    with pytest.raises(ValueError, match=r"inner must be one of \['adadelta', .*System"):
        LossScaleOptimizer.from_config(config)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("adam",), TypeError, "inner must be an optimizer that does not scale .*, got 'adam'"),
        ((LossScaleOptimizer(SGD()),), TypeError, r"got LossScaleOptimizer\(SGD\(\)"),
        ((SGD(), 0), ValueError, "initial_scale must be above 0"),
        ((SGD(), "big"), TypeError, "initial_scale must be a number"),
        ((SGD(), 8, 0), ValueError, "dynamic_growth_steps must be at least 1, got 0"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        LossScaleOptimizer(*arguments)


def test_there_is_no_other_name_in_optimizers():
    with pytest.raises(AttributeError, match="no attribute 'LossScale'"):
        _ = op.optimizers.LossScale


def test_it_moves_with_a_model(cpu, backend):
    model = narrow_model("cpu")
    x, y = blobs()
    model.fit(x, y, verbose=0)
    before = numbers(cpu, model.optimizer)
    model.to(backend)
    assert all(backend.owns(a) for a in model.optimizer.slots["loss scale"].values())
    assert numbers(backend, model.optimizer) == before
    model.fit(x, y, verbose=0)
    assert numbers(backend, model.optimizer)[1] == 2 * before[1]


# Models


def blobs():
    """Three clouds of points that a small network can tell apart."""
    rng = np.random.default_rng(0)
    y = np.arange(96) % 3
    return (4 * np.eye(3, 4)[y] + rng.normal(size=(96, 4))).astype("float32"), y


def narrow_model(device, policy="mixed_float16", optimizer="adam", **options):
    op.set_seed(1)
    network = [
        layers.Dense(16, dtype=policy),
        layers.BatchNormalization(dtype=policy),
        layers.ReLU(),
        layers.Dense(3, dtype="float32"),
    ]
    model = op.Sequential(network, device)
    loss = op.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, ["accuracy"], **options)
    return model


def test_compile_scales_the_loss_of_what_computes_in_float16(cpu):
    assert isinstance(narrow_model("cpu").optimizer, LossScaleOptimizer)
    assert isinstance(narrow_model("cpu").optimizer.inner, Adam)
    assert type(narrow_model("cpu", auto_scale_loss=False).optimizer) is Adam
    assert type(narrow_model("cpu", "float32").optimizer) is Adam
    mine = LossScaleOptimizer(SGD())
    assert narrow_model("cpu", optimizer=mine).optimizer is mine
    nested = Model(layers.Residual(layers.Sequential([layers.Dense(2, dtype="mixed_float16")])))
    nested.compile(loss="mse")
    assert isinstance(nested.optimizer, LossScaleOptimizer)


def test_bfloat16_needs_no_scale(cpu):
    pytest.importorskip("ml_dtypes")
    assert type(narrow_model("cpu", "mixed_bfloat16").optimizer) is Adam


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_training_reaches_what_float32_reaches(backend, policy):
    if policy == "mixed_bfloat16":
        pytest.importorskip("ml_dtypes")
        if backend.name.startswith("simulated"):
            pytest.skip("the simulated device has no bfloat16")
    x, y = blobs()
    reached = {}
    for each in ("float32", policy):
        model = narrow_model(backend, each, Adam(0.02))
        model.fit(x, y, epochs=12, verbose=0)
        reached[each] = model.evaluate(x, y)
    assert reached["float32"]["accuracy"] > 0.95
    assert reached[policy]["accuracy"] > reached["float32"]["accuracy"] - 0.03
    assert reached[policy]["loss"] == pytest.approx(reached["float32"]["loss"], abs=0.01)


def test_gradients_that_float16_does_not_hold_are_kept(backend):
    """2e-8 is less than half of float16's smallest number; 1024 of them are not nothing."""
    x, y = np.ones((1024, 1), "float32"), np.full((1024, 1), 1e-5, "float32")
    learned = {}
    for scaled in (True, False):
        dense = layers.Dense(1, use_bias=False, kernel_initializer="zeros", dtype="mixed_float16")
        model = Model(dense, backend)
        model.compile(SGD(1.0), "mse", auto_scale_loss=scaled)
        model.train_on_batch(x, y)
        learned[scaled] = backend.to_numpy(dense.parameters["kernel"]).item()
    assert learned[True] == pytest.approx(2e-5, rel=1e-2)
    assert learned[False] == 0


def test_a_scale_that_is_too_large_comes_down(backend):
    """Without a warning, and with nothing learned until it fits."""
    model = narrow_model(backend, optimizer=LossScaleOptimizer(Adam(), 2.0**60))
    x, y = blobs()
    model.build(x.shape[1:])
    before = on_host(backend, model.layer.parameters)
    for _ in range(10):
        model.train_on_batch(x, y)
    for name, array in on_host(backend, model.layer.parameters).items():
        np.testing.assert_array_equal(array, before[name])
    assert numbers(backend, model.optimizer) == (2.0**50, 0)
    for _ in range(40):
        model.train_on_batch(x, y)
    assert numbers(backend, model.optimizer)[1] > 0
    assert np.isfinite(model.evaluate(x, y)["loss"])


def test_a_step_waits_for_nothing():
    """Finite or not: what is done is decided on the device."""
    model = narrow_model("simulated", optimizer=LossScaleOptimizer(Adam(), 2.0**40))
    x, y = (model.backend.asarray(array) for array in blobs())
    model.train_on_batch(x, y)
    with ledger.watch() as events:
        for _ in range(40):
            model.train_on_batch(x, y)
    assert numbers(model.backend, model.optimizer)[1] > 0
    assert [event for event in events if event.kind != "undefined result"] == []


def test_a_schedule_sets_the_rate(backend):
    model = narrow_model(backend)
    schedule = LearningRateScheduler(lambda epoch, rate: rate / 2)
    model.fit(*blobs(), epochs=2, callbacks=[schedule], verbose=0)
    assert model.optimizer.inner.learning_rate == 0.001 / 4


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_files_keep_the_float32_parameters(backend, policy, tmp_path):
    pytest.importorskip("safetensors")
    if policy == "mixed_bfloat16":
        pytest.importorskip("ml_dtypes")
        if backend.name.startswith("simulated"):
            pytest.skip("the simulated device has no bfloat16")
    model = narrow_model(backend, policy)
    x, y = blobs()
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.onepath")
    again = op.load_model(tmp_path / "model.onepath", backend)
    assert [layer.dtype for layer in again.layer.layers] == [policy, policy, None, "float32"]
    kept = on_host(backend, again.arrays())
    for name, array in on_host(backend, model.arrays()).items():
        assert array.dtype == kept[name].dtype == "float32"
        np.testing.assert_array_equal(kept[name], array)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
