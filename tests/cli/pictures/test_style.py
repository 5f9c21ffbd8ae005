"""All pictures are drawn in one style, and leave matplotlib as it was."""

import sys

import matplotlib as mpl
import numpy as np
import pytest

from onepath.cli import pictures

CALLS = {
    "learning_curves": ({"loss": [2.0, 1.0], "val_loss": [2.0, 1.5], "accuracy": [0.5, 0.6]},),
    "confusion": ([[3, 1], [0, 2]], "ab"),
    "kernels": (np.eye(3)[None, None],),
    "misclassified": (np.ones((2, 4, 4)), [0, 1], [1, 1], [[0.2, 0.8], [0.3, 0.7]], "ab"),
}


def settings():
    # to look at the backend is to choose one
    return {name: mpl.rcParams[name] for name in mpl.rcParams if name != "backend"}


@pytest.mark.parametrize("name", CALLS)
def test_settings_are_left_alone_and_pyplot_is_not_needed(write, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with mpl.rc_context({"font.size": 17, "text.color": "red"}):
        before = settings()
        assert write(getattr(pictures, name), *CALLS[name]).size
        assert settings() == before


def test_a_dark_style_of_the_user_does_not_reach_the_print(write, count_near):
    with mpl.rc_context({"axes.facecolor": "black", "savefig.facecolor": "black"}):
        picture = write(pictures.learning_curves, *CALLS["learning_curves"])
    assert count_near(picture, (255, 255, 255)) > 0.8 * 480 * 1350


def test_a_name_without_png_still_holds_a_png(write):
    assert write(pictures.kernels, np.eye(3)[None, None], name="picture").size


def test_a_missing_matplotlib_is_named_with_its_install_line(without, tmp_path):
    without("matplotlib")
    with pytest.raises(ImportError, match=r"need matplotlib.*pip install 'onepath\[train\]'"):
        pictures.learning_curves({"loss": [1.0]}, tmp_path / "picture.png")
