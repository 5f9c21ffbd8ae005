"""Dropout: which elements go, and what becomes of the others."""

import math

import numpy as np
import pytest

from onepath.layers import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from onepath.layers.shards import in_shards

N = 40_000


def mask(layer, backend, size=N):
    return backend.to_numpy(layer.forward(backend.asarray(np.ones(size)), training=True)) != 0


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_rate_scaling_and_expected_value(backend, rate):
    x = np.random.default_rng(1).uniform(1, 2, N)
    y = backend.to_numpy(Dropout(rate, seed=2).forward(backend.asarray(x), training=True))
    kept = y != 0
    deviation = math.sqrt(rate * (1 - rate) / N)
    assert abs(kept.mean() - (1 - rate)) < 5 * deviation
    np.testing.assert_allclose(y[kept], x[kept] / (1 - rate), rtol=1e-14)
    assert abs(y.mean() - x.mean()) < 5 * deviation / (1 - rate) * math.sqrt((x**2).mean())


def test_same_seed_drops_the_same(backend, cpu):
    layer, twin = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    for _ in range(3):
        np.testing.assert_array_equal(mask(layer, backend), mask(twin, cpu))


def test_each_call_and_each_seed_drops_independently(cpu):
    layer, other = Dropout(0.5, seed=3), Dropout(0.5, seed=4)
    masks = [mask(layer, cpu), mask(layer, cpu), mask(other, cpu)]
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        agreement = (masks[first] == masks[second]).mean()
        assert abs(agreement - 0.5) < 5 * 0.5 / math.sqrt(N)


def test_elements_are_dropped_independently(cpu):
    kept = mask(Dropout(0.5, seed=3), cpu)
    for lag in (1, 2, 4, 100):
        assert abs((kept[lag:] == kept[:-lag]).mean() - 0.5) < 5 * 0.5 / math.sqrt(N - lag)


def test_what_a_call_drops_does_not_depend_on_earlier_sizes(cpu):
    layer, other = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    mask(layer, cpu, 10)
    mask(other, cpu, 1000)
    np.testing.assert_array_equal(mask(layer, cpu), mask(other, cpu))


def test_inference_is_the_identity_and_uses_up_no_masks(backend):
    layer, other = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    x = np.random.default_rng(1).standard_normal(20)
    y = layer.forward(backend.asarray(x))
    dx = layer.backward(backend.asarray(x))
    np.testing.assert_array_equal(backend.to_numpy(y), x)
    np.testing.assert_array_equal(backend.to_numpy(dx), x)
    np.testing.assert_array_equal(mask(layer, backend), mask(other, backend))


def test_rate_of_zero_keeps_everything(backend):
    assert mask(Dropout(0.0), backend).all()


def test_gradient_goes_where_the_input_went(backend):
    layer = Dropout(0.25, seed=5)
    kept = mask(layer, backend, 50)
    dx = layer.backward(backend.asarray(np.full(50, 3.0)))
    np.testing.assert_allclose(backend.to_numpy(dx), np.where(kept, 4.0, 0.0), rtol=1e-15)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, math.nan, math.inf])
def test_rate_is_checked(rate):
    message = f"rate must be at least 0 and below 1, got {rate}"
    with pytest.raises(ValueError, match=message):
        Dropout(rate)


# Whole channels


SPATIAL = [(SpatialDropout1D, (5,)), (SpatialDropout2D, (3, 4)), (SpatialDropout3D, (2, 3, 2))]


@pytest.mark.parametrize(("cls", "size"), SPATIAL)
def test_channels_are_dropped_as_a_whole_and_in_either_format_the_same(backend, cls, size):
    x = np.random.default_rng(1).uniform(1, 2, (40, 25, *size))
    y = backend.to_numpy(cls(0.4, seed=2).forward(backend.asarray(x), training=True))
    kept = (y != 0).reshape(40, 25, -1)
    assert (kept == kept[..., :1]).all()
    assert abs(kept[..., 0].mean() - 0.6) < 5 * math.sqrt(0.24 / 1000)
    np.testing.assert_allclose(y[y != 0], x[y != 0] / 0.6, rtol=1e-14)
    last = cls(0.4, "channels_last", seed=2)
    again = last.forward(backend.asarray(np.moveaxis(x, 1, -1)), training=True)
    np.testing.assert_array_equal(np.moveaxis(backend.to_numpy(again), -1, 1), y)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_shards_drop_the_channels_that_the_whole_batch_drops(data_format):
    x = np.ones((11, 3, 7, 5))
    whole = SpatialDropout2D(0.5, data_format, seed=3).forward(x, training=True)
    layer, starts = SpatialDropout2D(0.5, data_format, seed=3), [0, 4, 6]

    def work(index):
        part = x[starts[index] : [*starts, 11][index + 1]]
        return layer.replica().forward(part, training=True)

    parts = in_shards(work, starts, 11, meet=False)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_samples_of_channels_must_have_as_many_axes():
    for cls, size in SPATIAL:
        message = f"samples must have {len(size) + 1} axes"
        with pytest.raises(ValueError, match=message):
            cls(0.5).build((2, *size, 2))
    with pytest.raises(ValueError, match="data_format must be 'channels_first' or"):
        SpatialDropout1D(0.5, "NHWC")
