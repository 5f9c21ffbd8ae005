"""Models with several inputs and outputs: data, losses and metrics by name or in order."""

import numpy as np
import pytest

import onepath as op
from onepath.layers import Add, Concatenate, Dense, Embedding, Flatten, Graph, ReLU
from onepath.losses import MeanSquaredError, SeveralLosses, SparseCategoricalCrossentropy
from onepath.training.ends import in_order

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(20, 4)).astype("float32"), RNG.normal(size=(20, 3)).astype("float32")
LABELS, SIZES = RNG.integers(3, size=20), RNG.normal(size=(20, 1)).astype("float32")


def network(dtype="float32"):
    nodes = {
        "left": (Dense(5, dtype=dtype, seed=1), "a"),
        "right": (Dense(5, dtype=dtype, seed=2), "b"),
        "sum": (Add(), ["left", "right"]),
        "relu": (ReLU(), "sum"),
        "class": (Dense(3, dtype=dtype, seed=3), "relu"),
        "size": (Dense(1, dtype=dtype, seed=4), "relu"),
    }
    return Graph(["a", "b"], nodes, ["class", "size"])


LOSSES = {"class": SparseCategoricalCrossentropy(from_logits=True), "size": "mse"}


def compiled(device="cpu", optimizer="sgd", **options):
    model = op.Model(network(), device)
    model.compile(optimizer, LOSSES, **options)
    return model


def arrays(model):
    return {name: model.backend.to_numpy(a) for name, a in model.arrays().items()}


