"""A layer as the kit sees it, onepath's or a stranger's.

A stranger's is an object of any class with ``forward(x)`` and ``backward(dy)`` or
``backward(dy, learning_rate)``. What it learns is found as follows, the first that applies:

- parameters: a dict or list ``parameters`` or ``params``; else the floating arrays in its
  attributes, and in the dicts and lists there
- gradients: a dict or list ``gradients`` or ``grads``; else, for a parameter ``w``, an attribute
  ``dw``, ``d_w``, ``grad_w``, ``w_grad`` or ``w_gradient``; else what a step with a learning rate
  has changed
- state: a dict ``state``
"""

import copy
import inspect
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..backends import Array, Backend, backend_of, get_backend
from ..layers import Layer, Sequential
from ..layers.composition import Composite
from ..layers.policies import MIXED, variable_dtype
from ..losses import Loss

LEARNING_RATE = 2.0**-3
"""The rate of the step that shows a gradient: a power of 2, by which nothing is rounded."""

_GRADIENT_NAMES = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}_gradient")

_ATOMS: tuple[type, ...] = (str, bytes, int, float, complex, type(None), np.generic, np.dtype)
_ATOMS += (type, FunctionType, BuiltinFunctionType)


def layer_of(subject: Any) -> Any:
    """Return what is to be checked: the object itself, or a model's layer.

    Parameters
    ----------
    subject : object
        A layer, a stranger's layer, or a `Model`.

    Returns
    -------
    object
        With ``forward`` and ``backward``.

    Raises
    ------
    TypeError
        If it has neither.
    """
    layer = subject if hasattr(subject, "forward") else getattr(subject, "layer", subject)
    if callable(getattr(layer, "forward", None)) and callable(getattr(layer, "backward", None)):
        return layer
    mend = "LossLayer(loss, y_true) makes one of a loss" if isinstance(layer, Loss) else ""
    raise TypeError(
        "a layer to check is an object with forward(x) and backward(output_gradient), got "
        f"{type(layer).__name__}" + (f"; {mend}" if mend else "")
    )


def title_of(layer: Any) -> str:
    """Return what messages call a layer: its title, or else the name of its class."""
    return str(getattr(layer, "title", type(layer).__name__))


def home_of(thing: Any) -> Backend | None:
    """Return the backend on which an array lives, or None if it is no array."""
    if not (hasattr(thing, "shape") and hasattr(thing, "dtype")):
        return None  # spares most objects the search through all backends
    try:
        return backend_of(thing)
    except TypeError:
        return None


def code_of(layer: Any) -> str:
    """Return code that makes a layer, with its seed, for messages, as far as that can be told."""
    if isinstance(layer, Sequential):
        return f"Sequential([{', '.join(map(code_of, layer.layers))}])"
    if isinstance(layer, Composite):
        return f"{type(layer).__name__}({', '.join(map(code_of, layer.children))})"
    if not isinstance(layer, Layer):
        return f"{type(layer).__name__}(...)"
    code = repr(layer)
    if "seed" not in inspect.signature(type(layer)).parameters:
        return code
    return f"{code[:-1]}{'' if code.endswith('()') else ', '}seed={layer.seed})"


# Copies on other devices


