"""Memory for steps in the midst."""

from ..backends import Array, Backend


def scratch(backend: Backend, w: Array, name: str = "optimizer") -> Array:
    """Return scratch memory of a parameter's shape and dtype; a name has one place."""
    array: Array = backend.workspace.take(name, w.shape, w.dtype)
    return array
