"""cupyx.scipy.signal, called directly."""

import cupy
import cupyx.scipy.signal

from ..suites.signal import SignalCase
from .base import CUPY, MissingError, Peer, Task


class Library(Peer):
    """CuPy on the first GPU."""

    module = "cupyx.scipy.signal"
    packages = CUPY

    def __init__(self, device: str, threads: int) -> None:
        super().__init__(device, threads)
        if not cupy.cuda.is_available():
            raise MissingError("no CUDA GPU answers")

    def signal(self, case: SignalCase) -> Task:
        """Call the function of that name."""
        in1, in2 = map(cupy.asarray, case.inputs())
        function = getattr(cupyx.scipy.signal, case.function)
        device = cupy.cuda.Device()

        def run() -> object:
            y = function(in1, in2, **case.options)
            device.synchronize()
            return y

        return Task(run, lambda: {"output": cupy.asnumpy(run())})
