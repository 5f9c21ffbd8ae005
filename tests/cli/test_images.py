"""Image files as a network takes them."""

import numpy as np
import pytest
from PIL import Image

from onepath.cli.images import read_image


@pytest.fixture
def drawn():
    """A bright L on dark paper, 8 by 8, that reaches all four edges."""
    image = np.zeros((8, 8), "uint8")
    image[:, :3] = 255
    image[6:, :] = 255
    return image


def written(tmp_path, array, name="image.png"):
    Image.fromarray(array).save(tmp_path / name)
    return tmp_path / name


def test_an_image_of_the_right_size_is_taken_as_it_is(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 120, (8, 8)).astype("uint8")
    image = read_image(written(tmp_path, pixels), (1, 8, 8))
    assert image.shape == (1, 8, 8)
    assert image.dtype == "float32"
    np.testing.assert_allclose(image[0], pixels / 255, atol=1e-7)


def test_dark_ink_on_bright_paper_is_turned_round(tmp_path, drawn):
    paper = np.pad(drawn, 1)
    path = written(tmp_path, 255 - paper)
    np.testing.assert_allclose(read_image(path, (1, 10, 10))[0], paper / 255, atol=1e-7)
    np.testing.assert_allclose(
        read_image(path, (1, 10, 10), invert="no")[0], 1 - paper / 255, atol=1e-6
    )
    path = written(tmp_path, paper)
    np.testing.assert_allclose(
        read_image(path, (1, 10, 10), invert="yes")[0], 1 - paper / 255, atol=1e-6
    )


@pytest.mark.parametrize("offset", [(0, 0), (30, 7), (56, 56)])
def test_a_larger_image_is_cropped_to_what_is_drawn(tmp_path, drawn, offset):
    big = np.zeros((128, 120), "uint8")
    top, left = offset
    big[top : top + 64, left : left + 64] = drawn.repeat(8, 0).repeat(8, 1)
    image = read_image(written(tmp_path, big), (1, 8, 8), invert="no")
    np.testing.assert_allclose(image[0], drawn / 255, atol=0.01)


def test_images_from_16_pixels_on_get_a_margin_as_mnist_has_it(tmp_path, drawn):
    image = read_image(
        written(tmp_path, np.pad(drawn.repeat(10, 0).repeat(10, 1), 5)), (1, 28, 28), invert="no"
    )[0]
    rows, columns = np.nonzero(image)
    assert (rows.min(), rows.max()) == (4, 23)
    assert (columns.min(), columns.max()) == (4, 23)


def test_a_narrow_drawing_keeps_its_proportions(tmp_path):
    stroke = np.zeros((100, 100), "uint8")
    stroke[10:90, 45:55] = 255
    image = read_image(written(tmp_path, stroke), (1, 8, 8))[0]
    assert (image > 0.5).any(axis=1).sum() == 8
    assert (image > 0.5).any(axis=0).sum() == 1


def test_colour(tmp_path):
    red = np.zeros((4, 4, 3), "uint8")
    red[..., 0] = 255
    assert read_image(written(tmp_path, red), (3, 4, 4), "no")[:, 0, 0].tolist() == [1, 0, 0]
    assert read_image(written(tmp_path, red), (1, 4, 4), "no").shape == (1, 4, 4)


def test_an_empty_sheet_is_empty(tmp_path):
    assert not read_image(written(tmp_path, np.zeros((40, 30), "uint8")), (1, 8, 8)).any()


def test_files_that_are_no_images(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "missing.png", (1, 8, 8))
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(OSError, match="cannot identify image file"):
        read_image(tmp_path / "text.png", (1, 8, 8))
    whole = written(tmp_path, np.random.default_rng(0).integers(0, 255, (64, 64)).astype("uint8"))
    whole.write_bytes(whole.read_bytes()[:1000])
    with pytest.raises(OSError, match="truncated"):
        read_image(whole, (1, 8, 8))


def test_without_pillow(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'onepath\[train\]'"):
        read_image(tmp_path / "image.png", (1, 8, 8))
