"""Batches in shards: against the same layers, on the whole batch at once."""

import copy
import threading

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.backends import get_threads, set_threads
from onepath.backends.cpu import CpuBackend
from onepath.layers import Layer
from onepath.testing.cases import layer_cases
from onepath.training import Model
from onepath.training.sharding import Passage

SIZES = (1, 2, 17, 33, 64, 101, 259)
"""From one shard to five, by the rule below; most of them do not divide."""

by_the_cpu = CpuBackend.shards


@pytest.fixture(autouse=True)
def _small_samples_are_divided_as_large_ones_are(monkeypatch):
    monkeypatch.setattr(CpuBackend, "shards", lambda self, shape: by_the_cpu(self, (*shape, 2**15)))


@pytest.fixture(autouse=True)
def _the_number_of_threads_is_restored():
    before = get_threads()
    yield
    set_threads(before)


@pytest.fixture
def three(monkeypatch):
    """Small batches go through in three shards, too."""
    monkeypatch.setattr(CpuBackend, "shards", lambda self, shape: min(shape[0], 3))


def network(dtype="float64"):
    """Most of the layers; some treat a sample by what others there are, and by where it is."""
    return layers.Sequential(
        [
            layers.Conv2D(4, 3, padding="same", use_bias=False, dtype=dtype, seed=1),
            layers.BatchNormalization(momentum=0.5, dtype=dtype),
            layers.LeakyReLU(0.1),
            layers.Dropout(0.3, seed=2),
            layers.MaxPooling2D(2),
            layers.Residual(
                layers.Sequential(
                    [
                        layers.Conv2D(4, 3, padding="same", dtype=dtype, seed=3),
                        layers.BatchNormalization(momentum=0.9, dtype=dtype),
                        layers.ReLU(),
                    ]
                )
            ),
            layers.Flatten(),
            layers.Dropout(0.5, seed=4),
            layers.Dense(3, dtype=dtype, seed=5),
        ]
    )


def images(size, dtype="float64", seed=0):
    return np.random.default_rng(seed).normal(size=(size, 2, 6, 4)).astype(dtype)


def assert_close(actual, expected, rtol=1e-11):
    assert list(actual) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(actual[name], array, rtol=rtol, atol=rtol, err_msg=name)


def assert_steps_are_equal(layer, x):
    """Two steps, lest anything be right the first time alone; the oracle knows no shards."""
    whole = copy.deepcopy(layer)
    for turn in range(2):
        passage = Passage(layer, x)
        y, expected = passage.forward(), whole.forward(x, training=True)
        np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-11)
        assert_close(layer.state, whole.state)
        dy = np.random.default_rng(turn).normal(size=y.shape)
        passage.learn(dy)
        whole.backward(dy)
        assert_close(layer.gradients, whole.gradients, 1e-10)
    np.testing.assert_allclose(Passage(layer, x).infer(), whole.forward(x), rtol=1e-11, atol=1e-11)
    assert_close(layer.state, whole.state)


# As a whole


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [1, 2, 5, 7])
@pytest.mark.parametrize("case", layer_cases(), ids=lambda case: case.name)
@pytest.mark.usefixtures("three")
def test_each_layer_computes_what_it_does_as_a_whole(case, size, threads):
    set_threads(threads)
    x = np.random.default_rng(size).normal(size=(size, *case.shape))
    layer = case.make("float64")
    layer.build(case.shape)
    assert_steps_are_equal(layer, x)


