"""Models of which a part is frozen: against PyTorch, on every device, in shards."""

from itertools import pairwise

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.backends.cpu import CpuBackend
from onepath.optimizers import SGD, Adam, AdamW, LossScaleOptimizer
from onepath.training import Callback

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype("float32")
Y = rng.normal(size=(40, 2)).astype("float32")


def model(backend, optimizer, frozen=()):
    op.set_seed(1)
    stack = [
        layers.Dense(6, name="first"),
        layers.Tanh(),
        layers.Dense(4, name="middle"),
        layers.Tanh(),
        layers.Dense(2, name="last"),
    ]
    made = op.Sequential(stack, backend)
    made.compile(optimizer, "mse")
    made.build((5,))
    for layer in stack:
        layer.trainable = layer.name not in frozen
    return made


def held(model):
    return {k: model.backend.to_numpy(a).copy() for k, a in model.arrays().items()}


@pytest.mark.parametrize("frozen", [["first"], ["middle"], ["first", "last"]], ids="-".join)
def test_training_is_pytorch_s_with_requires_grad(torch, backend, frozen):
    """Some steps of AdamW, whose decay would move what has no gradient."""
    ours = model(backend, AdamW(0.01, 0.5, epsilon=1e-12), frozen)
    start = held(ours)
    theirs = {
        name: torch.tensor(a, requires_grad=name.split("/")[0] not in frozen)
        for name, a in start.items()
    }
    learned = [each for each in theirs.values() if each.requires_grad]
    reference = torch.optim.AdamW(learned, lr=0.01, weight_decay=0.5, eps=1e-12)
    for _ in range(4):
        y = torch.tensor(X)
        for name in ("first", "middle", "last"):
            y = y @ theirs[f"{name}/kernel"] + theirs[f"{name}/bias"]
            y = y if name == "last" else y.tanh()
        reference.zero_grad()
        ((y - torch.tensor(Y)) ** 2).mean().backward()
        reference.step()
        ours.train_on_batch(X, Y)
    for name, array in held(ours).items():
        np.testing.assert_allclose(array, theirs[name].detach(), rtol=2e-4, atol=2e-5)
        assert (array == start[name]).all() == (name.split("/")[0] in frozen), name
    assert {name.split("/")[0] for name in ours.optimizer.slots}.isdisjoint(frozen)


@pytest.mark.parametrize("options", [{}, {"use_ema": True, "weight_decay": 0.1}])
@pytest.mark.parametrize("scaled", [False, True])
def test_freezing_and_thawing_in_the_midst(backend, options, scaled):
    """Captured or not: what is frozen stays, and goes on learning afterwards."""
    seen = []

    class Turn(Callback):
        def on_epoch_begin(self, epoch):
            self.model.layer.layers[0].trainable = epoch != 1
            seen.append(held(self.model)["first/kernel"])

    optimizer = Adam(**options)
    made = model(backend, LossScaleOptimizer(optimizer) if scaled else optimizer)
    made.fit(X, Y, 8, epochs=4, callbacks=[Turn()], verbose=0)
    changed = [bool((a != b).any()) for a, b in pairwise(seen)]
    assert changed == [True, False, True]


def test_a_model_that_learns_nothing_is_no_error(backend):
    made = model(backend, SGD(0.1), ["first", "middle", "last"])
    before = held(made)
    made.fit(X, Y, 8, verbose=0)
    for name, array in held(made).items():
        np.testing.assert_array_equal(array, before[name])
    assert made.optimizer.slots == {}


def test_shards_of_a_batch_leave_frozen_layers_alone(monkeypatch):
    """On the CPU a large batch goes through in parts, whose gradients are added up."""
    monkeypatch.setattr(CpuBackend, "shards", lambda self, shape: 3)
    op.set_seed(1)
    x = rng.normal(size=(6, 3, 8, 8)).astype("float32")
    stack = [
        layers.Conv2D(8, 3, name="first"),
        layers.BatchNormalization(name="norm"),
        layers.Conv2D(8, 3, name="second"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2),
    ]
    made = op.Sequential(stack, "cpu")
    made.compile(SGD(0.1), "mse")
    made.build(x.shape[1:])
    stack[0].trainable = stack[2].trainable = False
    before = held(made)
    made.train_on_batch(x, np.ones((6, 2), "float32"))
    changed = {name.split("/")[0] for name, a in held(made).items() if (a != before[name]).any()}
    assert changed == {"norm", "dense"}


def test_averages_take_the_parameters_places_after_fit(backend):
    first, second = (
        model(backend, SGD(0.1, use_ema=use, ema_momentum=0.5), ["middle"]) for use in (True, False)
    )
    averages = {}

    class Average(Callback):
        """The average, by the other model's parameters after each step."""

        def on_train_batch_end(self, batch, logs):
            for name, array in held(self.model).items():
                averages[name] = (averages.get(name, array) + array) / 2

    second.fit(X, Y, 8, shuffle=False, callbacks=[Average()], verbose=0)
    first.fit(X, Y, 8, shuffle=False, verbose=0)
    for name, array in held(first).items():
        np.testing.assert_allclose(array, averages[name], rtol=1e-5, atol=1e-7)
    assert (held(first)["last/kernel"] != held(second)["last/kernel"]).all()


def test_files_keep_it(tmp_path):
    made = model("cpu", SGD(0.1), ["first"])
    made.save(tmp_path / "model.onepath")
    again = op.load_model(tmp_path / "model.onepath")
    assert again.layer.trainable_parameters.keys() == made.layer.trainable_parameters.keys()
    assert "first/kernel" not in again.layer.trainable_parameters
