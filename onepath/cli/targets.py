"""What is to be checked, as a person names it: a layer in a module, or a saved model."""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..testing.cases import BATCH, Case
from ..testing.subject import layer_of, transplant
from ..training import load_model

FORM = "MODULE:LAYER, or the file of a saved model"

_PACKAGE = Path(__file__).parents[1]


class TargetError(ValueError):
    """What was named cannot be checked; the message says why."""


@dataclass(frozen=True)
class Target(Case):
    """A person's layer as a case.

    Attributes
    ----------
    layer : object
        The layer.
    batch : int
        How many samples the input has.
    """

    layer: Any = None
    batch: int = BATCH

    @classmethod
    def named(cls, target: str, input_shape: Sequence[int] | None, training: bool) -> "Target":
        """Find what is meant.

        Parameters
        ----------
        target : str
            See `load`.
        input_shape : sequence of int or None
            The shape of a batch; can be left out if the layer tells that of a sample.
        training : bool
            Whether the layer is to run in training mode.

        Returns
        -------
        Target
            Its name is ``target``.

        Raises
        ------
        CorruptFileError, ImportError
            If a model's file cannot be read.
        TargetError
            If there is no such layer, or the shape is missing.
        """
        layer = load(target)
        told = _sample_shape(layer)
        if input_shape is None and told is None:
            raise TargetError(
                f"{target} does not tell the shape of its input: --input-shape does, as in "
                "--input-shape 2,3,8,8"
            )
        batch, *sample = input_shape or (BATCH, *(told or ()))

        def make(dtype: str) -> Any:
            return transplant(layer, "cpu", dtype)

        return cls(target, make, tuple(sample), training, layer=layer, batch=batch)

    @property
    def x(self) -> tuple[int, ...]:
        """The shape of the input."""
        return (self.batch, *self.shape)


def load(target: str) -> Any:
    """Return the layer that is meant.

    Parameters
    ----------
    target : str
        ``module:name``, for a layer, a class of layers, or a function that makes one, the last two
        without arguments; or the path of a model that `Model.save` wrote. A module in the current
        folder is found, as ``python -m`` finds it.

    Returns
    -------
    object
        With ``forward`` and ``backward``, or a `Model`.

    Raises
    ------
    CorruptFileError, ImportError
        If a model's file cannot be read.
    TargetError
        If there is no such thing, it is no layer, or its module or its constructor fails.
    """
    if Path(target).is_file():
        return load_model(target)
    module_name, colon, name = target.partition(":")
    if not (module_name and colon and name):
        raise TargetError(f"TARGET is {FORM}; there is no file {target!r}")
    found: Any = _imported(module_name)
    for part in name.split("."):
        if not hasattr(found, part):
            raise TargetError(f"{target}: {_named(found)} has no {part!r}{_offer(found)}")
        found = getattr(found, part)
    if _is_layer(found) and not isinstance(found, type):
        return found
    return _made(target, found)


def _sample_shape(layer: Any) -> tuple[int, ...] | None:
    """The shape of a sample, if the layer tells it as onepath's do."""
    shape = getattr(layer_of(layer), "input_shape", None)
    return tuple(shape) if isinstance(shape, tuple | list) else None


def _imported(name: str) -> ModuleType:
    """Import a module, which may import from the current folder, then and later."""
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise TargetError(f"importing {name!r} fails: {_told(error)}") from error


def _made(target: str, maker: Any) -> Any:
    """What a class or a function makes."""
    if not callable(maker):
        raise TargetError(
            f"{target} is of type {type(maker).__name__}: it must be a layer, a class of layers, "
            "or a function that makes one"
        )
    try:
        made = maker()
    except Exception as error:
        raise TargetError(
            f"{target}() fails: {_told(error)}. A layer that is made with arguments can be kept in "
            "a variable, or be made by a function without any"
        ) from error
    if not _is_layer(made):
        raise TargetError(
            f"{target}() returns a {type(made).__name__}, which has no forward and backward"
        )
    return made


def _is_layer(thing: Any) -> bool:
    """Whether something can be checked."""
    try:
        layer_of(thing)
    except TypeError:
        return False
    return True


def _told(error: Exception) -> str:
    """An exception in a line, with the last line of the person's own code that led to it."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and not Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"


def _named(thing: Any) -> str:
    return f"module {thing.__name__!r}" if isinstance(thing, ModuleType) else repr(thing)


def _offer(thing: Any) -> str:
    """What could have been meant: layers, and classes of layers that are its own."""
    layers = [
        name
        for name, value in getattr(thing, "__dict__", {}).items()
        if _is_layer(value)
        and (not isinstance(value, type) or value.__module__ == getattr(thing, "__name__", None))
    ]
    return f"; of layers it has {', '.join(layers)}" if layers else ""
