"""How the cost of each of onepath's engines grows with batch and image, on one thread."""

from .command import main

__all__ = ["main"]