def test_a_step_is_pytorch_s(torch):
    model = op.Model(network("float64"))
    weights = {"size": 0.3, "class": 2.0}
    model.compile(op.optimizers.SGD(0.1), LOSSES, loss_weights=weights)
    x, y = (A.astype("float64"), B.astype("float64")), (LABELS, SIZES.astype("float64"))
    model.build(((4,), (3,)))
    w = {k: torch.tensor(v, requires_grad=True) for k, v in arrays(model).items()}
    a, b = map(torch.tensor, x)
    hidden = a @ w["left/kernel"] + w["left/bias"] + b @ w["right/kernel"] + w["right/bias"]
    hidden = hidden.relu()
    logits = hidden @ w["class/kernel"] + w["class/bias"]
    sizes = hidden @ w["size/kernel"] + w["size/bias"]
    functional = torch.nn.functional
    loss = 2.0 * functional.cross_entropy(logits, torch.tensor(LABELS))
    loss = loss + 0.3 * functional.mse_loss(sizes, torch.tensor(y[1]))
    loss.backward()
    value = model.train_on_batch(x, y)
    np.testing.assert_allclose(value, loss.item(), rtol=1e-12)
    for name, array in arrays(model).items():
        expected = (w[name] - 0.1 * w[name].grad).detach().numpy()
        np.testing.assert_allclose(array, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("batch_size", [6, 20])
def test_by_name_in_order_and_on_each_device(backend, batch_size):
    ways = [
        ((A, B), (LABELS, SIZES)),
        ([A, B], [LABELS, SIZES]),
        ({"b": B, "a": A}, {"size": SIZES, "class": LABELS}),
    ]
    ends = []
    for x, y in ways:
        op.set_seed(0)
        model = compiled(backend.name, "adam")
        model.fit(x, y, batch_size=batch_size, epochs=2, verbose=0)
        ends.append(arrays(model))
    for end in ends[1:]:
        for name in end:
            np.testing.assert_array_equal(end[name], ends[0][name])


def test_captured_steps_learn_the_same():
    ends = []
    for graph in (False, True):
        op.set_seed(0)
        model = compiled("simulated", "adam")
        history = model.fit((A, B), (LABELS, SIZES), 5, epochs=3, verbose=0, graph=graph)
        ends.append(arrays(model))
    assert history.replayed > 0
    for name in ends[0]:
        np.testing.assert_array_equal(*(end[name] for end in ends))


def test_what_histories_call_it():
    model = compiled(metrics={"class": "accuracy", "size": ["mae", "mse"]})
    data = (A, B), (LABELS, SIZES)
    history = model.fit(*data, epochs=1, verbose=0, validation_data=data)
    names = ["class_loss", "class_accuracy", "size_loss", "size_mae", "size_mse"]
    assert list(history.history)[: 1 + len(names)] == ["loss", *names]
    assert {f"val_{name}" for name in names} <= history.history.keys()
    found = model.evaluate(*data)
    assert found["loss"] == pytest.approx(found["class_loss"] + found["size_loss"], rel=1e-6)
    logits, sizes = model.predict((A, B))
    assert found["size_loss"] == pytest.approx(((sizes - SIZES) ** 2).mean(), rel=1e-5)
    assert found["size_mae"] == pytest.approx(abs(sizes - SIZES).mean(), rel=1e-5)
    assert found["class_accuracy"] == pytest.approx((logits.argmax(1) == LABELS).mean())


def test_predictions_of_many_batches(backend):
    model = compiled(backend.name)
    whole, parts = model.predict((A, B)), model.predict({"a": A, "b": B}, batch_size=3)
    assert [each.shape for each in whole] == [(20, 3), (20, 1)]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert isinstance(whole[0], np.ndarray)


def test_weights_of_samples():
    weight = np.r_[np.zeros(10), np.ones(10)].astype("float32")
    model, half = compiled(), compiled(loss_weights=[0.5, 0.5])
    model.train_on_batch((A, B), (LABELS, SIZES), sample_weight=weight)
    half.train_on_batch((A[10:], B[10:]), (LABELS[10:], SIZES[10:]))
    for name, array in arrays(model).items():
        np.testing.assert_allclose(array, arrays(half)[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ({"class_weight": {0: 2.0}}, ValueError, "class_weight is for networks with one output"),
        ({"sample_weight": [np.ones(20)] * 2}, TypeError, "must be one array .*, got a list"),
        ({"sample_weight": {"class": np.ones(20)}}, TypeError, "must be one array .*, got a dict"),
        ({"sample_weight": np.ones(7)}, ValueError, "equally many rows"),
    ],
)
def test_weights_that_do_not_fit(weights, error, message):
    model = compiled()
    with pytest.raises(error, match=message):
        model.fit((A, B), (LABELS, SIZES), **weights)
    assert not model.layer.built


def test_one_loss_for_all_outputs():
    model = op.Model(network())
    model.compile("sgd", "mse")
    assert isinstance(model.loss, SeveralLosses)
    assert [type(loss) for loss in model.loss.losses] == [MeanSquaredError] * 2


def test_files(tmp_path):
    model = compiled(loss_weights=[1.0, 0.5])
    model.fit((A, B), (LABELS, SIZES), epochs=1, verbose=0)
    model.save(tmp_path / "m.onepath")
    again = op.load_model(tmp_path / "m.onepath")
    assert again.loss.get_config() == model.loss.get_config()
    for one, other in zip(again.predict((A, B)), model.predict((A, B)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_whole_numbers_beside_others(backend):
    nodes = {
        "vectors": (Embedding(7, 3, seed=1), "words"),
        "flat": (Flatten(), "vectors"),
        "all": (Concatenate(), ["flat", "b"]),
        "out": (Dense(1, seed=2), "all"),
    }
    model = op.Model(Graph(["words", "b"], nodes, "out"), backend.name)
    model.compile("adam", "mse")
    words = RNG.integers(7, size=(20, 4))
    before = model.evaluate((words, B), SIZES)["loss"]
    model.fit((words, B), SIZES, epochs=20, verbose=0)
    assert model.evaluate((words, B), SIZES)["loss"] < before


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (A, (LABELS, SIZES), ValueError, r"x must be one for each of \['a', 'b'\].*, got ndarray"),
        ((A,), (LABELS, SIZES), ValueError, r"x must be one for each of .*, got 1"),
        ({"a": A}, (LABELS, SIZES), ValueError, r"x must be for \['a', 'b'\], got \['a'\]"),
        ((A, B), LABELS, ValueError, r"y must be one for each of \['class', 'size'\]"),
        ((A, B[:5]), (LABELS, SIZES), ValueError, r"equally many rows, got .*'x 2': 5"),
        ((A, B), (LABELS + 9, SIZES), ValueError, "y_true runs from"),
        ((A, B), (LABELS, SIZES[:, :0]), ValueError, "y 2|needs y_true of shape"),
        ((A, B.astype(int)), (LABELS, SIZES), TypeError, "the input must be floating"),
        ((A, B[:, :2]), (LABELS, SIZES), None, None),
    ],
)
def test_data_that_does_not_fit(x, y, error, message):
    model = compiled()
    if error is None:
        model.build(((4,), (3,)))
        error, message = ValueError, "Dense 'right': .*expected 3 features, got 2"
    for call in (model.fit, model.evaluate):
        with pytest.raises(error, match=message):
            call(x, y)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"loss": ["mse"]}, ValueError, "loss must be one for each of .*, got 1"),
        ({"loss": {"class": "mse"}}, ValueError, r"loss must be for .*, got \['class'\]"),
        ({"loss": "mse", "loss_weights": [1.0]}, ValueError, "loss_weights must be one for each"),
        ({"loss": "mse", "loss_weights": {"x": 1.0}}, ValueError, "loss_weights must be for"),
        ({"loss": "mse", "loss_weights": [1.0, -1.0]}, ValueError, "loss_weights must be at least"),
        ({"loss": "mse", "metrics": {"x": "mae"}}, ValueError, "metrics must be for"),
        ({"loss": "mse", "metrics": ["mae"]}, ValueError, "metrics must be one for each"),
    ],
)
def test_losses_that_do_not_fit(options, error, message):
    model = op.Model(network())
    with pytest.raises(error, match=message):
        model.compile("sgd", **options)
    with pytest.raises(RuntimeError, match="not compiled"):
        model.loss  # noqa: B018


def test_weights_of_losses_need_several_outputs():
    model = op.Sequential([Dense(1)])
    with pytest.raises(ValueError, match="loss_weights are for networks with several outputs"):
        model.compile("sgd", "mse", loss_weights=[1.0])


def test_a_loss_as_a_metric_by_its_name():
    model = op.Sequential([Dense(1, seed=1)])
    model.compile("sgd", "mae", metrics=["mse"])
    found = model.evaluate(A, SIZES, batch_size=7)
    expected = ((model.predict(A) - SIZES) ** 2).mean()
    assert found["mse"] == pytest.approx(expected, rel=1e-5)


def test_one_end_has_no_name():
    assert in_order("x", A, None) is A
