"""The training loop."""

from collections.abc import Callable, Sequence

from ..backends import Array
from ..backends.random import derived_seed
from ..layers.several import each
from .callbacks import Callback
from .feeding import Batches
from .history import History
from .interrupts import CleanInterrupt
from .means import Means
from .penalties import penalize, penalty
from .sharding import Passage
from .trainee import Trainee

Learn = Callable[..., tuple[Array, Array]]
"""Learns from inputs, targets and, if there are any, weights of a batch's samples; gives its loss,
and the predictions from before."""


def run_epochs(
    model: Trainee,
    learn: Learn,
    batches: Batches,
    validation: Batches | None,
    epochs: int,
    callbacks: Sequence[Callback],
    shuffle: bool,
) -> History:
    """Train a model that is compiled and built; see `Model.fit`."""
    history, begun = History(), model.epochs_begun
    model.stop_training = False
    for callback in callbacks:
        callback.model = model
        callback.params = {
            "epochs": epochs,
            "steps": len(batches),
            "batch_size": batches.batch_size,
            "samples": batches.rows,
        }
        callback.on_train_begin()
    try:
        with CleanInterrupt() as interrupt:
            for epoch in range(epochs):
                for callback in callbacks:
                    callback.on_epoch_begin(epoch)
                means = _learn(model, learn, batches, callbacks, shuffle, interrupt)
                history.interrupted = interrupt.requested
                if means is None:
                    break
                logs = means.read()
                if validation is not None:
                    logs |= evaluate(model, validation, prefix="val_")
                history.append(epoch, logs)
                for callback in callbacks:
                    callback.on_epoch_end(epoch, logs)
                if model.stop_training:
                    break
        if model.epochs_begun > begun:
            model.optimizer.finalize_variable_values(model.layer.trainable_parameters)
    finally:
        for callback in callbacks:
            callback.on_train_end()
    return history


def _learn(
    model: Trainee,
    learn: Learn,
    batches: Batches,
    callbacks: Sequence[Callback],
    shuffle: bool,
    interrupt: CleanInterrupt,
) -> Means | None:
    """Go through the data once; None if that was stopped in its midst."""
    means = Means(model.metrics)
    order = derived_seed(model.seed, "shuffle", model.epochs_begun)
    model.epochs_begun += 1
    for number, (x, y, *weight) in enumerate(batches.shuffled(order) if shuffle else batches):
        loss, predicted = learn(x, y, *weight)
        means.update(loss, y, predicted)
        for callback in callbacks:
            callback.on_train_batch_end(number, means.read)
        model.stop_training |= interrupt.requested
        if model.stop_training:
            return None
    return means


def step(model: Trainee, x: Array, y: Array, *weight: Array) -> tuple[Array, Array]:
    """Learn from one batch; return its loss and the predictions from before.

    There is one array of weights of the samples, or none.
    """
    passage = Passage(model.layer, x)
    predicted = passage.forward()
    loss, gradient = model.loss.value_and_gradient(y, predicted, *weight)
    passage.learn(each(model.optimizer.scaled, gradient))
    loss = penalize(model.layer, loss, model.optimizer.scaled)
    model.optimizer.update(model.layer.trainable_parameters, model.layer.gradients)
    return loss, predicted


def evaluate(model: Trainee, batches: Batches, prefix: str = "") -> dict[str, float]:
    """Return the loss and the metrics over the batches, by name."""
    means = Means(model.metrics)
    extra = penalty(model.layer)
    for x, y, *weight in batches:
        predicted = Passage(model.layer, x).infer()
        loss = model.loss.value_and_gradient(y, predicted, *weight)[0]
        means.update(loss if extra is None else loss + extra, y, predicted)
    return means.read(prefix)
