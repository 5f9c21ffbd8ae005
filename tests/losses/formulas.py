"""What each loss must compute: loops written from the formulas, knowing nothing of onepath."""

import math

import numpy as np

from onepath.losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)


def squared(y, p):
    return float(np.mean([(a - b) ** 2 for a, b in zip(y.ravel(), p.ravel(), strict=True)]))


def absolute(y, p):
    return float(np.mean([abs(a - b) for a, b in zip(y.ravel(), p.ravel(), strict=True)]))


def binary(y, p):
    terms = [
        t * math.log(q) + (1 - t) * math.log(1 - q)
        for t, q in zip(y.ravel(), p.ravel(), strict=True)
    ]
    return -float(np.mean(terms))


def binary_logits(y, z):
    return binary(y, np.array([1 / (1 + math.exp(-x)) for x in z.ravel()]))


def categorical(y, p):
    classes = p.shape[-1]
    terms = []
    for target, row in zip(y.reshape(-1, classes), p.reshape(-1, classes), strict=True):
        terms.append(-sum(t * math.log(q / sum(row)) for t, q in zip(target, row, strict=True)))
    return float(np.mean(terms))


def categorical_logits(y, z):
    return categorical(y, np.exp(z))


def one_hot(labels, classes):
    rows = [[float(label == c) for c in range(classes)] for label in labels.ravel()]
    return np.array(rows).reshape(*labels.shape, classes)


def sparse(y, p):
    return categorical(one_hot(y, p.shape[-1]), p)


def sparse_logits(y, z):
    return categorical(one_hot(y, z.shape[-1]), np.exp(z))


def elements(term):
    """The mean of a term of each element."""
    return lambda y, p: float(np.mean([term(a, b) for a, b in zip(y.flat, p.flat, strict=True)]))


def rows(term):
    """The mean of a term of each row along the last axis."""

    def mean(y, p):
        classes = p.shape[-1]
        pairs = zip(y.reshape(-1, classes), p.reshape(-1, classes), strict=True)
        return float(np.mean([term(list(a), list(b)) for a, b in pairs]))

    return mean


def huber(y, p, delta):
    error = abs(p - y)
    return error**2 / 2 if error <= delta else delta * error - delta**2 / 2


def sign(y):
    """0 and 1 as -1 and 1."""
    return 2 * y - 1


def categorical_margin(y, p):
    wrong = max((1 - t) * q for t, q in zip(y, p, strict=True))
    return max(1 + wrong - sum(t * q for t, q in zip(y, p, strict=True)), 0)


def cosine(y, p):
    return -sum(t * q for t, q in zip(y, p, strict=True)) / math.hypot(*y) / math.hypot(*p)


def binary_focal(y, p, gamma=2, alpha=None):
    right = y * p + (1 - y) * (1 - p)
    weight = 1 if alpha is None else y * alpha + (1 - y) * (1 - alpha)
    return weight * (1 - right) ** gamma * binary(np.array([y]), np.array([p]))


def sigmoid_of(z):
    return 1 / (1 + math.exp(-z))


def categorical_focal(y, p, gamma=2, alpha=0.25):
    shares = [q / sum(p) for q in p]
    terms = [alpha * (1 - q) ** gamma * t * math.log(q) for t, q in zip(y, shares, strict=True)]
    return -sum(terms)


def smoothed(share, oracle):
    """An oracle for targets of which a share is spread over the classes."""
    return lambda y, p: oracle(y * (1 - share) + share / p.shape[-1], p)


def finite_differences(function, y, p, step=1e-5):
    gradient = np.zeros_like(p)
    for at in np.ndindex(*p.shape):
        ahead, behind = p.copy(), p.copy()
        ahead[at] += step
        behind[at] -= step
        gradient[at] = (function(y, ahead) - function(y, behind)) / (2 * step)
    return gradient


def shares(random, shape):
    return random.dirichlet(np.ones(shape[-1]), shape[:-1])


def numbers(random, shape):
    return random.normal(size=shape)


def between(random, shape):
    return random.uniform(0.05, 0.95, shape)


def bits(random, shape):
    return random.integers(0, 2, shape).astype("float64")


def counts(random, shape):
    return random.integers(0, 5, shape)


def one_hots(random, shape):
    return one_hot(random.integers(0, shape[-1], shape[:-1]), shape[-1])


def labels_below_the_last(random, shape):
    return random.integers(0, shape[-1], shape[:-1])


