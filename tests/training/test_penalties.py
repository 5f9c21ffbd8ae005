"""Regularizers in training: the loss that is reported, the step that is taken; beside Keras."""

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.layers.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer
from onepath.training.penalties import penalize, penalty

RNG = np.random.default_rng(4)
X = RNG.normal(size=(24, 4)).astype("float32")
Y = RNG.normal(size=(24, 3)).astype("float32")


def network(backend, kernel="l2", bias="l1", dtype="float32", rate=0.1):
    op.set_seed(1)
    model = op.Sequential(
        [
            layers.Dense(6, kernel_regularizer=kernel, bias_initializer="standard_normal"),
            layers.Tanh(),
            layers.Dense(3, kernel_regularizer=kernel, bias_regularizer=bias, dtype=dtype),
        ],
        backend,
    )
    model.compile(op.optimizers.SGD(rate), "mse")
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
    """A linear layer under mean squared error and penalties, in closed form in float64."""
    x, y = X.astype("float64"), Y.astype("float64")
    layer = layers.Dense(
        3,
        kernel_regularizer=L1L2(0.01, 0.02),
        bias_regularizer=L2(0.3),
        bias_initializer="standard_normal",
        dtype="float64",
    )
    model = op.Model(layer, backend)
    model.compile(op.optimizers.SGD(0.5), "mse")
    model.build((4,))
    before = weights(model)
    w, b = before["kernel"], before["bias"]
    residual = x @ w + b - y
    penalty = 0.01 * abs(w).sum() + 0.02 * (w**2).sum() + 0.3 * (b**2).sum()
    expected = (residual**2).mean() + penalty
    assert model.evaluate(x, y, batch_size=7)["loss"] == pytest.approx(expected, rel=1e-12)
    history = model.fit(x, y, 24, shuffle=False, verbose=0, validation_data=(x, y))
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-12)
    slope = 2 * residual / residual.size
    after = weights(model)
    dw = x.T @ slope + 0.01 * np.sign(w) + 0.04 * w
    np.testing.assert_allclose(after["kernel"], w - 0.5 * dw, rtol=1e-12)
    np.testing.assert_allclose(after["bias"], b - 0.5 * (slope.sum(0) + 0.6 * b), rtol=1e-12)
    found = model.evaluate(x, y)["loss"]
    assert history.history["val_loss"][0] == pytest.approx(found, rel=1e-12)
    loss = model.train_on_batch(x, y)
    assert backend.owns(loss)
    assert (loss.shape, float(loss)) == ((), pytest.approx(found, rel=1e-12))


def test_no_penalty_no_work(backend):
    """Without regularizers the loss is the very array that the loss function gave."""
    model = network(backend, None, None)
    loss = backend.asarray(np.float32(2))
    gradients = dict(model.layer.gradients)
    assert penalize(model.layer, loss, None) is loss
    assert model.layer.gradients == gradients
    assert penalty(model.layer) is None


def test_a_layer_that_does_not_learn_adds_nothing(backend):
    """As in Keras, whose penalties are those of trainable weights."""
    model = network(backend)
    full = model.evaluate(X, Y)["loss"]
    for layer in model.layer.layers:
        layer.trainable = False
    plain = network(backend, None, None).evaluate(X, Y)["loss"]
    assert model.evaluate(X, Y)["loss"] == plain < full


@pytest.mark.parametrize("kernel", ["l2", "L1", OrthogonalRegularizer(0.1)])
def test_captured_steps_have_penalties(kernel):
    models = [network("simulated", kernel) for _ in range(2)]
    histories = [
        model.fit(X, Y, 8, 2, verbose=0, graph=graph)
        for model, graph in zip(models, (True, False), strict=True)
    ]
    assert (histories[0].replayed, histories[0].graph_reason) == (4, None)
    assert histories[0].history == histories[1].history
    assert_same(*models)


def test_another_strength_is_captured_anew():
    """Between epochs the penalty is changed in place, and then replaced."""

    class Change(op.training.Callback):
        def on_epoch_end(self, epoch, logs):
            layer = self.model.layer.layers[0]
            if epoch == 0:
                layer.regularizers["kernel"].l2 = 0.5
            if epoch == 1:
                layer.regularizers["kernel"] = L1(0.2)

    def fitted(graph):
        model = network("simulated", L2(0.01))
        return model, model.fit(X, Y, 6, 3, callbacks=[Change()], verbose=0, graph=graph)

    (captured, found), (plain, expected) = fitted(True), fitted(False)
    assert found.replayed == 6  # four steps an epoch, of which two come before a capture
    assert found.history == expected.history
    assert_same(captured, plain)


