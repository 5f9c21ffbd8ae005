"""Losses beside PyTorch's, in float64, and Keras's: the same values, and the same gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath import losses

several = settings(deadline=None, max_examples=12, derandomize=True)
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=2).flatmap(
    lambda batch: st.integers(2, 6).map(lambda classes: (*batch, classes))
)
seeds = st.integers(0, 99)
shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])


def drawn(kind, shape, seed):
    """Targets and predictions of a kind."""
    random = np.random.default_rng(seed)
    numbers = 3 * random.normal(size=shape)
    probabilities = random.dirichlet(np.ones(shape[-1]), shape[:-1]) * 0.9 + 0.1 / shape[-1]
    labels = random.integers(0, shape[-1], shape[:-1])
    targets = {
        "numbers": random.normal(size=shape),
        "positive": random.uniform(0.1, 5, shape),
        "binary": random.integers(0, 2, shape).astype("float64"),
        "signs": random.integers(0, 2, shape) * 2.0 - 1,
        "unit": random.uniform(0.02, 0.98, shape),
        "one-hot": np.eye(shape[-1])[labels],
        "distributions": random.dirichlet(np.ones(shape[-1]), shape[:-1]) * 0.9 + 0.1 / shape[-1],
        "labels": labels,
    }[kind]
    return targets, numbers, probabilities


def assert_as(torch, loss, theirs, y, p, weight=None, rtol=1e-9, atol=1e-12):
    """Hold a loss to ``theirs(y, p)``, a function of tensors that gives the mean."""
    tensor = torch.tensor(p, requires_grad=True)
    expected = theirs(torch.tensor(y), tensor)
    expected.backward()
    value, gradient = loss.value_and_gradient(y, p, weight)
    np.testing.assert_allclose(value, expected.item(), rtol=rtol, atol=atol)
    np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=rtol, atol=atol)


# PyTorch


@pytest.mark.parametrize("kind", ["mse", "mae", "huber", "poisson", "bce", "hinge", "cosine", "kl"])
@several
@given(shape=shapes, seed=seeds, delta=st.sampled_from([0.3, 1.0, 2.5]))
def test_pytorch_s_functions(torch, kind, shape, seed, delta):
    f = torch.nn.functional
    loss, targets, of_logits, function = {
        "mse": (losses.MeanSquaredError(), "numbers", True, lambda y, p: f.mse_loss(p, y)),
        "mae": (losses.MeanAbsoluteError(), "numbers", True, lambda y, p: f.l1_loss(p, y)),
        "huber": (
            losses.Huber(delta),
            "numbers",
            True,
            lambda y, p: f.huber_loss(p, y, delta=delta),
        ),
        "poisson": (
            losses.Poisson(),
            "positive",
            False,
            lambda y, p: f.poisson_nll_loss(p, y, log_input=False, eps=1e-7),
        ),
        "bce": (
            losses.BinaryCrossentropy(from_logits=True),
            "unit",
            True,
            lambda y, z: f.binary_cross_entropy_with_logits(z, y),
        ),
        "hinge": (
            losses.Hinge(),
            "signs",
            True,
            # PyTorch's is max(1 - x, 0) for targets of -1 alone, so x is y p
            lambda y, p: f.hinge_embedding_loss(y * p, -torch.ones_like(p)),
        ),
        "cosine": (
            losses.CosineSimilarity(),
            "numbers",
            True,
            lambda y, p: -f.cosine_similarity(p, y, dim=-1).mean(),
        ),
        "kl": (
            losses.KLDivergence(),
            "distributions",
            False,
            lambda y, p: f.kl_div(p.log(), y, reduction="none").sum(-1).mean(),
        ),
    }[kind]
    y, numbers, probabilities = drawn(targets, shape, seed)
    assert_as(torch, loss, function, y, numbers if of_logits else probabilities)


@several
@given(shape=shapes, seed=seeds, share=shares, sparse=st.booleans())
def test_pytorch_s_label_smoothing(torch, shape, seed, share, sparse):
    kind = losses.SparseCategoricalCrossentropy if sparse else losses.CategoricalCrossentropy
    y, z, _ = drawn("labels" if sparse else "distributions", shape, seed)

    def function(y, z):
        z, y = z.reshape(-1, shape[-1]), y.reshape(-1) if sparse else y.reshape(-1, shape[-1])
        return torch.nn.functional.cross_entropy(z, y, label_smoothing=share)

    assert_as(torch, kind(from_logits=True, label_smoothing=share), function, y, z)


# Keras

KERAS = {"rtol": 2e-5, "atol": 1e-6}
"""Keras takes means in float32, whatever it is given."""

REGRESSIONS = {
    "MeanSquaredError": "numbers",
    "MeanAbsoluteError": "numbers",
    "MeanAbsolutePercentageError": "positive",
    "MeanSquaredLogarithmicError": "positive",
    "Huber": "numbers",
    "LogCosh": "numbers",
    "CosineSimilarity": "numbers",
    "Poisson": "positive",
    "KLDivergence": "distributions",
    "Hinge": "binary",
    "SquaredHinge": "signs",
    "CategoricalHinge": "one-hot",
}
ON_SHARES = ("Poisson", "KLDivergence", "MeanSquaredLogarithmicError")

options = {
    "BinaryCrossentropy": {"label_smoothing": shares},
    "CategoricalCrossentropy": {"label_smoothing": shares},
    "SparseCategoricalCrossentropy": {},
    "BinaryFocalCrossentropy": {
        "apply_class_balancing": st.booleans(),
        "alpha": st.sampled_from([0.25, 0.8]),
        "gamma": st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5]),
        "label_smoothing": shares,
    },
    "CategoricalFocalCrossentropy": {
        "alpha": st.sampled_from([0.25, 2.0]),
        "gamma": st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5]),
        "label_smoothing": shares,
    },
}
CROSSENTROPY_TARGETS = {
    "BinaryCrossentropy": "binary",
    "CategoricalCrossentropy": "distributions",
    "SparseCategoricalCrossentropy": "labels",
    "BinaryFocalCrossentropy": "unit",
    "CategoricalFocalCrossentropy": "distributions",
}


def weight_for_keras(torch, weight, shape):
    """Weights of samples, in as many axes as the terms have: Keras itself does not add them."""
    return None if weight is None else torch.tensor(weight).reshape(-1, *(1,) * (len(shape) - 2))


def test_all_are_held_to_keras():
    assert set(REGRESSIONS) | set(options) == {cls.__name__ for cls in losses.LOSSES.values()}


@pytest.mark.parametrize("name", REGRESSIONS)
@several
@given(shape=shapes, seed=seeds, weighted=st.booleans())
def test_keras_s_regressions_and_hinges(keras, torch, name, shape, seed, weighted):
    theirs = getattr(keras.losses, name)()
    y, numbers, probabilities = drawn(REGRESSIONS[name], shape, seed)
    p = probabilities if name in ON_SHARES else numbers
    weight = np.random.default_rng(seed).uniform(0, 3, shape[0]) if weighted else None
    assert_as(
        torch,
        getattr(losses, name)(),
        lambda y, p: theirs(y, p, weight_for_keras(torch, weight, shape)),
        y,
        p,
        weight,
        **KERAS,
    )


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("name", options)
@several
@given(data=st.data(), shape=shapes, seed=seeds, weighted=st.booleans())
def test_keras_s_crossentropies(keras, torch, name, from_logits, data, shape, seed, weighted):
    config = data.draw(st.fixed_dictionaries(options[name])) | {"from_logits": from_logits}
    theirs = getattr(keras.losses, name)(**config)
    y, numbers, probabilities = drawn(CROSSENTROPY_TARGETS[name], shape, seed)
    weight = np.random.default_rng(seed).uniform(0, 3, shape[0]) if weighted else None
    assert_as(
        torch,
        getattr(losses, name)(**config),
        lambda y, p: theirs(y, p, weight_for_keras(torch, weight, shape)),
        y,
        numbers if from_logits else probabilities,
        weight,
        **KERAS,
    )
