"""Augmentation: what SciPy's ndimage makes of images, options, and streams of random numbers."""

import numpy as np
import pytest
import scipy.ndimage

from onepath.backends import get_backend
from onepath.layers import (
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    Sequential,
)

IMAGE = np.random.default_rng(0).normal(size=(7, 6))


def changed(layer, image=IMAGE):
    return layer.forward(image[None, None], training=True)[0, 0]


@pytest.mark.parametrize("shift", [-0.5, -0.21, 0.0, 0.34])
@pytest.mark.parametrize(("order", "interpolation"), [(0, "nearest"), (1, "bilinear")])
def test_shifts_are_scipy_s(shift, order, interpolation):
    layer = RandomTranslation((shift, shift), (0.3, 0.3), interpolation, fill_value=2.0)
    by = shift * 7, 0.3 * 6
    expected = scipy.ndimage.shift(IMAGE, by, order=order, mode="grid-constant", cval=2.0)
    np.testing.assert_allclose(changed(layer), expected, atol=1e-12)


@pytest.mark.parametrize("turn", [-0.4, -0.1, 0.05, 0.25, 0.5])
def test_turns_are_scipy_s(turn):
    layer = RandomRotation((turn, turn), fill_value=-1.0)
    options = {"reshape": False, "order": 1, "mode": "grid-constant", "cval": -1.0}
    expected = scipy.ndimage.rotate(IMAGE, turn * 360, **options)
    np.testing.assert_allclose(changed(layer), expected, atol=1e-10)


def test_a_quarter_turn_moves_pixels_alone():
    square = IMAGE[:6]
    np.testing.assert_allclose(changed(RandomRotation((0.25, 0.25)), square), np.rot90(square))


@pytest.mark.parametrize(
    ("mode", "axes"),
    [("horizontal", [(), (1,)]), ("vertical", [(), (0,)]), (None, [(), (0,), (1,), (0, 1)])],
)
def test_each_way_to_flip_is_as_frequent(mode, axes):
    layer = RandomFlip(**({"mode": mode} if mode else {}), seed=0)
    y = layer.forward(np.broadcast_to(IMAGE, (400, 1, 7, 6)), training=True)[:, 0]
    counts = [int((y == np.flip(IMAGE, axis)).all(axis=(1, 2)).sum()) for axis in axes]
    assert sum(counts) == 400
    assert min(counts) > 0.7 * 400 / len(axes)


def test_each_window_is_as_frequent():
    layer = RandomCrop(5, 5, seed=0)
    y = layer.forward(np.broadcast_to(IMAGE, (600, 1, 7, 6)), training=True)[:, 0]
    counts = [
        int((y == IMAGE[top : top + 5, left : left + 5]).all(axis=(1, 2)).sum())
        for top in range(3)
        for left in range(2)
    ]
    assert sum(counts) == 600
    assert min(counts) > 70


def test_shares_and_shapes_of_what_is_painted_over():
    x = np.ones((500, 1, 40, 40))
    y = RandomErasing(0.6, (0.1, 0.2), (0.5, 2.0), seed=0).forward(x, training=True)[:, 0] == 0
    share = y.mean(axis=(1, 2))
    assert abs((share > 0).mean() - 0.6) < 0.07
    painted = share[share > 0]
    assert painted.min() > 0.09
    assert painted.max() < 0.215
    heights, widths = (y.any(axis=axis).sum(axis=1)[share > 0] for axis in (2, 1))
    np.testing.assert_array_equal(heights * widths, y.sum(axis=(1, 2))[share > 0])
    assert 0.48 < (heights / widths).min() < 0.6
    assert 1.7 < (heights / widths).max() < 2.2


def test_cutout_paints_one_square(backend):
    layer = RandomErasing(scale=(0.25, 0.25), ratio=(1.0, 1.0), seed=1).to(backend)
    y = backend.to_numpy(layer.forward(backend.xp.ones((4, 3, 8, 8)), training=True))
    assert (y == 0).sum() == 4 * 3 * 16


def test_each_call_and_each_sample_is_changed_anew(backend):
    layer = RandomTranslation(0.4, 0.4, seed=1).to(backend)
    x = backend.asarray(np.broadcast_to(IMAGE, (3, 1, 7, 6)).copy())
    images = [backend.to_numpy(layer.forward(x, training=True)) for _ in range(2)]
    assert len({image.tobytes() for image in np.concatenate(images)}) == 6
    again = RandomTranslation(0.4, 0.4, seed=1).to(backend)
    np.testing.assert_array_equal(backend.to_numpy(again.forward(x, training=True)), images[0])


def test_devices_change_alike(backend):
    make = lambda: Sequential(  # noqa: E731
        [RandomFlip(seed=1), RandomCrop(5, 5, seed=2), RandomErasing(seed=3)]
    )
    x = np.random.default_rng(1).normal(size=(4, 3, 7, 6))
    here, there = make(), make().to(backend)
    expected = here.to(get_backend("cpu")).forward(x, training=True)
    actual = there.forward(backend.asarray(x), training=True)
    np.testing.assert_array_equal(backend.to_numpy(actual), expected)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomFlip("both"), ValueError, r"mode must be one of .*, got 'both'"),
        (lambda: RandomTranslation(1.5, 0), ValueError, "height_factor must be .*at most 1, got"),
        (lambda: RandomTranslation(0, (0.3, 0.1)), ValueError, "width_factor runs from the sm"),
        (lambda: RandomTranslation(0, (0.3,)), ValueError, "width_factor must be two numbers"),
        (lambda: RandomTranslation(0, 0, "cubic"), ValueError, "'bilinear' or 'nearest', got 'cu"),
        (lambda: RandomTranslation(0, 0, fill_value="0"), TypeError, "fill_value must be a number"),
        (lambda: RandomRotation("x"), TypeError, "factor must be a number, got 'x'"),
        (lambda: RandomCrop(0, 3), ValueError, "height must be at least 1, got 0"),
        (lambda: RandomErasing(2.0), ValueError, "factor must be .*at most 1, got 2.0"),
        (lambda: RandomErasing(scale=(0.1, 2)), ValueError, "scale must be .*at most 1, got 2"),
        (lambda: RandomErasing(ratio=(0, 1)), ValueError, "ratio must be above 0 .*, got 0"),
    ],
)
def test_options(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_samples_must_be_images():
    with pytest.raises(ValueError, match="must have 4 axes, or 3 for a single sample"):
        RandomFlip().forward(np.ones((3, 4)))
    with pytest.raises(ValueError, match="there is no window of 3 x 9 in them"):
        RandomCrop(3, 9).forward(np.ones((1, 4, 4)))
