"""Weights of samples and of classes: fit, evaluate, one batch; beside Keras."""

import copy

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.training.weights import weights_of

RNG = np.random.default_rng(2)
X = RNG.normal(size=(30, 4)).astype("float32")
LABELS = np.arange(30) % 3
WEIGHT = RNG.uniform(0, 3, 30)
CLASSES = {0: 2.0, 2: 0.25}
BY_CLASS = np.array([2.0, 1.0, 0.25])[LABELS]


def network(backend, dtype="float32"):
    op.set_seed(1)
    model = op.Sequential(
        [layers.Dense(5, dtype=dtype), layers.Tanh(), layers.Dense(3, dtype=dtype)], backend
    )
    model.compile(
        op.optimizers.SGD(0.1), op.losses.SparseCategoricalCrossentropy(True), ["accuracy"]
    )
    model.build((4,))
    return model


def weights(model):
    return {k: model.backend.to_numpy(a).copy() for k, a in model.arrays().items()}


def read(theirs):
    """The weights of a Keras model on PyTorch."""
    return [variable.value.detach().numpy() for variable in theirs.weights]


def assert_same(a, b):
    for name, array in weights(a).items():
        np.testing.assert_array_equal(array, weights(b)[name], err_msg=name)


def test_one_step_is_the_one_of_the_textbook(backend):
    """A linear layer under weighted mean squared error, against the closed form in float64."""
    x, y = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 2))
    w = np.array([0.0, 1.0, 2.0, 0.5, 3.0, 1.5])
    model = op.Model(layers.Dense(2, dtype="float64"), backend)
    model.compile(op.optimizers.SGD(0.5), "mse")
    model.build((4,))
    before = weights(model)
    loss = model.train_on_batch(x, y, w)
    residual = x @ before["kernel"] + before["bias"] - y
    expected = (w[:, None] * residual**2).sum() / residual.size
    np.testing.assert_allclose(backend.to_numpy(loss), expected, rtol=1e-12)
    slope = 2 * w[:, None] * residual / residual.size
    after = weights(model)
    np.testing.assert_allclose(after["kernel"], before["kernel"] - 0.5 * x.T @ slope, rtol=1e-12)
    np.testing.assert_allclose(after["bias"], before["bias"] - 0.5 * slope.sum(0), rtol=1e-12)


@pytest.mark.parametrize("where", ["host", "device"])
@pytest.mark.parametrize("kind", ["labels", "column", "floats", "one-hot"])
def test_weights_of_classes_are_weights_of_samples(backend, kind, where):
    y = {
        "labels": LABELS,
        "column": LABELS[:, None],
        "floats": LABELS.astype("float32") / 2,  # 0, 0.5 and 1 are of the classes 0, 0 and 1
        "one-hot": np.eye(3, dtype="float32")[LABELS],
    }[kind]
    loss, by_class = op.losses.SparseCategoricalCrossentropy(True), BY_CLASS
    if kind == "one-hot":
        loss = op.losses.CategoricalCrossentropy(True)
    if kind == "floats":
        y, loss = y[:, None], op.losses.BinaryCrossentropy(True)
        by_class = np.array([2.0, 2.0, 1.0])[LABELS]

    def made():
        op.set_seed(1)
        units = 1 if kind == "floats" else 3
        model = op.Sequential([layers.Dense(units)], backend)
        model.compile(op.optimizers.SGD(0.1), loss)
        return model

    x = backend.asarray(X) if where == "device" else X
    y = backend.asarray(y) if where == "device" else y
    first, second, third = made(), made(), made()
    one = first.fit(x, y, 8, 2, verbose=0, class_weight=CLASSES).history
    assert one == second.fit(x, y, 8, 2, verbose=0, sample_weight=by_class).history
    assert_same(first, second)
    assert one != third.fit(x, y, 8, 2, verbose=0).history
    losses = [
        first.train_on_batch(x, y, class_weight=CLASSES),
        second.train_on_batch(x, y, by_class),
    ]
    assert float(losses[0]) == float(losses[1])
    assert_same(first, second)


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [([0, 1, 2], {0: 2.0}, [2, 1, 1]), ([-1, 1, -1], {1: 3.0}, [1, 3, 1]), ([0, 5], {}, [1, 1])],
)
def test_classes_left_out_count_once(backend, labels, classes, expected):
    found = weights_of(backend.asarray(np.array(labels)), classes, None)["sample_weight"]
    np.testing.assert_array_equal(backend.to_numpy(found), expected)


def test_weights_of_one_change_no_loss(backend):
    first, second = network(backend), network(backend)
    one = first.fit(X, LABELS, 8, 2, verbose=0).history
    two = second.fit(X, LABELS, 8, 2, verbose=0, sample_weight=np.ones(30)).history
    np.testing.assert_allclose(one["loss"], two["loss"], rtol=1e-6)
    assert_same(first, second)


