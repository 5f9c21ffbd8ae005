"""Layers of images, sequences and volumes that do not convolve."""

from hypothesis import strategies as st

from ...backends.convolution.geometry import Ints
from ...layers import (
    Layer,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
)
from ...layers.layout import shape_to_first
from .options import FORMATS, Table, of_rank, seeds
from .shapes import paddings, spelled


def _pooling(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    _, *size = shape_to_first(shape, data_format)
    pool = draw(st.tuples(*[st.integers(1, min(3, n)) for n in size]))
    # a window with nothing but padding under it is refused
    padding = draw(paddings(tuple(n - 1 for n in pool)))
    strides = draw(st.none() | st.tuples(*[st.integers(1, 3)] * len(size)).flatmap(spelled))
    cls = of_rank(draw, shape, "MaxPooling", "AveragePooling")
    return cls(draw(spelled(pool)), strides, padding, data_format)


def _global_pooling(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    cls = of_rank(draw, shape, "GlobalMaxPooling", "GlobalAveragePooling")
    return cls(draw(st.sampled_from(FORMATS)), draw(st.booleans()))


def _bordering(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    _, *size = shape_to_first(shape, data_format)
    if draw(st.booleans()):
        around = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2)) for _ in size]))
        return of_rank(draw, shape, "ZeroPadding")(around, data_format)
    cuts = []
    for n in size:
        before = draw(st.integers(0, n - 1))
        cuts.append((before, draw(st.integers(0, n - 1 - before))))
    return of_rank(draw, shape, "Cropping")(tuple(cuts), data_format)


def _upsampling(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    options = {"data_format": draw(st.sampled_from(FORMATS))}
    if len(shape) == 3:
        options["interpolation"] = draw(st.sampled_from(["nearest", "bilinear"]))
    size = draw(st.tuples(*[st.integers(1, 2)] * (len(shape) - 1)).flatmap(spelled))
    return of_rank(draw, shape, "UpSampling")(size, **options)


def _augmentation(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format, seed = draw(st.sampled_from(FORMATS)), draw(seeds)
    _, height, width = shape_to_first(shape, data_format)
    crop = draw(st.integers(1, height)), draw(st.integers(1, width))
    kinds: list[Layer] = [
        RandomFlip(data_format=data_format, seed=seed),
        RandomTranslation(0.3, 0.3, data_format=data_format, seed=seed),
        RandomRotation(0.3, data_format=data_format, seed=seed),
        RandomCrop(*crop, data_format=data_format, seed=seed),
        RandomErasing(data_format=data_format, seed=seed),
    ]
    return draw(st.sampled_from(kinds))


def _spatial_dropout(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    rate, data_format = draw(st.sampled_from([0.25, 0.9])), draw(st.sampled_from(FORMATS))
    return of_rank(draw, shape, "SpatialDropout")(rate, data_format, seed=draw(seeds))


SPATIAL: Table = {
    _pooling: range(2, 5),
    _global_pooling: range(2, 5),
    _bordering: range(2, 5),
    _upsampling: range(2, 5),
    _spatial_dropout: range(2, 5),
    _augmentation: range(3, 4),
}
