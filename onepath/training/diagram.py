"""A network as a picture: boxes for layers, from top to bottom, and lines for what they take."""

import math
import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ..drawing import COLOURS
from ..layers import Layer
from ..layers.base import automatic_name
from ..layers.wiring import Node, wiring
from ..replacing import replace
from .layered import place

CHARACTER, LINE, MARGIN = {"kind": 7.8, "more": 6.3}, 16.0, 10.0
"""Pixels: a character's width, a line's height, and the room around the text of a box."""
APART, BETWEEN = 26.0, 34.0
"""Pixels between boxes side by side, and between rows."""

_STYLE = """
  svg { font-family: ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif }
  text { font-size: 12px; fill: #333333; text-anchor: middle }
  .kind { font-weight: 600 }
  .more { font-size: 11px; fill: #777777 }
  rect { fill: #ffffff; stroke-width: 1.4 }
  path { fill: none; stroke: #999999; stroke-width: 1.2 }
  marker path { fill: #999999; stroke: none }
  .frozen { stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e6e6 } .more { fill: #a0a0a0 } rect { fill: #1e2126 }
  }
"""


class Diagram(str):
    """An SVG document, which a notebook shows as the picture that it is."""

    def _repr_svg_(self) -> str:
        return str(self)


class _Box(NamedTuple):
    """What is written in a box, and how large it is."""

    lines: tuple[tuple[str, str], ...]
    width: float
    height: float
    colour: str
    frozen: bool


def plot_model(model: Any, to_file: str | Path | None = None) -> Diagram:
    """Draw a network: its layers, the shapes between them, and how many parameters they have.

    Colours tell kinds of layers apart; frozen ones have a broken frame.

    Parameters
    ----------
    model : Model or Layer
        A built one.
    to_file : str or path, optional
        An SVG file to write; an older one is replaced.

    Returns
    -------
    Diagram
        The SVG document, a string; a notebook shows it as a picture.

    Raises
    ------
    RuntimeError
        If the model is not built.
    OSError
        If the file cannot be written.
    """
    layer: Layer = getattr(model, "layer", model)
    if layer.input_shape is None:
        raise RuntimeError(f"{layer.title} is not built: call build(input_shape) or fit first")
    nodes, outputs = wiring(layer, layer.input_shape)
    diagram = Diagram(_document(nodes, outputs, layer.name))
    if to_file is not None:
        replace(Path(to_file), diagram.encode())
    return diagram


def _document(nodes: Sequence[Node], outputs: Sequence[int], title: str) -> str:
    boxes = [_box(node) for node in nodes]
    edges = [(source, i) for i, node in enumerate(nodes) for source in node.sources]
    tallest = max(box.height for box in boxes)
    places, ways, (width, height) = place(
        [box.width for box in boxes], edges, APART, tallest + BETWEEN
    )
    width, height = width + 2 * APART, height + tallest + 2 * APART
    parts = [_way(way, boxes[a].height, boxes[b].height, tallest) for (a, b), way in ways.items()]
    parts += [_drawn(box, *at) for box, at in zip(boxes, places, strict=True)]
    inner = "\n  ".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" \
height="{height:.0f}" viewBox="{-APART:.0f} {-APART - tallest / 2:.0f} {width:.0f} {height:.0f}">
  <title>{escape(title)}</title>
  <style>{_STYLE}</style>
  <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
  {inner}
</svg>
"""


def _box(node: Node) -> _Box:
    shape = _shown(node.shape)
    if node.layer is None:
        lines = (("kind", node.path), ("more", shape))
        return _sized(lines, "#999999", False)
    kind = type(node.layer).__name__
    count = sum(math.prod(a.shape) for a in node.layer.parameters.values())
    more = f"{shape} · {count:,} parameters" if count else shape
    called = node.path.rpartition("/")[2]
    name = () if re.sub(r"_\d+$", "", called) == automatic_name(kind) else (("more", called),)
    family = type(node.layer).__module__.rpartition(".")[2]
    colour = COLOURS[sum(family.encode()) % len(COLOURS)]
    lines = (("kind", kind), *name, ("more", more))
    return _sized(lines, colour, count > 0 and not node.layer.trainable)


def _sized(lines: tuple[tuple[str, str], ...], colour: str, frozen: bool) -> _Box:
    width = max(len(text) * CHARACTER[kind] for kind, text in lines) + 2 * MARGIN
    return _Box(lines, width, len(lines) * LINE + MARGIN, colour, frozen)


def _shown(shape: Any) -> str:
    if shape and isinstance(shape[0], tuple):
        return ", ".join(map(_shown, shape))
    return " x ".join(map(str, shape)) if shape else "scalar"


def _drawn(box: _Box, x: float, y: float) -> str:
    """A box around its middle."""
    frozen = ' class="frozen"' if box.frozen else ""
    top = y - len(box.lines) * LINE / 2 + LINE - 4
    texts = "".join(
        f'<text class="{kind}" x="{x:.1f}" y="{top + i * LINE:.1f}">{escape(text)}</text>'
        for i, (kind, text) in enumerate(box.lines)
    )
    return (
        f'<rect{frozen} x="{x - box.width / 2:.1f}" y="{y - box.height / 2:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="6" stroke="{box.colour}"/>{texts}'
    )


def _way(points: Sequence[tuple[float, float]], above: float, below: float, tallest: float) -> str:
    """A line from the lower edge of a box to the upper edge of another, bent between rows alone."""
    (x, y), *between, (to_x, to_y) = points
    stops = [(x, y + above / 2)]
    if between:
        (first_x, first), (last_x, last) = between[0], between[-1]
        stops += [(first_x, first - tallest / 2), (last_x, last + tallest / 2)]
    stops.append((to_x, to_y - below / 2 - 2))
    drawn = f"M{stops[0][0]:.1f} {stops[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(stops):
        middle = (y + to_y) / 2
        drawn += f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
    return f'<path d="{drawn}" marker-end="url(#arrow)"/>'
