"""Initializers by their names."""

from collections.abc import Callable, Mapping
from typing import Any

from ...backends import Array, Random
from .base import Initializer
from .constants import Constant, Identity, Ones, Zeros
from .distributions import RandomNormal, RandomUniform, TruncatedNormal
from .orthogonal import Orthogonal
from .scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

INITIALIZERS: dict[str, Callable[[], Initializer]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "standard_normal": lambda: RandomNormal(0.0, 1.0),
    "variance_scaling": VarianceScaling,
    "orthogonal": Orthogonal,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
}
"""Makers of initializers with their defaults, by Keras's names; "standard_normal" is our own."""

_CLASSES: dict[str, type[Initializer]] = {
    made.__name__: made for made in INITIALIZERS.values() if isinstance(made, type)
}


def initial(
    initializer: str | Initializer, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any
) -> Array:
    """Make an array of initial values.

    Parameters
    ----------
    initializer : str or Initializer
        How to fill it: a key of `INITIALIZERS`, or an object.
    random, xp, shape, dtype
        See `Initializer`.

    Returns
    -------
    array
        On the stream's device.

    Raises
    ------
    ValueError
        If the name is unknown, or the initializer cannot fill such a shape.
    """
    chosen = check_initializer(initializer)
    if isinstance(chosen, str):
        chosen = _CLASSES[chosen]() if chosen in _CLASSES else INITIALIZERS[chosen]()
    return chosen(random, xp, shape, dtype)


def check_initializer(value: Any) -> str | Initializer:
    """Return an initializer's name or an initializer as it is, or make one of its description.

    A description is what a layer's configuration has, ``{"class_name": ..., "config": {...}}``.

    Raises
    ------
    ValueError
        If it is none of the three; the message has the names.
    """
    match value:
        case Initializer():
            return value
        case str() if value in INITIALIZERS or value in _CLASSES:
            return value
        case {"class_name": str(name), "config": Mapping() as config} if name in _CLASSES:
            return _CLASSES[name].from_config(config)
    raise ValueError(
        f"an initializer is one of {tuple(INITIALIZERS)}, or an object of "
        f"onepath.initializers, got {value!r}"
    )
