"""What is recorded of a run, and how a recording is replayed; oracles are written out by hand."""

import numpy as np
import pytest

from onepath.backends import backend_of
from onepath.layers import (
    BatchNormalization,
    Dense,
    Dropout,
    LeakyReLU,
    ReLU,
    Residual,
    Sequential,
)
from onepath.optimizers import SGD
from onepath.testing.failure import ParityError
from onepath.testing.parity.replaying import mapped, replay
from onepath.testing.subject import transplant
from onepath.testing.tracing import Plan, path_and_what, trace

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 2)), RNG.standard_normal(2)
DY = RNG.standard_normal((3, 2))


class ByHand:
    """A stranger's layer: y = x @ w, which steps in its backward."""

    def __init__(self, xp=np):
        self.w = xp.asarray(W.copy())

    def forward(self, x):
        self.x = x
        return x @ self.w

    def backward(self, dy, learning_rate):
        dx = dy @ self.w.T
        self.w -= learning_rate * self.x.T @ dy
        return dx


def dense(name="dense", kernel=W, bias=B):
    layer = Dense(2, dtype="float64", name=name)
    layer.build(kernel.shape[:1])
    layer.parameters["kernel"][...] = kernel
    layer.parameters["bias"][...] = bias
    return layer


def on_host(seen, backend):
    return {name: backend.to_numpy(array) for name, array in seen.items()}


def assert_equal(actual, expected):
    assert list(actual) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(actual[name], array, rtol=1e-13, atol=1e-13, err_msg=name)


def test_single_layer(backend):
    layer = transplant(dense(), backend)
    seen = trace(layer, backend.asarray(X), backend.asarray(DY), optimizer=SGD(0.5), steps=2)
    dw, db = X.T @ DY, DY.sum(axis=0)
    expected = {
        "input": X,
        "forward": X @ W + B,
        "output gradient": DY,
        "input gradient": DY @ W.T,
        "gradient of kernel": dw,
        "gradient of bias": db,
        "step 1 kernel": W - 0.5 * dw,
        "step 1 bias": B - 0.5 * db,
        "step 2 kernel": W - dw,
        "step 2 bias": B - db,
    }
    assert all(backend.owns(array) for array in seen.values())
    assert_equal(on_host(seen, backend), expected)


def test_layers_within_are_watched_in_order_of_execution():
    main = Sequential([dense(name="inner"), ReLU(name="kink")], name="main")
    layer = Residual(main, dense(name="around", kernel=-W))
    seen = trace(layer, X, DY)
    z = X @ W + B
    kept = DY * (z > 0)
    expected = {
        "input": X,
        "main/inner: input": X,
        "main/inner: forward": z,
        "main/kink: input": z,
        "main/kink: forward": np.maximum(z, 0),
        "around: input": X,
        "around: forward": B - X @ W,
        "forward": np.maximum(z, 0) + B - X @ W,
        "output gradient": DY,
        "main/kink: output gradient": DY,
        "main/kink: input gradient": kept,
        "main/inner: output gradient": kept,
        "main/inner: input gradient": kept @ W.T,
        "main/inner: gradient of kernel": X.T @ kept,
        "main/inner: gradient of bias": kept.sum(axis=0),
        "around: output gradient": DY,
        "around: input gradient": -DY @ W.T,
        "around: gradient of kernel": X.T @ DY,
        "around: gradient of bias": DY.sum(axis=0),
        "input gradient": kept @ W.T - DY @ W.T,
        "gradient of main/inner/kernel": X.T @ kept,
        "gradient of main/inner/bias": kept.sum(axis=0),
        "gradient of around/kernel": X.T @ DY,
        "gradient of around/bias": DY.sum(axis=0),
    }
    assert_equal(seen, expected)
    assert_equal(
        trace(layer, X, DY, watch_leaves=False),
        {name: array for name, array in expected.items() if ": " not in name},
    )


def test_state_is_told_after_backward():
    layer = BatchNormalization(momentum=0.5, dtype="float64")
    seen = trace(layer, X, RNG.standard_normal((3, 4)), training=True)
    assert list(seen)[-2:] == ["state moving_mean", "state moving_variance"]
    np.testing.assert_allclose(seen["state moving_mean"], X.mean(axis=0) / 2)
    np.testing.assert_allclose(seen["state moving_variance"], 0.5 + X.var(axis=0) / 2)


