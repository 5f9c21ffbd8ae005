"""Finds the convolutions of a network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..arguments import whole
from ..backends import Backend, Geometry, get_backend
from ..layers import Layer
from ..layers.base import Shape
from ..layers.convolving import Convolving

_DTYPES = ("float16", "float32", "float64")


@dataclass(frozen=True)
class Convolution:
    """A convolution as the planner sees it, and whose it is.

    Attributes
    ----------
    name : str
        The layer's path through the network and its class, as in ``"residual/conv2d (Conv2D)"``.
    geometry : Geometry
        Its shapes.
    dtype : str
        That of its arrays.
    engine : str
        What the layer was told to compute with.
    """

    name: str
    geometry: Geometry
    dtype: str
    engine: str = "auto"


def convolutions_of(
    subject: Any, input_shape: Iterable[int] | None = None, dtype: str | None = None
) -> tuple[Convolution, ...]:
    """Find all convolutions.

    Parameters
    ----------
    subject : Layer, Model or Geometry
        Of layers those count that have a `Geometry` as their ``geometry``, or a method of that name
        that makes one for samples of a shape. Layers that convolve twice have both.
    input_shape : iterable of int, optional
        The shape of one sample, without the batch; a layer that is built knows it.
    dtype : {"float16", "float32", "float64"}, optional
        To look at other arrays than the layers'.

    Returns
    -------
    tuple of Convolution
        In the order of the layers.

    Raises
    ------
    TypeError
        If the subject is none of those.
    ValueError
        If the shape is missing or does not fit, or the dtype is not floating.
    """
    if dtype not in (None, *_DTYPES):
        raise ValueError(f"dtype must be one of {_DTYPES}, got {dtype!r}")
    if isinstance(subject, Geometry):
        return (Convolution("convolution", subject, dtype or "float32"),)
    layer = _layer_of(subject)
    shape = layer.input_shape if input_shape is None else tuple(input_shape)
    if shape is None:
        raise ValueError(
            f"{layer.title} is not built: say input_shape, the shape of one sample, as in "
            "input_shape=(1, 28, 28)"
        )
    layer.check_sample(shape)
    return tuple(_found(layer, shape, dtype, ()))


def home_of(subject: Any, device: str | Backend | None) -> Backend:
    """Return the backend that is asked for, or else the subject's own, or else the CPU's."""
    own = None if isinstance(subject, Geometry) else _layer_of(subject).backend
    return get_backend(device or own or "cpu")


def batches_of(
    subject: Any, batch_size: int, backend: Backend, input_shape: Iterable[int] | None = None
) -> tuple[int, ...]:
    """Return how many samples convolutions see at a time: the batch, or the parts of one.

    Parameters
    ----------
    subject : Layer, Model or Geometry
        What to look at.
    batch_size : int
        Samples in a batch.
    backend : Backend
        Where.
    input_shape : iterable of int, optional
        The shape of one sample; a layer that is built knows it.

    Returns
    -------
    tuple of int
        The batch first.
    """
    batch = whole("batch_size", batch_size)
    if isinstance(subject, Geometry):
        return (batch,)
    layer = _layer_of(subject)
    shape: Any = input_shape or layer.input_shape
    if shape is None or not layer.shardable:
        return (batch,)
    first = shape[0] if layer.several else shape  # what divides batches
    count = backend.shards((batch, *first))
    return tuple(dict.fromkeys((batch, -(-batch // count), batch // count)))


def _layer_of(subject: Any) -> Layer:
    layer = subject if isinstance(subject, Layer) else getattr(subject, "layer", None)
    if not isinstance(layer, Layer):
        raise TypeError(f"expected a layer, a model or a Geometry, got {subject!r}")
    return layer


def _found(
    layer: Layer, shape: Shape, dtype: str | None, path: tuple[str, ...]
) -> Iterator[Convolution]:
    """The layer's own convolution, and those of the layers inside."""
    for geometry in _geometries(layer, shape):
        name = f"{'/'.join(path or (layer.name,))} ({type(layer).__name__})"
        engine = getattr(layer, "engine", "auto")
        yield Convolution(name, geometry, dtype or layer.compute_dtype or "float32", engine)
    for part, samples in layer.parts(shape):
        yield from _found(part, samples, dtype, (*path, part.name))


def _geometries(layer: Layer, shape: Shape) -> tuple[Geometry, ...]:
    """What the layer itself convolves, for samples of a shape."""
    if isinstance(layer, Convolving):
        return layer.geometries(shape)
    geometry = getattr(layer, "geometry", None)
    if callable(geometry):
        geometry = geometry(shape)
    return (geometry,) if isinstance(geometry, Geometry) else ()
