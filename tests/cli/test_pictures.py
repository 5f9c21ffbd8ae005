"""Each picture is a PNG of the expected size that shows what it was given."""

import builtins
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from onepath.cli import pictures

BLUE = (47, 102, 144)
HISTORY = {
    "loss": [2.0, 1.0, 0.5, 0.3],
    "accuracy": [0.3, 0.6, 0.8, 0.9],
    "val_loss": [2.1, 1.2, 0.7, 0.8],
    "val_accuracy": [0.2, 0.5, 0.7, 0.75],
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "picture.png"


@pytest.fixture
def axes(monkeypatch):
    """The axes that are drawn: what is on them can be read. Nothing is written: that is slow."""
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.extend(figure.axes))
    return drawn


def pixels(path):
    """The picture's colours, (height, width, 3)."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def count_near(picture, colour, tolerance=12):
    """How many pixels have about that colour."""
    return int((np.abs(picture.astype(int) - colour).max(axis=-1) <= tolerance).sum())


def texts(axes):
    titles = [axes.get_title(loc=side) for side in ("left", "center", "right")]
    return [text for text in [*titles, *(text.get_text() for text in axes.texts)] if text]


# Learning curves


def test_learning_curves_are_two_panels_of_lines(path):
    pictures.learning_curves(HISTORY, path)
    picture = pixels(path)
    assert picture.shape == (480, 1350, 3)
    assert count_near(picture[:, :600], BLUE) > 1000
    assert count_near(picture[:, 700:], BLUE) > 1000


def test_losses_and_metrics_have_a_panel_each(path, axes):
    pictures.learning_curves(HISTORY, path)
    assert [panel.get_title(loc="left") for panel in axes] == ["Loss", "Accuracy"]
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), HISTORY["loss"])
    np.testing.assert_array_equal(axes[0].lines[1].get_ydata(), HISTORY["val_loss"])
    np.testing.assert_array_equal(axes[1].lines[1].get_ydata(), HISTORY["val_accuracy"])
    np.testing.assert_array_equal(axes[1].lines[1].get_xdata(), [1, 2, 3, 4])


def test_learning_curves_mark_the_epoch_with_the_lowest_validation_loss(path, axes):
    pictures.learning_curves(HISTORY, path)
    assert "best epoch 3: 0.7" in texts(axes[0])
    assert "best epoch 3: 0.7" in texts(axes[1])
    ring = axes[1].lines[-1]
    assert (ring.get_xdata(), ring.get_ydata()) == ([3], [0.7])


@pytest.mark.parametrize("epochs", [1, 2, 3, 50])
def test_learning_curves_tick_whole_epochs(path, axes, epochs):
    pictures.learning_curves({"loss": np.linspace(2, 1, epochs)}, path)
    low, high = axes[0].get_xlim()
    ticks = [tick for tick in axes[0].get_xticks() if low <= tick <= high]
    assert ticks
    assert set(ticks) <= set(range(1, epochs + 1))


def test_a_single_epoch_is_a_dot(path):
    pictures.learning_curves({"loss": [1.0]}, path)
    left_of_the_label = pixels(path)[:, :500]
    assert 20 < count_near(left_of_the_label, BLUE) < 200


def test_learning_curves_without_validation_have_no_mark(path, axes):
    pictures.learning_curves({"loss": [2.0, 1.0], "accuracy": [0.3, 0.6]}, path)
    assert texts(axes[0]) == ["Loss", "training"]
    assert len(axes[0].lines) == 1


def test_a_validation_loss_alone_marks_no_metric(path, axes):
    pictures.learning_curves({"val_loss": [2.0, 1.0], "accuracy": [0.3, 0.6]}, path)
    assert texts(axes[1]) == ["Accuracy", "training"]


def test_losses_alone_take_one_panel(path):
    pictures.learning_curves({"loss": [2.0, 1.0], "learning_rate": [0.1, 0.01]}, path)
    assert pixels(path).shape == (480, 675, 3)


def test_learning_rates_are_not_drawn(path, axes):
    pictures.learning_curves({**HISTORY, "lr": [0.1] * 4, "learning_rate": [0.1] * 4}, path)
    assert [panel.get_title(loc="left") for panel in axes] == ["Loss", "Accuracy"]


def test_several_metrics_are_told_apart(path, axes):
    history = {**HISTORY, "top_3_accuracy": [0.6, 0.8, 0.9, 0.95]}
    pictures.learning_curves(history, path)
    accuracy, val_accuracy, top_3_accuracy = (line.get_color() for line in axes[1].lines[:3])
    assert accuracy == val_accuracy != top_3_accuracy
    assert "Metrics" in texts(axes[1])
    assert "top 3 accuracy, training" in texts(axes[1])
    assert "accuracy, validation" in texts(axes[1])


@pytest.mark.parametrize("values", [[0.1, 0.9], [0.9, 0.1], [0.1, 0.5]])
def test_labels_of_curves_that_end_together_do_not_overlap(path, axes, values):
    history = dict.fromkeys(("a", "b", "c", "val_a", "val_b", "val_c"), values)
    pictures.learning_curves(history, path)
    heights = sorted(text.get_position()[1] for text in axes[0].texts)
    assert len(heights) == 6
    assert min(np.diff(heights)) > 0.07
    assert heights[0] > 0.0
    assert heights[-1] <= 1.0


def test_values_that_are_not_finite_leave_gaps(path, axes):
    pictures.learning_curves({"loss": [2.0, np.inf, 1.0], "val_loss": [np.nan, 1.0, 2.0]}, path)
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), [2.0, np.nan, 1.0])
    assert "best epoch 2: 1" in texts(axes[0])


def test_a_loss_that_is_never_finite_is_no_error(path, axes):
    pictures.learning_curves({"loss": [np.nan, np.inf], "val_loss": [np.nan, np.nan]}, path)
    assert texts(axes[0]) == ["Loss"]


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ({}, r"at least one; it has so many: \{\}"),
        ({"lr": [0.1]}, r"at least one; it has so many: \{\}"),
        ({"loss": []}, r"at least one; it has so many: \{'loss': 0\}"),
        ({"loss": [1.0, 2.0], "val_loss": [1.0]}, r"\{'loss': 2, 'val_loss': 1\}"),
        ({"loss": [[1.0, 2.0]]}, r"history\['loss'\] must have .* got shape \(1, 2\)"),
        ({"loss": 1.0}, r"history\['loss'\] must have .* got shape \(\)"),
    ],
)
def test_learning_curves_refuse_a_history_that_is_none(path, history, message):
    with pytest.raises(ValueError, match=message):
        pictures.learning_curves(history, path)
    assert not path.exists()


# Confusion

COUNTS = np.array([[50, 1, 0], [0, 400, 3], [0, 0, 7]])


def test_confusion_writes_counts_recall_and_accuracy(path, axes):
    pictures.confusion(COUNTS, ["cat", "dog", "eel"], path)
    assert texts(axes[0]) == [
        # 457 of 461 are on the diagonal
        "Accuracy 99.13% (457 of 461)",
        *("50", "1", "400", "3", "7"),
        *("recall", "98.0%", "99.3%", "100.0%"),
    ]


def test_confusion_writes_the_row_down_and_the_column_across(path, axes):
    pictures.confusion(COUNTS, ["cat", "dog", "eel"], path)
    positions = {text.get_text(): text.get_position() for text in axes[0].texts}
    assert positions["3"] == (2, 1)
    assert axes[0].get_ylabel() == "true"
    assert axes[0].get_xlabel() == "predicted"
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["cat", "dog", "eel"]


def test_an_error_is_seen_though_it_is_one_in_ten_thousand(path, axes):
    pictures.confusion([[9999, 1], [0, 10000]], ["a", "b"], path)
    right, wrong = axes[0].images[0].get_array()[0]
    empty = axes[0].images[0].get_array()[1, 0]
    np.testing.assert_array_equal(empty, 1.0)
    assert (1 - wrong).max() > 0.1
    assert wrong[0] > wrong[2]  # orange
    assert right[0] < right[2]  # blue


def test_cells_are_coloured_by_the_share_of_their_row(path, axes):
    # the same counts in a large and in a small class
    pictures.confusion([[990, 10, 0], [0, 90, 10], [0, 0, 1]], "abc", path)
    depth = 1 - axes[0].images[0].get_array().min(axis=-1)
    assert depth[1, 2] > depth[0, 1] > 0
    assert depth[0, 0] > depth[1, 1]


@pytest.mark.parametrize(("classes", "size"), [(1, (540, 600)), (10, (900, 960))])
def test_confusion_grows_with_its_classes(path, classes, size):
    pictures.confusion(np.eye(classes, dtype=int), range(classes), path)
    picture = pixels(path)
    assert picture.shape[:2] == size
    assert (picture != 255).any()


def test_a_class_without_samples_is_no_error(path, axes):
    pictures.confusion([[3, 0], [0, 0]], ["a", "b"], path)
    assert "0.0%" in texts(axes[0])


def test_names_are_not_taken_for_formulas(path):
    # written out: it is then that a formula would be read
    pictures.confusion([[3, 0], [0, 2]], ["$a_$", "$"], path)
    assert path.exists()


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], "ab", r"square, got shape \(2, 3\)"),
        ([1, 2], "ab", r"square, got shape \(2,\)"),
        ([[1, 0], [0, 1]], "abc", "must name 2 classes, got 3 names"),
        ([[0.5, 0.5], [0.5, 0.5]], "ab", "integers, .* got float64 with sum 2.0"),
        ([[1, -1], [0, 1]], "ab", "none negative .* got int64 with sum 1"),
        ([[0, 0], [0, 0]], "ab", "not all zero; got int64 with sum 0"),
        (np.empty((0, 0), dtype="int64"), "", "not all zero; got int64 with sum 0"),
    ],
)
def test_confusion_refuses_what_is_no_confusion_matrix(path, matrix, names, message):
    with pytest.raises(ValueError, match=message):
        pictures.confusion(matrix, names, path)


# Kernels


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
def test_kernels_of_all_sizes_fit_a_page(path, shape):
    kernel = bank(*shape)
    pictures.kernels(kernel, path)
    picture = pixels(path)
    height, width, _ = picture.shape
    assert width <= 1050
    assert height <= 1650
    assert (picture != 255).any(axis=-1).mean() > 0.01


def test_two_kernels_are_two_tiles_of_their_weights(path, axes):
    kernel = bank(2, 1, 2, 3)
    pictures.kernels(kernel, path)
    image = axes[0].images[0]
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


def test_channels_stand_side_by_side_and_slices_below(path, axes):
    kernel = np.arange(1.0, 5.0).reshape(1, 2, 2, 1, 1)  # (filter, channel, depth, 1, 1)
    pictures.kernels(kernel, path)
    shown = axes[0].images[0].get_array().filled(np.nan)
    rows, columns = np.where(np.isfinite(shown).any(axis=1))[0], np.isfinite(shown).any(axis=0)
    top, bottom = shown[rows[0]][columns], shown[rows[-1]][columns]
    assert list(dict.fromkeys(top)) == [1, 2]
    assert list(dict.fromkeys(bottom)) == [3, 4]


def test_rows_of_kernels_are_numbered(path, axes):
    pictures.kernels(bank(32, 1, 5, 5), path)
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["0", "8", "16", "24"]


def test_more_kernels_than_can_be_seen_are_cut_with_a_word(path, axes):
    pictures.kernels(bank(200, 20, 3, 3), path)
    assert texts(axes[0]) == ["128 of 200 kernels of 3 x 3, 8 of 20 channels"]
    shown = axes[0].images[0].get_array()
    assert shown.count() == 128 * 8 * 48 * 48


def test_one_dimensional_kernels_are_lines_about_zero(path, axes):
    kernel = bank(4, 2, 3)
    pictures.kernels(kernel, path)
    zero, first, second = axes[0].lines
    filters = np.split(np.asarray(first.get_ydata()).reshape(4, 4), [3], axis=1)[0]
    rows = np.asarray(zero.get_ydata()).reshape(4, 3)[:, :1]
    # up is negative, as in an image
    np.testing.assert_allclose(
        rows - filters, 0.42 * kernel[:, 0] / np.abs(kernel).max(), rtol=1e-12
    )
    assert second.get_color() != first.get_color()
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == [
        "channel 0",
        "channel 1",
    ]


def test_weights_that_are_not_finite_are_counted(path, axes):
    kernel = bank(2, 1, 3, 3)
    kernel[0, 0, 0, 0], kernel[1, 0, 1, 1] = np.nan, np.inf
    pictures.kernels(kernel, path)
    assert texts(axes[0]) == ["2 kernels of 3 x 3; 2 weights are not finite"]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_kernels_of_nothing_but_zero_or_nan_are_no_error(path, axes, value):
    pictures.kernels(np.full((4, 1, 3, 3), value), path)
    assert axes[0].images[0].get_clim() == (-1.0, 1.0)


@pytest.mark.parametrize("shape", [(3, 3), (4, 0, 3, 3), (0, 1, 3, 3), (1, 1, 2, 2, 2, 2)])
def test_kernels_refuse_other_shapes(path, shape):
    with pytest.raises(ValueError, match=r"\(filters, channels, \*kernel_size\).*got \(") as caught:
        pictures.kernels(np.ones(shape), path)
    assert str(shape) in str(caught.value)


# Errors


def guesses(count, wrong):
    """Class 0 everywhere, of which so many are taken for 1, ever more surely."""
    labels = np.zeros(count, dtype=int)
    predictions = (np.arange(count) < wrong).astype(int)
    sure = np.linspace(0.5, 0.99, count)
    probabilities = np.stack([1 - sure, sure, 0 * sure], axis=1)
    return labels, predictions, probabilities


@pytest.mark.parametrize(("wrong", "height"), [(0, 75), (1, 330), (6, 330), (7, 585), (30, 1095)])
def test_misclassified_has_rows_of_six_and_at_most_four(path, wrong, height):
    pictures.misclassified(np.eye(40)[:, None] > 0, *guesses(40, wrong), "abc", path)
    picture = pixels(path)
    assert picture.shape == (height, 1170, 3)
    assert count_near(picture, (51, 51, 51)) > 50  # the title
    assert (count_near(picture, (0, 0, 0)) > 0) == (wrong > 0)


def test_misclassified_shows_the_surest_errors_first(path, axes):
    images = np.arange(30)[:, None, None] * np.ones((1, 4, 4))
    labels, predictions, probabilities = guesses(30, 29)
    pictures.misclassified(images, labels, predictions, probabilities, "abc", path)
    shown = [panel.images[0].get_array()[0, 0] * 29 for panel in axes]
    np.testing.assert_allclose(shown, np.arange(28, 4, -1))
    sure = 0.5 + 0.49 * 28 / 29
    assert texts(axes[0]) == ["a", f"b, {sure:.0%}"]
    title = axes[0].figure.get_suptitle()
    assert title == "29 of 30 images misclassified, the 24 surest: true class, then predicted class"


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
def test_misclassified_takes_either_channel_order(path, axes, shape, drawn):
    images = np.random.default_rng(0).integers(0, 256, shape).astype("uint8")
    pictures.misclassified(images, *guesses(5, 1), "abc", path)
    shown = np.asarray(axes[0].images[0].get_array())
    assert shown.shape == drawn
    low, high = int(images.min()), int(images.max())
    expected = (images[0].astype(float) - low) / (high - low)
    if shape[1] == 3:
        expected = expected.transpose(1, 2, 0)
    np.testing.assert_allclose(shown, expected.reshape(drawn), rtol=1e-12)


def test_no_error_is_said_so(path, monkeypatch):
    titles = []
    monkeypatch.setattr(Figure, "suptitle", lambda _, title, **__: titles.append(title))
    pictures.misclassified(np.ones((3, 4, 4)), *guesses(3, 0), "abc", path)
    assert titles == ["None of 3 images is misclassified"]


LABELS, PREDICTIONS, PROBABILITIES = guesses(4, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.ones((4, 64))}, r"images have the shape .* got \(4, 64\)"),
        ({"images": np.ones((4, 8, 8, 2))}, r"images have the shape .* got \(4, 8, 8, 2\)"),
        ({"labels": LABELS[:3]}, r"4 images .* labels of shape \(4,\), got \(3,\)"),
        ({"labels": np.eye(4, 3)}, r"labels of shape \(4,\), got \(4, 3\)"),
        ({"predictions": PREDICTIONS[:1]}, r"predictions of shape \(4,\), got \(1,\)"),
        (
            {"class_names": "ab"},
            r"2 class names need probabilities of shape \(4, 2\), got \(4, 3\)",
        ),
        ({"labels": LABELS + 3}, "labels must be integers from 0 to 2, .* got int64 from 3 to 3"),
        ({"labels": LABELS * 0.5}, "labels must be integers .* got float64 from 0.0 to 0.0"),
        ({"predictions": PREDICTIONS - 1}, "predictions must be .* got int64 from -1 to 0"),
    ],
)
def test_misclassified_refuses_what_does_not_fit(path, change, message):
    arguments = {
        "images": np.ones((4, 8, 8)),
        "labels": LABELS,
        "predictions": PREDICTIONS,
        "probabilities": PROBABILITIES,
        "class_names": "abc",
        "path": path,
    }
    with pytest.raises(ValueError, match=message):
        pictures.misclassified(**{**arguments, **change})
    assert not path.exists()


# What all have in common


def draw_all(path):
    pictures.learning_curves(HISTORY, path)
    pictures.confusion(COUNTS, "abc", path)
    pictures.kernels(bank(4, 1, 3, 3), path)
    pictures.misclassified(np.ones((4, 8, 8)), LABELS, PREDICTIONS, PROBABILITIES, "abc", path)


def settings():
    # to look at the backend is to choose one
    return {name: mpl.rcParams[name] for name in mpl.rcParams if name != "backend"}


def test_pictures_leave_the_settings_alone(path):
    with mpl.rc_context({"font.size": 17, "text.color": "red"}):
        before = settings()
        draw_all(path)
        assert settings() == before


def test_pictures_do_without_pyplot(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    draw_all(path)
    assert path.exists()


def test_a_dark_style_of_the_user_does_not_reach_the_print(path):
    with mpl.rc_context({"axes.facecolor": "black", "savefig.facecolor": "black"}):
        pictures.learning_curves(HISTORY, path)
    assert count_near(pixels(path), (255, 255, 255)) > 0.8 * 480 * 1350


def test_a_name_without_png_still_holds_a_png(tmp_path):
    pictures.kernels(bank(2, 1, 3, 3), str(tmp_path / "picture"))
    assert pixels(tmp_path / "picture").size


def test_a_missing_matplotlib_is_named_with_its_install_line(path, monkeypatch):
    real = builtins.__import__

    def without_matplotlib(name, *arguments, **options):
        if name.partition(".")[0] == "matplotlib":
            raise ImportError("No module named 'matplotlib'")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    with pytest.raises(ImportError, match=r"need matplotlib.*pip install 'onepath\[train\]'"):
        pictures.learning_curves(HISTORY, path)
