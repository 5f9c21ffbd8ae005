"""``python -m onepath predict``."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..training import load_model
from .images import read_image
from .requirements import require


def predict(run: Path, images: Iterable[Path], invert: str = "auto") -> int:
    """Classify image files and print a line for each.

    Parameters
    ----------
    run : Path
        A run folder that ``train`` left.
    images : iterable of Path
        The files.
    invert : {"auto", "yes", "no"}, optional
        See `onepath.cli.images.read_image`.

    Returns
    -------
    int
        0, or 1 if a file could not be read; the others are classified all the same.

    Raises
    ------
    CorruptFileError, FileNotFoundError
        If the folder is not a run's, or damaged.
    ImportError
        If a package is missing.
    """
    require("PIL", "safetensors")
    model = load_model(run / "model.onepath")
    about = json.loads((run / "run.json").read_text())
    failures = 0
    for path in images:
        try:
            image = read_image(path, about["image_shape"], invert)
        except OSError as error:
            print(f"{path}: {error.strerror or error}", file=sys.stderr)
            failures += 1
            continue
        print(_line(path, about["classes"], model.predict_proba(image[None])[0]))
    return 1 if failures else 0


def _line(path: Path, classes: list[str], probabilities: NDArray[np.float32]) -> str:
    """The file, its class, how probable that is, and what comes next."""
    first, second = np.argsort(-probabilities, kind="stable")[:2]
    return (
        f"{path}: {classes[first]}  {probabilities[first]:.1%}"
        f"  (then {classes[second]}, {probabilities[second]:.1%})"
    )
