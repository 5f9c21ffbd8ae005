"""What a library must offer to be measured."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, NamedTuple

from ..load import peak_memory
from ..suites import Case
from ..suites.case import Array
from ..suites.imports import FirstStepCase, ImportCase
from ..suites.memory import MemoryCase
from ..suites.training import TrainingCase
from ..timing import Block, reported, timed

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
    measure : callable
        How `run` is measured, for so many seconds.
    """

    run: Callable[[], Any]
    results: Callable[[], dict[str, Array]]
    measure: Callable[[Callable[[], Any], float], Block] = timed


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

    def first_step(self, case: FirstStepCase) -> Task:
        """Import the library in a new interpreter and train one step."""
        return Task(lambda: self._fresh(case.training, 1), dict)

    def memory(self, case: MemoryCase) -> Task:
        """Train some steps in a new interpreter, for the memory that it takes."""
        return Task(lambda: self._fresh(case.training, case.steps), dict, reported)

    def peak(self) -> int:
        """Return the most memory that this process ever took on the device, in bytes."""
        return peak_memory()

    def _fresh(self, case: TrainingCase, steps: int) -> int:
        """Train in a new interpreter; its peak of memory."""
        name = type(self).__module__.rpartition(".")[2]
        command = [sys.executable, "-m", "benchmarks.fresh", name, self.device, str(self.threads)]
        done = subprocess.run(
            command, input=pickle.dumps((case, steps)), stdout=subprocess.PIPE, check=True
        )
        return int(done.stdout)
