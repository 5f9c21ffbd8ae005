"""Hypothesis strategies: arrays, windows and geometries, and layers with inputs that fit them.

All are small enough for loops, and for the definition by scipy.signal's sums. Drawn layers have
seeds of their own, so that an example that failed is the same when it is run again.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias, TypeVar

from .. import layers as known
from ..backends import Array, Backend, Geometry, Window, get_backend
from ..backends.convolution import ENGINES
from ..backends.convolution.geometry import Ints, Padding
from ..backends.types import DType
from ..layers import (
    Activation,
    Add,
    Average,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolutional,
    Dense,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Dropout,
    Exponential,
    Flatten,
    Graph,
    GroupNormalization,
    InstanceNormalization,
    Layer,
    LayerNormalization,
    LeakyReLU,
    LogSoftmax,
    Maximum,
    Minimum,
    Multiply,
    Permute,
    PReLU,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    ReLU,
    RepeatVector,
    Reshape,
    Residual,
    RMSNormalization,
    SeparableConv1D,
    SeparableConv2D,
    Sequential,
    Sigmoid,
    Softmax,
    Subtract,
    Tanh,
)
from ..layers.activations import ACTIVATIONS, activation_layer
from ..layers.convolution_depthwise import DepthwiseConv
from ..layers.layout import shape_to_first
from .parity.check import LAYOUTS
from .samples import laid_out

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as of_numpy
except ImportError as error:
    raise ImportError(
        f"onepath.testing.strategies needs hypothesis, and importing it failed: {error}. "
        "pip install hypothesis"
    ) from error

T = TypeVar("T")
Spelled: TypeAlias = T | tuple[T, ...]

LARGEST = {1: 9, 2: 6, 3: 4}
"""The largest side of a window's input, by the number of spatial axes."""

DTYPES = ("float32", "float64")
FORMATS = ("channels_first", "channels_last")

_seeds = st.integers(0, 99)


# For anybody's code


@st.composite
def arrays(
    draw: st.DrawFn,
    backend: str | Backend = "cpu",
    shape: Ints | st.SearchStrategy[Ints] | None = None,
    dtype: DType | None = None,
    elements: st.SearchStrategy[float] | Mapping[str, Any] | None = None,
) -> Array:
    """Floating arrays on a device, in every layout that code must be prepared for.

    Parameters
    ----------
    backend : str or Backend, optional
        Where they live; the fixture ``backend`` will do.
    shape : tuple of int or strategy, optional
        Their shape; one to four axes of one to six elements if left out.
    dtype : dtype, optional
        Their dtype; float32 or float64 if left out.
    elements : strategy or dict, optional
        Their elements, or options of `hypothesis.extra.numpy.from_dtype`; finite numbers from -10
        to 10 if left out.

    Returns
    -------
    strategy of array
        Arrays in C order, in Fortran order, or every second element of a larger array.
    """
    home = get_backend(backend)
    if elements is None:
        # CUDA flushes float32 denormals to zero
        elements = {"min_value": -10, "max_value": 10, "allow_subnormal": False}
    host: Any = of_numpy.arrays(
        draw(st.sampled_from(DTYPES)) if dtype is None else dtype,
        of_numpy.array_shapes(max_dims=4, max_side=6) if shape is None else shape,
        elements=elements,
    )
    return laid_out(home, draw(host), draw(st.sampled_from(LAYOUTS)))


# Shapes


@st.composite
def windows(draw: st.DrawFn, rank: int | None = None) -> Window:
    """Windows over one to three axes, with strides, dilation, and padding of every kind.

    Parameters
    ----------
    rank : int, optional
        The number of axes, if it is to be a certain one.

    Returns
    -------
    strategy of Window
    """
    size = draw(_sizes(rank))
    return Window.over(size, **draw(_window_options(size)))


@st.composite
def geometries(draw: st.DrawFn, rank: int | None = None) -> Geometry:
    """Geometries of convolutions: windows as `windows` draws them, channels, filters and groups.

    Parameters
    ----------
    rank : int, optional
        The number of spatial axes, if it is to be a certain one.

    Returns
    -------
    strategy of Geometry
    """
    channels, size = draw(st.integers(1, 4)), draw(_sizes(rank))
    return Geometry.of((channels, *size), **draw(_convolution_options(channels, size)))


def _sizes(rank: int | None) -> st.SearchStrategy[Ints]:
    ranks = LARGEST if rank is None else (rank,)
    return st.sampled_from(sorted(ranks)).flatmap(
        lambda rank: st.tuples(*[st.integers(1, LARGEST[rank])] * rank)
    )


