"""Models: compile, fit, evaluate, predict; on every device."""

import copy

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.training import Callback, EarlyStopping, LearningRateScheduler, Model
from onepath.training.summary import summarize

CLASSES = 3


@pytest.fixture
def data():
    """Three blobs that a linear layer can tell apart."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % CLASSES
    centres = np.eye(CLASSES, 4, dtype="float32") * 4
    return (centres[y] + rng.normal(size=(90, 4))).astype("float32"), y


@pytest.fixture
def model(backend):
    op.set_seed(1)
    model = op.Sequential([layers.Dense(8), layers.Tanh(), layers.Dense(CLASSES)], backend)
    model.compile(
        op.optimizers.SGD(0.1),
        op.losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
    )
    return model


def weights(model):
    return {k: model.backend.to_numpy(a).copy() for k, a in model.arrays().items()}


def test_fit_learns_and_tells_how(model, data):
    history = model.fit(*data, epochs=5, batch_size=16, validation_data=data, verbose=0)
    assert history.epoch == [0, 1, 2, 3, 4]
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(values) == 5 for values in history.history.values())
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    assert history.history["val_accuracy"][-1] > 0.9
    assert not history.interrupted


def test_one_step_is_the_one_of_the_textbook(backend):
    """A linear layer under mean squared error, against the closed form in float64."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(6, 2))
    model = Model(layers.Dense(2, dtype="float64"), backend)
    model.compile(op.optimizers.SGD(0.5), "mse")
    model.build((4,))
    before = weights(model)
    history = model.fit(x, y, batch_size=6, shuffle=False, verbose=0)
    residual = x @ before["kernel"] + before["bias"] - y
    assert history.history["loss"][0] == pytest.approx((residual**2).mean(), rel=1e-12)
    slope = 2 * residual / residual.size
    after = weights(model)
    np.testing.assert_allclose(after["kernel"], before["kernel"] - 0.5 * x.T @ slope, rtol=1e-12)
    np.testing.assert_allclose(after["bias"], before["bias"] - 0.5 * slope.sum(0), rtol=1e-12)


@pytest.mark.parametrize("where", ["host", "device"])
@pytest.mark.parametrize("size", [1, 7, 90])
def test_one_batch_is_one_step_of_fit(model, data, backend, where, size):
    x, y = (array[:size] for array in data)
    twin = copy.deepcopy(model)
    expected = twin.fit(x, y, batch_size=size, shuffle=False, verbose=0).history["loss"]
    if where == "device":
        x, y = backend.asarray(x), backend.asarray(y)
    loss = model.train_on_batch(x, y)
    assert backend.owns(loss)
    assert loss.shape == ()
    assert backend.to_numpy(loss) == pytest.approx(expected[0], rel=1e-6)
    assert model.optimizer.iterations == 1
    for name, array in weights(twin).items():
        np.testing.assert_array_equal(weights(model)[name], array)


def test_batches_of_other_sizes_and_kinds_follow_each_other(model, data, backend):
    x, y = data
    twin = copy.deepcopy(model)
    for size in (90, 1, 33):
        model.train_on_batch(x[:size], y[:size])
        twin.train_on_batch(backend.asarray(x[:size]), backend.asarray(y[:size]))
    assert model.optimizer.iterations == 3
    for name, array in weights(twin).items():
        np.testing.assert_array_equal(weights(model)[name], array)


