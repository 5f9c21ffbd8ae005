"""Checks of what layers are given; each message says what was wrong and what mends it."""

from typing import Any

from ..backends import Array, Backend, DeviceMismatchError, backend_of
from ..backends.dtypes import is_floating
from .several import listed

Shape = tuple[int, ...]


def input_backend(title: str, input: Any, home: Backend | None) -> Backend:
    """Return the input's backend, which must be ``home`` if there is one."""
    try:
        backend = backend_of(*listed(input))
    except TypeError as error:
        raise TypeError(f"{title}: input: {error}") from None
    if home is not None and home is not backend:
        raise DeviceMismatchError(
            f"{title}: the input is on {backend.name}, the layer on {home.name}, and nothing is "
            f"copied implicitly: move the input with get_backend({home.name!r}).asarray(x), or "
            f"the layer with layer.to({backend.name!r})"
        )
    return backend


def several_of(title: str, role: str, value: Any, count: int | None = None) -> tuple[Any, ...]:
    """Return a tuple or a list of arrays as a tuple, or raise."""
    if not isinstance(value, tuple | list):
        raise TypeError(
            f"{title}: {role} must be a tuple of arrays, got "
            f"{type(value).__module__}.{type(value).__qualname__}"
        )
    if len(value) == 0 or len(value) != (count or len(value)):
        raise ValueError(
            f"{title}: {role} must be {count or 'one or more'} arrays, got {len(value)}"
        )
    return tuple(value)


def check_input(title: str, input: Array, indices: bool = False) -> None:
    """Raise unless the input is floating, or integers where they index, and not empty."""
    if not (is_floating(input.dtype) or (indices and input.dtype.kind in "iu")):
        integer = input.dtype.kind in "iub"
        mend = "; scale integer images, as in x.astype('float32') / 255" if integer else ""
        raise TypeError(f"{title}: the input must be floating, got {input.dtype}{mend}")
    if input.size == 0:
        raise ValueError(f"{title}: the input is empty, its shape is {input.shape}")


def fits(gradient: Any, home: Backend, shape: Shape) -> bool:
    """Whether the gradient is a real array on the layer's device, of the output's shape."""
    if not (home.owns(gradient) and gradient.shape == shape):
        return False
    return gradient.dtype.kind in "iu" or is_floating(gradient.dtype)


def refuse_output_gradient(title: str, gradient: Any, home: Backend, shape: Shape) -> None:
    """Raise an error that says why a gradient does not fit."""
    if not home.owns(gradient):
        raise DeviceMismatchError(
            f"{title}: output_gradient must be an array on {home.name}, got "
            f"{type(gradient).__module__}.{type(gradient).__qualname__}; "
            f"get_backend({home.name!r}).asarray(...) moves host data there"
        )
    if gradient.shape != shape:
        raise ValueError(
            f"{title}: output_gradient must have the output's shape {shape}, got {gradient.shape}"
        )
    raise TypeError(f"{title}: output_gradient must be real, got {gradient.dtype}")
