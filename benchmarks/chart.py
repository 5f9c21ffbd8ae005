"""A picture of a run: a line for each case, and on it a dot for each peer."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from onepath.drawing import COLOURS, FAINT, GREY, INK

from .report import number
from .results import Row
from .session import Report

_PALE = 0.35
_LINE, _FRAME, _TITLE = 0.21, 0.62, 0.9
"""Inches for each case, around each suite, and around the whole."""


def require_matplotlib() -> None:
    """Raise ImportError, with the line that installs it, unless charts can be drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "a chart needs Matplotlib, which is not installed: pip install 'onepath[train]'"
        ) from error


def canvas(width: float, height: float, title: str, caption: str) -> Any:
    """Return a figure to draw on.

    Parameters
    ----------
    width, height : float
        In inches.
    title, caption : str
        What stands above, and in small print below.

    Returns
    -------
    matplotlib.figure.Figure
        With constrained layout.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, fontsize=12, color=INK, x=0.01, ha="left")
    figure.supxlabel(caption, fontsize=7, color=GREY, wrap=True)
    return figure


def plain(panel: Any, grid: str) -> None:
    """Take frames and ticks away, and lay a faint grid below.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        What is drawn on.
    grid : {"x", "y", "both"}
        Which axis it is for.
    """
    panel.tick_params(colors=INK, length=0, which="both", labelsize=8)
    panel.grid(axis=grid, color=FAINT, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[:].set_visible(False)


def plain_numbers(axis: Any) -> None:
    """Number a logarithmic axis by 1, 2 and 5, without exponents.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        The axis.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())


def draw(report: Report, path: Path) -> None:
    """Draw the ratios of all suites, with their quartiles, on a logarithmic axis.

    Parameters
    ----------
    report : Report
        What came out.
    path : path
        The picture to write; its suffix says of which kind.
    """
    suites = {suite: [row for row in rows if row.pairs] for suite, rows in report.rows.items()}
    suites = {suite: rows for suite, rows in suites.items() if rows}
    counts = [len(_names(rows)) for rows in suites.values()]
    busy = any(row.busy for rows in suites.values() for row in rows)
    sides = (
        f"{name} {versions[name]}" for name, versions in report.sides.items() if name in versions
    )
    figure = canvas(
        9,
        _LINE * sum(counts) + _FRAME * len(counts) + _TITLE,
        f"How many times as fast, or as small, onepath is on {report.plan.device}",
        "; ".join([*report.machine, *sides])
        + ". Lines: quartiles; beside the name: the geometric mean"
        + (". Pale: on a busy machine" if busy else ""),
    )
    peers = dict.fromkeys(row.peer for rows in suites.values() for row in rows)
    colours = {peer: COLOURS[i % len(COLOURS)] for i, peer in enumerate(peers)}
    panels = figure.subplots(len(suites), squeeze=False, height_ratios=counts)[:, 0]
    for panel, (suite, rows) in zip(panels, suites.items(), strict=True):
        _draw_suite(panel, suite, rows, colours)
    figure.savefig(path, dpi=150)


def _draw_suite(panel: Any, suite: str, rows: list[Row], colours: dict[str, str]) -> None:
    from statistics import geometric_mean

    names = _names(rows)
    for peer in dict.fromkeys(row.peer for row in rows):
        mine = [row for row in rows if row.peer == peer]
        mean = number(geometric_mean(row.ratio.median for row in mine))
        for row in mine:
            place, opacity = names.index(row.case.name), _PALE if row.busy else 1.0
            style = {"color": colours[peer], "alpha": opacity}
            panel.plot(row.ratio.median, place, "o", markersize=5.5, markeredgewidth=0, **style)
            panel.hlines(place, row.ratio.lower, row.ratio.upper, linewidth=1.6, **style)
        panel.plot([], [], "o", color=colours[peer], markeredgewidth=0, label=f"{peer} {mean}")
    panel.axvline(1, color=INK, linewidth=1)
    panel.set_title(suite, loc="left", fontsize=10, color=INK)
    panel.legend(
        loc="lower right",
        bbox_to_anchor=(1.01, 1),
        borderpad=0,
        ncols=len(colours),
        fontsize=8,
        frameon=False,
        labelcolor=INK,
        handletextpad=0.1,
        columnspacing=1.2,
    )
    panel.set_yticks(range(len(names)), names, fontsize=8)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xscale("log")
    low = min(1.0, *(row.ratio.lower for row in rows))
    high = max(1.0, *(row.ratio.upper for row in rows))
    margin = 1.05 * (high / low) ** 0.04
    panel.set_xlim(low / margin, high * margin)
    plain_numbers(panel.xaxis)
    plain(panel, grid="both")


def _names(rows: Iterable[Row]) -> list[str]:
    """The cases, each once."""
    return list(dict.fromkeys(row.case.name for row in rows))
