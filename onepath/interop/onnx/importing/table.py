"""Which function reads which operator."""

from collections.abc import Callable
from typing import Any, TypeVar

Read = Callable[..., Any]
"""``read(node)`` makes layers of a node, and returns its first output, or a dict of outputs."""

_reads: dict[str, Read] = {}

AnyRead = TypeVar("AnyRead", bound=Read)


def reads(*operators: str) -> Callable[[AnyRead], AnyRead]:
    """Let a function read operators, as a decorator."""

    def enter(function: AnyRead) -> AnyRead:
        _reads.update(dict.fromkeys(operators, function))
        return function

    return enter


def read_of(operator: str) -> Read:
    """Return what reads an operator."""
    return _reads[operator]


def operators() -> frozenset[str]:
    """Return the operators that can be read."""
    return frozenset(_reads)
