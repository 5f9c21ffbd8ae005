"""Image files as a network takes them."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

INK = 0.1
"""From which brightness on, as a share of the brightest, a pixel belongs to what is drawn."""


def read_image(
    path: str | os.PathLike[str], shape: tuple[int, int, int], invert: str = "auto"
) -> NDArray[np.float32]:
    """Read an image file and bring it into the form of the images that a network was trained on.

    Those are bright on dark. An image of another size is cropped to what is drawn on it, and
    scaled so that the drawing stands in the middle, with a margin as MNIST has it in images from
    16 pixels on, and none in smaller ones.

    Parameters
    ----------
    path : str or path-like
        A file in any format that Pillow reads.
    shape : (int, int, int)
        Channels (1 or 3), height and width that the network takes.
    invert : {"auto", "yes", "no"}, optional
        Whether what is drawn is darker than what it is drawn on; "auto" looks at the edge.

    Returns
    -------
    numpy.ndarray, shape (C, H, W), float32
        From 0 to 1.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If the file is missing, or is no image that Pillow can read.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "reading image files needs Pillow: pip install 'onepath[train]'"
        ) from error
    channels, height, width = shape
    with Image.open(path) as image:
        pixels = _scaled(image.convert("L" if channels == 1 else "RGB"))
    if invert == "yes" or (invert == "auto" and _edge(pixels) > 0.5):
        pixels = 1 - pixels
    if pixels.shape[:2] != (height, width):
        pixels = _fitted(pixels, height, width)
    return pixels.reshape(height, width, channels).transpose(2, 0, 1)


def _scaled(image: Any) -> NDArray[np.float32]:
    """A Pillow image's pixels, from 0 to 1."""
    return np.asarray(image, np.float32) / np.float32(255)


def _edge(pixels: NDArray[np.float32]) -> float:
    """The median brightness of the outermost pixels."""
    rows, columns = pixels[[0, -1]], pixels[:, [0, -1]]
    return float(np.median(np.concatenate([rows.ravel(), columns.ravel()])))


def _fitted(pixels: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Crop to what is drawn, scale it, and put it in the middle."""
    from PIL import Image

    brightness = pixels if pixels.ndim == 2 else pixels.max(axis=2)
    drawn = np.argwhere(brightness > max(INK * float(brightness.max()), 1 / 255))
    if len(drawn):
        (top, left), (bottom, right) = drawn.min(axis=0), drawn.max(axis=0) + 1
        pixels = pixels[top:bottom, left:right]
    margin = min(height, width) // 7 if min(height, width) >= 16 else 0
    scale = min((height - margin * 2) / pixels.shape[0], (width - margin * 2) / pixels.shape[1])
    new_height, new_width = (max(1, round(n * scale)) for n in pixels.shape[:2])
    small = Image.fromarray(np.uint8(pixels * 255)).resize(
        (new_width, new_height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    )
    fitted = np.zeros((height, width, *pixels.shape[2:]), np.float32)
    top, left = (height - new_height) // 2, (width - new_width) // 2
    fitted[top : top + new_height, left : left + new_width] = _scaled(small)
    return fitted
