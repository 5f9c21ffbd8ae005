"""Pictures of a training run, as PNG files: learning curves, confusion, kernels, errors."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import numpy as np

Path: TypeAlias = str | os.PathLike[str]

_DPI = 150
_INK, _GREY, _FAINT = "#333333", "#999999", "#e4e4e4"
_COLOURS = ("#2f6690", "#d1662a", "#4f8a5b", "#8a5a9c", "#b0993c", "#5b5b5b", "#3aa0a8", "#a8455f")
_STYLE = {
    "axes.edgecolor": _GREY,
    "axes.facecolor": "white",
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": _INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.titlesize": 10,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 9,
    "savefig.facecolor": "white",
    "text.color": _INK,
    "text.parse_math": False,
    "xtick.color": _GREY,
    "xtick.labelcolor": _INK,
    "ytick.color": _GREY,
    "ytick.labelcolor": _INK,
}


@contextmanager
def _picture(
    path: Path, width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Iterator[Any]:
    """A figure of that size in inches, written to ``path`` at the end.

    It never meets pyplot, so no backend is chosen and no figure is left behind.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f"pictures need matplotlib, and importing it failed: {error}. "
            "pip install 'onepath[train]'"
        ) from error
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout=layout)
        yield figure
        figure.savefig(path, dpi=_DPI, format="png")


# Learning curves


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
    curves = _checked_curves(history)
    losses = {name: curve for name, curve in curves.items() if name.endswith("loss")}
    metrics = {name: curve for name, curve in curves.items() if name not in losses}
    panels = [panel for panel in (losses, metrics) if panel]
    best = _best_epoch(curves.get("val_loss"))
    with _picture(path, 4.5 * len(panels), 3.2) as figure:
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(row, panels, strict=True):
            _draw_curves(axes, panel, best)


def _checked_curves(history: Mapping[str, Sequence[float]]) -> dict[str, Any]:
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


def _draw_curves(axes: Any, curves: Mapping[str, Any], best: int | None) -> None:
    names = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    colours = dict(zip(names, _COLOURS * len(names), strict=False))
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
        label = role if len(names) == 1 else f"{_readable(metric)}, {role}"
        ends += [(end, label, colours[metric]) for end in curve[np.isfinite(curve)][-1:]]
    if best is not None:
        _mark_epoch(axes, curves, best, colours)
    axes.set_title(_readable(names[0]).capitalize() if len(names) == 1 else "Metrics")
    axes.set_xlabel("epoch")
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.grid(axis="y", color=_FAINT, linewidth=0.6)
    _label_ends(axes, ends)


def _mark_epoch(axes: Any, curves: Mapping[str, Any], best: int, colours: dict[str, str]) -> None:
    """A ring round each validation curve's value at the best epoch, and the value at the top."""
    validation = {name: curve[best] for name, curve in curves.items() if name.startswith("val_")}
    if not validation:
        return
    axes.axvline(best + 1, color=_GREY, linewidth=0.8, linestyle=":", zorder=0)
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


# Confusion


def confusion(matrix: Any, class_names: Iterable[Any], path: Path) -> None:
    """Draw a confusion matrix with its counts.

    Right and wrong have a colour each, by their share of the row. The wrong shares are scaled by
    the largest of them, or they would vanish beside the diagonal.

    Parameters
    ----------
    matrix : array_like of int, shape (classes, classes)
        How many samples of the row's class were taken for the column's.
    class_names : iterable
        A name for each class.
    path : str or path
        The PNG file to write.

    Raises
    ------
    ValueError
        If the matrix is not square, holds no counts, or has not as many classes as there are names.
    ImportError
        If matplotlib is not installed.
    """
    counts, names = _checked_counts(matrix), [str(name) for name in class_names]
    if len(names) != len(counts):
        raise ValueError(f"class_names must name {len(counts)} classes, got {len(names)} names")
    right, total = int(np.trace(counts)), int(counts.sum())
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(0.48 * len(names), 2.4), 22.0)
    with _picture(path, side + 1.6, side + 1.2) as figure:
        axes = figure.subplots()
        _draw_counts(axes, counts, _depths(shares), size=min(9.0, 20 * side / len(names)))
        _write_margin(axes, "recall", [f"{share:.1%}" for share in np.diag(shares)])
        axes.set_title(f"Accuracy {right / total:.2%} ({right} of {total})")
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        upright = max(map(len, names)) > 3
        axes.set_xticks(range(len(names)), names, rotation=90 if upright else 0)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def _checked_counts(matrix: Any) -> Any:
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a confusion matrix is square, got shape {counts.shape}")
    if counts.dtype.kind not in "iu" or (counts < 0).any() or not counts.any():
        raise ValueError(
            "a confusion matrix holds counts: integers, none negative and not all zero; got "
            f"{counts.dtype} with sum {counts.sum()}"
        )
    return counts


