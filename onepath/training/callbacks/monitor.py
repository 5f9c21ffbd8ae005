"""A quantity that is to become better."""

import math

from ...arguments import number
from .callback import Callback, Logs


class Monitor(Callback):
    """Tells whether a quantity of the epochs' logs has become better.

    Parameters
    ----------
    monitor : str, optional
        A key of the epoch's logs.
    min_delta : float, optional
        How much better it must become to count.
    mode : {"auto", "min", "max"}, optional
        Whether less or more is better; "auto" takes more to be better for accuracies.

    Raises
    ------
    TypeError, ValueError
        If the mode is unknown or the difference no number, or at the end of an epoch there is no
        such key.
    """

    def __init__(self, monitor: str, min_delta: float, mode: str) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        if mode == "auto":
            mode = "max" if "acc" in monitor else "min"
        self.monitor = monitor
        self.min_delta = abs(number("min_delta", min_delta, at_least=-math.inf))
        self.mode = mode
        self._best = math.inf

    def on_train_begin(self) -> None:
        """Forget earlier runs."""
        self._best = math.inf

    def _improves(self, logs: Logs) -> bool:
        """Whether the quantity is better than the best so far, which it then becomes."""
        if self.monitor not in logs:
            raise ValueError(
                f"{type(self).__name__} watches {self.monitor!r}, but there is only "
                f"{sorted(logs)}; a name that begins with 'val_' needs validation data"
            )
        value = logs[self.monitor] * (-1 if self.mode == "max" else 1)
        if value >= self._best - self.min_delta or math.isnan(value):
            return False
        self._best = value
        return True
