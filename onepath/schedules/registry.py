"""The schedules that may be made from a configuration: a closed list."""

from collections.abc import Mapping
from typing import Any, TypeVar

from ..arguments import number
from .schedule import LearningRateSchedule, Rate

SCHEDULES: dict[str, type[LearningRateSchedule]] = {}
"""All of them, by the names of their classes."""

ScheduleType = TypeVar("ScheduleType", bound=type[LearningRateSchedule])


def register_schedule(cls: ScheduleType) -> ScheduleType:
    """Allow a class to be made from a configuration, as a decorator.

    Parameters
    ----------
    cls : type
        A class derived from `LearningRateSchedule`, with a name that no other has.

    Returns
    -------
    type
        The class itself.

    Raises
    ------
    ValueError
        If another class has that name.
    """
    if SCHEDULES.setdefault(cls.__name__, cls) is not cls:
        raise ValueError(f"there is a schedule {cls.__name__!r} already")
    return cls


def check_rate(name: str, value: Any) -> Rate:
    """Return a learning rate for a number, a schedule or its description, or raise.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : float, LearningRateSchedule or dict
        A description is what configurations have, ``{"class_name": ..., "config": {...}}``.

    Returns
    -------
    float or LearningRateSchedule
        A number that is finite and at least 0, or a schedule.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If a number is out of range, or a described class is not registered.
    """
    match value:
        case LearningRateSchedule():
            return value
        case {"class_name": str(class_name), "config": Mapping() as config}:
            if class_name not in SCHEDULES:
                raise ValueError(
                    f"no schedule {class_name!r} is registered; known are {sorted(SCHEDULES)}"
                )
            return SCHEDULES[class_name].from_config(config)
    return number(name, value)
