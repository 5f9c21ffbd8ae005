"""Which layers PyTorch has weights for, and under which names: what is not here is refused."""

from ... import layers
from ...layers import Layer
from .slot import Entry, always, same, turned, uncounted

AFFINE = same("gamma", "weight"), same("beta", "bias")
BIAS = same("bias", "bias")
CONVOLUTION = always(same("kernel", "weight"), BIAS)

SEPARABLE = always(
    same("depthwise_kernel", "depthwise.weight"),
    same("pointwise_kernel", "pointwise.weight"),
    same("bias", "pointwise.bias"),
)
"""PyTorch has no such layer; those who write one call its two convolutions so."""

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
}
"""By the exact class: those derived from it may mean anything by their weights."""
