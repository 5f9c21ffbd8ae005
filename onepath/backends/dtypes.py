"""Which dtypes are floating, and what is done about the narrow ones.

NumPy has no bfloat16 of its own: the package ml_dtypes brings it, and CuPy takes it from there. Its
kind is not "f", and NumPy adds numbers of it up one after the other, with a rounding each time.
"""

from typing import Any

from .types import Array

NARROW = 4
"""A floating number of fewer bytes is narrow: sums of such must not be kept in such."""


def is_floating(dtype: Any) -> bool:
    """Whether an array's dtype is floating; bfloat16 is, though NumPy does not say so."""
    return bool(dtype.kind == "f" or dtype.name == "bfloat16")


def widened(x: Array) -> Array:
    """Return float16 and bfloat16 arrays in float32, and any other as it is."""
    return x.astype("float32") if x.dtype.itemsize < NARROW else x


def need_bfloat16() -> None:
    """Import what makes "bfloat16" a dtype's name.

    Raises
    ------
    ImportError
        If ml_dtypes is not installed.
    """
    try:
        import ml_dtypes  # noqa: F401 - NumPy knows the name from then on
    except ImportError as error:
        raise ImportError(
            "bfloat16 needs ml_dtypes, which is not installed: pip install 'onepath[mixed]'"
        ) from error
