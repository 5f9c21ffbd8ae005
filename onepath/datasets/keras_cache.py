"""Reads what Keras keeps of its data sets, and has Keras download what is missing.

A file in the cache is the user's. Keras deletes one whose checksum is not the expected one, even
where it cannot download another, and drags in a deep-learning framework. So a file that is there
is read without Keras, and Keras downloads into a folder of its own, in a process of its own.
"""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from .errors import DatasetUnavailableError
from .files import read_path
from .split import Split

INSTALL = "pip install 'onepath[keras]'"
OFFLINE = (
    "Without Keras or a network, use 'digits', or bring the four IDX files or the .npz file here "
    "and give their path: load(PATH) in Python, --data PATH on the command line"
)
TIMEOUT = 300.0
"""Seconds that a download may take."""


def read_cached(dataset: str, entry: str, files: tuple[str, ...]) -> Split:
    """Read a data set from Keras's cache, which Keras fills first where files are missing.

    Parameters
    ----------
    dataset : str
        The module's name in ``keras.datasets``.
    entry : str
        The file or folder in the cache that holds the data set.
    files : tuple of str
        The files that belong to it, relative to the cache.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8 images of shape (N, H, W), uint8 labels of shape (N,).

    Raises
    ------
    DatasetUnavailableError
        If files are missing and cannot be downloaded.
    ValueError
        If a cached file is damaged. It is left as it is.
    """
    cache = _keras_home() / "datasets"
    missing = [file for file in files if not (cache / file).exists()]
    if missing:
        _download(dataset, missing)
    try:
        return read_path(cache / entry)
    except ValueError as error:
        raise ValueError(
            f"{error}. This is Keras's cached copy, left as it is: move it away, and the next call "
            "downloads another"
        ) from error


def _keras_home() -> Path:
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def _download(dataset: str, missing: list[str]) -> None:
    """Have Keras download a data set, and put the missing files into the cache."""
    home = _keras_home()
    absent = f"{dataset} is not on this machine: no {', '.join(missing)} in {home / 'datasets'}"
    if find_spec("keras") is None:
        raise DatasetUnavailableError(
            f"{absent}, and Keras, which downloads it, is not installed: {INSTALL}. {OFFLINE}"
        )
    try:
        home.mkdir(parents=True, exist_ok=True)
        # beside the cache, so that a file appears there by renaming: whole or not at all
        with tempfile.TemporaryDirectory(prefix="onepath-", dir=home) as scratch:
            _run_keras(dataset, scratch)
            for file in missing:
                target = home / "datasets" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    Path(scratch, "datasets", file).rename(target)
    except (OSError, subprocess.SubprocessError) as error:
        raise DatasetUnavailableError(
            f"{absent}, and Keras could not download it: {_reason(error)}. Keras needs a network, "
            f"and jax, torch or tensorflow beside it ({INSTALL}). {OFFLINE}"
        ) from error


def _run_keras(dataset: str, home: str) -> None:
    """Run Keras's own ``load_data`` in another process, with ``home`` for its files."""
    environment = {"KERAS_BACKEND": _installed_framework(), **os.environ, "KERAS_HOME": home}
    code = f"from keras.datasets import {dataset}; {dataset}.load_data()"
    subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=environment,
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=TIMEOUT,
    )


def _installed_framework() -> str:
    """Name a framework that Keras can start with; its NumPy backend wants jax as well."""
    return next((name for name in ("jax", "torch", "tensorflow") if find_spec(name)), "numpy")


def _reason(error: Exception) -> str:
    """Keras's own last words where it failed, else the error itself."""
    if isinstance(error, subprocess.CalledProcessError) and error.stderr.strip():
        return str(error.stderr.strip().splitlines()[-1])
    return str(error)