def test_training_reaches_the_layer():
    layer = Dropout(0.5, seed=1)
    ones = np.ones((8, 8))
    assert set(np.unique(trace(layer, ones, ones, training=True)["forward"])) == {0, 2}
    assert set(np.unique(trace(layer, ones, ones)["forward"])) == {1}


def test_strangers_gradient_is_found_and_its_cache_is_not_learned(backend):
    layer = ByHand(backend.xp)
    layer.x = backend.asarray(np.zeros((3, 4)))  # of an earlier forward
    seen = trace(layer, backend.asarray(X), backend.asarray(DY), steps=1)
    dw = X.T @ DY
    assert_equal(
        on_host(seen, backend),
        {
            "input": X,
            "forward": X @ W,
            "output gradient": DY,
            "input gradient": DY @ W.T,
            "gradient of w": dw,
            "step 1 w": W - dw / 8 - 0.01 * dw,
        },
    )


def test_scalars_count_as_arrays():
    class Total:
        def forward(self, x):
            return x.sum()

        def backward(self, dy):
            return dy * np.ones((3, 4))

    seen = trace(Total(), X, np.asarray(2.0))
    assert isinstance(seen["forward"], np.ndarray)
    assert seen["forward"] == X.sum()


def test_optimizer_is_made_anew():
    optimizer = SGD(0.1, momentum=0.9)
    seen = trace(dense(), X, DY, optimizer=optimizer, steps=2)
    dw = X.T @ DY
    np.testing.assert_allclose(seen["step 2 kernel"], W - 0.1 * dw - 0.19 * dw)
    assert optimizer.iterations == 0
    assert not optimizer.slots


def test_copies_are_kept():
    layer = dense()
    seen = trace(layer, X, DY, steps=1)
    kept = {name: array.copy() for name, array in seen.items()}
    layer.gradients["kernel"][...] = layer.parameters["kernel"][...] = 7
    for name, array in kept.items():
        np.testing.assert_array_equal(seen[name], array)
        assert not np.shares_memory(seen[name], X)


@pytest.mark.parametrize("fails", [False, True])
def test_layers_within_are_let_go(fails):
    layer = Sequential([dense(), ReLU()])
    if fails:
        with pytest.raises(ValueError, match="output_gradient must have the output's shape"):
            trace(layer, X, DY[:2])
    else:
        trace(layer, X, DY)
    assert not any({"forward", "backward"} & vars(child).keys() for child in layer.children)


class Greedy(ReLU):
    def _forward(self, x, training):
        x *= x > 0
        return super()._forward(x, training)


class GreedyBehind(ReLU):
    def _backward(self, dy):
        dy[0, 0] = 5
        return dy


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Greedy(name="g"), "Greedy 'g': forward changes its input"),
        (GreedyBehind(name="g"), "'g': backward changes the output gradient that it is given"),
    ],
)
def test_changed_input_is_refused(backend, layer, message, within):
    layer = transplant(Sequential([LeakyReLU(), layer]) if within else layer, backend)
    x, dy = (backend.asarray(a.copy()) for a in (X - 1, np.ones_like(X)))
    with pytest.raises(ParityError, match=message) as caught:
        trace(layer, x, dy)
    assert caught.value.check == "input unchanged"
    assert caught.value.rows["changed"].endswith("of 12 elements")


def test_changed_elements_are_counted():
    x = np.array([[1.0, -1.0, -2.0, np.nan]])
    with pytest.raises(ParityError, match="2 of 4 elements"):
        trace(Greedy(), x, x)


def test_nan_is_no_change():
    trace(ReLU(), np.full((2, 2), np.nan), np.full((2, 2), np.nan))


def test_names_are_taken_apart():
    inner = dense(name="a: b")
    layer = Sequential([Sequential([inner], name="s")])
    assert path_and_what("s/a: b: gradient of kernel", layer) == (
        "s/a: b",
        inner,
        "gradient of kernel",
    )
    assert path_and_what("gradient of s/a: b/kernel", layer) == (
        "",
        layer,
        "gradient of s/a: b/kernel",
    )


