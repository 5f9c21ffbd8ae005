"""What may look on, and step in, while a model is trained."""

from collections.abc import Callable, Mapping

from ..trainee import Trainee

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
