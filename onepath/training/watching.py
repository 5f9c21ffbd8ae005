"""Metrics of what they are asked for: by name, of losses, of one output of several."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..backends import Array
from ..losses import LOSSES, BinaryCrossentropy, Loss, SeveralLosses
from ..losses import get as get_loss
from ..metrics import METRICS, Accuracy, Metric
from ..metrics import get as get_metric
from .ends import Names, in_order

Losses = str | Loss | Sequence[str | Loss] | Mapping[str, str | Loss]
Weights = Sequence[float] | Mapping[str, float]
_Several = str | Metric | Iterable[str | Metric]
Metrics = Iterable[_Several] | Mapping[str, _Several]


class LossMetric(Metric):
    """The mean of a loss over samples.

    Parameters
    ----------
    loss : Loss
        Which.
    name : str, optional
        How histories call it; as the loss is called if left out.
    """

    def __init__(self, loss: Loss, name: str | None = None) -> None:
        super().__init__(name or loss.name)
        self.loss = loss

    def update(self, y_true: Array, y_pred: Array) -> None:
        """Add a batch."""
        value = self.loss.value_and_gradient(y_true, y_pred)[0]
        self._total = self._total + value * len(y_pred)
        self._count += len(y_pred)

    def result(self) -> float:
        """Return the mean so far; NaN if there was no sample."""
        return float(self._total) / self._count if self._count else float("nan")


class OutputMetric(Metric):
    """A metric of one output of several, called ``output_metric``.

    Parameters
    ----------
    metric : Metric
        What to measure.
    output : str
        The output's name.
    index : int
        Its place among the outputs.
    """

    def __init__(self, metric: Metric, output: str, index: int) -> None:
        self.metric, self.index = metric, index
        super().__init__(f"{output}_{metric.name}")

    def update(self, y_true: Array, y_pred: Array) -> None:
        """Add a batch."""
        self.metric.update(y_true[self.index], y_pred[self.index])

    def result(self) -> float:
        """Return what the metric is so far."""
        return self.metric.result()

    def reset(self) -> None:
        """Forget all batches."""
        self.metric.reset()


def loss_of(given: Losses, weights: Weights | None, names: Names | None) -> Loss:
    """Return a loss, that of all outputs if there are several; see `Model.compile`."""
    if names is None:
        if weights is not None:
            raise ValueError("loss_weights are for networks with several outputs")
        return get_loss(given)  # type: ignore[arg-type]
    if isinstance(given, SeveralLosses):
        return given
    if isinstance(given, str | Loss):
        given = dict.fromkeys(names, given)
    if isinstance(weights, Mapping):
        weights = {**dict.fromkeys(names, 1.0), **weights}
    chosen = [get_loss(loss) for loss in in_order("loss", given, names)]
    return SeveralLosses(
        chosen, None if weights is None else in_order("loss_weights", weights, names)
    )


def metrics_of(given: Metrics, loss: Loss, names: Names | None) -> Iterator[Metric]:
    """Return metrics, those of all outputs if there are several; see `Model.compile`."""
    if not isinstance(loss, SeveralLosses) or names is None:
        for metric in given:
            yield metric_of(metric, loss)  # type: ignore[arg-type]
        return
    wanted: Any = given or {}
    if isinstance(wanted, Mapping):
        wanted = {**dict.fromkeys(names, ()), **wanted}
    several = in_order("metrics", wanted, names)
    for index, (output, its, metrics) in enumerate(zip(names, loss.losses, several, strict=True)):
        yield OutputMetric(LossMetric(its, "loss"), output, index)
        for metric in [metrics] if isinstance(metrics, str | Metric) else metrics:
            yield OutputMetric(metric_of(metric, its), output, index)


def metric_of(metric: str | Metric, loss: Loss) -> Metric:
    """Return a metric by its name, or that of a loss, beside the loss that is made small.

    Accuracy by its name puts its threshold where the loss's logits have it.
    """
    if isinstance(metric, str) and metric not in METRICS and metric in LOSSES:
        return LossMetric(get_loss(metric), metric)
    chosen = get_metric(metric)
    by_name = isinstance(metric, str) and isinstance(chosen, Accuracy)
    if by_name and isinstance(loss, BinaryCrossentropy) and loss.from_logits:
        return Accuracy(threshold=0.0)
    return chosen
