"""By the cases' names."""

import math

import numpy as np

from .definition import defined, each, identity


def softmax(axis, logarithm=False):
    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            line = list(index)
            line[axis] = slice(None)
            total = sum(math.exp(v) for v in x[tuple(line)])
            y[index] = x[index] - math.log(total) if logarithm else math.exp(x[index]) / total
        return y

    return oracle


def prelu(x, arrays):
    y = np.zeros(x.shape)
    alpha = arrays["alpha"]
    for index in np.ndindex(x.shape):
        place = tuple(i if n > 1 else 0 for i, n in zip(index[1:], alpha.shape, strict=True))
        y[index] = x[index] if x[index] > 0 else alpha[place] * x[index]
    return y


def relu(limit=math.inf, slope=0.0, threshold=0.0):
    return each(lambda v: min(v if v > threshold else slope * (v - threshold), limit))


def elu(scale, alpha, width):
    return each(lambda v: scale * (v if v > 0 else alpha * (math.exp(v / width) - 1)))


def cut(low, v, high):
    return max(low, min(v, high))


def logistic(v):
    return 1 / (1 + math.exp(-v))


def normal(v):
    return (1 + math.erf(v / math.sqrt(2))) / 2


def nearly_normal(v):
    return (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) / 2


def elementwise(oracle, **facts):
    return defined(oracle, elementwise=True, stateless=True, **facts)


LEAKY = each(lambda v: v if v > 0 else 0.2 * v)
RELU = relu()

DEFINITIONS = {
    "ReLU": elementwise(RELU),
    "ReLU up to a value": elementwise(relu(1.3)),
    "ReLU above a threshold": elementwise(relu(threshold=0.4)),
    "ReLU of all options": elementwise(relu(1.3, 1.5, 0.4), bound=4),
    "LeakyReLU": elementwise(LEAKY),
    "PReLU": defined(prelu, bound=6, misfits_once_built={(4,): r"need slopes of shape \(4,\)"}),
    "PReLU a slope a channel": defined(
        prelu,
        bound=6,
        misfits_once_built={(2, 2, 2): r"need slopes of shape \(2, 1, 1\)"},
        ambiguous=True,
    ),
    "HardSigmoid": elementwise(each(lambda v: cut(0, v / 6 + 0.5, 1))),
    "HardSigmoid of options": elementwise(each(lambda v: cut(0, 0.4 * v + 0.45, 1))),
    "HardTanh": elementwise(each(lambda v: cut(-1, v, 1))),
    "HardShrink": elementwise(each(lambda v: v if abs(v) > 0.5 else 0)),
    "SoftShrink": elementwise(each(lambda v: math.copysign(max(abs(v) - 0.7, 0), v)), bound=2),
    "Sigmoid": elementwise(each(logistic)),
    "Tanh": elementwise(each(math.tanh)),
    "Softplus": elementwise(each(lambda v: math.log(1 + math.exp(v)))),
    "LogSigmoid": elementwise(each(lambda v: math.log(logistic(v))), bound=3),
    "Softsign": elementwise(each(lambda v: v / (1 + abs(v)))),
    "Squareplus": elementwise(each(lambda v: (v + math.sqrt(v * v + 2)) / 2)),
    "Exponential": elementwise(each(math.exp)),
    "ELU": elementwise(elu(1, 0.7, 1)),
    "CELU": elementwise(elu(1, 0.7, 0.7)),
    "SELU": elementwise(elu(1.0507009873554805, 1.6732632423543772, 1)),
    "SiLU": elementwise(each(lambda v: v * logistic(v))),
    "HardSiLU": elementwise(each(lambda v: v * cut(0, v / 6 + 0.5, 1))),
    "GELU": elementwise(each(lambda v: v * normal(v))),
    "GELU approximately": elementwise(each(lambda v: v * nearly_normal(v))),
    "Mish": elementwise(each(lambda v: v * math.tanh(math.log(1 + math.exp(v))))),
    "Softmax": defined(softmax(-1), terms=5, bound=1, stateless=True),
    "Softmax over channels": defined(softmax(1), terms=4, bound=1, stateless=True, ambiguous=True),
    "LogSoftmax": defined(softmax(-1, True), terms=5, bound=4, stateless=True),
    "LogSoftmax over channels": defined(
        softmax(1, True), terms=4, bound=4, stateless=True, ambiguous=True
    ),
    "Identity": elementwise(identity),
    "Activation": elementwise(relu(6)),
    "Activation along an axis": defined(softmax(-1, True), terms=5, bound=4, stateless=True),
}
