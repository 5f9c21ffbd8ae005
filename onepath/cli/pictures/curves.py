"""How loss and metrics went from epoch to epoch."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from ...drawing import COLOURS, FAINT, GREY, Path, picture


def learning_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw how loss and metrics went from epoch to epoch.

    The epoch with the lowest validation loss is marked, if there is a validation loss.

    Parameters
    ----------
    history : mapping of str to sequence of float
        A value for each epoch under Keras's names: ``loss``, ``accuracy``, ``val_loss``, … Learning
        rates are left out. A value that is not finite leaves a gap.
    path : str or path
        The PNG file to write.

    Raises
    ------
    ValueError
        If there is nothing to draw, or there is not a number for each epoch.
    ImportError
        If matplotlib is not installed.
    """
    curves = _checked(history)
    losses = {name: curve for name, curve in curves.items() if name.endswith("loss")}
    metrics = {name: curve for name, curve in curves.items() if name not in losses}
    panels = [panel for panel in (losses, metrics) if panel]
    best = _best_epoch(curves.get("val_loss"))
    with picture(path, 4.5 * len(panels), 3.2) as figure:
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(row, panels, strict=True):
            _draw_panel(axes, panel, best)


def _checked(history: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The curves to draw, as arrays with NaN for what is not finite."""
    curves = {}
    for name, values in history.items():
        if name in ("lr", "learning_rate"):
            continue
        curve = np.asarray(values, dtype="float64")
        if curve.ndim != 1:
            raise ValueError(
                f"history[{name!r}] must have a number for each epoch, got shape {curve.shape}"
            )
        curves[name] = np.where(np.isfinite(curve), curve, np.nan)
    lengths = {name: len(curve) for name, curve in curves.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ValueError(
            "the history must have a value for each epoch under every name, and at least one; it "
            f"has so many: {lengths}"
        )
    return curves


def _best_epoch(val_loss: Any) -> int | None:
    """The epoch with the lowest validation loss, counted from 0."""
    if val_loss is None or np.isnan(val_loss).all():
        return None
    return int(np.nanargmin(val_loss))


def _draw_panel(axes: Any, curves: Mapping[str, Any], best: int | None) -> None:
    """Curves with an axis in common: a colour for each metric, validation in the stronger line."""
    metrics = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    colours = dict(zip(metrics, cycle(COLOURS), strict=False))
    epochs = np.arange(1, 1 + len(next(iter(curves.values()))))
    ends = []
    for name, curve in curves.items():
        metric = name.removeprefix("val_")
        accompanies = f"val_{name}" in curves
        axes.plot(
            epochs,
            curve,
            color=colours[metric],
            linestyle=(0, (4, 2)) if accompanies else "-",
            linewidth=1.2 if accompanies else 1.8,
            marker="o" if len(epochs) == 1 else None,
            markersize=4,
        )
        role = "training" if metric == name else "validation"
        label = role if len(metrics) == 1 else f"{_readable(metric)}, {role}"
        ends += [(end, label, colours[metric]) for end in curve[np.isfinite(curve)][-1:]]
    if best is not None:
        _mark_epoch(axes, curves, best, colours)
    axes.set_title(_readable(metrics[0]).capitalize() if len(metrics) == 1 else "Metrics")
    axes.set_xlabel("epoch")
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    _label_ends(axes, ends)


def _mark_epoch(axes: Any, curves: Mapping[str, Any], best: int, colours: dict[str, str]) -> None:
    """A ring round each validation curve's value at the best epoch, and the value at the top."""
    validation = {name: curve[best] for name, curve in curves.items() if name.startswith("val_")}
    if not validation:
        return
    axes.axvline(best + 1, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    ring = {"markersize": 7, "markerfacecolor": "white", "markeredgewidth": 1.6}
    for name, value in validation.items():
        colour = colours[name.removeprefix("val_")]
        axes.plot(best + 1, value, "o", markeredgecolor=colour, **ring)
    values = ", ".join(f"{value:.4g}" for value in validation.values())
    axes.set_title(f"best epoch {best + 1}: {values}", loc="right", fontsize=8)


def _label_ends(axes: Any, ends: list[tuple[float, str, str]]) -> None:
    """Labels right of the curves' last values, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    ends = sorted(ends)
    heights = _apart([(end - low) / (high - low) for end, _, _ in ends], gap=0.075)
    for height, (_, label, colour) in zip(heights, ends, strict=True):
        axes.text(1.02, height, label, color=colour, va="center", transform=axes.transAxes)


def _apart(heights: list[float], gap: float) -> list[float]:
    """Ascending heights, pushed up and then down until they are ``gap`` apart below 1."""
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    ceiling = 1.0
    for i in reversed(range(len(heights))):
        heights[i] = ceiling = min(heights[i], ceiling)
        ceiling -= gap
    return heights


def _readable(name: str) -> str:
    return name.replace("_", " ")
