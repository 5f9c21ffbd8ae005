"""The loss and the metrics of an epoch, averaged over its samples."""

from collections.abc import Iterable
from typing import Any

from ..backends import Array
from ..metrics import Metric


class Means:
    """Running means of the loss and of metrics; the device is waited for only when they are read.

    Parameters
    ----------
    metrics : iterable of Metric
        They are reset.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)
        for metric in self._metrics:
            metric.reset()
        self._total: Any = 0.0
        self._samples = 0

    def update(self, loss: Array, y_true: Array, y_pred: Array) -> None:
        """Add a batch."""
        samples = len(y_pred[0] if isinstance(y_pred, tuple) else y_pred)
        self._total = self._total + loss * samples
        self._samples += samples
        for metric in self._metrics:
            metric.update(y_true, y_pred)

    def read(self, prefix: str = "") -> dict[str, float]:
        """Return ``loss`` and the metrics by name, each with a prefix."""
        logs = {f"{prefix}loss": float(self._total) / max(self._samples, 1)}
        return logs | {f"{prefix}{metric.name}": metric.result() for metric in self._metrics}