# loss, oracle, how targets and predictions are drawn
CASES = {
    "mse": (MeanSquaredError(), squared, numbers, numbers),
    "mae": (MeanAbsoluteError(), absolute, numbers, numbers),
    "binary": (BinaryCrossentropy(), binary, between, between),
    "binary-logits": (BinaryCrossentropy(from_logits=True), binary_logits, between, numbers),
    "categorical": (CategoricalCrossentropy(), categorical, shares, between),
    "categorical-logits": (
        CategoricalCrossentropy(from_logits=True),
        categorical_logits,
        between,  # rows that do not sum to 1: the gradient has their sum in it
        numbers,
    ),
    "sparse": (SparseCategoricalCrossentropy(), sparse, labels_below_the_last, between),
    "sparse-logits": (
        SparseCategoricalCrossentropy(from_logits=True),
        sparse_logits,
        labels_below_the_last,
        numbers,
    ),
    "mape": (
        MeanAbsolutePercentageError(),
        elements(lambda y, p: 100 * abs((y - p) / y)),
        numbers,
        numbers,
    ),
    "msle": (
        MeanSquaredLogarithmicError(),
        elements(lambda y, p: (math.log(p + 1) - math.log(y + 1)) ** 2),
        between,
        between,
    ),
    "huber": (Huber(), elements(lambda y, p: huber(y, p, 1)), numbers, numbers),
    "huber-wide": (Huber(delta=2.5), elements(lambda y, p: huber(y, p, 2.5)), numbers, numbers),
    "log-cosh": (LogCosh(), elements(lambda y, p: math.log(math.cosh(p - y))), numbers, numbers),
    "cosine": (CosineSimilarity(), rows(cosine), numbers, numbers),
    "kl": (
        KLDivergence(),
        rows(lambda y, p: sum(t * math.log(t / q) for t, q in zip(y, p, strict=True))),
        shares,
        between,
    ),
    "poisson": (Poisson(), elements(lambda y, p: p - y * math.log(p + 1e-7)), counts, between),
    "hinge": (Hinge(), elements(lambda y, p: max(1 - sign(y) * p, 0)), bits, numbers),
    "squared-hinge": (
        SquaredHinge(),
        elements(lambda y, p: max(1 - sign(y) * p, 0) ** 2),
        bits,
        numbers,
    ),
    "categorical-hinge": (CategoricalHinge(), rows(categorical_margin), one_hots, numbers),
    "focal": (BinaryFocalCrossentropy(), elements(binary_focal), between, between),
    "focal-logits": (
        BinaryFocalCrossentropy(from_logits=True, gamma=0.5),
        elements(lambda y, z: binary_focal(y, sigmoid_of(z), 0.5)),
        between,
        numbers,
    ),
    "focal-balanced": (
        BinaryFocalCrossentropy(True, alpha=0.75, from_logits=True),
        elements(lambda y, z: binary_focal(y, sigmoid_of(z), 2, 0.75)),
        bits,
        numbers,
    ),
    "class-focal": (CategoricalFocalCrossentropy(), rows(categorical_focal), shares, between),
    "class-focal-logits": (
        CategoricalFocalCrossentropy(0.5, 1.5, from_logits=True),
        rows(lambda y, z: categorical_focal(y, np.exp(z), 1.5, 0.5)),
        shares,
        numbers,
    ),
    "binary-smooth": (
        BinaryCrossentropy(label_smoothing=0.2),
        lambda y, p: binary(y * 0.8 + 0.1, p),
        bits,
        between,
    ),
    "categorical-smooth": (
        CategoricalCrossentropy(label_smoothing=0.1),
        smoothed(0.1, categorical),
        shares,
        between,
    ),
    "sparse-smooth": (
        SparseCategoricalCrossentropy(label_smoothing=0.3),
        lambda y, p: smoothed(0.3, categorical)(one_hot(y, p.shape[-1]), p),
        labels_below_the_last,
        between,
    ),
    "sparse-smooth-logits": (
        SparseCategoricalCrossentropy(True, label_smoothing=0.3),
        lambda y, z: smoothed(0.3, categorical_logits)(one_hot(y, z.shape[-1]), z),
        labels_below_the_last,
        numbers,
    ),
    "focal-smooth": (
        BinaryFocalCrossentropy(label_smoothing=0.2),
        lambda y, p: elements(binary_focal)(y * 0.8 + 0.1, p),
        bits,
        between,
    ),
    "class-focal-smooth": (
        CategoricalFocalCrossentropy(label_smoothing=0.2),
        smoothed(0.2, rows(categorical_focal)),
        one_hots,
        between,
    ),
}


def drawn(case, shape, dtype="float64", seed=0):
    _, _, targets, predictions = case
    random = np.random.default_rng(seed)
    return targets(random, shape), predictions(random, shape).astype(dtype)
