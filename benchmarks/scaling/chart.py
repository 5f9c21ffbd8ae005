"""A picture of a scaling run: what costs in proportion is a level line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onepath.drawing import COLOURS, INK

from ..chart import canvas, plain, plain_numbers
from ..environment import Ground
from . import report
from .measurement import Curve
from .sweeps import Sweep

_TICKS = {"batch": (1, 2, 4, 8, 16, 32, 64, 128), "side": (8, 16, 32, 64, 128)}

_INSIDE = {"ha": "right", "va": "top", "fontsize": 9, "color": INK}
_MARGIN = 1.15


def draw(ground: Ground, curves: Sequence[Curve], path: Path) -> None:
    """Draw the cost of a sample or pixel, an engine a line, on logarithmic axes.

    Parameters
    ----------
    ground : Ground
        What was measured on.
    curves : sequence of Curve
        What was measured.
    path : path
        The picture to write; its suffix says of which kind.
    """
    sweeps = list(dict.fromkeys(curve.sweep for curve in curves))
    operations = list(dict.fromkeys(curve.operation for curve in curves))
    engines = list(dict.fromkeys(curve.engine for curve in curves))
    figure = canvas(
        3.2 * len(operations) + 0.6,
        2.3 * len(sweeps) + 1,
        "Cost by engine: a level line is cost in proportion to batch or area",
        "; ".join([*ground.machine, "one thread"]) + ". Lines end where a call takes too long",
    )
    grid = figure.subplots(len(sweeps), len(operations), sharey="row", squeeze=False)
    for curve in curves:
        panel = grid[sweeps.index(curve.sweep), operations.index(curve.operation)]
        found = report.costs(curve)
        panel.plot([*found], [*found.values()], **_style(curve.engine, engines))
    for sweep, panels in zip(sweeps, grid, strict=True):
        for operation, panel in zip(operations, panels, strict=True):
            _lay_out(panel, sweep)
            panel.annotate(operation, (0.99, 0.97), xycoords="axes fraction", **_INSIDE)
        panels[0].set_title(sweep.name, loc="left", fontsize=9, color=INK)
        panels[0].set_ylabel(report.told_in(sweep), fontsize=8, color=INK)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper right", ncols=len(engines), fontsize=8, frameon=False,
        labelcolor=INK,
    )  # fmt: skip
    figure.savefig(path, dpi=150)


def _style(engine: str, engines: Sequence[str]) -> dict[str, Any]:
    """A colour for each engine; the planner's choice is dotted over them."""
    if engine == "auto":
        return {"label": engine, "color": INK, "linestyle": ":", "linewidth": 1.6, "zorder": 3}
    colour = COLOURS[engines.index(engine) % len(COLOURS)]
    return {"label": engine, "color": colour, "linewidth": 1.4, "marker": "o", "markersize": 3}


def _lay_out(panel: Any, sweep: Sweep) -> None:
    ticks = _TICKS[sweep.axis]
    panel.set_xscale("log", base=2)
    panel.set_xlim(sweep.sizes[0] / _MARGIN, sweep.sizes[-1] * _MARGIN)
    panel.set_yscale("log")
    panel.set_xticks(ticks, [str(tick) for tick in ticks])
    panel.minorticks_off()
    panel.set_xlabel(sweep.axis, fontsize=8, color=INK)
    plain_numbers(panel.yaxis)
    plain(panel, grid="both")
