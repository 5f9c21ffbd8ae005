"""What a layer must do to go through in shards: replicas, learning, inferring, meeting others."""

import copy
import threading

import numpy as np
import pytest

from onepath import layers
from onepath.backends import get_threads, set_threads
from onepath.layers import Dense, Layer, ReLU, Residual, Sequential
from onepath.layers.shards import in_shards, shard_of
from onepath.testing.cases import BATCH, cases, layer_cases


@pytest.fixture(autouse=True)
def _the_number_of_threads_is_restored():
    before = get_threads()
    yield
    set_threads(before)


def each_layer(table):
    found = [case for case in table if isinstance(case.make("float64"), Layer)]
    return pytest.mark.parametrize("case", found, ids=lambda case: case.name)


def everything(layer):
    """A layer and all that it is made of."""
    yield layer
    for child in getattr(layer, "children", ()):
        yield from everything(child)


def batch(case, seed=0, size=BATCH):
    return np.random.default_rng(seed).normal(size=(size, *case.shape))


# Learning and inferring


@each_layer(cases())
def test_learn_leaves_the_gradients_of_backward(case, backend):
    x = backend.asarray(batch(case))
    layer = case.make("float64").to(backend)
    twin = copy.deepcopy(layer)
    y = layer.forward(x, training=case.training)
    dy = backend.asarray(np.random.default_rng(1).normal(size=y.shape))
    assert layer.learn(dy) is None
    twin.forward(x, training=case.training)
    twin.backward(dy)
    assert list(layer.gradients) == list(twin.gradients)
    for name, gradient in twin.gradients.items():
        np.testing.assert_allclose(
            backend.to_numpy(layer.gradients[name]), backend.to_numpy(gradient), rtol=1e-12
        )


def test_learn_refuses_what_backward_refuses():
    layer = Dense(2, dtype="float64")
    with pytest.raises(RuntimeError, match="backward needs a forward before it"):
        layer.learn(np.ones((3, 2)))
    layer.forward(np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"must have the output's shape \(3, 2\), got \(2, 3\)"):
        layer.learn(np.ones((2, 3)))


def test_learn_takes_a_single_sample():
    layer = Dense(2, dtype="float64")
    layer.forward(np.array([1.0, 2.0, 3.0]))
    layer.learn(np.array([5.0, 7.0]))
    np.testing.assert_array_equal(layer.gradients["kernel"], np.outer([1, 2, 3], [5, 7]))
    np.testing.assert_array_equal(layer.gradients["bias"], [5, 7])


class Spy(Dense):
    """Says whether the input's gradient was asked for."""

    asked = False

    def _backward(self, dy):
        self.asked = True
        return super()._backward(dy)


def test_learn_asks_the_first_layer_that_learns_for_no_input_gradient():
    first, second = Spy(3, dtype="float64"), Spy(2, dtype="float64")
    network = Sequential([layers.Flatten(), ReLU(), first, ReLU(), second])
    y = network.forward(np.ones((4, 2, 3)))
    network.learn(np.ones_like(y))
    assert (first.asked, second.asked) == (False, True)
    assert len(first.gradients) == 2
    network.backward(np.ones_like(y))
    assert first.asked


class NotebookScale(Layer):
    """The notebook's way: forward and backward themselves, attributes, no parameters."""

    def __init__(self):
        self.calls = []

    def forward(self, input, training=False):
        self.calls.append("forward")
        return 2 * input

    def backward(self, output_gradient, learning_rate=None):
        self.calls.append("backward")
        return 2 * output_gradient


@pytest.mark.parametrize(
    "around",
    [
        lambda layer: layer,
        lambda layer: Sequential([layer, Dense(2)]),
        lambda layer: Sequential([ReLU(), layer]),
        lambda layer: Sequential([Sequential([layer]), Dense(2)]),
        lambda layer: Sequential([Residual(layer), Dense(2)]),
    ],
    ids=["alone", "first", "last", "nested", "gone around"],
)
def test_learn_calls_the_backward_of_a_notebook_s_layer(around):
    scale = NotebookScale()
    network = around(scale)
    y = network.forward(np.ones((3, 2), "float32"))
    network.learn(np.ones_like(y))
    assert scale.calls == ["forward", "backward"]