@pytest.mark.parametrize("built", [False, True])
def test_a_bad_batch_is_refused(model, data, built):
    x, y = data
    if built:
        model.build((4,))
    cases = [
        ((x, y[:-1]), ValueError, "equally many rows, got {'x': 90, 'y': 89}"),
        ((x[:0], y[:0]), ValueError, "x is empty"),
        ((x[0, 0], y), (TypeError, ValueError), "x"),
        ((x[:, :0], y), ValueError, r"the input is empty|expected 4 features, got 0"),
        (((x * 10).astype("uint8"), y), TypeError, r"floating, got uint8; scale integer images"),
        ((x.tolist(), y), TypeError, "x must be an array on .*, got builtins.list"),
        ((5, y), TypeError, "x must be an array on .*, got builtins.int"),
        ((x, y.tolist()), TypeError, "y must be an array on .*, got builtins.list"),
    ]
    if built:
        cases.append(((x[:, :3], y), ValueError, r"expected 4 features, got 3"))
    for arrays, error, match in cases:
        with pytest.raises(error, match=match):
            model.train_on_batch(*arrays)
        assert model.layer.built is built
    for arrays, error, match in [
        ((x, np.ones((90, 2), "int64")), ValueError, "needs y_true of shape"),
        ((x, y.astype("float32")), TypeError, "y_true must be .* got float32"),
    ]:
        with pytest.raises(error, match=match):
            model.train_on_batch(*arrays)
    assert model.optimizer.iterations == 0
    model.train_on_batch(x, y)
    assert model.optimizer.iterations == 1


def test_an_uncompiled_model_learns_from_no_batch(data):
    model = op.Sequential([layers.Dense(3), layers.BatchNormalization()])
    with pytest.raises(RuntimeError, match=r"not compiled: call compile\(optimizer, loss\) first"):
        model.train_on_batch(*data)
    assert not model.layer.built


def test_the_last_batch_may_be_smaller_and_counts_by_its_samples(backend):
    x = np.arange(5, dtype="float64").reshape(5, 1)
    model = Model(layers.Dense(1, use_bias=False, dtype="float64"), backend)
    model.compile(op.optimizers.SGD(0.0), "mse")
    model.build((1,))
    kernel = weights(model)["kernel"]
    history = model.fit(x, np.zeros((5, 1)), batch_size=2, verbose=0)
    expected = ((x @ kernel) ** 2).mean()
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-12)
    assert model.evaluate(x, np.zeros((5, 1)), batch_size=2)["loss"] == pytest.approx(expected)


def test_the_same_seed_gives_the_same_run(backend, data):
    def run():
        op.set_seed(7)
        model = op.Sequential([layers.Dense(8), layers.Dropout(0.5), layers.Dense(3)], backend)
        model.compile("adam", op.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(*data, epochs=2, verbose=0)
        return weights(model)

    first, second = run(), run()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


def test_each_epoch_takes_each_sample_once_in_an_order_of_its_own(cpu):
    seen = []

    class Spy(layers.Layer):
        def _forward(self, x, training):
            seen.append(x[:, 0].copy())
            return x

        def _backward(self, dy):
            return dy

    model = Model(Spy())
    model.compile("sgd", "mse")
    x = np.arange(10, dtype="float64").reshape(10, 1)
    model.fit(x, x, batch_size=4, epochs=2, verbose=0)
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)
    assert list(first) != list(range(10))
    seen.clear()
    model.fit(x, x, batch_size=10, shuffle=False, verbose=0)
    assert list(seen[0]) == list(range(10))


def test_data_on_the_device_gives_the_same_as_data_on_the_host(model, data, backend):
    twin = copy.deepcopy(model)
    x, y = data
    model.fit(x, y, verbose=0)
    twin.fit(backend.asarray(x), backend.asarray(y), verbose=0)
    for name, array in weights(model).items():
        np.testing.assert_array_equal(array, weights(twin)[name])
    host, device = model.predict(x), model.predict(backend.asarray(x))
    assert isinstance(host, np.ndarray)
    assert backend.owns(device)
    np.testing.assert_array_equal(host, backend.to_numpy(device))


def test_predict_does_not_depend_on_the_batch_size(model, data):
    x, _ = data
    model.build((4,))
    np.testing.assert_allclose(
        model.predict(x, batch_size=7), model.predict(x, batch_size=90), rtol=1e-5, atol=1e-6
    )
    assert model.predict(x).shape == (90, CLASSES)


def test_predict_proba_turns_logits_into_probabilities(model, data):
    x, _ = data
    model.build((4,))
    logits = model.predict(x).astype("float64")
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(x), expected, rtol=1e-5)