def _depths(shares: Any) -> Any:
    """How deep each cell's colour is, from 0 to 1: any error can be seen."""
    errors = np.where(np.eye(len(shares), dtype=bool), 0.0, shares)
    scaled = np.where(errors > 0, 0.15 + 0.7 * errors / max(errors.max(), 0.05), 0.0)
    return np.where(np.eye(len(shares), dtype=bool), 0.85 * shares, scaled)


def _draw_counts(axes: Any, counts: Any, depths: Any, size: float) -> None:
    from matplotlib.colors import to_rgb

    hues = np.full((*counts.shape, 3), to_rgb(_COLOURS[1]))
    hues[np.diag_indices(len(counts))] = to_rgb(_COLOURS[0])
    axes.imshow(1 - depths[..., None] * (1 - hues))
    # lines between the cells
    edges = np.arange(len(counts) + 1) - 0.5
    axes.hlines(edges, edges[0], edges[-1], color=_FAINT, linewidth=0.6)
    axes.vlines(edges, edges[0], edges[-1], color=_FAINT, linewidth=0.6)
    for row, column in np.argwhere(counts):
        ink = "white" if depths[row, column] > 0.5 else _INK
        text = str(counts[row, column])
        axes.text(column, row, text, color=ink, fontsize=size, ha="center", va="center")


def _write_margin(axes: Any, heading: str, texts: Iterable[str]) -> None:
    """A heading and a text for each row, right of the last column."""
    beside: dict[str, Any] = {"textcoords": "offset points", "color": _COLOURS[0]}
    axes.annotate(heading, (1, 1), (8, 6), xycoords="axes fraction", **beside)
    for row, text in enumerate(texts):
        where = ("axes fraction", "data")
        axes.annotate(text, (1, row), (8, 0), xycoords=where, va="center", **beside)


# Kernels

_MOST_FILTERS, _MOST_CHANNELS = 128, 8
_GAP = 4


def kernels(kernel: Any, path: Path) -> None:
    """Draw the kernels of a first convolution.

    Two- and three-dimensional ones become tiles, blue where negative and red where positive: a
    block for each filter, with its channels or slices side by side. For three dimensions a block
    has a row for each channel. One-dimensional kernels become lines.

    Parameters
    ----------
    kernel : array_like of float, shape (filters, channels, *kernel_size)
        The kernels, of one to three dimensions. The first 128 filters and 8 channels are drawn.
    path : str or path
        The PNG file to write.

    Raises
    ------
    ValueError
        If the shape is not that of kernels.
    ImportError
        If matplotlib is not installed.
    """
    kernel = np.asarray(kernel, dtype="float64")
    if not 3 <= kernel.ndim <= 5 or 0 in kernel.shape:
        raise ValueError(
            "kernels have the shape (filters, channels, *kernel_size), with a size of one to three "
            f"axes, got {kernel.shape}"
        )
    shown = kernel[:_MOST_FILTERS, :_MOST_CHANNELS]
    shown = np.where(np.isfinite(shown), shown, np.nan)
    limit = float(np.nanmax(np.abs(shown), initial=0.0)) or 1.0
    draw = _draw_lines if kernel.ndim == 3 else _draw_tiles
    draw(shown, limit, _kernel_title(kernel), path)


def _kernel_title(kernel: Any) -> str:
    filters, channels, *size = kernel.shape
    title = f"{_counted(filters, _MOST_FILTERS, 'kernel')} of {' x '.join(map(str, size))}"
    if channels > 1:
        title += f", {_counted(channels, _MOST_CHANNELS, 'channel')}"
    bad = kernel.size - np.count_nonzero(np.isfinite(kernel))
    return title + (f"; {bad} weights are not finite" if bad else "")


def _counted(count: int, most: int, noun: str) -> str:
    shown = f"{most} of {count}" if count > most else f"{count}"
    return f"{shown} {noun}{'s' * (count > 1)}"


