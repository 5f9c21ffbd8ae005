"""NVIDIA GPUs: CuPy and cupyx.scipy.signal. CuPy is imported when a device is first asked for."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any

from .. import numerics, transfers
from ..base import Backend, Memory, off_host
from ..convolution.engine import Speed
from ..errors import BackendUnavailableError, DeviceMismatchError
from ..random import Key
from ..types import Array, DType
from . import kernels
from .cudnn import Cudnn, binding
from .direct import direct_sum
from .graphs import CudaCaptures
from .sparing import SparingAllocator
from .streaming import StreamingFeeder

INSTALL = "pip install 'onepath[cuda13]' (driver 580 or newer) or 'onepath[cuda12]' (older ones)"


class CudaBackend(CudaCaptures, Backend):
    """CuPy for arrays, cupyx.scipy.signal for signals, on one GPU.

    Parameters
    ----------
    index : int, optional
        The GPU's number in CUDA's count.

    Raises
    ------
    BackendUnavailableError
        If CuPy, a driver or that GPU is missing; the message has the line that mends it.
    """

    tile_bytes = 256 << 20
    speed = Speed(flops=40e12, moved=2e12, call=5e-6)

    kind = "cuda"

    def __init__(self, index: int = 0) -> None:
        self._cupy = self._usable_cupy(index)
        self.name = f"{self.kind}:{index}"
        self._index = index
        self._device = self._cupy.cuda.Device(index)
        self._cudnn: Cudnn | str | None = None
        self._tf32 = False
        numerics.follow(self._follow)
        super().__init__()

    @classmethod
    def _usable_cupy(cls, index: int) -> Any:
        """The module, of which that device answers."""
        return _usable_cupy(index)

    @classmethod
    def index_of(cls, array: Any) -> int | None:
        """Return the number of the GPU that holds a CuPy array, None for anything else."""
        cupy = sys.modules.get("cupy")
        if cupy is None or _is_simulated(cupy) or not isinstance(array, cupy.ndarray):
            return None
        index: int = array.device.id
        return index

    @property
    def xp(self) -> Any:
        """CuPy."""
        return self._cupy

    @property
    def signal(self) -> Any:
        """`cupyx.scipy.signal`, imported at first use.

        Raises
        ------
        BackendUnavailableError
            If CUDA's own libraries are missing.
        """
        return self._scipy("signal")

    @property
    def special(self) -> Any:
        """`cupyx.scipy.special`, imported at first use.

        Raises
        ------
        BackendUnavailableError
            If CUDA's own libraries are missing.
        """
        return self._scipy("special")

    def _scipy(self, name: str) -> Any:
        """One of the modules of `cupyx.scipy`."""
        try:
            return import_module(f"cupyx.scipy.{name}")
        except ImportError as error:
            raise BackendUnavailableError(
                f"cupyx.scipy.{name} does not load: {error}. CUDA's libraries are missing: "
                f"{INSTALL} brings them"
            ) from error

    def cudnn(self) -> Cudnn:
        """Return cuDNN on this GPU; it is loaded when it is first asked for."""
        if self._cudnn is None:
            try:
                with self.scope():
                    self._cudnn = Cudnn(self._binding(), self._cupy)
            except BackendUnavailableError as error:
                self._cudnn = str(error)
        if isinstance(self._cudnn, str):
            raise BackendUnavailableError(self._cudnn)
        return self._cudnn

    def _binding(self) -> Any:
        """The module ``cudnn``."""
        return binding(INSTALL)

    def _follow(self, setting: numerics.Numerics) -> None:
        """Let CuPy's matrix products of float32 be as exact as is asked for.

        As long as nobody asks, what CuPy was told by its own ``CUPY_TF32`` is left alone.
        """
        if setting.tf32 != self._tf32:
            self._tf32 = setting.tf32
            self._multiply_as(setting.tf32)

    def _multiply_as(self, tf32: bool) -> None:
        """Choose how CuPy multiplies matrices of float32."""
        from cupy._core import _routines_linalg as products

        kind = products.COMPUTE_TYPE_TF32 if tf32 else products.COMPUTE_TYPE_DEFAULT
        with self.scope():
            products.set_compute_type("float32", kind)

    def philox(self, key: Key, counter: int, blocks: int) -> Array:
        """Return blocks of random words, by a kernel of our own."""
        return kernels.philox(self._cupy, key, counter, blocks)

    def owns(self, array: Any) -> bool:
        """Whether ``array`` is a CuPy array on this GPU."""
        return self.index_of(array) == self._index

    def scope(self, quiet: bool = False) -> AbstractContextManager[Any]:
        """Make this GPU the current one, for a ``with`` statement; it never warns."""
        device: AbstractContextManager[Any] = self._cupy.cuda.Device(self._index)
        return device

    @contextmanager
    def working(self, batch: int) -> Iterator[None]:
        """Make this GPU the current one, and give scratch memory up before memory runs out."""
        with self.scope(), self._cupy.cuda.using_allocator(SparingAllocator(self, batch)):
            yield

    def feeder(self) -> StreamingFeeder:
        """Return what sends a batch while the one before it is computed with."""
        return StreamingFeeder(self)

    def asarray(self, x: Any, dtype: DType | None = None) -> Array:
        """Copy host data to this GPU; see `Backend.asarray`."""
        if not isinstance(x, self._cupy.ndarray):
            if off_host(x):
                raise DeviceMismatchError(
                    f"asarray: {type(x).__module__}.{type(x).__qualname__} is on a device, but no "
                    f"array of {self.name}; from_dlpack(x) takes another library's over"
                )
            with self.scope():
                array = self._cupy.asarray(x, dtype=dtype)
            transfers.count(host_to_device=array.nbytes)
            return array
        with self.scope():
            return self._cupy.asarray(x, dtype=dtype)

    def to_numpy(self, x: Array) -> Any:
        """Copy an array from this GPU to the host."""
        transfers.count(device_to_host=x.nbytes)
        return self._cupy.asnumpy(x)

    def synchronize(self) -> None:
        """Wait until this GPU has done everything asked of it."""
        self._device.synchronize()

    def memory(self) -> Memory:
        """What CuPy's pool uses and holds, and what the GPU has."""
        with self.scope():
            pool = self._cupy.get_default_memory_pool()
            return Memory(pool.used_bytes(), pool.total_bytes(), self._device.mem_info[1])

    def apply_signal(self, function: str, in1: Array, in2: Array, **options: Any) -> Array:
        """Call CuPy's function of that name; its direct sums are mended to be SciPy's."""
        with self.scope():
            call = getattr(self.signal, function)
            if in1.ndim and (options.get("method") == "direct" or "boundary" in options):
                return direct_sum(self._cupy, call, in1, in2, **options)
            return call(in1, in2, **options)