def transplant(layer: Any, backend: Backend | str, dtype: str | None = None) -> Any:
    """Copy a layer, with all of its arrays, to a backend.

    Arrays are found wherever a deep copy finds them: in attributes, dicts, lists, and other
    objects. An attribute that is NumPy, CuPy or a backend becomes the new device's, and
    attributes named ``dtype`` follow the arrays.

    Parameters
    ----------
    layer : object
        onepath's or a stranger's; it is not changed. A `Model` stands for its layer.
    backend : Backend or str
        Where the copy is to live.
    dtype : {"float32", "float64", "mixed_float16", "mixed_bfloat16"}, optional
        What floating arrays become, float32 under a mixed policy; they keep their dtype if left
        out. Other arrays always do.

    Returns
    -------
    object
        The copy, ready for a forward; what the last forward kept for a backward is dropped.
    """
    layer, target = layer_of(layer), get_backend(backend)
    reached = _reached(layer)
    homes = {key: home for key, thing in reached.items() if (home := home_of(thing)) is not None}
    array_modules = {id(home.xp) for home in (*homes.values(), get_backend("cpu"))}

    # a deep copy takes for each object what its memo has already
    memo: dict[int, Any] = {}
    for key, thing in reached.items():
        if key in homes:
            memo[key] = _moved(thing, homes[key], target, dtype)
        elif isinstance(thing, Backend):
            memo[key] = target
        elif isinstance(thing, ModuleType):
            memo[key] = target.xp if key in array_modules else thing
    twin = copy.deepcopy(layer, memo)

    for key, thing in reached.items():
        if dtype is not None and _is_floating(_attributes(thing).get("dtype")):
            memo[key].dtype = _like(thing.dtype, dtype)
        if isinstance(thing, Layer):
            memo[key].clear()
    return twin


def _reached(root: Any) -> dict[int, Any]:
    """What a deep copy would reach, by id; while it is held, no id is given to anything else."""
    reached: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in reached or isinstance(thing, _ATOMS):
            continue
        reached[id(thing)] = thing
        if isinstance(thing, Mapping):
            waiting.extend(thing.values())
        elif isinstance(thing, list | tuple | set | frozenset):
            waiting.extend(thing)
        if not (isinstance(thing, Backend | ModuleType) or home_of(thing)):
            waiting.append(thing.__getstate__())
    return reached


def _moved(array: Array, home: Backend, target: Backend, dtype: str | None) -> Array:
    """A copy of an array, elsewhere."""
    kept = dtype is None or array.dtype.kind != "f"
    return target.asarray(
        np.array(home.to_numpy(array), dtype=None if kept else variable_dtype(dtype))
    )


def _is_floating(dtype: Any) -> bool:
    """Whether something stands for a floating dtype, or for a mixed policy."""
    try:
        if dtype in MIXED:
            return True
        return dtype is not None and np.dtype(dtype).kind == "f"
    except TypeError:
        return False


def _like(model: Any, dtype: str) -> Any:
    """A dtype in the way in which another one is written."""
    if isinstance(model, str):
        return dtype
    found = np.dtype(variable_dtype(dtype))
    return found.type if isinstance(model, type) else found


# What is learned and kept


def parameters_of(layer: Any) -> dict[str, Array]:
    """Return what a layer learns, by name.

    A stranger's layer with neither dict nor list shows its attributes. After a forward there may be
    more of them than what is learned: keep to the names that were there before.

    Parameters
    ----------
    layer : object
        onepath's or a stranger's.

    Returns
    -------
    dict of str to array
        The arrays themselves.
    """
    shown = _shown(layer, "parameters", "params")
    if shown is not None:
        return shown
    known = {id(array) for array in state_of(layer).values()}
    found = {
        name: array
        for attribute, value in _attributes(layer).items()
        for name, array in _floating_arrays(attribute, value)
        if id(array) not in known
    }
    gradients = {pattern.format(name) for name in found for pattern in _GRADIENT_NAMES}
    return {name: array for name, array in found.items() if name not in gradients}


def gradients_of(layer: Any) -> dict[str, Array]:
    """Return the gradients that a layer shows after a backward, by their parameters' names.

    Parameters
    ----------
    layer : object
        onepath's or a stranger's.

    Returns
    -------
    dict of str to array
        Empty if the layer shows none: then a step with a learning rate does, see `run_backward`.
    """
    shown = _shown(layer, "gradients", "grads")
    if shown is not None:
        return shown
    attributes = _attributes(layer)
    return {
        name: attributes[pattern.format(name)]
        for name in parameters_of(layer)
        for pattern in _GRADIENT_NAMES
        if home_of(attributes.get(pattern.format(name))) is not None
    }


