"""A picture of a run: a bar for each ratio."""

from pathlib import Path
from typing import Any

from .report import number
from .results import Row, Spread
from .session import Report

_FASTER, _SLOWER, _INK = "#4c8c8a", "#c98f5f", "#444444"
_PALE = 0.45
_BAR, _FRAME, _TITLE = 0.24, 0.6, 0.7
"""Inches for each bar, around each suite, and around the whole."""


def require_matplotlib() -> None:
    """Raise ImportError, with the line that installs it, unless charts can be drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "a chart needs Matplotlib, which is not installed: pip install 'onepath[train]'"
        ) from error


def draw(report: Report, path: Path) -> None:
    """Draw the ratios of all suites, with their quartiles, on a logarithmic axis.

    Parameters
    ----------
    report : Report
        What came out.
    path : path
        The picture to write; its suffix says of which kind.
    """
    from matplotlib.figure import Figure

    suites = {suite: [row for row in rows if row.pairs] for suite, rows in report.rows.items()}
    suites = {suite: rows for suite, rows in suites.items() if rows}
    bars = [len(rows) for rows in suites.values()]
    height = _BAR * sum(bars) + _FRAME * len(bars) + _TITLE
    figure = Figure(figsize=(9, height), layout="constrained")
    busy = any(row.busy for rows in suites.values() for row in rows)
    figure.suptitle(
        f"How many times as fast onepath is, on {report.plan.device}, with quartiles"
        + ("; pale: on a busy machine" if busy else ""),
        fontsize=12,
        color=_INK,
    )
    sides = (
        f"{name} {versions[name]}" for name, versions in report.sides.items() if name in versions
    )
    figure.supxlabel("; ".join([*report.machine, *sides]), fontsize=7, color=_INK, wrap=True)
    panels = figure.subplots(len(suites), squeeze=False, height_ratios=bars)[:, 0]
    for panel, (suite, rows) in zip(panels, suites.items(), strict=True):
        _draw_suite(panel, suite, rows)
    figure.savefig(path, dpi=150)


def _draw_suite(panel: Any, suite: str, rows: list[Row]) -> None:
    places = range(len(rows))
    ratios = [row.ratio for row in rows]
    panel.barh(
        places,
        [r.median - 1 for r in ratios],
        left=1,
        height=0.68,
        color=[_colour(row) for row in rows],
    )
    panel.hlines(places, [r.lower for r in ratios], [r.upper for r in ratios], _INK, linewidth=1)
    for place, r in zip(places, ratios, strict=True):
        faster = r.median >= 1
        panel.annotate(
            number(r.median),
            (max(r.upper, 1) if faster else min(r.lower, 1), place),
            xytext=(4 if faster else -4, 0),
            textcoords="offset points",
            ha="left" if faster else "right",
            va="center",
            fontsize=8,
            color=_INK,
        )
    panel.axvline(1, color=_INK, linewidth=1)
    panel.set_title(suite, loc="left", fontsize=10, color=_INK)
    panel.set_yticks(places, [f"{row.case.name}  ({row.peer})" for row in rows], fontsize=8)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    _scale(panel, ratios)


def _colour(row: Row) -> tuple[str, float]:
    """A colour and its opacity."""
    return (_FASTER if row.ratio.median >= 1 else _SLOWER), (_PALE if row.busy else 1.0)


def _scale(panel: Any, ratios: list[Spread]) -> None:
    """A logarithmic axis with plain numbers, and room beside the bars for theirs."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = min(1.0, *(r.lower for r in ratios)), max(1.0, *(r.upper for r in ratios))
    margin = 1.05 * (high / low) ** 0.12
    panel.set_xscale("log")
    panel.set_xlim(low / margin, high * margin)
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.tick_params(colors=_INK, length=0, which="both", labelsize=8)
    panel.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[:].set_visible(False)