@each_layer(cases())
def test_infer_is_forward_that_keeps_nothing(case, backend):
    layer = case.make("float64").to(backend)
    x = backend.asarray(batch(case))
    expected = backend.to_numpy(layer.forward(x)).copy()
    assert any(each._output is not None for each in everything(layer))
    np.testing.assert_array_equal(backend.to_numpy(layer.infer(x)), expected)
    for each in everything(layer):
        assert each._saved is None, each
        assert each._output is None, each
    with pytest.raises(RuntimeError, match="backward needs a forward before it"):
        layer.backward(backend.asarray(expected))
    layer.forward(x)  # which is as ever
    layer.backward(backend.asarray(expected))


def test_a_network_infers_layer_by_layer_without_keeping_anything_meanwhile():
    """Not only in the end: memory for all activations at a time is what it is there to save."""
    kept = []

    class Last(ReLU):
        def _forward(self, x, training):
            kept.extend(each for each in children if each._saved is not None)
            return super()._forward(x, training)

    children = [Dense(3), ReLU(), Dense(2)]
    network = Sequential([Sequential(children[:2]), children[2], Last()])
    network.infer(np.ones((4, 5), "float32"))
    assert kept == []
    network.forward(np.ones((4, 5), "float32"))
    assert kept == children


def test_after_an_error_in_infer_a_network_keeps_again():
    network = Sequential([Dense(3), ReLU()])
    network.forward(np.ones((2, 4), "float32"))
    with pytest.raises(ValueError, match="expected 4 features, got 5"):
        network.infer(np.ones((2, 5), "float32"))
    y = network.forward(np.ones((2, 4), "float32"))
    assert network.backward(y).shape == (2, 4)


# Replicas


@each_layer(layer_cases())
def test_a_replica_shares_all_but_gradients_and_what_was_kept(case):
    layer = case.make("float64")
    x = batch(case)
    y = layer.forward(x, training=case.training)
    dy = np.random.default_rng(1).normal(size=y.shape)
    expected = copy.deepcopy(layer).backward(dy)
    replica = layer.replica()
    for shared in ("parameters", "state"):
        mine, other = getattr(layer, shared), getattr(replica, shared)
        assert list(mine) == list(other)
        assert all(mine[name] is other[name] for name in mine)
    assert replica.get_config() == layer.get_config()
    assert not set(everything(replica)) & set(everything(layer))
    with pytest.raises(RuntimeError, match="backward needs a forward before it"):
        replica.backward(dy)
    # whatever the replica does, what the layer kept for its own backward is there
    replica.forward(batch(case, seed=2, size=2))
    replica.infer(batch(case, seed=2, size=2))
    z = replica.forward(batch(case, seed=2, size=2))
    replica.backward(np.ones_like(z))
    assert layer.gradients == {}
    assert list(replica.gradients) == list(layer.parameters)
    np.testing.assert_array_equal(layer.backward(dy), expected)
    mine, other = layer.gradients, replica.gradients
    assert all(mine[name] is not other[name] for name in mine)


def test_what_a_replica_learns_the_layer_has_too():
    layer = Sequential([Dense(2, dtype="float64", seed=1)])
    x = np.array([[1.0, 2.0]])
    before = layer.forward(x)
    replica = layer.replica()
    replica.forward(x)
    replica.backward(np.ones((1, 2)), learning_rate=0.5)
    # kernel and bias lose x and 1, times 0.5: the output loses 0.5 (1 + 1 + 4)
    np.testing.assert_allclose(layer.forward(x), before - 3, rtol=1e-12)