# Replaying


def stack():
    return Sequential([dense(name="one"), ReLU(name="kink"), dense(name="two", kernel=W[:2])])


def test_replay_of_a_right_recording_is_the_recording():
    layer = stack()
    seen = trace(transplant(layer, "cpu"), X, DY, optimizer="adam", steps=2)
    assert_equal(replay(layer, seen, Plan(optimizer="adam", steps=2)), seen)


def test_replay_judges_each_layer_on_the_data_that_it_got():
    """A wrong number is found where it arose; what comes later is right for what it was given."""
    recorded = trace(stack(), X, DY)
    z = recorded["one: forward"] + 1  # as if computed wrongly on some device
    y = np.maximum(z, 0)
    kept = recorded["two: input gradient"] * (z > 0)
    recorded |= {"one: forward": z, "kink: input": z, "kink: forward": y, "two: input": y}
    recorded |= {"two: forward": y @ W[:2] + B, "forward": y @ W[:2] + B}
    recorded |= {"two: gradient of kernel": y.T @ DY, "gradient of two/kernel": y.T @ DY}
    recorded |= {"kink: input gradient": kept, "one: output gradient": kept}
    recorded |= {"one: input gradient": kept @ W.T, "input gradient": kept @ W.T}
    for name in ("one: gradient of kernel", "gradient of one/kernel"):
        recorded[name] = X.T @ kept
    for name in ("one: gradient of bias", "gradient of one/bias"):
        recorded[name] = kept.sum(axis=0)
    truth = replay(stack(), recorded, Plan())
    wrong = [name for name in truth if not np.allclose(truth[name], recorded[name], atol=1e-12)]
    assert wrong == ["one: forward"]


def test_steps_are_replayed_with_the_recorded_gradients():
    recorded = trace(dense(), X, DY, steps=1)
    recorded["gradient of kernel"] = np.ones((4, 2))
    truth = replay(dense(), recorded, Plan(steps=1))
    np.testing.assert_allclose(truth["gradient of kernel"], X.T @ DY)
    np.testing.assert_allclose(truth["step 1 kernel"], W - 0.01)


@pytest.mark.parametrize("last", ["input", "one: forward", "forward", "two: input gradient"])
def test_replay_breaks_off_one_quantity_after_the_recording(last):
    recorded = trace(stack(), X, DY)
    names = list(recorded)
    end = names.index(last) + 1
    replayed = replay(stack(), {name: recorded[name] for name in names[:end]}, Plan())
    assert list(replayed) == names[: end + 1]


class Broken(ReLU):
    def _backward(self, dy):
        raise RuntimeError("no gradient here")


def test_replay_of_what_broke_ends_there_and_else_raises():
    whole = trace(ReLU(), X, X)
    begun = {name: whole[name] for name in ("input", "forward", "output gradient")}
    assert list(replay(Broken(), begun, Plan())) == list(begun)
    with pytest.raises(RuntimeError, match="no gradient here"):
        replay(Broken(), whole, Plan())


def test_what_is_given_can_be_changed_by_name():
    recorded = trace(dense(), X, DY)
    replayed = replay(
        dense(), recorded, Plan(), lambda name, a: 2 * a if name == "output gradient" else a
    )
    np.testing.assert_allclose(replayed["forward"], X @ W + B)
    np.testing.assert_allclose(replayed["input gradient"], 2 * DY @ W.T)


def test_mapped_copy_has_other_arrays():
    layer = Sequential([dense(), BatchNormalization(dtype="float64")])
    layer.forward(X)
    twin = mapped(layer, lambda array: array - 3)
    assert backend_of(*twin.parameters.values()).name == "cpu"
    for mine, theirs in (
        (layer.parameters, twin.parameters),
        (layer.state, twin.state),
    ):
        for name, array in mine.items():
            np.testing.assert_array_equal(theirs[name], array - 3)
    stranger = mapped(ByHand(), np.abs)
    np.testing.assert_array_equal(stranger.w, np.abs(W))
