"""The surest mistakes are shown, with what they were taken for."""

import numpy as np
import pytest

from onepath.cli.pictures import misclassified


def guesses(count, wrong):
    """Class 0 everywhere, of which so many are taken for 1, ever more surely."""
    labels = np.zeros(count, dtype=int)
    predictions = (np.arange(count) < wrong).astype(int)
    sure = np.linspace(0.5, 0.99, count)
    probabilities = np.stack([1 - sure, sure, 0 * sure], axis=1)
    return labels, predictions, probabilities


@pytest.mark.parametrize(("wrong", "height"), [(0, 75), (1, 330), (6, 330), (7, 585), (30, 1095)])
def test_rows_of_six_and_at_most_four(draw, wrong, height):
    figure = draw(misclassified, np.zeros((40, 4, 4)), *guesses(40, wrong), "abc")
    np.testing.assert_allclose(150 * figure.get_size_inches(), (1170, height))
    assert len(figure.axes) == min(wrong, 24)


@pytest.mark.parametrize(("wrong", "height"), [(0, 75), (7, 585)])
def test_title_and_images_are_seen(write, count_near, wrong, height):
    picture = write(misclassified, np.eye(40)[:, None] > 0, *guesses(40, wrong), "abc")
    assert picture.shape == (height, 1170, 3)
    assert count_near(picture, (51, 51, 51)) > 50  # the title
    assert (count_near(picture, (0, 0, 0)) > 0) == (wrong > 0)


def test_the_surest_come_first(draw, texts):
    images = np.arange(30)[:, None, None] * np.ones((1, 4, 4))
    figure = draw(misclassified, images, *guesses(30, 29), "abc")
    shown = [axes.images[0].get_array()[0, 0] * 29 for axes in figure.axes]
    np.testing.assert_allclose(shown, np.arange(28, 4, -1))
    low_to_high = figure.axes[0].images[0].get_cmap()([0.0, 1.0])
    np.testing.assert_array_equal(low_to_high[:, :3], [[1, 1, 1], [0, 0, 0]])
    sure = 0.5 + 0.49 * 28 / 29
    assert texts(figure.axes[0]) == ["a", f"b, {sure:.0%}"]
    title = "29 of 30 images misclassified, the 24 surest: true class, then predicted class"
    assert figure.get_suptitle() == title


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ((5, 8, 6), (8, 6)),
        ((5, 1, 8, 6), (8, 6)),
        ((5, 8, 6, 1), (8, 6)),
        ((5, 3, 8, 6), (8, 6, 3)),
        ((5, 8, 6, 3), (8, 6, 3)),
    ],
)
def test_channels_may_come_first_or_last(draw, shape, drawn):
    images = np.random.default_rng(0).integers(0, 256, shape).astype("uint8")
    axes = draw(misclassified, images, *guesses(5, 1), "abc").axes[0]
    low, high = int(images.min()), int(images.max())
    expected = (images[0].astype(float) - low) / (high - low)
    if shape[1] == 3:
        expected = expected.transpose(1, 2, 0)
    shown = np.asarray(axes.images[0].get_array())
    assert shown.shape == drawn
    np.testing.assert_allclose(shown, expected.reshape(drawn), rtol=1e-12)


def test_no_mistake_is_said_so(draw):
    figure = draw(misclassified, np.ones((3, 4, 4)), *guesses(3, 0), "abc")
    assert figure.get_suptitle() == "None of 3 images is misclassified"


LABELS, PREDICTIONS, PROBABILITIES = guesses(4, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.ones((4, 64))}, r"images have the shape .* got \(4, 64\)"),
        ({"images": np.ones((4, 8, 8, 2))}, r"images have the shape .* got \(4, 8, 8, 2\)"),
        ({"labels": LABELS[:3]}, r"4 images .* labels of shape \(4,\), got \(3,\)"),
        ({"labels": np.eye(4, 3)}, r"labels of shape \(4,\), got \(4, 3\)"),
        ({"predictions": PREDICTIONS[:1]}, r"predictions of shape \(4,\), got \(1,\)"),
        ({"names": "ab"}, r"2 class names need probabilities of shape \(4, 2\), got \(4, 3\)"),
        ({"labels": LABELS + 3}, "labels must be integers from 0 to 2, .* got int64 from 3 to 3"),
        ({"labels": LABELS * 0.5}, "labels must be integers .* got float64 from 0.0 to 0.0"),
        ({"predictions": PREDICTIONS - 1}, "predictions must be .* got int64 from -1 to 0"),
    ],
)
def test_what_does_not_fit_is_refused(refused, change, message):
    arguments = {
        "images": np.ones((4, 8, 8)),
        "labels": LABELS,
        "predictions": PREDICTIONS,
        "probabilities": PROBABILITIES,
        "names": "abc",
    }
    refused(message, misclassified, *(arguments | change).values())
