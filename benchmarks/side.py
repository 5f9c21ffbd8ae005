"""One side of a comparison, as seen from the process that compares."""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from .channel import Channel
from .suites import Case
from .suites.case import Array
from .timing import Block

_ROOT = Path(__file__).resolve().parent.parent


class SideError(Exception):
    """A side is missing, refused a case, or broke down over it."""


class Side:
    """A library in a process of its own; as a context, it is ended when the context is left.

    Parameters
    ----------
    name : str
        The library: a key of `benchmarks.peers.INSTALL`.
    device : {"cpu", "cuda"}
        Where it computes.
    threads : int
        How many threads it may use.
    environment : mapping of str to str
        The process's environment variables.

    Attributes
    ----------
    description : dict of str to str
        Versions of all that computes.

    Raises
    ------
    SideError
        If the library is not there; the message says why.
    """

    def __init__(
        self, name: str, device: str, threads: int, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "benchmarks.worker", name, device, str(threads)]
        self._environment = environment
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()

    def prepare(self, case: Case) -> dict[str, Array]:
        """Build a case and return its results; a process that broke down is replaced."""
        if self._process.poll() is not None:
            self._end()
            self._start()
        results: dict[str, Array] = self._ask("prepare", case)
        return results

    def block(self, seconds: float) -> Block:
        """Time the case that was prepared, for about that long."""
        block: Block = self._ask("block", seconds)
        return block

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            cwd=_ROOT,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._channel = Channel(self._process.stdout, self._process.stdin)
        try:
            self.description: dict[str, str] = self._answer()
        except SideError:
            self._end()
            raise

    def _ask(self, method: str, argument: Any) -> Any:
        with suppress(BrokenPipeError):  # there will be no answer either, which tells more
            self._channel.send((method, argument))
        return self._answer()

    def _answer(self) -> Any:
        try:
            well, answer = self._channel.receive()
        except EOFError:
            status = self._process.wait()
            raise SideError(f"{self.name}: the process ended with exit status {status}") from None
        if not well:
            raise SideError(f"{self.name}: {answer}")
        return answer

    def _end(self) -> None:
        """End the process, which has nothing to save, and close the pipes."""
        self._process.kill()
        self._process.communicate()
