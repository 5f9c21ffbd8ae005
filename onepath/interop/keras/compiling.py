"""How a model was compiled: optimizer, loss and metrics by Keras's names, and back."""

from collections.abc import Mapping
from logging import getLogger
from typing import Any

from ...losses import LOSSES, Loss
from ...metrics import METRICS
from ...optimizers import OPTIMIZERS, LossScaleOptimizer, Optimizer
from ...training import Model
from ..errors import UnsupportedLayerError
from .configuration import class_of
from .entry import Options
from .network import text_of
from .options import arguments, tupled

LOG = getLogger(__name__)

SCHEDULES = (
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
)

LOSS_CLASSES: dict[str, type[Loss]] = {loss.__name__: loss for loss in LOSSES.values()}
OPTIMIZER_CLASSES: dict[str, type[Optimizer]] = {
    optimizer.__name__: optimizer for optimizer in OPTIMIZERS.values()
}

OURS_ALONE = {"SparseCategoricalCrossentropy": ("label_smoothing",)}
"""Options of ours that Keras has not: they must be off."""

NEUTRAL: Mapping[str, Any] = {
    "axis": -1,
    "dtype": "float32",
    "ema_momentum": None,
    "name": None,
    "reduction": "sum_over_batch_size",
}
"""Keras's options that losses and optimizers here have not, and what they must be if not off; None
is for those that make no difference."""


def compile_from(model: Model, config: Any) -> bool:
    """Compile a model as a file says; return whether that could be done.

    What there is no counterpart for is logged, and leaves the model as it is.
    """
    if not config:
        return False
    try:
        match config:
            case {"optimizer": Mapping() as optimizer, "loss": str() | Mapping() as loss}:
                metrics = _metrics(config.get("metrics"))
                model.compile(read_optimizer(optimizer), read_loss(loss), metrics)
            case _:
                raise UnsupportedLayerError(f"it was compiled by {text_of(config)}")
    except (TypeError, ValueError) as error:
        LOG.info("the model is left uncompiled: %s", error)
        return False
    return True


def compile_config(model: Model) -> dict[str, Any]:
    """Return what Keras compiles a model by; nothing for one that is not compiled."""
    if model._compiled is None:
        return {}
    optimizer, loss = unscaled(model.optimizer), model.loss
    try:
        described = {
            "optimizer": _object("keras.optimizers", optimizer, OPTIMIZER_CLASSES),
            "loss": _object("keras.losses", loss, LOSS_CLASSES),
        }
    except UnsupportedLayerError as error:
        LOG.info("the model is written uncompiled: %s", error)
        return {}
    names = [metric.name for metric in model.metrics if metric.name in METRICS]
    return {**described, "metrics": [name for name in names if name == "accuracy"]}


def unscaled(optimizer: Optimizer) -> Optimizer:
    """Return what takes the steps; Keras scales losses by itself where float16 needs it."""
    return optimizer.inner if isinstance(optimizer, LossScaleOptimizer) else optimizer


def read_optimizer(description: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer that Keras describes, or raise a ValueError."""
    optimizer: Optimizer = _made(description, OPTIMIZER_CLASSES, "the optimizer")
    return optimizer


def read_loss(description: str | Mapping[str, Any]) -> Loss:
    """Return the loss that Keras describes or names, or raise a ValueError."""
    if isinstance(description, str):
        if description not in LOSSES:
            raise UnsupportedLayerError(f"the loss {text_of(description)} is not known")
        return LOSSES[description]()
    loss: Loss = _made(description, LOSS_CLASSES, "the loss")
    return loss


def _made(description: Mapping[str, Any], classes: Mapping[str, Any], title: str) -> Any:
    """An object of a class of a table, by its options."""
    name, options = class_of(description, title)
    if name not in classes:
        raise UnsupportedLayerError(f"{title} is a {text_of(name)}; known are {sorted(classes)}")
    known = arguments(classes[name])
    for key in options.keys() - known:
        if options[key] and NEUTRAL.get(key, ...) not in (None, options[key]):
            raise UnsupportedLayerError(f"{title} has {key}={text_of(options[key])}")
    return classes[name](**{key: _value(options[key]) for key in known & options.keys()})


def _value(value: Any) -> Any:
    """An option as ours are given: a schedule of Keras's own, without its name."""
    match value:
        case {"class_name": str()}:
            name, options = class_of(value, "the learning rate")
            options.pop("name", None)
            return {"class_name": name, "config": options}
    return tupled(value)


def _metrics(description: Any) -> list[str]:
    """The metrics that have a name here."""
    named = description if isinstance(description, list) else []
    known = [metric for metric in named if isinstance(metric, str) and metric in METRICS]
    if known != (description or []):
        LOG.info("of the metrics %s, %s are known", text_of(description), known)
    return known


def _object(module: str, value: Any, classes: Mapping[str, Any]) -> dict[str, Any]:
    name = type(value).__name__
    if classes.get(name) is not type(value):
        raise UnsupportedLayerError(f"Keras has no {name}")
    config: Options = value.get_config()
    for key in OURS_ALONE.get(name, ()):
        if config.pop(key):
            raise UnsupportedLayerError(f"Keras's {name} has no {key}")
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        if rate["class_name"] not in SCHEDULES:
            raise UnsupportedLayerError(f"Keras has no schedule {rate['class_name']}")
        schedules = "keras.optimizers.schedules"
        config["learning_rate"] = {"module": schedules, **rate, "registered_name": None}
    return {"module": module, "class_name": name, "config": config, "registered_name": None}
