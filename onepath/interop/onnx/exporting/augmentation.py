"""What changes images in training alone."""

from typing import Any

from ....layers import RandomCrop, RandomErasing, RandomFlip, RandomRotation, RandomTranslation
from ....layers.base import Shape
from ....layers.layout import shape_to_first
from .spatial import sliced
from .table import exports
from .writer import Writer


@exports(RandomErasing, RandomFlip, RandomRotation, RandomTranslation)
def augmentation(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write nothing: it is for training, of which ONNX knows nothing."""
    return x


@exports(RandomCrop)
def random_crop(w: Writer, layer: RandomCrop, x: str, shape: Shape) -> str:
    """Write a Slice from the middle, as is cut after training."""
    _, *size = shape_to_first(shape, layer.data_format)
    room = [n - m for n, m in zip(size, (layer.height, layer.width), strict=True)]
    pads = [(n // 2, n - n // 2) for n in room]
    return sliced(w, x, shape, pads, layer.data_format)
