"""What a case is, in words that JSON holds: by this a recording is seen to be stale."""

import json
from typing import Any

from .. import samples
from ..cases import Case
from ..losses import LossLayer
from ..subject import layer_of
from ..tracing import Plan


def description_of(case: Case, plan: Plan) -> dict[str, Any]:
    """Describe a case by all that its numbers depend on, seeds excepted.

    Parameters
    ----------
    case : Case
        Any.
    plan : Plan
        What is done with it.

    Returns
    -------
    dict
        The layer's class and configuration, the input's shape, and the plan, as JSON gives them
        back. Seeds are left out: what they draw is recorded itself, and a layer that was given none
        has another one each time.
    """
    about = {
        "layer": layer_of(case.make("float32")),
        "input": samples.as_sample(case.x, 0).shape,
        "plan": plan._asdict(),
    }
    text = json.dumps(about, default=_described)
    description: dict[str, Any] = json.loads(text, object_hook=_without_seed)
    return description


def first_change(old: Any, new: Any, place: str = "") -> str | None:
    """Say where two descriptions differ first.

    Parameters
    ----------
    old, new : object
        What JSON gives back.
    place : str, optional
        Where the two are from.

    Returns
    -------
    str or None
        Such as "layer.config.strides was 1, is 2"; None if they are equal.
    """
    if isinstance(old, list) and isinstance(new, list):
        old, new = dict(enumerate(old)), dict(enumerate(new))
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return None if old == new else f"{place} was {old}, is {new}"
    for key in {**old, **new}:
        inner = f"{place}.{key}" if place else f"{key}"
        if key not in old or key not in new:
            return f"{inner} is {'new' if key in new else 'gone'}"
        change = first_change(old[key], new[key], inner)
        if change:
            return change
    return None


def _described(thing: Any) -> Any:
    """What JSON does not know, by class and configuration."""
    if isinstance(thing, LossLayer):
        return {"loss": thing.loss, "y_true": thing.y_true.tolist()}
    try:
        return {"class_name": type(thing).__name__, "config": thing.get_config()}
    except (AttributeError, ValueError):  # a stranger's, or a layer with a stranger's within it
        return {"class_name": type(thing).__name__}


def _without_seed(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "seed"}
