"""``python -m onepath train``."""

import argparse
import json
import math
import platform
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..backends import backend_of, get_backend, set_seed
from ..datasets import Dataset, load
from ..losses import SparseCategoricalCrossentropy
from ..metrics import confusion_matrix
from ..optimizers import Adam
from ..training import Callback, EarlyStopping, History, LearningRateScheduler, Model
from ..version import __version__
from . import pictures
from .network import small_network
from .requirements import require

NEEDED = ("matplotlib", "safetensors", "rich", "threadpoolctl")
VALIDATION_SHARE = 0.1


class _Results(NamedTuple):
    """What the network makes of the test images."""

    probabilities: NDArray[np.float32]
    predictions: NDArray[np.int64]
    loss: float
    right: int
    total: int

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return self.right / self.total


def train(options: argparse.Namespace) -> int:
    """Train a network and leave a run folder.

    Parameters
    ----------
    options : argparse.Namespace
        As the command line's parser makes them.

    Returns
    -------
    int
        0, or 130 if Ctrl-C ended the training; the run folder is there in both cases.

    Raises
    ------
    FileExistsError
        If the run folder exists and is not empty.
    ImportError
        If a package is missing, before anything is done.
    """
    require(*NEEDED)
    folder = _run_folder(options)
    set_seed(options.seed)
    data = load(options.data)
    model = small_network(len(data.classes), options.device)
    model.compile(
        Adam(options.learning_rate), SparseCategoricalCrossentropy(from_logits=True), ["accuracy"]
    )
    model.build(data.x_train.shape[1:])
    kept, held_back = _split(len(data.x_train))
    folder.mkdir(parents=True, exist_ok=True)
    _announce(model, data, len(kept), len(held_back))
    epochs = options.epochs or (40 if data.name == "digits" else 5)
    began = time.perf_counter()
    with _one_blas_thread():
        history = model.fit(
            data.x_train[kept],
            data.y_train[kept],
            batch_size=options.batch_size,
            epochs=epochs,
            validation_data=(data.x_train[held_back], data.y_train[held_back]),
            callbacks=_callbacks(options, epochs),
        )
        seconds = time.perf_counter() - began
        results = _test(model, data)
    _write(folder, options, model, history, data, results, seconds)
    _conclude(folder, history, results, seconds)
    return 130 if history.interrupted else 0


def _run_folder(options: argparse.Namespace) -> Path:
    name = Path(options.data).stem or "data"
    folder: Path = options.output or Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists already: nothing is overwritten, name another")
    return folder


def _split(count: int) -> tuple[Any, Any]:
    """Hold a share of the training images back for validation."""
    order = get_backend("cpu").random(0).permutation(count)
    held_back = max(1, round(VALIDATION_SHARE * count))
    return np.sort(order[held_back:]), np.sort(order[:held_back])


def _one_blas_thread() -> AbstractContextManager[Any]:
    """Keep matrix products on one thread: those of a small network take less time than sharing."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limits


def _callbacks(options: argparse.Namespace, epochs: int) -> Iterable[Callback]:
    """Let the learning rate fall along half a cosine, and stop early if asked to."""

    def falling(epoch: int, rate: float) -> float:
        return float(options.learning_rate * (1 + math.cos(math.pi * epoch / epochs)) / 2)

    yield LearningRateScheduler(falling)
    if options.patience is not None:
        yield EarlyStopping(patience=options.patience, restore_best_weights=True)


def _announce(model: Model, data: Dataset, kept: int, held_back: int) -> None:
    size = " by ".join(map(str, data.x_train.shape[1:]))
    print(
        f"onepath {__version__} on {model.backend.name}: {data.name}, "
        f"{kept:,} images of {size} to learn from, "
        f"{held_back:,} to validate, {len(data.x_test):,} to test\n"
    )
    model.summary()
    print()


def _test(model: Model, data: Dataset) -> _Results:
    """Look at the test images, once, at the end."""
    logits = model.predict(data.x_test)
    predictions = logits.argmax(axis=1)
    right = int((predictions == data.y_test).sum())
    loss = float(model.loss(data.y_test, logits))
    return _Results(model.loss.probabilities(logits), predictions, loss, right, len(predictions))


def _write(
    folder: Path,
    options: argparse.Namespace,
    model: Model,
    history: History,
    data: Dataset,
    results: _Results,
    seconds: float,
) -> None:
    """Fill the run folder, the model first: it is what must not be lost."""
    model.save(folder / "model.onepath")
    history.to_csv(folder / "history.csv")
    (folder / "run.json").write_text(
        json.dumps(
            {
                "data": data.name,
                "classes": data.classes,
                "image_shape": data.x_train.shape[1:],
                "test_accuracy": results.accuracy,
                "test_loss": results.loss,
                "epochs": len(history.epoch),
                "interrupted": history.interrupted,
                "batch_size": options.batch_size,
                "learning_rate": options.learning_rate,
                "seed": options.seed,
                "device": model.backend.name,
                "seconds": round(seconds, 1),
                "versions": {
                    "onepath": __version__,
                    "python": platform.python_version(),
                    "numpy": np.__version__,
                },
            },
            indent=2,
        )
        + "\n"
    )
    if history.epoch:
        pictures.learning_curves(history.history, folder / "curves.png")
    counts = confusion_matrix(data.y_test, results.predictions, len(data.classes))
    pictures.confusion(counts, data.classes, folder / "confusion.png")
    kernel = next(a for name, a in model.layer.parameters.items() if name.endswith("/kernel"))
    pictures.kernels(backend_of(kernel).to_numpy(kernel), folder / "kernels.png")
    pictures.misclassified(
        data.x_test,
        data.y_test,
        results.predictions,
        results.probabilities,
        data.classes,
        folder / "mistakes.png",
    )


def _conclude(folder: Path, history: History, results: _Results, seconds: float) -> None:
    stopped = " (stopped by Ctrl-C)" if history.interrupted else ""
    files = ", ".join(sorted(path.name for path in folder.iterdir()))
    print(
        f"\ntest accuracy {results.accuracy:.4f} "
        f"({results.right:,} of {results.total:,}), loss {results.loss:.4f}, "
        f"after {len(history.epoch)} epochs in {seconds:.1f} s{stopped}\n"
        f"{folder}: {files}\n"
        f"classify images with: python -m onepath predict {folder} IMAGE..."
    )
