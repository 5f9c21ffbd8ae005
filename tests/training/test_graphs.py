"""Captured steps: the numbers of the uncaptured ones, with nothing left for the host to do."""

import copy
import logging
from itertools import pairwise

import numpy as np
import pytest

import onepath as op
from onepath import layers, optimizers, schedules
from onepath.backends import get_backend
from onepath.backends.cuda.streaming import StreamingFeeder
from onepath.backends.simulated import ledger
from onepath.layers import Layer
from onepath.losses import MeanSquaredError, SparseCategoricalCrossentropy
from onepath.training import Callback, LearningRateScheduler
from onepath.training.graphs import MOST, Steps

CLASSES = 3
rng = np.random.default_rng(0)
X = rng.normal(size=(50, 2, 8, 8)).astype("float32")
Y = rng.integers(0, CLASSES, 50)


@pytest.fixture(params=["simulated", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    """The name of a device that captures."""
    return request.param


def network(device, *more, optimizer=None):
    """A model of all kinds of layers, always with the same parameters."""
    op.set_seed(3)
    stack = [
        layers.Conv2D(4, 3, padding="same", engine="gemm"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Dropout(0.3),
        layers.Residual(layers.Conv2D(4, 3, padding="same", groups=2, engine="winograd")),
        layers.AveragePooling2D(2),
        *more,
        layers.Flatten(),
        layers.Dense(8),
        layers.Dropout(0.2),
        layers.Tanh(),
        layers.Dense(CLASSES),
    ]
    model = op.Sequential(stack, device)
    loss = SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or optimizers.Adam(), loss, ["accuracy"])
    return model


def content(arrays):
    return {name: array.get() for name, array in arrays.items()}


def everything(model):
    """All numbers that a run leaves behind."""
    found = content(model.arrays()) | {
        f"gradient of {name}": array for name, array in content(model.layer.gradients).items()
    }
    for name, slots in model.optimizer.slots.items():
        found |= {f"{name} {slot}": array.get() for slot, array in slots.items()}
    counts = [model.optimizer.iterations, *(each._calls for each in dropouts(model))]
    return found | {"counts": np.array(counts)}


def dropouts(model):
    return [layer for layer in model.layers if isinstance(layer, layers.Dropout)]


def assert_same(first, second):
    first, second = everything(first), everything(second)
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], strict=True, err_msg=name)


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": optimizers.RMSprop,
    "centered": lambda: optimizers.RMSprop(momentum=0.5, centered=True),
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
    "adagrad": lambda: optimizers.Adagrad(clipvalue=0.01),
    "adamax": lambda: optimizers.Adamax(use_ema=True, ema_momentum=0.5),
    "ftrl": lambda: optimizers.Ftrl(0.1, beta=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_captured_steps_give_the_same_numbers(device, name):
    histories, models = [], []
    for graph in (True, False):
        model = network(device, optimizer=OPTIMIZERS[name]())
        history = model.fit(
            X,
            Y,
            batch_size=16,
            epochs=4,
            validation_data=(X[:20], Y[:20]),
            callbacks=[LearningRateScheduler(lambda epoch, rate: rate * (1, 1, 0.5, 0.9)[epoch])],
            verbose=0,
            graph=graph,
        )
        histories.append(history)
        models.append(model)
    assert histories[0].history == histories[1].history
    assert_same(*models)
    assert [each.graph_reason for each in histories] == [None, "graph=False"]
    # of 12 full batches and 4 of two samples, two each are learned from step by step
    assert [each.replayed for each in histories] == [10 + 2, 0]


@pytest.mark.parametrize("scaled", [False, True])
def test_a_schedule_needs_no_capture_anew(device, scaled):
    """Nor do the numbers that change with the steps, and all options at once."""
    histories, models = [], []
    for graph in (True, False):
        optimizer = optimizers.Nadam(
            schedules.OneCycle(0.1, 18),
            weight_decay=0.1,
            global_clipnorm=0.5,
            use_ema=True,
            ema_overwrite_frequency=4,
        )
        optimizer.exclude_from_weight_decay(["bias"])
        scaling = optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer
        models.append(small(device, scaling))
        histories.append(models[-1].fit(X[:48], Y[:48], 8, epochs=3, verbose=0, graph=graph))
    assert histories[0].history == histories[1].history
    assert histories[0].replayed == 18 - 2
    assert_same(*models)


def test_a_rate_that_is_set_between_batches(device):
    class Decay(Callback):
        def on_train_batch_end(self, batch, logs):
            self.model.optimizer.learning_rate *= 0.8

    models = [network(device, optimizer=optimizers.AdamW(0.01)) for _ in range(2)]
    for model, graph in zip(models, (True, False), strict=True):
        history = model.fit(
            X[:48], Y[:48], 8, epochs=2, callbacks=[Decay()], verbose=0, graph=graph
        )
    assert history.replayed == 0
    assert models[0].optimizer.learning_rate == pytest.approx(0.01 * 0.8**12)
    assert_same(*models)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 5])
