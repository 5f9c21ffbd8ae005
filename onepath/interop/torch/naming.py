"""What PyTorch calls the weights of a network: by the names of its layers, or by their numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator

from ...layers import Layer, Sequential
from ...layers.composition import Composite
from ..errors import UnsupportedLayerError
from .slot import Slot
from .table import ENTRIES

NAMES = ("names", "positions")
"""Layers of a `Sequential` go by their names, or by their numbers as in ``nn.Sequential``."""


def named_slots(layer: Layer, names: str) -> list[Slot]:
    """Return the slots of all weights of a built network.

    Parameters
    ----------
    layer : Layer
        The network.
    names : {"names", "positions"}
        What layers inside a `Sequential` are called; all others go by their names.

    Returns
    -------
    list of Slot
        With the names that ``layer.parameters``, ``layer.state`` and PyTorch have.

    Raises
    ------
    UnsupportedLayerError
        If there are weights that PyTorch has no names for.
    ValueError
        If ``names`` is neither, or two weights would have one name.
    """
    if names not in NAMES:
        raise ValueError(f"names must be one of {NAMES}, got {names!r}")
    slots = list(_slots(layer, names == "positions", ""))
    counts = Counter(name for slot in slots for name in slot.theirs)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError(f"two weights would be called {twice[0]!r}: give a layer another name")
    return slots


def nearest(layer: Layer, given: Iterable[str]) -> list[Slot]:
    """Return the slots by names or by numbers: those of which more are given, by names if equal."""
    keys = set(given)
    schemes = [named_slots(layer, names) for names in NAMES]
    return max(schemes, key=lambda slots: len(all_names(slots) & keys))


def all_names(slots: Iterable[Slot]) -> set[str]:
    """PyTorch's names of the weights."""
    return {name for slot in slots for name in slot.theirs}


def _slots(layer: Layer, numbered: bool, place: str) -> Iterator[Slot]:
    """The slots of a layer, with its own names."""
    arrays = layer.parameters.keys() | layer.state.keys()
    known: set[str] = set()
    for slot in _entered(layer, numbered, place):
        if arrays.issuperset(slot.ours):
            known.update(slot.ours)
            yield slot
    if known < arrays:
        raise UnsupportedLayerError(
            f"PyTorch has nothing for {sorted(arrays - known)} of {_title(layer, place)}; layers "
            f"whose weights it has are {', '.join(sorted(cls.__name__ for cls in ENTRIES))}"
        )


def _entered(layer: Layer, numbered: bool, place: str) -> Iterator[Slot]:
    """The slots that the table tells for a layer, or else those of the layers inside it."""
    if type(layer) in ENTRIES:
        try:
            yield from ENTRIES[type(layer)](layer)
        except UnsupportedLayerError as error:
            raise UnsupportedLayerError(f"{_title(layer, place)}: {error}") from None
    elif isinstance(layer, Composite):
        by_number = numbered and isinstance(layer, Sequential)
        for number, child in enumerate(layer.children):
            inside = f"{place}/{child.name}" if place else child.name
            stem = str(number) if by_number else child.name
            for slot in _slots(child, numbered, inside):
                yield slot.within(f"{child.name}/", f"{stem}.")


def _title(layer: Layer, place: str) -> str:
    """Class and place, for messages."""
    return f"{type(layer).__name__} {(place or layer.name)!r}"