def _usable_cupy(index: int) -> Any:
    """Import CuPy and make sure that the GPU answers; the message says what is missing."""
    try:
        import cupy
    except ImportError as error:
        raise BackendUnavailableError(
            f"CUDA needs CuPy, and importing it failed: {error}. {INSTALL}"
        ) from error
    if _is_simulated(cupy):
        raise BackendUnavailableError(
            "the name cupy stands for the simulated device here: get_backend('simulated') is it, "
            "and 'cuda' needs the real CuPy and a GPU"
        )
    if not cupy.cuda.is_available():
        raise BackendUnavailableError(
            f"CuPy {cupy.__version__} is installed, but no CUDA GPU answers: "
            "install NVIDIA's driver (nvidia-smi shows whether it runs), or use get_backend('cpu')"
        )
    count = cupy.cuda.runtime.getDeviceCount()
    if not 0 <= index < count:
        raise BackendUnavailableError(
            f"there is no 'cuda:{index}': this machine has {count} CUDA "
            f"device{'s' if count > 1 else ''}, 'cuda:0' to 'cuda:{count - 1}'"
        )
    try:  # a kernel that is run and read back shows what a count of devices does not
        with cupy.cuda.Device(index):
            total = int(cupy.arange(3, dtype="int32").sum())
    except Exception as error:
        raise BackendUnavailableError(
            f"'cuda:{index}' answers, but computing there fails: {error}. If CUDA's libraries are "
            f"missing, {INSTALL} brings them"
        ) from error
    if total != 3:
        raise BackendUnavailableError(f"'cuda:{index}' answers, but computes 0 + 1 + 2 = {total}")
    return cupy


def version_text(number: int) -> str:
    """Return ``"12.4"`` for 12040, as which CUDA tells that version of driver or runtime."""
    return f"{number // 1000}.{number % 1000 // 10}"


def _is_simulated(cupy: Any) -> bool:
    """Whether the stand-in of `onepath.testing.simulated_cupy` has taken CuPy's name."""
    return bool(getattr(cupy, "__simulated__", False))