def test_binary_accuracy_puts_its_threshold_where_logits_have_it(backend):
    model = Model(layers.Dense(1, use_bias=False, dtype="float64"), backend)
    model.compile("sgd", op.losses.BinaryCrossentropy(from_logits=True), ["accuracy"])
    model.build((1,))
    model.layer.parameters["kernel"][...] = 1
    x = np.array([[-2.0], [-0.1], [0.2], [0.3]])
    assert model.evaluate(x, np.array([[0], [1], [1], [1]]))["accuracy"] == 0.75


def test_evaluate_changes_nothing(backend):
    model = op.Sequential([layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5)])
    model.to(backend)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    first = model.evaluate(x, np.zeros((8, 4), "float32"))
    before = weights(model)
    assert model.evaluate(x, np.zeros((8, 4), "float32")) == first
    for name, array in weights(model).items():
        np.testing.assert_array_equal(array, before[name])


def test_bad_data_is_refused_before_the_first_step(model, data):
    x, y = data
    model.build((4,))
    before = weights(model)
    cases = [
        ((x, y[:-1]), ValueError, "equally many rows"),
        ((x, np.where(y == 2, 3, y)), ValueError, "3"),
        ((x, -y), ValueError, "-2"),
        ((x[:0], y[:0]), ValueError, "x is empty"),
        ((x[:, :3], y), ValueError, r"expected 4 features, got 3"),
        (((x * 10).astype("uint8"), y), TypeError, r"floating, got uint8; scale integer images"),
        ((x.tolist(), y), TypeError, "x must be an array"),
        ((x, y.tolist()), TypeError, "y must be an array"),
        ((x, np.ones((90, 2), "int64")), ValueError, "shape"),
    ]
    for arrays, error, match in cases:
        with pytest.raises(error, match=match):
            model.fit(*arrays, verbose=0)
    for options, error, match in [
        ({"epochs": -1}, ValueError, "epochs must be at least 0, got -1"),
        ({"epochs": 1.5}, TypeError, "epochs must be an integer, got 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be an integer, got 2.0"),
        ({"verbose": "loud"}, ValueError, "verbose must be"),
        ({"validation_data": (x, y[:3])}, ValueError, "validation_y"),
    ]:
        with pytest.raises(error, match=match):
            model.fit(x, y, **({"verbose": 0} | options))
    for name, array in weights(model).items():
        np.testing.assert_array_equal(array, before[name])
    assert model.epochs_begun == 0


def test_no_epochs_learn_nothing(model, data):
    assert model.fit(*data, epochs=0, verbose=0).epoch == []


def test_an_uncompiled_model_says_so(data):
    model = op.Sequential([layers.Dense(3)])
    with pytest.raises(RuntimeError, match=r"not compiled: call compile\(optimizer, loss\) first"):
        model.fit(*data)
    with pytest.raises(RuntimeError, match="not compiled"):
        model.predict_proba(data[0])


def test_compile_refuses_what_it_does_not_know():
    model = op.Sequential([layers.Dense(3)])
    with pytest.raises(ValueError, match="compile needs a loss, such as 'mse'"):
        model.compile("adam")
    with pytest.raises(ValueError, match="nonsense"):
        model.compile("nonsense", "mse")
    with pytest.raises(ValueError, match="nonsense"):
        model.compile("adam", "nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        model.compile("adam", "mse", ["nonsense"])
    with pytest.raises(TypeError, match="a model is made of a layer, got 'x'"):
        Model("x")


def test_summary_is_printed(capsys):
    model = op.Sequential([layers.Flatten(), layers.Dense(10)])
    with pytest.raises(RuntimeError, match="not built"):
        model.summary()
    model.build((4, 8))
    model.summary()
    assert capsys.readouterr().out == summarize(model.layer) + "\n"


class Recorder(Callback):
    def __init__(self):
        self.calls = []

    def on_train_begin(self):
        self.calls.append("train begin")

    def on_epoch_begin(self, epoch):
        self.calls.append(f"epoch {epoch}")

    def on_train_batch_end(self, batch, logs):
        self.calls.append(f"batch {batch}")
        assert set(logs()) == {"loss", "accuracy"}

    def on_epoch_end(self, epoch, logs):
        self.calls.append(f"epoch {epoch} end")

    def on_train_end(self):
        self.calls.append("train end")


def test_callbacks_are_called_in_order(model, data):
    recorder = Recorder()
    model.fit(*data, batch_size=45, epochs=2, callbacks=[recorder], verbose=0)
    assert recorder.calls == [
        "train begin",
        *("epoch 0", "batch 0", "batch 1", "epoch 0 end"),
        *("epoch 1", "batch 0", "batch 1", "epoch 1 end"),
        "train end",
    ]
    assert recorder.params == {"epochs": 2, "steps": 2, "batch_size": 45, "samples": 90}
    assert recorder.model is model


def test_a_callback_can_end_the_run_after_a_batch(model, data):
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs):
            self.model.stop_training = batch == 1

    history = model.fit(*data, batch_size=10, epochs=3, callbacks=[Stop()], verbose=0)
    assert history.epoch == []
    assert model.optimizer.iterations == 2
    assert not history.interrupted


