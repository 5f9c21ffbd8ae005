"""Kernels are shown weight by weight, whatever their number and size."""

import re

import numpy as np
import pytest

from onepath.cli.pictures import kernels


def bank(*shape):
    return np.random.default_rng(0).normal(0, 0.1, shape)


@pytest.mark.parametrize(
    "shape",
    [
        (1, 1, 3, 3),
        (128, 3, 3, 3),
        (2, 1, 60, 60),
        (16, 4, 1, 1),
        (4, 1, 1, 7),
        (8, 2, 3, 3, 3),
        (1, 8, 1, 3, 3),
        (16, 1, 9),
        (128, 3, 5),
        (3, 2, 1),
    ],
)
def test_all_sizes_fit_a_page(write, shape):
    picture = write(kernels, bank(*shape))
    height, width, _ = picture.shape
    assert width <= 1050
    assert height <= 1650
    assert (picture != 255).any(axis=-1).mean() > 0.01


def test_two_kernels_are_two_tiles_of_their_weights(draw):
    kernel = bank(2, 1, 2, 3)
    image = draw(kernels, kernel).axes[0].images[0]
    shown = image.get_array().filled(np.nan)
    # each weight is a square of 16 x 16; the first tile begins behind two gaps
    begin = 3 + 4
    for row in range(2):
        for column in range(3):
            square = shown[begin + 16 * row :, begin + 16 * column :][:16, :16]
            np.testing.assert_array_equal(square, kernel[0, 0, row, column])
    assert np.isfinite(shown).sum() == 2 * 6 * 16 * 16
    limit = np.abs(kernel).max()
    assert image.get_clim() == (-limit, limit)


def test_channels_stand_side_by_side_and_slices_below(draw):
    kernel = np.arange(1.0, 5.0).reshape(1, 2, 2, 1, 1)  # (filter, channel, depth, 1, 1)
    shown = draw(kernels, kernel).axes[0].images[0].get_array().filled(np.nan)
    rows, columns = np.where(np.isfinite(shown).any(axis=1))[0], np.isfinite(shown).any(axis=0)
    top, bottom = shown[rows[0]][columns], shown[rows[-1]][columns]
    assert list(dict.fromkeys(top)) == [1, 2]
    assert list(dict.fromkeys(bottom)) == [3, 4]


def test_rows_are_numbered(draw):
    axes = draw(kernels, bank(32, 1, 5, 5)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "8", "16", "24"]


def test_more_kernels_than_can_be_seen_are_cut_with_a_word(draw, texts):
    axes = draw(kernels, bank(200, 20, 3, 3)).axes[0]
    assert texts(axes) == ["128 of 200 kernels of 3 x 3, 8 of 20 channels"]
    assert axes.images[0].get_array().count() == 128 * 8 * 48 * 48


def test_one_dimensional_kernels_are_lines_about_zero(draw):
    kernel = bank(4, 2, 3)
    figure = draw(kernels, kernel)
    zero, first, second = figure.axes[0].lines
    filters = np.asarray(first.get_ydata()).reshape(4, 4)[:, :3]
    rows = np.asarray(zero.get_ydata()).reshape(4, 3)[:, :1]
    # up is negative, as in an image
    np.testing.assert_allclose(
        rows - filters, 0.42 * kernel[:, 0] / np.abs(kernel).max(), rtol=1e-12
    )
    assert second.get_color() != first.get_color()
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["channel 0", "channel 1"]


def test_weights_that_are_not_finite_are_counted_and_left_out(draw, texts):
    kernel = bank(2, 1, 3, 3)
    kernel[0, 0, 0, 0], kernel[1, 0, 1, 1] = np.nan, np.inf
    axes = draw(kernels, kernel).axes[0]
    assert texts(axes) == ["2 kernels of 3 x 3; 2 weights are not finite"]
    assert axes.images[0].get_clim()[1] == np.abs(kernel[np.isfinite(kernel)]).max()


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_but_zero_or_nan_is_no_error(draw, value):
    image = draw(kernels, np.full((4, 1, 3, 3), value)).axes[0].images[0]
    assert image.get_clim() == (-1.0, 1.0)


@pytest.mark.parametrize("shape", [(3, 3), (4, 0, 3, 3), (0, 1, 3, 3), (1, 1, 2, 2, 2, 2)])
def test_other_shapes_are_refused(refused, shape):
    message = rf"\(filters, channels, \*kernel_size\).*got {re.escape(str(shape))}"
    refused(message, kernels, np.ones(shape))
