"""One array, or a tuple of several: what is done to one is done to each."""

from collections.abc import Callable
from typing import Any


def each(function: Callable[..., Any], x: Any) -> Any:
    """Return what a function makes of an array, or of each of several, as a tuple."""
    return tuple(map(function, x)) if isinstance(x, tuple) else function(x)


def listed(x: Any) -> tuple[Any, ...]:
    """Return several as they are, and one as a tuple."""
    return x if isinstance(x, tuple) else (x,)


def sample_shapes(x: Any) -> Any:
    """(N, *sample) -> (*sample), of each."""
    return each(lambda a: a.shape[1:], x)
