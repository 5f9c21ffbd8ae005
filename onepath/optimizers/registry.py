"""Optimizers by their names."""

from ..arguments import named
from .adam import Adam, Adamax, AdamW, Nadam
from .adaptive import Adadelta, Adagrad, RMSprop
from .ftrl import Ftrl
from .lion import Lion
from .optimizer import Optimizer
from .sgd import SGD

_Known = SGD | RMSprop | Adagrad | Adadelta | Adam | Adamax | Nadam | Lion | Ftrl

OPTIMIZERS: dict[str, type[_Known]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "adam": Adam,
    "adamw": AdamW,
    "adamax": Adamax,
    "nadam": Nadam,
    "lion": Lion,
    "ftrl": Ftrl,
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
