"""Which layers PyTorch has weights for, and under which names: what is not here is refused."""

from collections.abc import Iterator

from ... import layers
from ...layers import Layer
from ..errors import UnsupportedLayerError
from .sequences import SEQUENCES
from .slot import Entry, Slot, always, same, turned, uncounted

AFFINE = same("gamma", "weight"), same("beta", "bias")
BIAS = same("bias", "bias")
CONVOLUTION = always(same("kernel", "weight"), BIAS)

SEPARABLE = always(
    same("depthwise_kernel", "depthwise.weight"),
    same("pointwise_kernel", "pointwise.weight"),
    same("bias", "pointwise.bias"),
)
"""PyTorch has no such layer; those who write one call its two convolutions so."""


def _prelu(layer: layers.PReLU) -> Iterator[Slot]:
    """A slope for each channel, or a single one."""
    shape = layer.parameters["alpha"].shape
    if max(shape[1:], default=1) > 1 and max(shape[:-1]) > 1:
        raise UnsupportedLayerError(
            f"PyTorch has a slope for each channel, or a single one, and those here are {shape}: "
            "shared_axes makes them so"
        )
    yield Slot(("alpha",), ("weight",), lambda a: (a.reshape(-1),), lambda a: (a.reshape(shape),))


ENTRIES: dict[type[Layer], Entry] = {
    layers.Dense: always(turned("kernel", "weight"), BIAS),
    layers.Conv1D: CONVOLUTION,
    layers.Conv2D: CONVOLUTION,
    layers.Conv3D: CONVOLUTION,
    layers.Conv1DTranspose: CONVOLUTION,
    layers.Conv2DTranspose: CONVOLUTION,
    layers.Conv3DTranspose: CONVOLUTION,
    layers.DepthwiseConv1D: CONVOLUTION,
    layers.DepthwiseConv2D: CONVOLUTION,
    layers.SeparableConv1D: SEPARABLE,
    layers.SeparableConv2D: SEPARABLE,
    layers.BatchNormalization: always(
        *AFFINE,
        same("moving_mean", "running_mean"),
        same("moving_variance", "running_var"),
        uncounted("num_batches_tracked"),
    ),
    layers.LayerNormalization: always(*AFFINE),
    layers.GroupNormalization: always(*AFFINE),
    layers.InstanceNormalization: always(*AFFINE),
    layers.RMSNormalization: always(*AFFINE),
    layers.PReLU: _prelu,
    **SEQUENCES,
}
"""By the exact class: those derived from it may mean anything by their weights."""
