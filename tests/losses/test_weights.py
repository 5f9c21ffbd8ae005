"""Weights of samples in losses; `test_peers` holds them to Keras."""

import numpy as np
import pytest

from onepath.backends import DeviceMismatchError
from onepath.losses import MeanSquaredError, SparseCategoricalCrossentropy

from .formulas import drawn, finite_differences


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_each_sample_counts_by_its_weight(case, shape, backend):
    """The mean of the samples' own losses, each times its weight; not by the sum of weights."""
    loss, oracle, *_ = case
    y, p = drawn(case, shape)
    weight = np.array([2.0, 0.0, 0.5])[: shape[0]]

    def weighted(y, p):
        samples = zip(weight, y, p, strict=True)
        return float(np.mean([w * oracle(a[None], b[None]) for w, a, b in samples]))

    given = [backend.asarray(array) for array in (y, p, weight)]
    value, gradient = loss.value_and_gradient(*given)
    np.testing.assert_allclose(backend.to_numpy(value), weighted(y, p), rtol=1e-12)
    expected = finite_differences(weighted, y, p)
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-7, atol=1e-9)
    assert backend.to_numpy(loss(*given)) == backend.to_numpy(value)
    np.testing.assert_array_equal(
        backend.to_numpy(loss.gradient(*given)), backend.to_numpy(gradient)
    )
    for array, before in zip(given, (y, p, weight), strict=True):
        np.testing.assert_array_equal(backend.to_numpy(array), before)


@pytest.mark.parametrize("dtype", ["bool", "int32", "float32", "float64"])
def test_weights_of_any_dtype(case, dtype, backend):
    loss = case[0]
    y, p = (backend.asarray(array) for array in drawn(case, (4, 3), "float32"))
    weight = backend.asarray(np.ones(4, dtype))
    value, gradient = loss.value_and_gradient(y, p, weight)
    assert (value.shape, value.dtype, gradient.dtype) == ((), "float32", "float32")
    expected = loss.value_and_gradient(y, p)
    np.testing.assert_allclose(
        backend.to_numpy(value), backend.to_numpy(expected[0]), rtol=1e-6, atol=1e-7
    )
    np.testing.assert_array_equal(backend.to_numpy(gradient), backend.to_numpy(expected[1]))


@pytest.mark.parametrize("call", ["__call__", "gradient", "value_and_gradient", "check"])
def test_weights_that_do_not_fit(call):
    y, p = np.zeros(3, "int64"), np.full((3, 2), 0.5)
    call = getattr(SparseCategoricalCrossentropy(), call)
    for weight in (np.ones(2), np.ones((3, 1)), np.ones(()), np.ones((3, 2))):
        with pytest.raises(ValueError, match=r"sample_weight must have shape \(3,\), a number for"):
            call(y, p, weight)
    with pytest.raises(TypeError, match="sample_weight must be numbers, got complex128"):
        call(y, p, np.ones(3, "complex128"))
    with pytest.raises(TypeError, match=r"argument 2 is a builtins.list"):
        call(y, p, [1.0, 1.0, 1.0])


def test_weights_on_another_device(cuda):
    with pytest.raises(DeviceMismatchError, match="argument 2"):
        MeanSquaredError()(np.ones(2), np.ones(2), cuda.asarray(np.ones(2)))