class Own(Regularizer):
    """A regularizer of somebody's own."""

    def value(self, xp, w):
        return xp.square(w).sum()

    def gradient(self, xp, w):
        return 2 * w


@pytest.mark.parametrize("built", [False, True])
def test_a_regularizer_of_one_s_own_is_not_captured_unasked(built):
    model = op.Sequential([layers.Dense(3, kernel_regularizer=Own())], "simulated")
    model.compile("sgd", "mse")
    if built:
        model.build((4,))
    with pytest.raises(RuntimeError, match="Own does not say that it can be captured"):
        model.fit(X, Y, verbose=0, graph=True)
    history = model.fit(X, Y, 8, 2, verbose=0)
    assert history.replayed == 0
    assert history.graph_reason.startswith("Own does not say")


def test_shards_add_the_penalty_once(cpu, monkeypatch):
    one, many = network(cpu), network(cpu)
    one.train_on_batch(X, Y)
    monkeypatch.setattr(type(cpu), "shards", lambda self, shape: 4)
    many.train_on_batch(X, Y)
    for name, array in weights(one).items():
        np.testing.assert_allclose(weights(many)[name], array, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_scaled_losses_have_penalties_of_the_same_scale(backend, dtype):
    """With no slope but the penalty's: the step is that of float32, whatever the loss's scale."""
    model = op.Model(layers.Dense(3, kernel_regularizer=L2(0.25), dtype=dtype, seed=1), backend)
    model.compile(op.optimizers.SGD(0.5), "mse")
    model.build((4,))
    assert isinstance(model.optimizer, op.optimizers.LossScaleOptimizer) == (
        dtype == "mixed_float16"
    )
    before = weights(model)["kernel"]
    x, y = np.zeros((8, 4), "float32"), np.zeros((8, 3), "float32")
    loss = model.train_on_batch(x, y)
    assert float(loss) == pytest.approx(0.25 * (before.astype("float64") ** 2).sum(), rel=1e-6)
    np.testing.assert_allclose(weights(model)["kernel"], before * 0.75, rtol=1e-6)


def test_inputs_of_penalties_are_not_changed(backend):
    """A gradient may be the parameter itself, and must not be added up in place."""

    class Itself(Own):
        def gradient(self, xp, w):
            return w

    model = op.Model(layers.Dense(3, kernel_regularizer=Itself(), dtype="float64"), backend)
    model.compile(op.optimizers.SGD(0.0), "mse")
    model.build((4,))
    before = weights(model)["kernel"]
    model.train_on_batch(X.astype("float64"), Y.astype("float64"))
    np.testing.assert_array_equal(weights(model)["kernel"], before)


KERAS = {
    "l1": lambda keras: keras.regularizers.L1(0.02),
    "l2": lambda keras: keras.regularizers.L2(0.02),
    "l1_l2": lambda keras: keras.regularizers.L1L2(0.01, 0.03),
    "orthogonal": lambda keras: keras.regularizers.OrthogonalRegularizer(0.05),
    "columns": lambda keras: keras.regularizers.OrthogonalRegularizer(0.05, "columns"),
}
OURS = {
    "l1": L1(0.02),
    "l2": L2(0.02),
    "l1_l2": L1L2(0.01, 0.03),
    "orthogonal": OrthogonalRegularizer(0.05),
    "columns": OrthogonalRegularizer(0.05, "columns"),
}


@pytest.mark.parametrize("name", KERAS)
def test_keras_agrees(keras, name):
    ours = network("cpu", OURS[name], None)
    regularizer = KERAS[name](keras)
    theirs = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, activation="tanh", kernel_regularizer=regularizer),
            keras.layers.Dense(3, kernel_regularizer=regularizer),
        ]
    )
    theirs.set_weights([array.copy() for array in weights(ours).values()])
    theirs.compile(keras.optimizers.SGD(0.1), "mse")
    options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
    expected = theirs.fit(X, Y, validation_data=(X, Y), **options).history
    found = ours.fit(X, Y, validation_data=(X, Y), **options).history
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-5, err_msg=key)
    for array, other in zip(weights(ours).values(), read(theirs), strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-4, atol=1e-6)
