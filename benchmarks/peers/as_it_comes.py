"""onepath once more, in a process whose OpenBLAS chooses its kernels by itself."""

from .onepath import Library

__all__ = ["Library"]