def test_a_schedule_sets_the_learning_rate(model, data):
    rates = []

    class Watch(Callback):
        def on_train_batch_end(self, batch, logs):
            rates.append(self.model.optimizer.learning_rate)

    halve = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    model.fit(*data, batch_size=45, epochs=3, callbacks=[halve, Watch()], verbose=0)
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    bad = LearningRateScheduler(lambda epoch, rate: float("nan"))
    with pytest.raises(ValueError, match=r"learning_rate must be .* got nan"):
        model.fit(*data, callbacks=[bad], verbose=0)


class TestEarlyStopping:
    def fit(self, model, data, losses, **options):
        """Train while validation losses are dictated."""
        stopping = EarlyStopping("scripted", **options)
        marks = []

        class Script(Callback):
            def on_epoch_end(self, epoch, logs):
                marks.append(weights(self.model))
                logs["scripted"] = losses[epoch]

        history = model.fit(*data, epochs=len(losses), callbacks=[Script(), stopping], verbose=0)
        return history, stopping, marks

    def test_it_stops_when_patience_is_over(self, model, data):
        history, stopping, _ = self.fit(model, data, [3, 2, 2.5, 2.2, 1], patience=1)
        assert history.epoch == [0, 1, 2, 3]
        assert stopping.best_epoch == 1

    def test_it_gives_the_best_weights_back(self, model, data):
        _, _, marks = self.fit(model, data, [3, 2, 4], restore_best_weights=True)
        for name, array in weights(model).items():
            np.testing.assert_array_equal(array, marks[1][name])
            assert (array != marks[2][name]).any()

    def test_more_is_better_in_mode_max(self, model, data):
        history, *_ = self.fit(model, data, [0.1, 0.2, 0.15, 0.3], mode="max")
        assert history.epoch == [0, 1, 2]

    def test_min_delta(self, model, data):
        history, *_ = self.fit(model, data, [3, 2.95, 1], min_delta=0.1)
        assert history.epoch == [0, 1]

    def test_an_unknown_quantity_is_named(self, model, data):
        with pytest.raises(ValueError, match=r"watches 'val_loss', but there is only .*'loss'"):
            model.fit(*data, callbacks=[EarlyStopping()], verbose=0)
        with pytest.raises(ValueError, match="mode must be"):
            EarlyStopping(mode="up")


def test_moving_a_model_keeps_what_it_computes_and_how_it_learns(model, data, backend, cpu):
    model.compile(op.optimizers.SGD(0.1, momentum=0.9), "mse")
    x, y = data
    y = np.eye(CLASSES, dtype="float32")[y]
    model.fit(x, y, verbose=0)
    twin = copy.deepcopy(model)
    there = model.predict(x)
    model.to("cpu")
    assert model.backend is cpu
    np.testing.assert_allclose(model.predict(x), there, rtol=1e-5, atol=1e-6)
    model.fit(x, y, verbose=0)
    twin.fit(x, y, verbose=0)
    np.testing.assert_allclose(model.predict(x), twin.predict(x), rtol=1e-4, atol=1e-5)