@pytest.mark.parametrize("size", SIZES)
def test_a_network_computes_what_it_does_as_a_whole(size):
    set_threads(2)
    layer = network()
    layer.build((2, 6, 4))
    assert_steps_are_equal(layer, images(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("meeting", [False, True])
def test_dropout_drops_what_it_does_as_a_whole(size, meeting):
    """Bit for bit, at each call, whether or not there is a layer for which the shards meet."""
    dropout = layers.Dropout(0.5, seed=3)
    layer = dropout
    if meeting:
        layer = layers.Sequential([dropout, layers.BatchNormalization(dtype="float64")])
    layer.build((3, 5))
    whole = layers.Dropout(0.5, seed=3)
    x = np.ones((size, 3, 5))
    for _ in range(3):
        masks = whole.forward(x, training=True)
        passage = Passage(layer, x)
        y = passage.forward()
        if meeting:
            np.testing.assert_array_equal(y > 0, masks > masks.mean(axis=(0, 2), keepdims=True))
        else:
            np.testing.assert_array_equal(y, masks)
            passage.learn(x)
            shards = [each._saved for each in passage._layers]
            np.testing.assert_array_equal(np.concatenate(shards), masks)


def test_moving_averages_are_those_of_the_batch_taken_once():
    x = np.random.default_rng(0).normal(3, 2, size=(101, 4))
    layer = layers.BatchNormalization(momentum=0.75, dtype="float64")
    layer.build((4,))
    Passage(layer, x).forward()
    np.testing.assert_allclose(layer.state["moving_mean"], 0.25 * x.mean(axis=0), rtol=1e-12)
    expected = 0.75 + 0.25 * x.var(axis=0)
    np.testing.assert_allclose(layer.state["moving_variance"], expected, rtol=1e-12)


@pytest.mark.parametrize("size", [2, 33, 101])
def test_batch_normalization_is_pytorch_s(torch, size):
    x, dy = np.random.default_rng(size).normal(size=(2, size, 3, 5, 2))
    rng = np.random.default_rng(1)
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-4, dtype="float64")
    first = layers.Conv2D(3, 1, dtype="float64", seed=1)
    net = layers.Sequential([first, layer])
    net.build((3, 5, 2))
    layer.parameters["gamma"][...], layer.parameters["beta"][...] = rng.normal(size=(2, 3))
    conv = torch.nn.Conv2d(3, 3, 1, dtype=torch.float64)
    norm = torch.nn.BatchNorm2d(3, eps=1e-4, momentum=0.1, dtype=torch.float64)
    with torch.no_grad():
        conv.weight[...] = torch.from_numpy(first.parameters["kernel"].copy())
        conv.bias[...] = torch.from_numpy(first.parameters["bias"].copy())
        norm.weight[...] = torch.from_numpy(layer.parameters["gamma"].copy())
        norm.bias[...] = torch.from_numpy(layer.parameters["beta"].copy())
    passage = Passage(net, x)
    y = passage.forward()
    passage.learn(dy)
    expected = norm(conv(torch.from_numpy(x)))
    expected.backward(torch.from_numpy(dy))
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.state["moving_mean"], norm.running_mean.numpy(), rtol=1e-9)
    for mine, theirs in (
        (first.gradients["kernel"], conv.weight),
        (layer.gradients["gamma"], norm.weight),
        (layer.gradients["beta"], norm.bias),
    ):
        np.testing.assert_allclose(mine, theirs.grad.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [33, 101])
def test_training_gives_the_same_bits_for_any_number_of_threads(size):
    x = images(size + 20, "float32")
    y = np.random.default_rng(1).integers(0, 3, len(x))

    def run(threads):
        set_threads(threads)
        op.set_seed(5)
        model = Model(network("float32"))
        model.compile("adam", op.losses.SparseCategoricalCrossentropy(from_logits=True))
        losses = model.fit(x, y, batch_size=size, epochs=2, verbose=0).history["loss"]
        return losses, model.predict(x), model.arrays()

    losses, outputs, weights = run(1)
    for threads in (2, 3, 5):
        other = run(threads)
        assert other[0] == losses
        np.testing.assert_array_equal(other[1], outputs)
        for name, array in weights.items():
            np.testing.assert_array_equal(other[2][name], array, err_msg=name)


def test_inputs_are_left_alone():
    x = images(64)
    before = x.copy()
    layer = network()
    layer.build((2, 6, 4))
    passage = Passage(layer, x)
    dy = np.ones_like(passage.forward())
    passage.learn(dy)
    Passage(layer, x).infer()
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(dy, np.ones_like(dy))


# Layers that strangers write


class Factor(Layer):
    """One number for all features: its gradient is a number, too, no array."""

    def __init__(self, shardable):
        super().__init__(dtype="float64")
        self.shardable = shardable
        self.seen = []

    def _build(self, input_shape):
        self._add_parameter("factor", (), "ones")

    def _forward(self, x, training):
        self.seen.append(len(x))
        self._saved = x
        return x * self.parameters["factor"]

    def _backward(self, dy):
        self.gradients["factor"] = (dy * self._saved).sum()
        return dy * self.parameters["factor"]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("shardable", "parts"), [(False, [101]), (True, [33, 34, 34])])
@pytest.mark.usefixtures("three")
def test_a_stranger_s_layer_sees_parts_if_it_says_so(shardable, parts, nested):
    set_threads(2)
    factor = Factor(shardable)
    layer = factor
    if nested:
        layer = layers.Sequential([layers.BatchNormalization(dtype="float64"), layer])
    layer.build((3,))
    x, dy = np.random.default_rng(0).normal(size=(2, 101, 3))
    passage = Passage(layer, x)
    passage.forward()
    passage.learn(dy)
    assert sorted(factor.seen) == parts
    seen = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3) if nested else x
    np.testing.assert_allclose(factor.gradients["factor"], (seen * dy).sum(), rtol=1e-10)


