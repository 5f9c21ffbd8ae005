"""The CUDA backend on the simulated device: all of its own code, with nothing of CUDA's beneath."""

import sys
from typing import Any

from ..base import Backend
from ..cuda import CudaBackend
from ..errors import BackendUnavailableError


class SimulatedBackend(CudaBackend):
    """Arrays in the host's memory that keep CuPy's rules, for machines without a GPU.

    What breaks on CUDA breaks here: implicit conversions to NumPy, operands from the host,
    functions and dtypes that CuPy does not have. What CUDA would do behind the program's back is
    counted in `onepath.backends.simulated.ledger`. `docs/devices.md` lists what is kept.

    Parameters
    ----------
    index : int, optional
        0 or 1: there are two devices, so that mixing them can be refused.

    Raises
    ------
    BackendUnavailableError
        If there is no such device.
    """

    kind = "simulated"

    @classmethod
    def _usable_cupy(cls, index: int) -> Any:
        from .devices import COUNT
        from .library import cupy

        if index >= COUNT:
            raise BackendUnavailableError(
                f"there is no 'simulated:{index}': there are {COUNT} simulated devices, "
                f"'simulated:0' to 'simulated:{COUNT - 1}'"
            )
        return cupy()

    @classmethod
    def index_of(cls, array: Any) -> int | None:
        """Return the number of the simulated device that holds an array, None for anything else."""
        arrays = sys.modules.get(f"{__package__}.array")
        if arrays is None or not isinstance(array, arrays.ndarray):
            return None
        index: int = array.device.id
        return index

    def _cublas_library(self) -> Any:
        from .cublas import Library

        return Library()

    def _scipy(self, name: str) -> Any:
        """One of the modules of the simulated ``cupyx.scipy``."""
        from .library import modules

        return modules()[f"cupyx.scipy.{name}"]

    philox = Backend.philox  # nothing on the host runs the kernel

    def _binding(self) -> Any:
        """The simulated ``cudnn``."""
        from . import cudnn

        return cudnn

    def _multiply_as(self, tf32: bool) -> None:
        """Do nothing: the host multiplies, and has no TF32."""
