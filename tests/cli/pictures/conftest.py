"""Pictures are drawn for their figure, which can be read, or written for their pixels, slowly."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image


@pytest.fixture
def draw(monkeypatch):
    """A function that has a picture drawn, but not written, and gives its figure."""

    def draw(function, *arguments):
        figures = []
        with monkeypatch.context() as patch:
            patch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
            function(*arguments, "unwritten.png")
        return figures[0]

    return draw


@pytest.fixture
def write(tmp_path):
    """A function that has a picture written and gives its colours, (height, width, 3)."""

    def write(function, *arguments, name="picture.png"):
        function(*arguments, tmp_path / name)
        with Image.open(tmp_path / name) as image:
            assert image.format == "PNG"
            return np.asarray(image.convert("RGB"))

    return write


@pytest.fixture
def refused(tmp_path):
    """A function that sees a picture refused with a message, and nothing written."""

    def refused(message, function, *arguments):
        with pytest.raises(ValueError, match=message):
            function(*arguments, tmp_path / "picture.png")
        assert not list(tmp_path.iterdir())

    return refused


@pytest.fixture
def count_near():
    """A function that counts a picture's pixels of about a colour."""

    def count_near(picture, colour, tolerance=12):
        return int((np.abs(picture.astype(int) - colour).max(axis=-1) <= tolerance).sum())

    return count_near


@pytest.fixture
def texts():
    """A function that reads the titles and texts on axes."""

    def texts(axes):
        titles = [axes.get_title(loc=side) for side in ("left", "center", "right")]
        return [text for text in [*titles, *(text.get_text() for text in axes.texts)] if text]

    return texts
