"""Learning rates that are set between epochs."""

from collections.abc import Callable

from ...arguments import number, whole
from .callback import Callback, Logs
from .monitor import Monitor


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


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by a factor when a quantity has stopped improving.

    As in `keras.callbacks.ReduceLROnPlateau`. A schedule gives way to a number.

    Parameters
    ----------
    monitor : str, optional
        See `Monitor`.
    factor : float, optional
        At least 0 and below 1.
    patience : int, optional
        After how many epochs without improvement the rate is reduced; 0 is the same as 1.
    mode, min_delta
        See `Monitor`.
    cooldown : int, optional
        How many epochs after that do not count.
    min_lr : float, optional
        The smallest rate to set.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or out of range.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, min_delta, mode)
        self.factor = number("factor", factor, below=1)
        self.patience = whole("patience", patience, at_least=0)
        self.cooldown = whole("cooldown", cooldown, at_least=0)
        self.min_lr = number("min_lr", min_lr)

    def on_train_begin(self) -> None:
        """Forget earlier runs."""
        super().on_train_begin()
        self._waited = self._cooling = 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best epoch so far, and reduce the rate if it is time."""
        improves = self._improves(logs)
        if self._cooling:
            self._cooling -= 1
            self._waited = 0
        if improves:
            self._waited = 0
        elif not self._cooling:
            self._waited += 1
            if self._waited >= self.patience:
                self._reduce()

    def _reduce(self) -> None:
        optimizer = self.model.optimizer
        if optimizer.learning_rate > self.min_lr:
            optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
            self._waited, self._cooling = 0, self.cooldown
