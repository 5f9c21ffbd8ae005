"""When to end."""

from typing import Any

from .callback import Logs
from .monitor import Monitor


class EarlyStopping(Monitor):
    """End the run when a quantity has stopped improving.

    Parameters
    ----------
    monitor, min_delta, mode
        See `Monitor`.
    patience : int, optional
        After how many epochs without improvement the run ends.
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
        super().__init__(monitor, min_delta, mode)
        self.patience = patience
        self.restore_best_weights = restore_best_weights
        self.best_epoch: int | None = None

    def on_train_begin(self) -> None:
        """Forget earlier runs."""
        super().on_train_begin()
        self.best_epoch, self._waited = None, 0
        self._weights: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best epoch so far."""
        if self._improves(logs):
            self.best_epoch, self._waited = epoch, 0
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
