"""Convolutions in one to three dimensions, by each engine."""

from collections.abc import Callable
from functools import partial

from ...backends import get_backend
from ...backends.convolution import ENGINES
from ...layers import Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3D, Layer
from ...layers.base import Shape
from .case import Case, typed


def cases() -> list[Case]:
    """Return convolutions in one to three dimensions, by each engine that takes them."""
    # small ones: the engine that is the definition computes channel by channel
    convolutions: list[tuple[str, Callable[..., Layer], Shape]] = [
        ("Conv1D strided", partial(Conv1D, 2, 3, strides=2, padding=1), (2, 5)),
        ("Conv1D dilated grouped", partial(Conv1D, 2, 2, dilation_rate=3, groups=2), (4, 5)),
        ("Conv2D", partial(Conv2D, 2, (3, 2)), (2, 4, 3)),
        ("Conv2D 3x3 grouped", partial(Conv2D, 2, 3, padding="same", groups=2), (2, 3, 5)),
        (
            "Conv2D strided asymmetric",
            partial(Conv2D, 2, 3, strides=(2, 1), padding=((1, 0), (0, 2))),
            (2, 4, 2),
        ),
        (
            "Conv2D dilated depthwise",
            partial(Conv2D, 4, 2, padding="same", dilation_rate=(2, 1), groups=2),
            (2, 3, 3),
        ),
        ("Conv3D full", partial(Conv3D, 1, (2, 1, 2), padding="full"), (2, 1, 2, 2)),
        (
            "Conv3D strided dilated grouped",
            partial(Conv3D, 2, 2, strides=(1, 2, 1), padding=1, dilation_rate=(1, 1, 2), groups=2),
            (2, 1, 3, 2),
        ),
        (
            "Conv1DTranspose strided dilated grouped",
            partial(Conv1DTranspose, 2, 2, strides=2, dilation_rate=3, groups=2),
            (2, 3),
        ),
        ("Conv2DTranspose 3x3", partial(Conv2DTranspose, 2, 3, padding="same"), (2, 3, 2)),
    ]
    return [
        Case(f"{name} by {engine}", typed(layer, use_bias=False, engine=engine), shape)
        for engine in ENGINES
        for name, layer, shape in convolutions
        if _takes(engine, layer(seed=0), shape)
    ]


def _takes(engine: str, layer: Layer, shape: Shape) -> bool:
    """Whether an engine takes a convolution in float32."""
    geometry = layer.geometry(shape)  # type: ignore[attr-defined]
    return ENGINES[engine].refusal(get_backend("cpu"), geometry, "float32") is None