@st.composite
def _convolution_options(draw: st.DrawFn, channels: int, size: Ints) -> dict[str, Any]:
    """Arguments of `Geometry.of`, as users write them."""
    groups = draw(st.sampled_from([n for n in range(1, channels + 1) if channels % n == 0]))
    filters = groups * draw(st.integers(1, 2))
    return {"filters": filters, "groups": groups, **draw(_window_options(size))}


@st.composite
def _window_options(draw: st.DrawFn, size: Ints) -> dict[str, Any]:
    """Arguments of `Window.over` that fit, as users write them."""
    padding = draw(_paddings((2,) * len(size)))
    room = _room(size, padding)
    kernel = draw(st.tuples(*[st.integers(1, min(3, n)) for n in room]))
    reach = [(n - 1) // (k - 1) if k > 1 else 3 for n, k in zip(room, kernel, strict=True)]
    dilation = draw(st.tuples(*[st.integers(1, min(3, n)) for n in reach]))
    strides = draw(st.tuples(*[st.integers(1, 3)] * len(size)))
    return {
        "kernel_size": draw(_spelled(kernel)),
        "strides": draw(_spelled(strides)),
        "padding": padding,
        "dilation_rate": draw(_spelled(dilation)),
    }


def _spelled(values: tuple[T, ...]) -> st.SearchStrategy[Spelled[T]]:
    """One value for each axis, or a single one where they agree."""
    return st.sampled_from([values, values[0]]) if len(set(values)) == 1 else st.just(values)


def _paddings(most: Ints) -> st.SearchStrategy[Padding]:
    """Padding of every kind, as users write it, with at most so much on each side of an axis."""
    words: st.SearchStrategy[Padding] = st.sampled_from(["valid", "same", "full"])
    entries = [st.integers(0, n) | st.tuples(st.integers(0, n), st.integers(0, n)) for n in most]
    return words | st.integers(0, min(most)) | st.tuples(*entries)


def _room(size: Ints, padding: Padding) -> Ints:
    """How many positions a window may span along each axis."""
    if padding == "valid":
        return size
    if isinstance(padding, str):  # whatever fits is padded
        return (9,) * len(size)
    entries = (padding,) * len(size) if isinstance(padding, int) else padding
    return tuple(
        n + (2 * entry if isinstance(entry, int) else sum(entry))
        for n, entry in zip(size, entries, strict=True)
    )


# Layers


@st.composite
def layers(draw: st.DrawFn, dtype: str | None = None) -> tuple[Layer, Ints]:
    """Layers of every class and with options of every kind, not built yet.

    Parameters
    ----------
    dtype : {"float32", "float64"}, optional
        The dtype of their parameters, if it is to be a certain one.

    Returns
    -------
    strategy of (Layer, tuple of int)
        Each with the shape of a sample that it takes, without the batch.
    """
    make, ranks = draw(st.sampled_from([*LEAVES.items(), *COMPOSITES.items()]))
    shape = draw(st.tuples(*[st.integers(1, 5)] * draw(st.sampled_from(ranks))))
    return make(draw, shape, dtype or draw(st.sampled_from(DTYPES))), shape


@st.composite
def layer_inputs(
    draw: st.DrawFn, backend: str | Backend = "cpu", dtype: str | None = None
) -> tuple[Layer, Array]:
    """Layers, each with a batch that it takes.

    Parameters
    ----------
    backend : str or Backend, optional
        Where both live.
    dtype : {"float32", "float64"}, optional
        The dtype of both, if it is to be a certain one.

    Returns
    -------
    strategy of (Layer, array)
        Layers as `layers` draws them, and one to three samples as `arrays` draws them.
    """
    dtype = dtype or draw(st.sampled_from(DTYPES))
    layer, shape = draw(layers(dtype))
    samples = draw(st.integers(1, 3))
    return layer.to(backend), draw(arrays(backend, (samples, *shape), dtype))


def _activation(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    kinds: list[Layer] = [ReLU(), Sigmoid(), Tanh(), LeakyReLU(0.0), LeakyReLU(1.5)]
    kinds += [Activation("relu"), PReLU("standard_normal", dtype=dtype, seed=draw(_seeds))]
    return draw(st.sampled_from(kinds))


def _named_activation(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    name = draw(st.sampled_from([name for name in ACTIVATIONS if name != "exponential"]))
    return activation_layer(name)


def _exponential(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return Exponential()  # alone: an exponential of an exponential is out of range


def _softmax(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return draw(st.sampled_from([Softmax, LogSoftmax]))(_axis(draw, shape))


def _dropout(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return Dropout(draw(st.sampled_from([0.0, 0.25, 0.9])), seed=draw(_seeds))


def _batch_normalization(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    momentum, epsilon = draw(st.sampled_from([0.0, 0.9, 1.0])), draw(st.sampled_from([1e-5, 0.1]))
    axis, seed = _axis(draw, shape), draw(_seeds)
    return BatchNormalization(axis, momentum, epsilon, dtype=dtype, seed=seed)


def _sample_normalization(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    kinds: list[Callable[..., Layer]] = [
        LayerNormalization,
        RMSNormalization,
        InstanceNormalization,
        partial(GroupNormalization, 1),
    ]
    make: Callable[..., Layer] = draw(st.sampled_from(kinds))
    axis = _axis(draw, shape)
    return make(axis, draw(st.sampled_from([1e-5, 0.1])), dtype=dtype, seed=draw(_seeds))


def _axis(draw: st.DrawFn, shape: Ints) -> int:
    """An axis of a batch that is not the batch's own."""
    return draw(st.integers(1, len(shape)) | st.just(-1))


def _reshaping(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    target = draw(st.permutations(shape))
    open_end = draw(st.integers(-1, len(target) - 1))
    if open_end >= 0:
        target[open_end] = -1
    order = draw(st.permutations(range(1, len(shape) + 1)))
    kinds: list[Layer] = [Flatten(), Reshape(tuple(target)), Permute(tuple(order))]
    return draw(st.sampled_from(kinds))


def _repetition(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return RepeatVector(draw(st.integers(1, 3)))


def _dense(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return Dense(
        units=draw(st.integers(1, 4)),
        use_bias=draw(st.booleans()),
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(_seeds),
    )


def _convolution(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    channels, *size = shape_to_first(shape, data_format)
    layer = partial(
        {1: Conv1D, 2: Conv2D, 3: Conv3D}[len(size)],
        **draw(_convolution_options(channels, tuple(size))),
        use_bias=draw(st.booleans()),
        data_format=data_format,
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(_seeds),
    )
    return layer(engine=draw(_engines(layer().geometry(shape))))


def _transposed_convolution(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    """Small steps and kernels, as outputs are larger than inputs; some of each is left."""
    data_format = draw(st.sampled_from(FORMATS))
    channels, *size = shape_to_first(shape, data_format)
    rank, groups = len(size), draw(st.sampled_from([1, channels]))
    most = 2 if max(size) <= LARGEST[rank] else 1
    kernel, strides, dilation = (draw(st.tuples(*[st.integers(1, most)] * rank)) for _ in range(3))
    less = tuple((k - 1) * d // 2 for k, d in zip(kernel, dilation, strict=True))
    padding = draw(_paddings(less).filter(lambda padding: padding != "full"))
    more = st.none() if padding == "same" else st.tuples(*(st.integers(0, s - 1) for s in strides))
    layer = partial(
        {1: Conv1DTranspose, 2: Conv2DTranspose, 3: Conv3DTranspose}[rank],
        groups * draw(st.integers(1, 2)),
        draw(_spelled(kernel)),
        draw(_spelled(strides)),
        padding,
        output_padding=draw(st.none() | more),
        dilation_rate=draw(_spelled(dilation)),
        groups=groups,
        use_bias=draw(st.booleans()),
        data_format=data_format,
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(_seeds),
    )
    return layer(engine=draw(_engines(layer().geometry(shape))))


def _separable_convolution(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    size = shape_to_first(shape, data_format)[1:]
    kinds: list[Callable[..., DepthwiseConv]] = [
        {1: DepthwiseConv1D, 2: DepthwiseConv2D}[len(size)],
        partial({1: SeparableConv1D, 2: SeparableConv2D}[len(size)], draw(st.integers(1, 3))),
    ]
    layer: Callable[..., DepthwiseConv] = partial(
        draw(st.sampled_from(kinds)),
        **draw(_window_options(size)),
        depth_multiplier=draw(st.integers(1, 2)),
        use_bias=draw(st.booleans()),
        data_format=data_format,
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(_seeds),
    )
    return layer(engine=draw(_engines(*layer().geometries(shape))))


def _convolutional(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    taps, depth = draw(st.integers(1, min(3, *shape[1:]))), draw(st.integers(1, 3))
    engine = draw(_engines(Geometry.of(shape, depth, (taps, taps))))
    return Convolutional(shape, taps, depth, engine, dtype, seed=draw(_seeds))


def _engines(*geometries: Geometry) -> st.SearchStrategy[str]:
    """The engines that take all of some convolutions."""
    cpu = get_backend("cpu")
    taking = (
        name
        for name, engine in ENGINES.items()
        if all(engine.refusal(cpu, each, "float32") is None for each in geometries)
    )
    return st.sampled_from(["auto", *taking])


def _pooling(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    _, *size = shape_to_first(shape, data_format)
    pool = draw(st.tuples(*[st.integers(1, min(3, n)) for n in size]))
    # a window with nothing but padding under it is refused
    padding = draw(_paddings(tuple(n - 1 for n in pool)))
    strides = draw(st.none() | st.tuples(*[st.integers(1, 3)] * len(size)).flatmap(_spelled))
    cls = _of_rank(draw, shape, "MaxPooling", "AveragePooling")
    return cls(draw(_spelled(pool)), strides, padding, data_format)


def _global_pooling(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    cls = _of_rank(draw, shape, "GlobalMaxPooling", "GlobalAveragePooling")
    return cls(draw(st.sampled_from(FORMATS)), draw(st.booleans()))


def _bordering(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format = draw(st.sampled_from(FORMATS))
    _, *size = shape_to_first(shape, data_format)
    if draw(st.booleans()):
        around = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2)) for _ in size]))
        return _of_rank(draw, shape, "ZeroPadding")(around, data_format)
    cuts = []
    for n in size:
        before = draw(st.integers(0, n - 1))
        cuts.append((before, draw(st.integers(0, n - 1 - before))))
    return _of_rank(draw, shape, "Cropping")(tuple(cuts), data_format)


def _upsampling(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    options = {"data_format": draw(st.sampled_from(FORMATS))}
    if len(shape) == 3:
        options["interpolation"] = draw(st.sampled_from(["nearest", "bilinear"]))
    size = draw(st.tuples(*[st.integers(1, 2)] * (len(shape) - 1)).flatmap(_spelled))
    return _of_rank(draw, shape, "UpSampling")(size, **options)


def _augmentation(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    data_format, seed = draw(st.sampled_from(FORMATS)), draw(_seeds)
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


def _graph(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    kinds: list[Layer] = [
        Add(),
        Average(),
        Concatenate(_axis(draw, shape)),
        Maximum(),
        Minimum(),
        Multiply(),
        Subtract(),
    ]
    side, merged = _activation(draw, shape, dtype), draw(st.sampled_from(kinds))
    return Graph("x", {"side": (side, "x"), "merged": (merged, ["side", "x"])}, "merged")


def _spatial_dropout(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    rate, data_format = draw(st.sampled_from([0.25, 0.9])), draw(st.sampled_from(FORMATS))
    return _of_rank(draw, shape, "SpatialDropout")(rate, data_format, seed=draw(_seeds))


def _of_rank(draw: st.DrawFn, shape: Ints, *names: str) -> Callable[..., Layer]:
    """One of such classes, for as many spatial axes as samples of a shape have."""
    cls: Callable[..., Layer] = getattr(known, f"{draw(st.sampled_from(names))}{len(shape) - 1}D")
    return cls


def _residual(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    same = _leaves(shape, dtype).filter(lambda layer: layer.compute_output_shape(shape) == shape)
    return Residual(draw(same), draw(st.none() | same))


def _stack(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    stack = []
    for _ in range(draw(st.integers(1, 4))):
        stack.append(draw(_leaves(shape, dtype)))
        shape = stack[-1].compute_output_shape(shape)
    return Sequential(stack)


@st.composite
def _leaves(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    """Layers that are not made of layers, for samples of a shape."""
    fitting = [make for make, ranks in LEAVES.items() if len(shape) in ranks]
    return draw(st.sampled_from(fitting))(draw, shape, dtype)


Make: TypeAlias = Callable[[st.DrawFn, Ints, str], Layer]

LEAVES: dict[Make, range] = {
    _activation: range(1, 5),
    _named_activation: range(1, 5),
    _softmax: range(1, 5),
    _dropout: range(1, 5),
    _batch_normalization: range(1, 5),
    _sample_normalization: range(1, 5),
    _reshaping: range(1, 5),
    _repetition: range(1, 2),
    _dense: range(1, 5),
    _convolution: range(2, 5),
    _transposed_convolution: range(2, 5),
    _separable_convolution: range(2, 4),
    _convolutional: range(3, 4),
    _pooling: range(2, 5),
    _global_pooling: range(2, 5),
    _bordering: range(2, 5),
    _upsampling: range(2, 5),
    _spatial_dropout: range(2, 5),
    _augmentation: range(3, 4),
}
"""What makes layers, with the numbers of axes that samples may have."""

COMPOSITES: dict[Make, range] = {
    _residual: range(1, 5),
    _stack: range(1, 5),
    _graph: range(1, 5),
    _exponential: range(1, 5),
}
"""What makes layers that are in no others: those made of layers, and a steep one."""
