"""What a training run went through."""

import csv
from collections.abc import Mapping
from typing import Any


class History:
    """Losses and metrics by epoch, as `Model.fit` returns them.

    Attributes
    ----------
    epoch : list of int
        The epochs that were finished, counted from 0.
    history : dict of str to list of float
        One number for each of those epochs: ``"loss"``, metrics, and the same with ``"val_"`` in
        front for the validation data.
    interrupted : bool
        Whether Ctrl-C ended the run; what was learned until then stays in the model.
    replayed : int
        How many steps were replayed as one CUDA graph each.
    graph_reason : str or None
        Why steps were not, if something was in the way.
    """

    def __init__(self) -> None:
        self.graph_reason: str | None = None
        self.replayed = 0
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.interrupted = False

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.history.items())
        return f"<History of {len(self.epoch)} epochs{': ' + last if last else ''}>"

    def append(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Add a finished epoch."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def to_csv(self, path: Any) -> None:
        """Write a table with a row for each epoch.

        Parameters
        ----------
        path : str or path-like
            The file, overwritten if it exists.
        """
        with open(path, "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["epoch", *self.history])
            table.writerows(zip(self.epoch, *self.history.values(), strict=True))