def test_what_is_reported(backend):
    """The weighted loss by the number of samples; metrics take no notice of weights."""
    model = network(backend, "float64")
    x = X.astype("float64")
    logits = model.predict(x)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    terms = -np.log(p[np.arange(30), LABELS])
    found = model.evaluate(x, LABELS, batch_size=7, sample_weight=WEIGHT)
    assert found["loss"] == pytest.approx((terms * WEIGHT).sum() / 30, rel=1e-12)
    assert found["accuracy"] == model.evaluate(x, LABELS)["accuracy"]
    model.optimizer.learning_rate = 0.0
    data = (x[:20], LABELS[:20], WEIGHT[:20])
    history = model.fit(x, LABELS, 7, verbose=0, class_weight=CLASSES, validation_data=data).history
    assert history["loss"][0] == pytest.approx((terms * BY_CLASS).mean(), rel=1e-12)
    assert history["val_loss"][0] == pytest.approx((terms * WEIGHT)[:20].mean(), rel=1e-12)


@pytest.mark.parametrize("option", ["sample_weight", "class_weight"])
def test_captured_steps_take_weights(option):
    given = {option: WEIGHT if option == "sample_weight" else CLASSES}
    models = [network("simulated") for _ in range(2)]
    histories = [
        model.fit(X, LABELS, 8, 3, verbose=0, graph=graph, **given)
        for model, graph in zip(models, (True, False), strict=True)
    ]
    # two shapes of batches: for each, two steps are taken before one is captured
    assert (histories[0].replayed, histories[0].graph_reason) == (8, None)
    assert histories[0].history == histories[1].history
    assert_same(*models)


def test_weights_on_the_device_stay_there():
    device = op.get_backend("simulated")
    model = network(device)
    data = [device.asarray(array) for array in (X, LABELS, WEIGHT)]
    before = op.transfers()
    model.train_on_batch(*data)
    assert op.transfers() == before


def test_weights_that_do_not_fit(backend):
    model = network(backend)
    before = weights(model)
    for options, error, message in [
        ({"sample_weight": WEIGHT[:7]}, ValueError, "equally many rows, got .*'sample_weight': 7"),
        ({"sample_weight": WEIGHT[:, None]}, ValueError, r"shape \(30,\), a number .* \(30, 1\)"),
        (
            {"sample_weight": WEIGHT.tolist()},
            TypeError,
            "sample_weight must be an array on .*list",
        ),
        ({"sample_weight": WEIGHT + 0j}, TypeError, "sample_weight must be numbers, got complex"),
        (
            {"sample_weight": WEIGHT, "class_weight": CLASSES},
            ValueError,
            "class_weight and sample_weight were both given: multiply",
        ),
        (
            {"class_weight": [1.0, 2.0]},
            TypeError,
            "a dict of class index to weight, such as .* got",
        ),
        ({"class_weight": {-1: 1.0}}, ValueError, "a class in class_weight must be at least 0"),
        ({"class_weight": {0: "1"}}, TypeError, "a class's weight must be a number, got '1'"),
    ]:
        for call in (model.fit, model.train_on_batch):
            with pytest.raises(error, match=message):
                call(X, LABELS, **options)
    with pytest.raises(
        ValueError, match=r"targets of shape .*, got shape \(30, 2, 3\): give sample"
    ):
        model.fit(X, np.zeros((30, 2, 3)), class_weight=CLASSES)
    with pytest.raises(ValueError, match="'validation_sample_weight': 3"):
        model.fit(X, LABELS, validation_data=(X, LABELS, WEIGHT[:3]))
    with pytest.raises(ValueError, match="'sample_weight': 3"):
        model.evaluate(X, LABELS, sample_weight=WEIGHT[:3])
    assert model.optimizer.iterations == 0
    for name, array in weights(model).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("option", ["sample_weight", "class_weight"])
def test_keras_agrees(keras, option):
    given = {option: WEIGHT if option == "sample_weight" else CLASSES}
    ours = network("cpu")
    theirs = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(3)]
    )
    theirs.set_weights([copy.copy(array) for array in weights(ours).values()])
    theirs.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    validation = (X[:9], LABELS[:9], WEIGHT[:9])
    options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0} | given
    expected = theirs.fit(X, LABELS, validation_data=validation, **options).history
    found = ours.fit(X, LABELS, validation_data=validation, **options).history
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)
    for array, other in zip(weights(ours).values(), read(theirs), strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-4, atol=1e-6)
    loss = float(theirs.evaluate(X, LABELS, sample_weight=WEIGHT, verbose=0)[0])
    assert ours.evaluate(X, LABELS, sample_weight=WEIGHT)["loss"] == pytest.approx(loss, rel=1e-5)
