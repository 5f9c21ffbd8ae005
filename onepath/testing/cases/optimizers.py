"""Optimizers, over a small network."""

from ...layers import Dense, Layer, ReLU, Sequential
from ...optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
)
from ...schedules import ExponentialDecay
from .case import Case


def cases() -> list[Case]:
    """Return each optimizer, as it is and with each option of its own, and those that all have."""
    return [
        Case(repr(optimizer), _perceptron, (3,), optimizer=optimizer)
        for optimizer in (*_own(), *_common())
    ]


def _own() -> list[Optimizer]:
    """Each optimizer, as it is and with each option of its own."""
    return [
        SGD(),
        SGD(learning_rate=0.5),
        SGD(momentum=0.9),
        SGD(momentum=0.9, nesterov=True),
        RMSprop(),
        RMSprop(learning_rate=0.1),
        RMSprop(rho=0.5),
        RMSprop(momentum=0.9),
        RMSprop(epsilon=0.1),
        RMSprop(centered=True),
        RMSprop(momentum=0.9, centered=True),
        Adagrad(),
        Adagrad(learning_rate=0.1, initial_accumulator_value=0.5),
        Adagrad(epsilon=0.1),
        Adadelta(),
        Adadelta(learning_rate=1.0, rho=0.5),
        Adadelta(epsilon=0.1),
        Adam(),
        Adam(learning_rate=0.1),
        Adam(beta_1=0.5),
        Adam(beta_2=0.5),
        Adam(epsilon=0.1),
        Adam(beta_2=0.5, amsgrad=True),
        AdamW(),
        AdamW(learning_rate=0.1),
        AdamW(weight_decay=0.5),
        AdamW(beta_1=0.5),
        AdamW(beta_2=0.5),
        AdamW(epsilon=0.1),
        AdamW(beta_2=0.5, amsgrad=True),
        Adamax(),
        Adamax(learning_rate=0.1, beta_1=0.5),
        Adamax(beta_2=0.5, epsilon=0.1),
        Nadam(),
        Nadam(learning_rate=0.1, beta_1=0.5),
        Nadam(beta_2=0.5, epsilon=0.1),
        Lion(),
        Lion(learning_rate=0.1, beta_1=0.5, beta_2=0.5),
        Ftrl(),
        Ftrl(learning_rate=0.1, learning_rate_power=-0.7, initial_accumulator_value=0.5),
        Ftrl(beta=0.5, l1_regularization_strength=0.01),
        Ftrl(l2_regularization_strength=0.5, l2_shrinkage_regularization_strength=0.1),
    ]


def _common() -> list[Optimizer]:
    """What all optimizers have in common, by one or two of them."""
    return [
        SGD(ExponentialDecay(0.5, 1, 0.5)),
        SGD(weight_decay=0.5),
        SGD(clipnorm=0.1),
        SGD(clipvalue=0.1),
        SGD(global_clipnorm=0.1),
        SGD(learning_rate=0.5, use_ema=True),
        SGD(learning_rate=0.5, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2),
        Adam(ExponentialDecay(0.1, 1, 0.5), weight_decay=0.5, global_clipnorm=0.1, use_ema=True),
    ]


def _perceptron(dtype: str) -> Layer:
    return Sequential([Dense(4, dtype=dtype, seed=1), ReLU(), Dense(2, dtype=dtype, seed=2)])
