"""The words of ``python -m onepath explain``."""

import argparse
from pathlib import Path
from typing import Any

OF_GEOMETRY = ("input", "filters", "kernel", "strides", "padding", "dilation", "groups", "dtype")
"""What describes a convolution; a model has its own."""


def add_explain(commands: Any) -> None:
    """Add the command to a parser's.

    Parameters
    ----------
    commands : argparse's action
        What ``add_subparsers`` returned.
    """
    explain = commands.add_parser(
        "explain",
        help="say which engine computes a convolution, and why",
        description="Say which engine computes each convolution of a model, or a convolution that "
        "is described, with the predicted and measured times of all engines on one thread.",
        epilog="for example: onepath explain --input 64,56,56 --filters 64 --kernel 3 "
        "--padding same",
    )
    explain.add_argument(
        "model",
        type=Path,
        nargs="?",
        metavar="MODEL",
        help="a saved model, or a run folder that train left",
    )
    explain.add_argument(
        "--input", type=_numbers, metavar="C,...", help="shape of a sample, as 64,56,56"
    )
    explain.add_argument("--filters", type=int, metavar="F", help="how many channels come out")
    explain.add_argument("--kernel", type=_size, metavar="K", help="its size, as 3 or 3,5")
    explain.add_argument("--strides", type=_size, metavar="S", help="as 2 or 2,1 (default: 1)")
    explain.add_argument(
        "--padding",
        type=_padding,
        metavar="P",
        help="valid, same, full, or as 1 or 1,2 (default: valid)",
    )
    explain.add_argument("--dilation", type=_size, metavar="D", help="as 2 or 2,1 (default: 1)")
    explain.add_argument("--groups", type=int, metavar="G", help="(default: 1)")
    explain.add_argument(
        "--dtype", choices=("float16", "float32", "float64"), help="(default: float32)"
    )
    explain.add_argument(
        "--batch", type=int, default=32, metavar="N", help="samples at a time (default: 32)"
    )
    explain.add_argument(
        "--device",
        default="auto",
        help="auto (CUDA where a GPU answers), cpu, cuda, cuda:1 (default: %(default)s)",
    )
    explain.add_argument(
        "--measure",
        action="store_true",
        help="measure the engines first; the times are remembered, and the fastest will compute",
    )
    explain.set_defaults(refuse=explain.error)


def _numbers(text: str) -> tuple[int, ...]:
    """Comma-separated integers; whether they fit together is for the geometry to say."""
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be integers as in 3,5, got {text!r}") from None


def _size(text: str) -> int | tuple[int, ...]:
    """One integer for all axes, or one for each."""
    numbers = _numbers(text)
    return numbers[0] if len(numbers) == 1 else numbers


def _padding(text: str) -> str | int | tuple[int, ...]:
    return text if text.isalpha() else _size(text)
