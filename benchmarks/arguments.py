"""What the words of both commands have in common."""

import argparse
from pathlib import Path


def add_common(parser: argparse.ArgumentParser, chart: str) -> None:
    """Add the options of every kind of run.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's.
    chart : str
        What the picture shows.
    """
    add = parser.add_argument
    add("--device", choices=("cpu", "cuda"), default="cpu", help="where to compute")
    add("--json", type=_file, metavar="FILE", help="write all that was measured")
    add("--chart", type=_file, metavar="FILE", help=f"draw {chart}, as a .png or .svg")
    add("--quick", action="store_true", help="one short block of each, to see that it runs")
    add("--as-it-comes", action="store_true", help="leave the choice of kernels to OpenBLAS")


def seconds(text: str) -> float:
    """Return a time that is above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"it must be a number above 0, got {text!r}")
    return value


def _file(text: str) -> Path:
    """A path that can be written, found out before the long measuring."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    return path