def _columns(count: int, aspect: float) -> int:
    """How many columns make a grid of ``count`` cells half as wide again as high, and full at best.

    ``aspect`` is a cell's height by its width.
    """

    def fault(columns: int) -> float:
        rows = -(-count // columns)
        ragged = count % columns > 0
        return abs(math.log(columns / rows / aspect / 1.5)) + 0.4 * ragged

    return min(range(1, count + 1), key=fault)


def _draw_tiles(shown: Any, limit: float, title: str, path: Path) -> None:
    across = shown.shape[-3]  # channels, or in three dimensions slices
    blocks = _blocks(shown, across)
    count, height, width = blocks.shape
    columns = _columns(count, height / width)
    mosaic = _tiled(blocks, columns, _GAP)
    slope = mosaic.shape[0] / mosaic.shape[1]
    # in inches: no tile is blown up, and the picture fits a page
    width = min(max(1.2 * columns * across, 2.4), 5.8, 9.0 / slope)
    with _framed(path, width, width * slope) as axes:
        image = axes.imshow(mosaic, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_facecolor(_FAINT)
        axes.set_title(title)
        _number_rows(axes, count, columns, height + _GAP, _GAP + height / 2)
        beside = axes.inset_axes((1.03, 0, 0.025, 1))
        bar = axes.figure.colorbar(image, cax=beside, ticks=[-limit, 0, limit])
        beside.set_yticklabels([f"{-limit:.2g}", "0", f"{limit:.2g}"])
        beside.tick_params(length=0)
        bar.outline.set_visible(False)


@contextmanager
def _framed(path: Path, width: float, height: float) -> Iterator[Any]:
    """Axes of just that size in inches, with room for a title, row numbers and a colour bar.

    The constrained layout misplaces things beside an image that keeps its proportions.
    """
    left, right, bottom, top = 0.4, 0.8, 0.15, 0.35
    whole = (left + width + right, bottom + height + top)
    with _picture(path, *whole, layout=None) as figure:
        yield figure.add_axes(
            (left / whole[0], bottom / whole[1], width / whole[0], height / whole[1])
        )


def _blocks(shown: Any, across: int) -> Any:
    """Each filter as an image of its tiles, ``across`` of them in a row."""
    # weights become squares of pixels, so that gaps can be narrower than a weight
    enlarged = math.ceil(48 / max(shown.shape[-2:]))
    tiles = shown.repeat(enlarged, axis=-2).repeat(enlarged, axis=-1)
    return np.stack(
        [_tiled(block.reshape(-1, *tiles.shape[-2:]), across, gap=3) for block in tiles]
    )


def _tiled(tiles: Any, columns: int, gap: int) -> Any:
    """Tiles (n, height, width) as one image, row by row, with gaps of NaN around each."""
    rows = -(-len(tiles) // columns)
    padding = ((0, rows * columns - len(tiles)), (gap, 0), (gap, 0))
    tiles = np.pad(tiles, padding, constant_values=np.nan)
    _, height, width = tiles.shape
    grid = tiles.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    image = grid.reshape(rows * height, columns * width)
    return np.pad(image, ((0, gap), (0, gap)), constant_values=np.nan)


def _number_rows(axes: Any, count: int, columns: int, pitch: float, first: float) -> None:
    """The number of the first filter of each row, counted from 0."""
    starts = range(0, count, columns)
    axes.set_xticks([])
    axes.set_yticks([first + pitch * row for row in range(len(starts))], starts)
    axes.tick_params(length=0, labelcolor=_GREY, labelsize=8)
    axes.spines[:].set_visible(False)


def _draw_lines(shown: Any, limit: float, title: str, path: Path) -> None:
    """One-dimensional kernels: each in a cell, about a line at zero, all to one scale."""
    filters, channels, taps = shown.shape
    columns = _columns(filters, 0.7)
    rows = -(-filters // columns)
    row, column = np.divmod(np.arange(filters)[:, None], columns)
    x = column + (np.arange(taps) + 0.5) / taps
    ends = np.array([0.06, 0.94])
    with _picture(path, 7.0, min(max(4.2 * rows / columns, 1.2), 10.0) + 0.7) as figure:
        axes = figure.subplots()
        _draw_broken(axes, column + ends, row + 0 * ends, color=_GREY, linewidth=0.6)
        for channel, colour in zip(range(channels), _COLOURS, strict=False):
            y = row - 0.42 * shown[:, channel] / limit
            style = {"marker": "o", "markersize": 2.5, "linewidth": 1.2}
            _draw_broken(axes, x, y, color=colour, label=f"channel {channel}", **style)
        axes.set_title(f"{title}, weights to ±{limit:.2g}")
        axes.set_xlim(0, columns)
        axes.set_ylim(rows - 0.5, -0.5)
        _number_rows(axes, filters, columns, 1, 0)
        if channels > 1:
            figure.legend(loc="outside lower left", ncols=6, frameon=False)


def _draw_broken(axes: Any, x: Any, y: Any, **style: Any) -> None:
    """Each row of ``x`` and ``y`` as a line of its own, in one stroke of the pen."""
    x, y = (np.pad(rows, ((0, 0), (0, 1)), constant_values=np.nan).ravel() for rows in (x, y))
    axes.plot(x, y, **style)


# Errors

_ACROSS, _DOWN = 6, 4


def misclassified(
    images: Any,
    labels: Any,
    predictions: Any,
    probabilities: Any,
    class_names: Iterable[Any],
    path: Path,
) -> None:
    """Draw the images that were taken for the wrong class with the greatest confidence.

    Parameters
    ----------
    images : array_like, shape (N, H, W), or with 1 or 3 channels (N, C, H, W) or (N, H, W, C)
        The images. The lowest value is drawn white and the highest black, or in colour as it is.
    labels : array_like of int, shape (N,)
        The true classes.
    predictions : array_like of int, shape (N,)
        The classes they were taken for.
    probabilities : array_like of float, shape (N, classes)
        How probable each class was thought.
    class_names : iterable
        A name for each class.
    path : str or path
        The PNG file to write. It says so if no image is misclassified.

    Raises
    ------
    ValueError
        If shapes do not fit each other.
    ImportError
        If matplotlib is not installed.
    """
    images, names = _pixels(np.asarray(images)), [str(name) for name in class_names]
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    probabilities = np.asarray(probabilities)
    _check_shapes(len(images), len(names), labels, predictions, probabilities)
    wrong = np.flatnonzero(labels != predictions)
    confidence = probabilities[wrong, predictions[wrong]]
    worst = wrong[np.argsort(-confidence, kind="stable")][: _ACROSS * _DOWN]
    rows = -(-len(worst) // _ACROSS)
    with _picture(path, 1.3 * _ACROSS, 1.7 * rows + 0.5) as figure:
        figure.suptitle(_error_title(len(wrong), len(images), len(worst)), x=0.01, ha="left")
        for place, i in enumerate(worst, 1):
            axes = figure.add_subplot(rows, _ACROSS, place)
            axes.set_axis_off()
            axes.imshow(images[i], cmap="gray_r", vmin=0, vmax=1)
            taken = f"{names[predictions[i]]}, {probabilities[i, predictions[i]]:.0%}"
            text = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
            axes.annotate(names[labels[i]], (0.5, 1), (0, 13), color=_COLOURS[0], **text)
            axes.annotate(taken, (0.5, 1), (0, 3), color=_COLOURS[1], **text)


def _error_title(wrong: int, total: int, shown: int) -> str:
    if not wrong:
        return f"None of {total} images is misclassified"
    title = f"{wrong} of {total} images misclassified"
    if shown < wrong:
        title += f", the {shown} surest"
    return title + ": true class, then predicted class"


def _pixels(images: Any) -> Any:
    """Images as (N, H, W) or (N, H, W, 3), from 0 to 1."""
    if images.ndim == 4 and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, -1)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise ValueError(
            "images have the shape (N, H, W), or with 1 or 3 channels (N, C, H, W) or "
            f"(N, H, W, C), got {images.shape}"
        )
    images = images.astype("float64")
    low, high = images.min(initial=np.inf), images.max(initial=-np.inf)
    return (images - low) / (high - low or 1.0)


def _check_shapes(count: int, classes: int, labels: Any, predictions: Any, shares: Any) -> None:
    expected = {
        "labels": (labels, (count,)),
        "predictions": (predictions, (count,)),
        "probabilities": (shares, (count, classes)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise ValueError(
                f"{count} images and {classes} class names need {name} of shape {shape}, "
                f"got {array.shape}"
            )
    for name, array in (("labels", labels), ("predictions", predictions)):
        if array.dtype.kind not in "iu" or not ((array >= 0) & (array < classes)).all():
            raise ValueError(
                f"{name} must be integers from 0 to {classes - 1}, one for each class name; got "
                f"{array.dtype} from {array.min()} to {array.max()}"
            )