def state_of(layer: Any) -> dict[str, Array]:
    """Return what a layer keeps but does not learn, by name; a stranger's has a dict for it."""
    return _shown(layer, "state") or {}


def leaves(layer: Any) -> list[tuple[str, Any]]:
    """Return the layers within a layer that have none within them, each with its path.

    Parameters
    ----------
    layer : object
        onepath's or a stranger's.

    Returns
    -------
    list of (str, object)
        In the order of the children, with paths as ``child/grandchild``; the layer itself, with an
        empty path, if there is none within it.
    """
    if not isinstance(layer, Composite):
        return [("", layer)]
    return [
        (f"{child.name}/{path}" if path else child.name, leaf)
        for child in layer.children
        for path, leaf in leaves(child)
    ]


def _shown(layer: Any, *names: str) -> dict[str, Array] | None:
    """The arrays of the first attribute with one of the names, or None if there is none such."""
    for name in names:
        arrays = getattr(layer, name, None)
        if isinstance(arrays, Mapping) and (arrays or not _is_by_hand(layer)):
            return dict(arrays)
        if isinstance(arrays, list | tuple):
            return {str(index): array for index, array in enumerate(arrays)}
    return None


def _attributes(layer: Any) -> dict[str, Any]:
    """The attributes of an object itself, as far as it has a dict of them."""
    return getattr(layer, "__dict__", {})


def _is_by_hand(layer: Any) -> bool:
    """Whether a `Layer` has a forward of its own: the dicts of such a one may be left unused."""
    return isinstance(layer, Layer) and type(layer).forward is not Layer.forward


def _floating_arrays(name: str, value: Any) -> Iterator[tuple[str, Array]]:
    """The floating arrays that an attribute holds, with their names."""
    if isinstance(value, Mapping):
        parts = {f"{name}[{key!r}]": part for key, part in value.items()}
    elif isinstance(value, list):
        parts = {f"{name}[{index}]": part for index, part in enumerate(value)}
    else:
        parts = {name: value}
    for part_name, part in parts.items():
        if home_of(part) is not None and part.dtype.kind == "f":
            yield part_name, part


# Running


def run_forward(layer: Any, x: Array, training: bool = False) -> Array:
    """Run a forward pass; ``training`` is handed on to layers that take it.

    Parameters
    ----------
    layer : object
        onepath's or a stranger's.
    x : array
        The input.
    training : bool, optional
        Whether dropout drops and batch statistics are taken.

    Returns
    -------
    array
        What the layer returns.
    """
    if "training" in inspect.signature(layer.forward).parameters:
        return layer.forward(x, training=training)
    return layer.forward(x)


def run_backward(layer: Any, dy: Array) -> tuple[Array, dict[str, Array]]:
    """Run a backward pass, and find the parameters' gradients.

    Parameters
    ----------
    layer : object
        onepath's or a stranger's, after a forward. If its ``backward`` takes a learning rate, and
        is not that of `Layer`, it is given `LEARNING_RATE`: the layer's parameters change.
    dy : array
        The output's gradient.

    Returns
    -------
    dx : array
        What ``backward`` returns.
    gradients : dict of str to array
        By the names of the parameters: as the layer shows them, or else from the step.
    """
    if not _takes_rate(layer):
        return layer.backward(dy), gradients_of(layer)
    before = {name: array.copy() for name, array in parameters_of(layer).items()}
    dx = layer.backward(dy, LEARNING_RATE)
    after = parameters_of(layer)
    step = {
        name: (array - after[name]) / LEARNING_RATE
        for name, array in before.items()
        if name in after
    }
    return dx, gradients_of(layer) or step


def _takes_rate(layer: Any) -> bool:
    """Whether a backward of someone's own takes a learning rate beside the gradient."""
    if isinstance(layer, Layer) and type(layer).backward is Layer.backward:
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    arguments = inspect.signature(layer.backward).parameters.values()
    return sum(argument.kind in positional for argument in arguments) > 1
