"""What a device may do to be faster at the cost of equal numbers: one setting for the process."""

from collections.abc import Callable
from typing import NamedTuple

from ..arguments import flag


class Numerics(NamedTuple):
    """How exact and how repeatable a device has to be.

    Attributes
    ----------
    tf32 : bool
        Whether products of float32 numbers may be made of numbers rounded to 10 bits of fraction.
    deterministic : bool
        Whether the same call must give the same bits each time.
    """

    tf32: bool = False
    deterministic: bool = True


_current = Numerics()
_told: list[Callable[[Numerics], None]] = []


def current() -> Numerics:
    """Return the setting."""
    return _current


def follow(listener: Callable[[Numerics], None]) -> None:
    """Call the listener with the setting now, and whenever it changes."""
    _told.append(listener)
    listener(_current)


def set_tf32(allowed: bool) -> None:
    """Say whether a GPU may multiply float32 numbers as TF32.

    TF32 is what tensor cores make of float32: 8 bits of exponent, 10 of fraction, sums in float32.
    Matrix products and convolutions get several times as fast, and their numbers right to three
    digits. It is off unless it is asked for, and makes no difference on a CPU.

    Parameters
    ----------
    allowed : bool
        Whether it may.

    Raises
    ------
    TypeError
        If that is no bool.
    """
    _change(_current._replace(tf32=flag("allowed", allowed)))


def get_tf32() -> bool:
    """Return whether a GPU may multiply float32 numbers as TF32."""
    return _current.tf32


def set_deterministic(required: bool) -> None:
    """Say whether the same call must give the same bits each time.

    It is required unless this says otherwise. A GPU's library has faster convolutions that add up
    in any order; without the requirement they may be taken. It makes no difference on a CPU.

    Parameters
    ----------
    required : bool
        Whether it must.

    Raises
    ------
    TypeError
        If that is no bool.
    """
    _change(_current._replace(deterministic=flag("required", required)))


def get_deterministic() -> bool:
    """Return whether the same call must give the same bits each time."""
    return _current.deterministic


def _change(numerics: Numerics) -> None:
    global _current
    _current = numerics
    for listener in _told:
        listener(numerics)
