"""Numbers to check layers with."""

import numpy as np
import pytest

from onepath.testing.samples import as_sample, output_gradient, sample, vary_constants


def test_same_seed_same_numbers():
    np.testing.assert_array_equal(sample((3, 4), 1), sample((3, 4), 1))
    assert not np.any(sample((3, 4), 1) == sample((3, 4), 2))
    np.testing.assert_array_equal(output_gradient((3, 4), 1), output_gradient((3, 4), 1))
    assert not np.any(output_gradient((3, 4), 1) == sample((3, 4), 1))


@pytest.mark.parametrize("seed", range(5))
def test_samples_have_all_magnitudes_both_signs_and_zeros(seed):
    x = sample((5, 8, 10), seed)
    assert (x.shape, x.dtype) == ((5, 8, 10), "float64")
    assert 4 <= np.sum(x == 0) <= 40
    for sign in (1, -1):
        size = x[x * sign > 0] * sign
        assert {-4, -3, -2, -1, 0} <= set(np.floor(np.log10(size)).astype(int))


@pytest.mark.parametrize("shape", [(), (1,), (2,), (1, 1, 3)])
def test_few_samples_are_not_zeros(shape):
    assert np.all(sample(shape, 3) != 0)


def test_output_gradients_are_normal():
    dy = output_gradient((100, 100), 0)
    assert dy.dtype == "float64"
    assert abs(dy.mean()) < 0.05
    assert abs(dy.std() - 1) < 0.05


def test_shape_is_filled():
    np.testing.assert_array_equal(as_sample((2, 3), 5), sample((2, 3), 5))


def test_arrays_come_to_the_host_with_their_dtype(backend):
    x = np.array([[1.0, 2.0]], "float32")
    found = as_sample(backend.asarray(x), 0)
    assert isinstance(found, np.ndarray)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, x)
    assert as_sample([[1, 2]], 0).dtype.kind == "i"


@pytest.mark.parametrize("empty", [(0, 3), np.zeros((2, 0)), []])
def test_empty_input_is_refused(empty):
    with pytest.raises(ValueError, match=r"there is nothing to check a layer with: x has shape \("):
        as_sample(empty, 0)


def test_constants_are_varied(backend):
    kept = np.array([0.0, 1.0])
    arrays = {
        "beta": backend.asarray(np.zeros(50, "float32")),
        "gamma": backend.asarray(np.ones(50)),
        "kernel": backend.asarray(kept.copy()),
        "count": backend.asarray(np.zeros(3, "int64")),
    }
    same = dict(arrays)
    vary_constants(arrays, 1)
    assert all(arrays[name] is same[name] for name in arrays)
    beta, gamma, kernel, count = (backend.to_numpy(array) for array in arrays.values())
    assert (beta.dtype, gamma.dtype) == ("float32", "float64")
    assert np.ptp(beta) > 0.5
    assert np.ptp(gamma) > 0.5
    assert np.min(gamma) >= 0.5
    np.testing.assert_array_equal(kernel, kept)
    np.testing.assert_array_equal(count, 0)
