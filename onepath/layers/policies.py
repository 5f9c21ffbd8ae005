"""In which dtype a layer computes, and in which it keeps what it learns."""

from typing import Any

from ..backends.dtypes import need_bfloat16

MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
"""The mixed policies, and in what they compute; parameters, gradients and state are float32."""

POLICIES = ("float32", "float64", *MIXED)
"""All that the dtype of a layer may be."""

_default = "float32"


def set_dtype_policy(name: str) -> None:
    """Say in which dtypes layers compute that are made from now on without a ``dtype``.

    Parameters
    ----------
    name : {"float32", "float64", "mixed_float16", "mixed_bfloat16"}
        Dtype of computation and parameters; "mixed" ones compute in float16 or bfloat16 and keep
        parameters in float32. "float32" at first. See docs/mixed_precision.md.

    Raises
    ------
    ImportError
        If the policy needs bfloat16 and ml_dtypes is not installed.
    ValueError
        If there is no such policy.
    """
    global _default
    _default = check_policy(name)


def get_dtype_policy() -> str:
    """Return what layers take that are made without a ``dtype``."""
    return _default


def chosen_policy(dtype: str | None) -> str:
    """Return what a layer with parameters is of, given its argument ``dtype``."""
    return _default if dtype is None else dtype


def check_policy(name: Any) -> str:
    """Return ``name`` if layers can be of that dtype here, or raise."""
    if name in MIXED.values():
        raise ValueError(
            f"dtype {name!r} would keep parameters in {name}, where small steps of learning are "
            f"rounded away: 'mixed_{name}' computes in {name} and keeps parameters in float32"
        )
    if not isinstance(name, str) or name not in POLICIES:
        raise ValueError(f"dtype must be one of {', '.join(map(repr, POLICIES))}, got {name!r}")
    if name == "mixed_bfloat16":
        need_bfloat16()
    return name


def compute_dtype(policy: Any) -> Any:
    """Return in which dtype a policy computes; any other name or dtype is its own."""
    return MIXED.get(policy, policy)


def variable_dtype(policy: Any) -> Any:
    """Return in which dtype a policy keeps parameters; any other name or dtype is its own."""
    return "float32" if policy in MIXED else policy
