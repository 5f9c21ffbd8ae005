"""What may look on, and step in, while a model is trained."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from .trainee import Trainee

Logs = Mapping[str, float]


class Callback:
    """Something that `Model.fit` calls; each method does nothing until it is overridden.

    Attributes
    ----------
    model : Model
        The model being trained. Setting ``model.stop_training`` ends the run after the batch.
    params : dict
        ``"epochs"``, ``"steps"`` (batches in an epoch), ``"batch_size"`` and ``"samples"``.
    """

    model: Trainee
    params: dict[str, int]

    def on_train_begin(self) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Before an epoch, counted from 0."""

    def on_train_batch_end(self, batch: int, logs: Callable[[], Logs]) -> None:
        """After a batch, counted from 0.

        ``logs()`` gives the means over the epoch so far; calling it waits for the device.
        """

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After an epoch, validation included."""

    def on_train_end(self) -> None:
        """After the last epoch, or when the run is stopped."""


class EarlyStopping(Callback):
    """End the run when a quantity has stopped improving.

    Parameters
    ----------
    monitor : str, optional
        A key of the epoch's logs.
    min_delta : float, optional
        How much better it must become to count.
    patience : int, optional
        After how many epochs without improvement the run ends.
    mode : {"auto", "min", "max"}, optional
        Whether less or more is better; "auto" takes more to be better for accuracies.
    restore_best_weights : bool, optional
        Whether the model gets back parameters and state of its best epoch.

    Attributes
    ----------
    best_epoch : int or None
        The best epoch, counted from 0.

    Raises
    ------
    ValueError
        If the mode is unknown, or at the end of an epoch there is no such key.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        mode: str = "auto",
        restore_best_weights: bool = False,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        if mode == "auto":
            mode = "max" if "acc" in monitor else "min"
        self.monitor = monitor
        self.min_delta = abs(min_delta)
        self.patience = patience
        self.mode = mode
        self.restore_best_weights = restore_best_weights
        self.best_epoch: int | None = None

    def on_train_begin(self) -> None:
        """Forget earlier runs."""
        self.best_epoch, self._best, self._waited = None, math.inf, 0
        self._weights: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best epoch so far."""
        if self.monitor not in logs:
            raise ValueError(
                f"EarlyStopping watches {self.monitor!r}, but there is only {sorted(logs)}; "
                "a name that begins with 'val_' needs validation data"
            )
        value = logs[self.monitor] * (-1 if self.mode == "max" else 1)
        if value < self._best - self.min_delta:
            self.best_epoch, self._best, self._waited = epoch, value, 0
            if self.restore_best_weights:
                self._weights = {k: a.copy() for k, a in self.model.arrays().items()}
            return
        self._waited += 1
        if self._waited > self.patience:
            self.model.stop_training = True

    def on_train_end(self) -> None:
        """Give the best epoch's weights back."""
        for name, array in self.model.arrays().items():
            if name in self._weights:
                array[...] = self._weights[name]


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)`` returns the rate for an epoch, counted from 0, given the
        rate so far.
    """

    def __init__(self, schedule: Callable[[int, float], float]) -> None:
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int) -> None:
        """Set the rate."""
        optimizer = self.model.optimizer
        optimizer.learning_rate = self.schedule(epoch, optimizer.learning_rate)
