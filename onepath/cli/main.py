"""The command line: arguments in, exit status out."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..version import __version__
from . import kernels
from .explain_arguments import add_explain
from .parity_arguments import add_parity, spelled_out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m onepath``.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words of the command line; the process's own if left out.

    Returns
    -------
    int
        0 for success, 1 for a failure that the output tells of, 130 after Ctrl-C.
    """
    words = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(spelled_out(words))
    if options.command != "doctor":  # which looks at NumPy as programs meet it
        kernels.choose()
    try:
        return int(_run(options))
    except _expected() as error:
        print(f"onepath {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _expected() -> tuple[type[Exception], ...]:
    """What a person's input or machine can cause: told in a line, without a traceback.

    It is asked for when something went wrong: up to `kernels.choose`, nothing may load NumPy.
    """
    from ..backends import BackendUnavailableError
    from ..datasets import DatasetUnavailableError

    return BackendUnavailableError, DatasetUnavailableError, ImportError, OSError, ValueError


def _run(options: argparse.Namespace) -> int:
    """Call the command; each is imported when it is asked for."""
    if options.command == "train":
        from .train import train

        return train(options)
    if options.command == "predict":
        from .predict import predict

        return predict(options.run, options.images, options.invert)
    if options.command == "parity":
        from .parity import run as parity

        return parity(options)
    if options.command == "explain":
        from .explain import run as explain

        return explain(options)
    from .doctor import run

    return run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="onepath",
        description="Train and use small convolutional networks, on the CPU or on CUDA.",
    )
    parser.add_argument("--version", action="version", version=f"onepath {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    train = commands.add_parser(
        "train",
        help="train a network on digits and leave a run folder",
        description="Train a small convolutional network. The run folder gets the model, the "
        "history as CSV, and pictures of learning curves, confusion, kernels and mistakes.",
    )
    train.add_argument(
        "--data",
        default="digits",
        metavar="NAME|PATH",
        help="digits (comes with scikit-learn), mnist or fashion_mnist (through Keras), a folder "
        "of IDX files, or an .npz file (default: %(default)s)",
    )
    train.add_argument(
        "--device",
        default="auto",
        help="auto (CUDA where a GPU answers), cpu, cuda, cuda:1 (default: %(default)s)",
    )
    train.add_argument(
        "--epochs",
        type=_positive,
        help="how often to go through the data (default: 40 for digits, 5 for others)",
    )
    train.add_argument(
        "--batch-size", type=_positive, default=32, help="samples in a step (default: %(default)s)"
    )
    train.add_argument(
        "--learning-rate",
        type=float,
        default=0.001,
        help="of Adam, at first; it falls along half a cosine (default: %(default)s)",
    )
    train.add_argument(
        "--patience",
        type=_positive,
        metavar="EPOCHS",
        help="stop when the validation loss has not improved for so long, and keep the best epoch",
    )
    train.add_argument(
        "--seed", type=int, default=0, help="of weights, order and dropout (default: %(default)s)"
    )
    train.add_argument(
        "--output", type=Path, metavar="FOLDER", help="the run folder (default: runs/DATA-TIME)"
    )

    predict = commands.add_parser(
        "predict",
        help="classify image files with a trained network",
        description="Classify image files. They are made grey, cropped to what is drawn on them "
        "and scaled to the network's size; those that have it already are taken as they are.",
    )
    predict.add_argument("run", type=Path, metavar="RUN", help="a run folder that train left")
    predict.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="an image file")
    predict.add_argument(
        "--invert",
        choices=("auto", "yes", "no"),
        default="auto",
        help="whether ink is darker than paper; auto looks at the edge (default: auto)",
    )

    add_parity(commands)
    add_explain(commands)

    commands.add_parser(
        "doctor",
        help="say what is installed, which devices answer, and what would mend or speed up what",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number