class Picky(Layer):
    """Refuses the sample that begins with 13."""

    shardable = True
    wrong = ValueError("13 brings bad luck")

    def _forward(self, x, training):
        if (x[:, 0] == 13).any():
            raise self.wrong
        return x

    def _backward(self, dy):
        if (dy[:, 0] == 13).any():
            raise self.wrong
        return dy


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("meeting", [False, True])
@pytest.mark.parametrize("sample", [0, 40, 100])
def test_an_error_in_one_shard_is_the_caller_s_and_the_next_step_works(sample, meeting, threads):
    set_threads(threads)
    norm = layers.BatchNormalization if meeting else layers.Dense
    options = {"dtype": "float64"} if meeting else {"units": 3, "dtype": "float64", "seed": 2}
    layer = layers.Sequential([Picky(), norm(**options), Picky()])
    layer.build((3,))
    good, dy = np.random.default_rng(0).normal(size=(2, 101, 3))
    bad, bad_dy = good.copy(), dy.copy()
    bad[sample, 0] = bad_dy[sample, 0] = 13
    with pytest.raises(ValueError, match="bad luck") as caught:
        Passage(layer, bad).forward()
    assert caught.value is Picky.wrong
    passage = Passage(layer, good)
    passage.forward()
    with pytest.raises(ValueError, match="bad luck") as caught:
        passage.learn(bad_dy)
    assert caught.value is Picky.wrong
    assert_steps_are_equal(layer, good)


def test_an_error_in_training_leaves_a_model_that_learns():
    def run(x):
        model = op.Sequential([Picky(), layers.Dense(2, dtype="float64", seed=1)])
        model.compile(op.optimizers.SGD(0.1), "mse")
        model.build((3,))
        for each in x:
            if (each[:, 0] == 13).any():
                with pytest.raises(ValueError, match="bad luck"):
                    model.train_on_batch(each, np.zeros((64, 2)))
            else:
                model.train_on_batch(each, np.zeros((64, 2)))
        return model.arrays()

    good = np.random.default_rng(0).normal(size=(64, 3))
    bad = good.copy()
    bad[50, 0] = 13
    expected = run([good, good])
    for name, array in run([good, bad, good]).items():
        np.testing.assert_array_equal(array, expected[name])


# Predicting


def test_nothing_is_kept_of_a_prediction():
    layer = network()
    layer.build((2, 6, 4))
    passage = Passage(layer, images(101))
    passage.infer()
    kept = list(passage._layers)
    for each in kept:
        kept.extend(getattr(each, "children", ()))
        assert (each._saved, each._output) == (None, None), each


@pytest.mark.parametrize("size", [5, 101])
def test_several_users_may_predict_with_one_model_at_the_same_time(size):
    set_threads(2)
    model = Model(network("float32"))
    model.build((2, 6, 4))
    data = [images(size, "float32", seed) for seed in range(4)]
    expected = [model.predict(x) for x in data]
    start, wrong = threading.Barrier(4), []

    def user(number):
        start.wait(20)
        for _ in range(15):
            if not np.array_equal(model.predict(data[number]), expected[number]):
                wrong.append(number)

    users = [threading.Thread(target=user, args=(number,)) for number in range(4)]
    for each in users:
        each.start()
    for each in users:
        each.join(60)
    assert not any(each.is_alive() for each in users)
    assert wrong == []


def test_a_prediction_does_not_disturb_who_is_learning():
    """As another thread's might, in the midst of a step."""
    model = Model(network())
    x = images(64)
    passage = Passage(model.layer, x)
    model.build((2, 6, 4))
    twin = copy.deepcopy(model.layer)
    y = passage.forward()
    model.predict(images(101, seed=1))
    passage.learn(np.ones_like(y))
    undisturbed = Passage(twin, x)
    undisturbed.forward()
    undisturbed.learn(np.ones_like(y))
    for name, gradient in twin.gradients.items():
        np.testing.assert_array_equal(model.layer.gradients[name], gradient)


@pytest.mark.parametrize("sample", [(1, 8, 8), (3, 32, 32), (784,)])
def test_how_a_batch_is_divided_is_a_matter_of_its_shape(cpu, sample):
    """Shards of 16 to 64 samples, never an empty one; a large enough batch has several."""
    for size in range(1, 700):
        counts = set()
        for threads in (1, 2, 5):
            set_threads(threads)
            counts.add(by_the_cpu(cpu, (size, *sample)))
        (count,) = counts
        assert 1 <= count <= size
        assert count == 1 or 16 <= size / count <= 64, size
        assert count > 1 or size < 32 or (size <= 64 and size * np.prod(sample) < 2**16), size


def test_there_are_few_shards_of_those_that_meet():
    """Each has a thread of its own."""
    layer = layers.Sequential([layers.BatchNormalization()])
    layer.build((2,))
    passage = Passage(layer, np.ones((5000, 2), "float32"))
    passage.forward()
    assert threading.active_count() < 40
