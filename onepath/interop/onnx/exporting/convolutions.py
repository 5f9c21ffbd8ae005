"""Convolutions of all kinds."""

from typing import Any

from ....backends import Window
from ....layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolutional,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from ....layers.base import Shape
from .layouts import channels_first
from .table import exports
from .writer import Writer


@exports(Conv1D, Conv2D, Conv3D, DepthwiseConv1D, DepthwiseConv2D)
def convolution(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a Conv, with the padding of each side."""
    weights = [w.parameter(layer, name) for name in layer.parameters]
    options = options_of(layer.geometry(shape))
    return channels_first(w, layer, x, shape, lambda x: w.node("Conv", x, *weights, **options))


@exports(SeparableConv1D, SeparableConv2D)
def separable_convolution(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write two Convs, of which the second mixes channels."""
    deep, mixing = map(options_of, layer.geometries(shape))
    kernel, *weights = [w.parameter(layer, name) for name in layer.parameters]
    return channels_first(
        w,
        layer,
        x,
        shape,
        lambda x: w.node("Conv", w.node("Conv", x, kernel, **deep), *weights, **mixing),
    )


@exports(Conv1DTranspose, Conv2DTranspose, Conv3DTranspose)
def transposed_convolution(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a ConvTranspose, with what comes out beyond the last full step at the end."""
    weights = [w.parameter(layer, name) for name in layer.parameters]
    geometry = layer.geometry(shape)
    window = geometry.window
    rest = tuple(
        (padded - extent) % stride
        for padded, extent, stride in zip(
            window.padded_size, window.extent, window.strides, strict=True
        )
    )
    options = options_of(geometry) | {"output_padding": rest}
    return channels_first(
        w, layer, x, shape, lambda x: w.node("ConvTranspose", x, *weights, **options)
    )


@exports(Convolutional)
def convolutional(w: Writer, layer: Convolutional, x: str, shape: Shape) -> str:
    """Write a Conv, and the addition of biases for each position."""
    y = w.node("Conv", x, w.parameter(layer, "kernels"), **options_of(layer.geometry))
    return w.node("Add", y, w.parameter(layer, "biases"))


def options_of(geometry: Any) -> dict[str, Any]:
    """A geometry as attributes."""
    window = geometry.window
    return window_of(window) | {"dilations": window.dilation, "group": geometry.groups}


def window_of(window: Window) -> dict[str, Any]:
    """A window as attributes."""
    before, after = zip(*window.pads, strict=True)
    return {
        "kernel_shape": window.kernel_size,
        "strides": window.strides,
        "pads": (*before, *after),
    }
