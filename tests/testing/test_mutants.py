"""Faults as they occur in peers and in first drafts: each is caught, by the check named for it.

Every mutant is a correct layer of onepath's with one fault in it. That the correct layers pass the
same checks is shown by ``test_everything.py``, on more of them.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from onepath.backends import backend_of
from onepath.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Layer,
    MaxPooling2D,
    ReLU,
)
from onepath.layers.summation import along
from onepath.testing import (
    ParityError,
    assert_deterministic,
    assert_gradients,
    assert_no_transfer,
    assert_parity,
)

IMAGES = (2, 3, 6, 5)
ROWS = (4, 6)


def on_host(layer):
    """Whether the layer is on the CPU: what differs by device is right there."""
    return layer.home.name == "cpu"


class FlippedKernel(Conv2D):
    def _backward(self, dy):
        super()._backward(dy)
        flipped = self.parameters["kernel"][:, :, ::-1, ::-1]
        return self.home.conv_input_gradient(dy, flipped, self._saved[1])


class KernelFlippedOnOneDevice(Conv2D):
    def _forward(self, x, training):
        y = super()._forward(x, training)
        if on_host(self):
            return y
        flipped = self.home.xp.ascontiguousarray(self.parameters["kernel"][:, :, ::-1, ::-1])
        return self.home.conv(x, flipped, self._saved[1])


class DroppedBiasSum(Conv2D):
    def _backward(self, dy):
        dx = super()._backward(dy)
        self.gradients["bias"] = dy.sum(axis=(2, 3))[0]  # one sample's, not all samples'
        return dx


class AssignedOverlap(AveragePooling2D):
    def _unpool(self, dy):
        shape, counts, window = self._saved
        dx = self.home.xp.zeros(shape, dtype=dy.dtype)
        for tap in window.taps:
            dx[(..., *tap)] = dy / counts
        return dx, window


class TransposedGradient(Dense):
    def _backward(self, dy):
        dx = super()._backward(dy)
        self.gradients["kernel"] = self.gradients["kernel"].T
        return dx


class HostNumbersInDeviceData(ReLU):
    def _forward(self, x, training):
        return super()._forward(x, training) * np.arange(x.shape[-1], dtype="float32")


class HostIndices(ReLU):
    def _forward(self, x, training):
        return super()._forward(x[:, np.arange(x.shape[1])], training)


class ScalarRead(ReLU):
    def _forward(self, x, training):
        if float(x.sum()) != 0:
            return super()._forward(x, training)
        return x


class MadeToNumpy(ReLU):
    def _forward(self, x, training):
        self._saved = x
        return backend_of(x).asarray(np.maximum(np.asarray(x), 0))


class WideConstant(ReLU):
    def _forward(self, x, training):
        return super()._forward(x, training) * np.float64(1.0)


class InputChanged(ReLU):
    def _forward(self, x, training):
        x *= x > 0
        self._saved = x
        return x.copy()


class GradientChanged(ReLU):
    def _backward(self, dy):
        dy *= self._saved > 0
        return dy.copy()


class SumsInHalfPrecision(Dense):
    def _forward(self, x, training):
        y = super()._forward(x, training)
        if on_host(self):
            return y
        products = x[:, :, None] * self.parameters["kernel"]
        halves = [products[:, i::2].sum(axis=1).astype("float16") for i in range(2)]
        return (halves[0].astype(x.dtype) + halves[1]) + self.parameters["bias"]


class KernelGradientWithoutDilation(Conv2D):
    def _backward(self, dy):
        dx = super()._backward(dy)
        x, geometry = self._saved
        h, w = geometry.kernel_shape[2:]
        tight = self.home.xp.zeros_like(self.gradients["kernel"])
        for i, j in np.ndindex(h, w):
            rows = x[:, :, i : i + dy.shape[2], j : j + dy.shape[3]]
            tight[:, :, i, j] = self.home.xp.einsum("nfab,ncab->fc", dy, rows)
        self.gradients["kernel"] = tight
        return dx


class MaskByDevice(Dropout):
    def _forward(self, x, training):
        xp = backend_of(x).xp
        xp.random.seed(self.seed)  # the same seed, and other numbers on each device
        self._saved = (xp.random.uniform(size=x.shape) >= self.rate).astype(x.dtype)
        return x * self._saved


class MaskWithEpsilon(ReLU):
    def _backward(self, dy):
        return dy * (self._saved > 1e-3)


class TiesWithEpsilon(MaxPooling2D):
    def _unpool(self, dy):
        padded, y, window = self._saved
        dx = self.home.xp.zeros(padded.shape, dtype=dy.dtype)
        for tap in window.taps:
            dx[(..., *tap)] += dy * (padded[(..., *tap)] >= y - 0.05)
        return dx, window


class OtherEpsilonBehind(BatchNormalization):
    def _backward(self, dy):
        centred, scale, *rest = self._saved
        other = 1 / self.home.xp.sqrt(1 / scale**2 + 1e-3)
        self._saved = centred * (scale / other).reshape(along(rest[0], centred.shape)), other, *rest
        return super()._backward(dy)


class ConstantStatistics(BatchNormalization):
    def _backward(self, dy):
        self._saved = (*self._saved[:-1], None)
        return super()._backward(dy)


class LeftoverMemory(ReLU):
    def _forward(self, x, training):
        scratch = self.home.workspace.take("leftover", x.shape, x.dtype)
        y = super()._forward(x, training) + self.home.xp.nan_to_num(scratch)
        scratch[...] = x
        return y


@dataclass(frozen=True)
class Mutant:
    """A faulty layer, the assertion that finds the fault, and the check that it names."""

    layer: Layer
    shape: tuple[int, ...]
    assertion: object
    check: str
    options: tuple[tuple[str, object], ...] = ()

    def run(self):
        self.assertion(self.layer, self.shape, **dict(self.options))


TRAINING = (("training", True),)

MUTANTS = [
    Mutant(FlippedKernel(4, 3, seed=1), IMAGES, assert_gradients, "input gradient"),
    Mutant(KernelFlippedOnOneDevice(4, 3, seed=1), IMAGES, assert_parity, "forward"),
    Mutant(DroppedBiasSum(4, 3, seed=1), IMAGES, assert_gradients, "gradient of bias"),
    Mutant(AssignedOverlap(3, strides=1), IMAGES, assert_gradients, "input gradient"),
    Mutant(TransposedGradient(6, seed=1), ROWS, assert_gradients, "gradient of kernel"),
    Mutant(HostNumbersInDeviceData(), ROWS, assert_parity, "exception"),
    Mutant(HostIndices(), ROWS, assert_no_transfer, "copy to the device"),
    Mutant(ScalarRead(), ROWS, assert_no_transfer, "copy to the host"),
    Mutant(MadeToNumpy(), ROWS, assert_parity, "exception"),
    Mutant(WideConstant(), ROWS, assert_parity, "dtype"),
    Mutant(InputChanged(), ROWS, assert_parity, "input unchanged"),
    Mutant(GradientChanged(), ROWS, assert_parity, "input unchanged"),
    Mutant(SumsInHalfPrecision(5, seed=1), ROWS, assert_parity, "forward"),
    Mutant(
        KernelGradientWithoutDilation(4, 2, dilation_rate=2, seed=1),
        IMAGES,
        assert_gradients,
        "gradient of kernel",
    ),
    Mutant(MaskByDevice(0.4, seed=7), ROWS, assert_parity, "forward", TRAINING),
    Mutant(MaskWithEpsilon(), ROWS, assert_gradients, "input gradient"),
    Mutant(TiesWithEpsilon(2), (2, 3, 8, 8), assert_gradients, "input gradient"),
    Mutant(OtherEpsilonBehind(), ROWS, assert_gradients, "input gradient", TRAINING),
    Mutant(ConstantStatistics(), ROWS, assert_gradients, "input gradient", TRAINING),
    Mutant(LeftoverMemory(), ROWS, assert_deterministic, "determinism"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: type(m.layer).__name__)
def test_mutant_is_caught(mutant):
    with pytest.raises(ParityError) as caught:
        mutant.run()
    assert caught.value.check == mutant.check, str(caught.value)


def test_message_names_layer_place_and_side():
    with pytest.raises(ParityError) as caught:
        assert_parity(KernelFlippedOnOneDevice(4, 3, seed=1), IMAGES)
    message = str(caught.value)
    for part in (
        "KernelFlippedOnOneDevice",
        "forward",
        "simulated:0",
        "cpu is right",
        "ULP",
        "u =",
    ):
        assert part in message
