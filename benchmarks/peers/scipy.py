"""scipy.signal, called directly."""

from typing import Any

import scipy.signal

from ..suites.signal import SignalCase
from .base import Peer, Task


class Library(Peer):
    """SciPy."""

    module = "scipy.signal"
    packages = ("numpy", "scipy")

    def signal(self, case: SignalCase) -> Task:
        """Call the function of that name."""
        in1, in2 = case.inputs()
        function = getattr(scipy.signal, case.function)

        def run() -> Any:
            return function(in1, in2, **case.options)

        return Task(run, lambda: {"output": run()})
