"""Transposed convolutions."""

from ....layers import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from ....layers.base import Shape
from .node import Node
from .table import reads
from .values import Value

_CLASSES = {1: Conv1DTranspose, 2: Conv2DTranspose, 3: Conv3DTranspose}


@reads("ConvTranspose")
def transposed_convolution(node: Node) -> Value:
    """Read a ConvTranspose."""
    x, kernel = node.x, node.constant(1)
    groups, rank = node.integer("group", 1), len(x.shape) - 1
    if rank not in _CLASSES or kernel.ndim != rank + 2:
        raise node.refusal(f"has {rank} spatial axes and a kernel of {kernel.ndim} axes")
    size, ones = kernel.shape[2:], (1,) * rank
    if node.integers("kernel_shape", size) != size:
        raise node.refusal(f"declares another kernel than the stored one of {size}")
    node.expect("channels", x.shape[0], len(kernel))
    strides, dilations = node.integers("strides", ones), node.integers("dilations", ones)
    rest = node.integers("output_padding", (0,) * rank)
    extent = [(k - 1) * d + 1 for k, d in zip(size, dilations, strict=True)]
    whole = [
        s * (n - 1) + r + e for s, n, r, e in zip(strides, x.shape[1:], rest, extent, strict=True)
    ]
    pads, more = _left_away(node, x.shape[1:], strides, whole)
    weights = {"kernel": kernel}
    if node.has(2):
        weights["bias"] = node.constant(2)
    layer = _CLASSES[rank](
        kernel.shape[1] * groups,
        size,
        strides,
        pads,
        tuple(r + m for r, m in zip(rest, more, strict=True)),
        dilations,
        groups,
        use_bias=node.has(2),
        dtype=str(kernel.dtype),
    )
    return node.apply(layer, x, **weights)


def _left_away(
    node: Node, size: Shape, strides: Shape, whole: list[int]
) -> tuple[tuple[tuple[int, int], ...], Shape]:
    """How much of the whole output is left away at both ends, or comes behind it.

    ONNX says it in three ways: by pads, by the shape that is wanted, or by that it be the input's
    times the strides.
    """
    rank, auto = len(size), node.text("auto_pad", "NOTSET")
    pads = node.integers("pads", (0,) * (2 * rank))
    wanted = node.integers("output_shape")[-rank:]
    if auto not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise node.refusal(f"has auto_pad {auto!r}")
    if not wanted and auto.startswith("SAME"):
        wanted = tuple(n * s for n, s in zip(size, strides, strict=True))
    if not wanted:
        pads = (0,) * (2 * rank) if auto == "VALID" else pads
        return tuple(zip(pads[:rank], pads[rank:], strict=True)), (0,) * rank
    totals = [n - m for n, m in zip(whole, wanted, strict=True)]
    less = [(max(n, 0) // 2, max(n, 0) - max(n, 0) // 2) for n in totals]
    ends = less if auto == "SAME_UPPER" else [pair[::-1] for pair in less]
    return tuple(ends), tuple(max(-n, 0) for n in totals)
