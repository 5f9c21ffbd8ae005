"""Weights as PyTorch's ``state_dict`` has them."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...backends.dtypes import is_floating
from ...layers import Layer
from ...training import Model
from .naming import all_names, named_slots, nearest
from .slot import Slot

MOST = 10
"""Names of a kind that a message lists."""


def state_dict(model: Model | Layer, names: str = "names") -> dict[str, Any]:
    """Return all weights as PyTorch has them.

    Parameters
    ----------
    model : Model or Layer
        A built network; it stays as it is, where it is.
    names : {"names", "positions"}, optional
        Whether layers of a `Sequential` go by their names, as in ``"block.conv.weight"``, or by
        their numbers, as in ``nn.Sequential``: ``"0.3.weight"``.

    Returns
    -------
    dict of str to numpy.ndarray
        Copies, on the host, of the dtypes of the parameters and with PyTorch's axes.

    Raises
    ------
    RuntimeError
        If the network is not built.
    UnsupportedLayerError
        If PyTorch has no such layer; it is named, with its place.
    ValueError
        If ``names`` is neither, or two weights would have one name.
    """
    layer = built(model)
    held = layer.parameters | layer.state
    state: dict[str, Any] = {}
    for slot in named_slots(layer, names):
        arrays = slot.out(*(layer.home.to_numpy(held[name]) for name in slot.ours))
        # what is turned lies in memory as it was, and would be saved so
        state.update(zip(slot.theirs, (array.copy(order="C") for array in arrays), strict=True))
    return state


def load_state_dict(model: Model | Layer, state: Mapping[str, Any]) -> None:
    """Give a network the weights of a ``state_dict``.

    Names are those of the layers or, for all of them, ``nn.Sequential``'s numbers. Numbers are
    converted to the dtypes of the parameters. BatchNormalization's ``num_batches_tracked`` may be
    there, and is let go.

    Parameters
    ----------
    model : Model or Layer
        A built network, on any device.
    state : mapping of str to array
        Arrays on the host: NumPy's, or PyTorch's.

    Raises
    ------
    RuntimeError
        If the network is not built.
    TypeError
        If something is no array on the host, or not floating.
    UnsupportedLayerError
        If PyTorch has no layer that the network has.
    ValueError
        If weights are missing, left over or of another shape, or there are numbers too large for
        the parameters' dtype. After any error the network is as it was.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"a state is a mapping of names to arrays, got {state!r}")
    take(built(model), state, "the state")


def take(layer: Layer, state: Mapping[str, Any], source: str) -> None:
    """Give a built layer the weights of a state; messages call it by its source."""
    slots = nearest(layer, state)
    held = layer.parameters | layer.state
    arrays = {name: _on_host(array, name, source) for name, array in state.items()}
    _check(layer, slots, held, arrays, source)
    taken = {}
    for slot in slots:
        if slot.ours:
            dtype = held[slot.ours[0]].dtype
            given = (_converted(arrays[name], dtype, name, source) for name in slot.theirs)
            for name, array in zip(slot.ours, slot.back(*given), strict=True):
                taken[name] = layer.home.asarray(array)
    for name, array in taken.items():
        held[name][...] = array


def built(model: Model | Layer) -> Layer:
    """Return the layer of a model, or the layer itself, if it is built."""
    layer = model.layer if isinstance(model, Model) else model
    if not isinstance(layer, Layer):
        raise TypeError(f"weights are those of a Model or a Layer, got {model!r}")
    if not layer.built:
        raise RuntimeError(
            f"{layer.title} is not built, and weights do not tell for what input: "
            "call build(input_shape) first"
        )
    return layer


def _on_host(array: Any, name: str, source: str) -> Any:
    try:
        host = np.asarray(array)
    except Exception as error:
        raise TypeError(
            f"{source}: {name!r} is no array on the host, got {type(array)}: {error}"
        ) from error
    return host


def _check(
    layer: Layer,
    slots: Iterable[Slot],
    held: Mapping[str, Any],
    arrays: Mapping[str, Any],
    source: str,
) -> None:
    """Refuse what does not fit, all at once."""
    expected: dict[str, Any] = {}
    for slot in slots:
        blank = (np.empty(held[name].shape, held[name].dtype) for name in slot.ours)
        expected.update(zip(slot.theirs, slot.out(*blank), strict=True))
    needed = all_names(slot for slot in slots if slot.needed)
    wrong = {
        "missing": [
            f"{name!r} of shape {array.shape}"
            for name, array in expected.items()
            if name in needed and name not in arrays
        ],
        "left over": [
            f"{name!r} of shape {array.shape}"
            for name, array in arrays.items()
            if name not in expected
        ],
        "of another shape": [
            f"{name!r} must have {expected[name].shape}, got {array.shape}"
            for name, array in arrays.items()
            if name in expected and array.shape != expected[name].shape
        ],
    }
    lines = [f"{kind}: {_listed(items)}" for kind, items in wrong.items() if items]
    if lines:
        raise ValueError("\n  ".join([f"{source} does not fit {layer.title}", *lines]))
    for name, array in arrays.items():
        if is_floating(expected[name].dtype) and not is_floating(array.dtype):
            raise TypeError(f"{source}: {name!r} must be floating, got {array.dtype}")


def _listed(items: list[str]) -> str:
    more = len(items) - MOST
    return "; ".join(items[:MOST]) + (f"; and {more} more" if more > 0 else "")


def _converted(array: Any, dtype: Any, name: str, source: str) -> Any:
    """An array in another dtype; numbers may be rounded, but not become infinite."""
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype)
    except FloatingPointError:
        raise ValueError(f"{source}: {name!r} has numbers too large for {dtype}") from None
