"""The notebook's layers."""

from ... import notebook
from .case import Case, typed, untyped


def cases() -> list[Case]:
    """Return each layer that the notebook has of its own."""
    return [
        Case("notebook Dense", typed(notebook.Dense, 4, 3), (4, 1)),
        Case("notebook Reshape", untyped(notebook.Reshape, (2, 3, 2), (12, 1)), (2, 3, 2)),
        Case("notebook Softmax", untyped(notebook.Softmax), (5, 1)),
        Case(
            "notebook Activation",
            untyped(notebook.Activation, lambda x: x * x, lambda x: 2 * x),
            (4, 1),
        ),
    ]