def test_losses_of_numbers_and_both_dtypes(device, dtype, size):
    """A network of one feature, where products of matrices shrink to vectors and numbers."""
    x, y = X[:20, 0, 0, :size].astype(dtype), X[:20, 1, 1, :1]
    losses = []
    for graph in (True, False):
        op.set_seed(1)
        stack = [layers.Dense(3, dtype=dtype), layers.Softmax(), layers.Dense(1, dtype=dtype)]
        model = op.Sequential(stack, device)
        model.compile(optimizers.SGD(0.1), "mse")
        history = model.fit(x, y, batch_size=1, epochs=2, verbose=0, graph=graph)
        losses.append(history.history["loss"])
    assert losses[0] == losses[1]


def batches(device, size=16, count=5):
    backend = get_backend(device)
    for start in range(0, size * count, size):
        rows = np.arange(start, start + size) % len(X)
        yield backend.asarray(X[rows]), backend.asarray(Y[rows])


def test_a_replay_takes_nothing_of_the_host():
    model = network("simulated")
    model.build(X.shape[1:])
    steps = Steps(model, True)
    data = list(batches("simulated", count=6))
    for x, y in data[:3]:
        steps(x, y)
    with ledger.watch() as events:
        for x, y in data[3:]:
            steps(x, y)
    assert events == []
    assert steps.replayed == 4


def test_only_batches_are_copied(monkeypatch):
    """A batch at a time, the next one's during a step, if data are too large to stay there."""
    monkeypatch.setattr(StreamingFeeder, "stays", lambda self, nbytes: False)
    copied = [op.transfers()]

    class Count(Callback):
        def on_train_batch_end(self, batch, logs):
            copied.append(op.transfers())

    model = network("simulated")
    model.fit(X[:48], Y[:48], 8, shuffle=False, callbacks=[Count()], verbose=0, graph=True)
    sent = [after.host_to_device - before.host_to_device for before, after in pairwise(copied)]
    batch = X[:8].nbytes + Y[:8].nbytes
    assert sent == [2 * batch, *[batch] * 4, 0]
    assert len({each.device_to_host for each in copied}) == 1


def test_loss_predictions_and_gradients_are_those_of_the_step(device):
    model, twin = network(device), network(device)
    for each in (model, twin):
        each.build(X.shape[1:])
    captured, plain = Steps(model, True), Steps(twin, False)
    sizes = [16, 16, 16, 4, 16, 4, 16, 4, 4, 16]
    for size in sizes:
        ((x, y),) = batches(device, size, 1)
        for found, expected in zip(captured(x, y), plain(x, y), strict=True):
            np.testing.assert_array_equal(found.get(), expected.get())
        assert_same(model, twin)
    assert captured.replayed == len(sizes) - 4


# What is exchanged in the midst


def exchange_parameter(model):
    name = next(iter(model.layers[0].parameters))
    model.layers[0].parameters[name] = model.layers[0].parameters[name] * 0.5


def exchange_optimizer(model):
    model.compile(optimizers.SGD(0.01), model.loss, model.metrics)


def exchange_loss(model):
    model.compile(model.optimizer, SparseCategoricalCrossentropy(), model.metrics)


def change_optimizer(model):
    model.optimizer.beta_1 = 0.5


def change_decay(model):
    model.optimizer.weight_decay = 0.1


def change_exclusion(model):
    model.optimizer.weight_decay = 0.1
    model.optimizer.exclude_from_weight_decay(["kernel"])


def freeze(model):
    model.layers[-1].trainable = False


def freeze_a_block(model):
    model.layers[5].trainable = False


def change_layer(model):
    model.layers[4].rate = 0.5


