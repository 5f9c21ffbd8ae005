"""Which classes were taken for which."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...drawing import FAINT, INK, RIGHT, WRONG, Path, picture


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
    counts, names = _checked(matrix), [str(name) for name in class_names]
    if len(names) != len(counts):
        raise ValueError(f"class_names must name {len(counts)} classes, got {len(names)} names")
    right, total = int(np.trace(counts)), int(counts.sum())
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(0.48 * len(names), 2.4), 22.0)
    with picture(path, side + 1.6, side + 1.2) as figure:
        axes = figure.subplots()
        _draw_cells(axes, counts, _depths(shares), size=min(9.0, 20 * side / len(names)))
        _write_recall(axes, np.diag(shares))
        axes.set_title(f"Accuracy {right / total:.2%} ({right} of {total})")
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        upright = max(map(len, names)) > 3
        axes.set_xticks(range(len(names)), names, rotation=90 if upright else 0)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def _checked(matrix: Any) -> Any:
    """The counts as an array."""
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
    right = np.eye(len(shares), dtype=bool)
    largest = max(shares[~right].max(initial=0.0), 0.05)
    return np.select([right, shares > 0], [0.85 * shares, 0.15 + 0.7 * shares / largest])


def _draw_cells(axes: Any, counts: Any, depths: Any, size: float) -> None:
    """Coloured cells with lines between them, and in each its count, in points of that size."""
    from matplotlib.colors import to_rgb

    hues = np.full((*counts.shape, 3), to_rgb(WRONG))
    hues[np.diag_indices(len(counts))] = to_rgb(RIGHT)
    axes.imshow(1 - depths[..., None] * (1 - hues))
    edges = np.arange(len(counts) + 1) - 0.5
    axes.hlines(edges, edges[0], edges[-1], color=FAINT, linewidth=0.6)
    axes.vlines(edges, edges[0], edges[-1], color=FAINT, linewidth=0.6)
    for row, column in np.argwhere(counts):
        ink = "white" if depths[row, column] > 0.5 else INK
        text = str(counts[row, column])
        axes.text(column, row, text, color=ink, fontsize=size, ha="center", va="center")


def _write_recall(axes: Any, shares: Iterable[float]) -> None:
    """What share of each row is right, beside the last column."""
    beside: dict[str, Any] = {"textcoords": "offset points", "color": RIGHT}
    axes.annotate("recall", (1, 1), (8, 6), xycoords="axes fraction", **beside)
    where = ("axes fraction", "data")
    for row, share in enumerate(shares):
        axes.annotate(f"{share:.1%}", (1, row), (8, 0), xycoords=where, va="center", **beside)
