"""NumPy, for the time it takes to import."""

from .base import Peer


class Library(Peer):
    """NumPy."""

    module = "numpy"
    packages = ("numpy",)