def change_engine(model):
    model.layers[0].engine = "signal"


@pytest.mark.parametrize(
    "exchange",
    [
        exchange_parameter,
        exchange_optimizer,
        exchange_loss,
        change_optimizer,
        change_decay,
        change_exclusion,
        freeze,
        freeze_a_block,
        change_layer,
        change_engine,
    ],
)
def test_what_is_exchanged_is_captured_anew(device, exchange):
    class Exchange(Callback):
        def on_train_batch_end(self, batch, logs):
            if batch == 4:
                exchange(self.model)

    models = [network(device) for _ in range(2)]
    histories = [
        model.fit(X[:48], Y[:48], 4, callbacks=[Exchange()], verbose=0, graph=graph)
        for model, graph in zip(models, (True, False), strict=True)
    ]
    assert histories[0].history == histories[1].history
    assert histories[0].replayed == 12 - 4
    assert_same(*models)


def test_what_an_optimizer_with_a_scale_has_in_it_is_captured_anew(device):
    class Exchange(Callback):
        def on_train_batch_end(self, batch, logs):
            if batch == 4:
                self.model.optimizer.inner.beta_1 = 0.5

    models, callbacks = [], [Exchange()]
    for graph in (True, False):
        models.append(small(device, optimizers.LossScaleOptimizer(optimizers.Adam())))
        models[-1].fit(X[:48], Y[:48], 4, callbacks=callbacks, verbose=0, graph=graph)
    assert_same(*models)


def test_another_loss_is_captured_anew(device):
    class Exchange(Callback):
        def on_train_batch_end(self, batch, logs):
            if batch == 3:
                self.model.compile(self.model.optimizer, "mae")

    histories = []
    for graph in (True, False):
        model = small(device)
        model.compile(optimizers.SGD(0.1), "mse")
        options = {"callbacks": [Exchange()], "verbose": 0, "graph": graph}
        histories.append(model.fit(X, X[:, 0, 0, :CLASSES], 6, **options).history)
    assert histories[0] == histories[1]


def small(device, optimizer=None):
    op.set_seed(1)
    model = op.Sequential([layers.Flatten(), layers.Dense(CLASSES)], device)
    loss = SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or optimizers.SGD(0.1), loss)
    return model


def test_there_are_captures_for_some_shapes_at_most(device):
    model, twin = small(device), small(device)
    for each in (model, twin):
        each.build(X.shape[1:])
    captured, plain = Steps(model, "auto"), Steps(twin, False)
    for _ in range(3):
        for size in range(2, MOST + 4):
            ((x, y),) = batches(device, size, 1)
            captured(x, y)
            plain(x, y)
    assert captured.replayed == MOST
    assert captured.reason == f"{MOST} shapes of batches, or models, were captured before"
    assert_same(model, twin)


# Falling back


class Plain(Layer):
    """A layer of somebody's own, which says nothing about captures."""

    shardable = True

    def _forward(self, x, training):
        return x * 1.5

    def _backward(self, dy):
        return dy * 1.5


class Declared(Plain):
    capturable = True


class Heir(Declared):
    """What its class's class said does not count for it."""


class Waiting(Plain):
    capturable = True

    def _forward(self, x, training):
        self.scale = 1.0 + 0 * float(x[0].sum())
        return x * self.scale


class WaitingBackwards(Plain):
    capturable = True

    def _backward(self, dy):
        return dy * (1.5 + 0 * float(dy[0].sum()))


class Synchronizing(Plain):
    capturable = True

    def _forward(self, x, training):
        self.home.synchronize()
        return x * 1.5


class OwnError(MeanSquaredError):
    pass


class OwnOptimizer(optimizers.SGD):
    pass


def fitted(model, graph, **options):
    return model.fit(X[:48], Y[:48], 8, verbose=0, graph=graph, **options)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Plain, r"Plain 'plain' does not say that it can be captured; `capturable = True` in the"),
        (Heir, r"Heir 'heir' does not say that it can be captured"),
        (Waiting, r"capturing a step failed: \w+: .*(capturing|Capture)"),
        (Synchronizing, r"capturing a step failed: CUDARuntimeError: cudaErrorStreamCapture"),
    ],
)
def test_what_cannot_be_captured_is_done_step_by_step(device, caplog, layer, reason):
    models = [network(device, layer(name=layer.__name__.lower())) for _ in range(3)]
    with caplog.at_level(logging.INFO, "onepath"):
        history = fitted(models[0], "auto")
    assert history.replayed == 0
    with pytest.raises(RuntimeError, match="graph=True, but steps cannot be captured: " + reason):
        fitted(models[1], True)
    (message,) = [each.getMessage() for each in caplog.records]
    assert message == f"training steps are not captured: {history.graph_reason}"
    assert fitted(models[2], False).history == history.history
    assert_same(models[0], models[2])


