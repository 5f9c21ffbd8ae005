"""Optimizers by their names."""

from ..arguments import named
from .adaptive import Adam, AdamW, RMSprop
from .optimizer import Optimizer
from .sgd import SGD

OPTIMIZERS: dict[str, type[SGD | RMSprop | Adam]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def get(optimizer: str | Optimizer) -> Optimizer:
    """Return an optimizer by its name.

    Parameters
    ----------
    optimizer : str or Optimizer
        A key of `OPTIMIZERS`, in letters of either case. An optimizer is returned as it is.

    Returns
    -------
    Optimizer
        A new one, with its defaults, for a name.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither.
    """
    name = optimizer.lower() if isinstance(optimizer, str) else optimizer
    return named("optimizer", name, Optimizer, OPTIMIZERS)
