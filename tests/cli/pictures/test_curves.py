"""Learning curves show what the history holds."""

import numpy as np
import pytest

from onepath.cli.pictures import learning_curves

BLUE = (47, 102, 144)
HISTORY = {
    "loss": [2.0, 1.0, 0.5, 0.3],
    "accuracy": [0.3, 0.6, 0.8, 0.9],
    "val_loss": [2.1, 1.2, 0.7, 0.8],
    "val_accuracy": [0.2, 0.5, 0.7, 0.75],
}


def test_two_panels_of_lines(write, count_near):
    picture = write(learning_curves, HISTORY)
    assert picture.shape == (480, 1350, 3)
    assert count_near(picture[:, :600], BLUE) > 1000
    assert count_near(picture[:, 700:], BLUE) > 1000


@pytest.mark.parametrize("rates", [{}, {"lr": [0.1] * 4, "learning_rate": [0.1] * 4}])
def test_losses_and_metrics_have_a_panel_each_and_learning_rates_none(draw, rates):
    panels = draw(learning_curves, HISTORY | rates).axes
    assert [panel.get_title(loc="left") for panel in panels] == ["Loss", "Accuracy"]
    (loss, val_loss), (_, val_accuracy) = (panel.lines[:2] for panel in panels)
    np.testing.assert_array_equal(loss.get_ydata(), HISTORY["loss"])
    np.testing.assert_array_equal(val_loss.get_ydata(), HISTORY["val_loss"])
    np.testing.assert_array_equal(val_accuracy.get_ydata(), HISTORY["val_accuracy"])
    np.testing.assert_array_equal(val_accuracy.get_xdata(), [1, 2, 3, 4])


def test_losses_alone_take_one_panel(draw):
    figure = draw(learning_curves, {"loss": [2.0, 1.0], "learning_rate": [0.1, 0.01]})
    assert len(figure.axes) == 1
    assert tuple(figure.get_size_inches()) == (4.5, 3.2)


def test_the_epoch_with_the_lowest_validation_loss_is_marked(draw, texts):
    loss, accuracy = draw(learning_curves, HISTORY).axes
    assert "best epoch 3: 0.7" in texts(loss)
    assert "best epoch 3: 0.7" in texts(accuracy)
    ring = accuracy.lines[-1]
    assert (ring.get_xdata(), ring.get_ydata()) == ([3], [0.7])


@pytest.mark.parametrize("epochs", [1, 2, 3, 50])
def test_ticks_are_whole_epochs(draw, epochs):
    (axes,) = draw(learning_curves, {"loss": np.linspace(2, 1, epochs)}).axes
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks
    assert set(ticks) <= set(range(1, epochs + 1))


def test_a_single_epoch_is_a_dot(write, count_near):
    left_of_the_label = write(learning_curves, {"loss": [1.0]})[:, :500]
    assert 20 < count_near(left_of_the_label, BLUE) < 200


def test_without_validation_there_is_no_mark(draw, texts):
    axes = draw(learning_curves, {"loss": [2.0, 1.0], "accuracy": [0.3, 0.6]}).axes[0]
    assert texts(axes) == ["Loss", "training"]
    (line,) = axes.lines
    assert line.get_marker() == "None"


def test_a_validation_loss_alone_marks_no_metric(draw, texts):
    figure = draw(learning_curves, {"val_loss": [2.0, 1.0], "accuracy": [0.3, 0.6]})
    assert texts(figure.axes[1]) == ["Accuracy", "training"]


def test_several_metrics_are_told_apart(draw, texts):
    history = {**HISTORY, "top_3_accuracy": [0.6, 0.8, 0.9, 0.95]}
    axes = draw(learning_curves, history).axes[1]
    accuracy, val_accuracy, top_3_accuracy = (line.get_color() for line in axes.lines[:3])
    assert accuracy == val_accuracy != top_3_accuracy
    assert {"Metrics", "top 3 accuracy, training", "accuracy, validation"} <= set(texts(axes))


@pytest.mark.parametrize("values", [[0.1, 0.9], [0.9, 0.1], [0.1, 0.5]])
def test_labels_of_curves_that_end_together_do_not_overlap(draw, values):
    history = dict.fromkeys(("a", "b", "c", "val_a", "val_b", "val_c"), values)
    (axes,) = draw(learning_curves, history).axes
    heights = sorted(text.get_position()[1] for text in axes.texts)
    assert len(heights) == 6
    assert min(np.diff(heights)) > 0.07
    assert heights[0] > 0.0
    assert heights[-1] <= 1.0


def test_values_that_are_not_finite_leave_gaps(draw, texts):
    history = {"loss": [2.0, np.inf, 1.0], "val_loss": [np.nan, 1.0, 2.0]}
    (axes,) = draw(learning_curves, history).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [2.0, np.nan, 1.0])
    assert "best epoch 2: 1" in texts(axes)


def test_a_loss_that_is_never_finite_is_no_error(draw, texts):
    history = {"loss": [np.nan, np.inf], "val_loss": [np.nan, np.nan]}
    (axes,) = draw(learning_curves, history).axes
    assert texts(axes) == ["Loss"]


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
def test_a_history_that_is_none_is_refused(refused, history, message):
    refused(message, learning_curves, history)
