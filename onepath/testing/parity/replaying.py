"""What a recorded run should have been, layer by layer.

Each layer within a layer is run again on the data that it really got, as they were recorded, and
hands on what it really returned. So a quantity differs from its recording by what went wrong there
and nowhere else: errors do not add up on the way, a value that fell on the other side of a kink
harms nobody downstream, and the first layer that differs is the one at fault.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from ...backends import Array
from ..subject import home_of, leaves, parameters_of, state_of
from ..tracing import Observer, Plan, run


def replay(
    layer: Any,
    recorded: Mapping[str, Array],
    plan: Plan,
    given: Callable[[str, Array], Array] = lambda name, array: array,
) -> dict[str, Array]:
    """Run a layer again along a recording.

    Parameters
    ----------
    layer : object
        A copy of the recorded layer as it was before the run; it is used up.
    recorded : dict of str to array
        What `trace` returned, or the beginning of it.
    plan : Plan
        What was done with the layer.
    given : callable, optional
        What is made of a recorded array, by its name, before it is handed on: it may be brought to
        another device, dtype or magnitude.

    Returns
    -------
    dict of str to array
        Quantities under the names of the recording. If that breaks off, so does this, with one
        quantity more than was recorded.
    """
    replayer = _Replayer(recorded, given)
    try:
        run(layer, recorded["input"], recorded.get("output gradient"), replayer, plan)
    except _BreaksOff:
        pass
    except Exception:
        if recorded.keys() - replayer.seen.keys():
            raise
        # else the recording breaks off here because what was recorded raised something, too
    return replayer.seen


class _BreaksOff(Exception):  # noqa: N818 - no error
    """The recording does not go on."""


class _Replayer(Observer):
    """Goes on with what was recorded, whatever is computed."""

    def __init__(self, recorded: Mapping[str, Array], given: Callable[[str, Array], Array]) -> None:
        super().__init__()
        self._recorded = recorded
        self._given = given

    def take(self, name: str, array: Array) -> Array:
        """Note a quantity; return what was recorded in its place."""
        super().take(name, array)
        if name not in self._recorded:
            raise _BreaksOff
        recorded = self._recorded[name]
        return self._given(name, recorded) if home_of(recorded) else recorded


def mapped(layer: Any, function: Callable[[Array], Array]) -> Any:
    """Copy a layer, with a function applied to each array of its parameters and state.

    Parameters
    ----------
    layer : object
        onepath's or a stranger's; it is not changed.
    function : callable
        From an array to another one of its shape.

    Returns
    -------
    object
        The copy.
    """
    arrays = [
        array
        for _, leaf in [*leaves(layer), ("", layer)]
        for array in (*parameters_of(leaf).values(), *state_of(leaf).values())
    ]
    # a deep copy takes for each object what its memo has already
    return copy.deepcopy(layer, {id(array): function(array) for array in arrays})
