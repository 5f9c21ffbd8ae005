"""What all kinds of convolutional layers have in common, beside what the table asks of each."""

import numpy as np
import pytest

from onepath.layers import Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from onepath.layers.regularizers import L1, L2

MAKE = {
    Conv2D: lambda **options: Conv2D(4, 3, padding="same", dtype="float64", seed=1, **options),
    Conv2DTranspose: lambda **options: Conv2DTranspose(
        4, 3, strides=2, padding="same", dtype="float64", seed=1, **options
    ),
    DepthwiseConv2D: lambda **options: DepthwiseConv2D(
        3, depth_multiplier=2, dtype="float64", seed=1, **options
    ),
    SeparableConv2D: lambda **options: SeparableConv2D(4, 3, dtype="float64", seed=1, **options),
}
KERNELS = {
    Conv2D: ["kernel"],
    Conv2DTranspose: ["kernel"],
    DepthwiseConv2D: ["depthwise"],
    SeparableConv2D: ["depthwise", "pointwise"],
}
"""What arguments that are about kernels begin with."""

each = pytest.mark.parametrize("cls", MAKE)


def forwarded(backend, cls):
    """A layer after a forward pass, and a gradient for its output."""
    rng = np.random.default_rng(0)
    layer = MAKE[cls]().to(backend)
    y = layer.forward(backend.asarray(rng.normal(size=(2, 2, 5, 4))))
    return layer, backend.asarray(rng.normal(size=y.shape))


@each
def test_frozen_layers_send_back_the_same_and_learn_nothing(backend, cls):
    layer, dy = forwarded(backend, cls)
    frozen, _ = forwarded(backend, cls)
    frozen.trainable = False

    dx, same = (backend.to_numpy(each.backward(dy)) for each in (layer, frozen))

    np.testing.assert_array_equal(dx, same)
    assert layer.gradients.keys() == layer.parameters.keys()
    assert not frozen.gradients


@each
def test_learning_alone_fills_the_same_gradients(backend, cls):
    layer, dy = forwarded(backend, cls)
    first, _ = forwarded(backend, cls)
    layer.backward(dy)
    first.learn(dy)
    assert first.gradients.keys() == layer.parameters.keys()
    for name, gradient in first.gradients.items():
        same = layer.gradients[name]
        np.testing.assert_array_equal(*map(backend.to_numpy, (gradient, same)), err_msg=name)


@each
def test_initializers_and_regularizers_are_for_their_parameters(cls):
    penalties = [L1(0.5), L2(0.25)]
    kernels = dict(zip(KERNELS[cls], penalties, strict=False))
    options = {f"{name}_regularizer": penalty for name, penalty in kernels.items()}
    options |= {f"{name}_initializer": "ones" for name in kernels}
    layer = MAKE[cls](bias_regularizer="l1_l2", bias_initializer="ones", **options)
    layer.build((2, 5, 4))

    *found, bias = layer.regularizers.values()

    assert layer.regularizers.keys() == layer.parameters.keys()
    assert found == list(kernels.values())
    assert bias is layer.bias_regularizer
    assert all((parameter == 1).all() for parameter in layer.parameters.values())