def test_a_residual_replica_is_made_of_replicas():
    layer = Residual(Dense(2), Dense(2))
    replica = layer.replica()
    assert replica.main is not layer.main
    assert replica.shortcut is not layer.shortcut
    assert (replica.main.name, replica.shortcut.name) == (layer.main.name, layer.shortcut.name)


# Who may go through in parts


def test_every_layer_here_may_go_through_in_parts():
    classes = {type(layer) for case in layer_cases() for layer in everything(case.make("float64"))}
    registered = {getattr(layers, name) for name in layers.__all__} - {Layer}
    assert {each for each in registered if isinstance(each, type)} <= classes
    for case in layer_cases():
        layer = case.make("float64")
        assert layer.shardable is True, case.name
        normalized = any(isinstance(e, layers.BatchNormalization) for e in everything(layer))
        assert layer.meets is normalized, case.name


def test_a_stranger_s_layer_may_not_unless_it_says_so():
    class Stranger(Layer):
        pass

    class Friend(Layer):
        shardable = True

    assert not Stranger().shardable
    assert not Stranger().meets
    assert not Sequential([Dense(2), Residual(Sequential([Stranger()]))]).shardable
    assert Sequential([Dense(2), Residual(Sequential([Friend()]))]).shardable
    assert not Sequential([Friend()]).meets


def test_a_container_that_goes_its_own_way_is_not_sharded_unasked():
    class Own(Sequential):
        def _forward(self, x, training):
            return super()._forward(x, training)

    class Asked(Own):
        shardable = True

    assert not Own([Dense(2)]).shardable
    assert Asked([Dense(2)]).shardable


# Where a layer is


def test_a_whole_batch_is_its_own_shard():
    shard = shard_of(7)
    assert (shard.index, shard.first, shard.batch) == (0, 0, 7)
    total = np.ones(3)
    (same,) = shard.total(total)
    assert same is total


@pytest.mark.parametrize("meet", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_shard_knows_which_one_it_is(meet, threads):
    set_threads(threads)

    def work(index):
        shard = shard_of(99)
        return index, shard.index, shard.first, shard.batch

    expected = [(0, 0, 0, 9), (1, 1, 4, 9), (2, 2, 7, 9)]
    assert in_shards(work, [0, 4, 7], 9, meet) == expected
    assert shard_of(3).batch == 3  # the caller sees the whole again


def test_shards_that_do_not_meet_need_no_threads_of_their_own():
    set_threads(1)
    idents = in_shards(lambda index: threading.get_ident(), [0, 4, 7], 9, meet=False)
    assert set(idents) == {threading.get_ident()}


@pytest.mark.parametrize("meet", [False, True])
def test_after_an_error_the_caller_sees_the_whole_again(meet):
    def work(index):
        raise ValueError(f"of shard {index}")

    with pytest.raises(ValueError, match="of shard"):
        in_shards(work, [0, 4, 7], 9, meet)
    assert shard_of(3).batch == 3


def test_who_needs_the_whole_batch_must_say_so():
    def work(index):
        return shard_of(0).total(np.ones(1))

    with pytest.raises(RuntimeError, match="neither it nor what it is in says `meets = True`"):
        in_shards(work, [0, 1], 2, meet=False)
    assert in_shards(work, [0], 1, meet=False) == [[np.ones(1)]]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_totals_are_added_up_in_the_order_of_the_shards(threads):
    """In any other order the small numbers would be lost, or not, in another way."""
    set_threads(threads)
    values = [np.float32(v) for v in (1e8, 3.0, -1e8, 5.0)]
    expected = ((values[0] + values[1]) + values[2]) + values[3]
    assert expected != sum(reversed(values))

    def work(index):
        shard = shard_of(0)
        (alone,) = shard.total(values[index])
        return [alone, *shard.total(values[index], values[index] * 2)]

    totals = in_shards(work, [0, 1, 2, 3], 4, meet=True)
    assert totals == [[expected, expected, 2 * expected]] * 4