def test_a_layer_that_says_so_is_captured(device):
    models = [network(device, Declared()) for _ in range(2)]
    history = fitted(models[0], True)
    assert (history.replayed, history.graph_reason) == (4, None)
    assert fitted(models[1], False).history == history.history


@pytest.mark.parametrize(
    ("optimizer", "loss", "reason"),
    [
        (OwnOptimizer(), "mse", "OwnOptimizer does not say"),
        (optimizers.SGD(), OwnError(), "OwnError does not say"),
    ],
)
def test_losses_and_optimizers_of_somebody_s_own(device, optimizer, loss, reason):
    model = op.Sequential([layers.Flatten(), layers.Dense(1)], device)
    model.compile(optimizer, loss)
    history = model.fit(X, X[:, 0, 0, :1], verbose=0)
    assert history.graph_reason.startswith(reason)
    with pytest.raises(RuntimeError, match=reason):
        model.fit(X, X[:, 0, 0, :1], verbose=0, graph=True)


def test_an_engine_that_cannot_be_captured(device):
    model = network(device, layers.Conv2D(2, 3, padding="same", engine="fft"))
    assert "CaptureError: the plans of Fourier transforms" in fitted(model, "auto").graph_reason


def test_a_device_that_captures_nothing():
    model = network("cpu")
    history = fitted(model, "auto")
    assert (history.replayed, history.graph_reason[:5]) == (0, "cpu: ")
    weights = copy.deepcopy(model.arrays())
    with pytest.raises(RuntimeError, match="cannot be captured: cpu: it computes at once"):
        fitted(model, True)
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, weights[name])


@pytest.mark.parametrize("graph", ["yes", None, 1, "True"])
def test_other_options_are_refused(device, graph):
    model = network(device)
    with pytest.raises(ValueError, match=r"graph must be 'auto', True or False, got"):
        fitted(model, graph)
    assert not model.layer.built


def test_a_batch_with_gaps(device):
    model = network(device)
    model.build(X.shape[1:])
    steps = Steps(model, "auto")
    backend = get_backend(device)
    wide, y = backend.asarray(np.repeat(X[:8], 2, axis=3)), backend.asarray(Y[:8])
    for _ in range(4):
        steps(wide[..., ::2], y)
    assert "the batch is a view with gaps" in steps.reason
    assert model.optimizer.iterations == 4


@pytest.mark.parametrize("layer", [Waiting, WaitingBackwards, Synchronizing])
def test_a_capture_that_fails_leaves_all_as_it_was(device, layer):
    model = network(device, layer())
    model.build(X.shape[1:])
    steps = Steps(model, True)
    *first, (x, y) = batches(device, 8, 3)
    for batch in first:
        steps(*batch)
    before, gradients = everything(model), dict(model.layer.gradients)
    with pytest.raises(RuntimeError, match="capturing a step failed"):
        steps(x, y)
    after = everything(model)
    for name in before:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)
    assert all(model.layer.gradients[name] is gradients[name] for name in gradients)
    assert not get_backend(device).xp.cuda.get_current_stream().is_capturing()
    twin = network(device)
    assert fitted(twin, True).replayed == 4


def test_interrupting_a_capture(device, monkeypatch):
    """The second Ctrl-C, which ends a run at once, within a capture."""
    model = network(device, Declared())
    model.build(X.shape[1:])
    steps = Steps(model, "auto")
    data = list(batches(device, 8, 4))
    for x, y in data[:2]:
        steps(x, y)
    before = everything(model)

    def interrupt(self, x, training):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Declared, "_forward", interrupt)
        with pytest.raises(KeyboardInterrupt):
            steps(*data[2])
    after = everything(model)
    for name in before:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)
    steps(*data[3])
    assert (steps.replayed, steps.reason) == (1, None)
    assert model.optimizer.iterations == 3
