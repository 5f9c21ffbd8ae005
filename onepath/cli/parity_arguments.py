"""The words of ``python -m onepath parity``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECK, RECORD, REPLAY, DIFF = "check", "record", "replay", "diff"

_TARGET = (
    "MODULE:LAYER, where LAYER is a layer, a class of layers, or a function that makes one, the "
    "last two without arguments; or the file of a saved model"
)


def add_parity(commands: Any) -> None:
    """Add the command and its subcommands to a parser's.

    Parameters
    ----------
    commands : argparse's action
        What ``add_subparsers`` returned.
    """
    parity = commands.add_parser(
        "parity",
        usage="onepath parity [-h] {TARGET,record,replay,diff} ...",
        help="prove that devices compute the same: check a layer, record, replay, diff",
        description="Prove that devices compute the same, with or without a GPU at hand. "
        "`onepath parity TARGET` is short for `onepath parity check TARGET`.",
    )
    actions = parity.add_subparsers(
        prog="onepath parity", dest="action", required=True, metavar="ACTION"
    )

    check = actions.add_parser(
        CHECK,
        help="check a layer or a saved model on every backend",
        description="Check that a layer computes the same on every backend, that its gradients are "
        "right, that runs repeat bit for bit, and that nothing is copied between host and device.",
    )
    _add_target(check)

    record = actions.add_parser(
        RECORD,
        help="keep what a device computes, as a golden recording",
        description="Run every layer, loss, optimizer and engine of onepath, or the TARGET, on a "
        "device, and keep inputs, weights and all that is computed, beside the truth in float64.",
    )
    _add_target(record, optional=True)
    record.add_argument("--device", default="cuda", help="where to run (default: %(default)s)")
    record.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the recording, an .npz"
    )

    replay = actions.add_parser(
        REPLAY,
        help="hold a device to a recording",
        description="Check a recording, and hold a device to it. A GPU's recording needs no GPU.",
    )
    replay.add_argument("recording", type=Path, metavar="FILE", help="a recording")
    _add_target(replay, optional=True)
    replay.add_argument("--device", default="cpu", help="what to hold to it (default: %(default)s)")

    diff = actions.add_parser(
        DIFF,
        help="compare two recordings",
        description="Compare what two devices computed from the same numbers.",
    )
    diff.add_argument("a", type=Path, metavar="A", help="a recording")
    diff.add_argument("b", type=Path, metavar="B", help="another one of the same cases")
    _add_target(diff, optional=True)

    for action in (check, record, replay, diff):
        action.set_defaults(refuse=action.error)


def spelled_out(words: Sequence[str]) -> list[str]:
    """Write ``parity TARGET`` as ``parity check TARGET``.

    Parameters
    ----------
    words : sequence of str
        The command line.

    Returns
    -------
    list of str
        The same with the action that is meant.
    """
    match [*words]:
        case ["parity", first, *_] if first not in (CHECK, RECORD, REPLAY, DIFF, "-h", "--help"):
            return ["parity", CHECK, *words[1:]]
    return [*words]


def _add_target(parser: argparse.ArgumentParser, optional: bool = False) -> None:
    """Add a layer, its input's shape and its mode."""
    suffix = "; all of onepath's own if left out" if optional else ""
    parser.add_argument(
        "target", nargs="?" if optional else None, metavar="TARGET", help=_TARGET + suffix
    )
    parser.add_argument(
        "--input-shape",
        type=_shape,
        metavar="N,...",
        help="shape of a batch, as 2,3,8,8; can be left out if the layer or the model tells it",
    )
    parser.add_argument(
        "--training", action="store_true", help="let dropout drop and take batch statistics"
    )


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(length) for length in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"must be positive integers as in 2,3,8,8, got {text!r}")
    return shape
