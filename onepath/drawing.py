"""What all pictures share: colours, style, and the figure they are drawn on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

Path: TypeAlias = str | os.PathLike[str]

INK, GREY, FAINT = "#333333", "#999999", "#e4e4e4"
COLOURS = ("#2f6690", "#d1662a", "#4f8a5b", "#8a5a9c", "#b0993c", "#5b5b5b", "#3aa0a8", "#a8455f")
RIGHT, WRONG = COLOURS[:2]

_STYLE = {
    "axes.edgecolor": GREY,
    "axes.facecolor": "white",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.facecolor": "white",
    "figure.titlesize": 10,
    "font.family": "sans-serif",
    "font.size": 9,
    "savefig.facecolor": "white",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Any]:
    """Open a figure to draw on, which is written at the end.

    It never meets pyplot, so no backend is chosen and no figure is left behind.

    Parameters
    ----------
    path : str or path
        The PNG file to write.
    width, height : float
        The figure's size in inches, of 150 pixels each.

    Yields
    ------
    matplotlib.figure.Figure
        With constrained layout.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
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
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        figure.savefig(path, dpi=150, format="png")
