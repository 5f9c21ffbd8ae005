"""What a library must offer to be measured."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar, NamedTuple

from ..suites import Case
from ..suites.case import Array
from ..suites.imports import ImportCase

CUPY = "cupy-cuda13x", "cupy-cuda12x"


class MissingError(Exception):
    """A library is not installed, or cannot use the device."""


class Task(NamedTuple):
    """A case made ready by a library.

    Attributes
    ----------
    run : callable
        What is timed; it returns when the device is done.
    results : callable
        Called once, before any timing: what the case computes, by name, on the host. Names, shapes
        and layouts are those of every other library.
    """

    run: Callable[[], object]
    results: Callable[[], dict[str, Array]]


class Peer:
    """A library on a device; a subclass has a method for each kind of case that it takes part in.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        Where to compute.
    threads : int
        How many threads to use; the environment says so to NumPy already.

    Attributes
    ----------
    module : str
        What a program imports.
    packages : tuple of str
        The distributions whose versions matter, as far as they are installed.
    """

    module: ClassVar[str]
    packages: tuple[str, ...]

    def __init__(self, device: str, threads: int) -> None:
        self.device = device
        self.threads = threads

    def task(self, case: Case) -> Task:
        """Build a case."""
        build: Callable[[Case], Task] = getattr(self, case.kind)
        return build(case)

    def versions(self) -> dict[str, str]:
        """Return the versions of what is installed."""
        found = {}
        for package in self.packages:
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                continue
        return found

    def fresh_import(self, case: ImportCase) -> Task:
        """Import the library in a new interpreter."""
        command = [sys.executable, "-c", f"import {self.module}"]
        return Task(lambda: subprocess.run(command, check=True), dict)
