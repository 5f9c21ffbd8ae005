"""The contract of a backend: what a device must offer to the layers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypeVar

from . import convolution
from .convolution.engine import Speed
from .convolution.geometry import Geometry
from .errors import BackendUnavailableError, DeviceMismatchError
from .feeding import Feeder
from .graphs import Captures
from .products import Products
from .random import Key, Random, philox4x64
from .signal_functions import SignalFunctions
from .types import Array, DType
from .workspace import Workspace

Item = TypeVar("Item")
Result = TypeVar("Result")


class Memory(NamedTuple):
    """Memory of a device, in bytes; None where it cannot be told.

    Attributes
    ----------
    used : int or None
        Held by live arrays (CUDA), or by the whole process (CPU).
    reserved : int or None
        Held by the allocator, used or not.
    total : int or None
        What the device has.
    """

    used: int | None
    reserved: int | None
    total: int | None


class Backend(SignalFunctions, Products, Captures, ABC):
    """A device and the two libraries that compute on it.

    A subclass says which array module and which signal module serve its device and how data gets
    there and back; everything else is one code for all devices.

    Attributes
    ----------
    name : str
        The device's name, as `get_backend` takes it: ``"cpu"``, ``"cuda:0"``.
    xp : module
        The array module: ``numpy`` or ``cupy``.
    signal : module
        ``scipy.signal`` or ``cupyx.scipy.signal``, imported at first use.
    special : module
        ``scipy.special`` or ``cupyx.scipy.special``, imported at first use.
    tile_bytes : int
        How much scratch memory a convolution engine should fill at a time.
    parts : int
        Into how many parts it should divide a batch, for threads to share.
    workspace : Workspace
        Scratch memory on the device.
    speed : Speed
        From which the planner predicts times.
    """

    tile_bytes: int
    parts: int = 1
    speed: Speed

    def __init__(self) -> None:
        self.workspace = Workspace(self.xp)
        self._scope: AbstractContextManager[Any] = nullcontext()

    def __repr__(self) -> str:
        return f"<onepath backend {self.name!r}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> "Backend":
        """A device is not copied: copies of a layer share it."""
        return self

    # What differs between devices

    @classmethod
    @abstractmethod
    def index_of(cls, array: Any) -> int | None:
        """Return the index of the device of this kind that holds ``array``, or None."""

    @abstractmethod
    def asarray(self, x: Any, dtype: DType | None = None) -> Array:
        """Bring host data to this device.

        Parameters
        ----------
        x : array_like
            A host array, nested lists of numbers, or an array that is here already.
        dtype : dtype, optional
            The result's dtype; that of ``x`` if left out.

        Returns
        -------
        array
            ``x`` itself if it is here and has the dtype already. Copies are counted by `transfers`.

        Raises
        ------
        DeviceMismatchError
            If ``x`` lives on a device of another kind: `to_numpy` of its backend brings it here.
        """

    @abstractmethod
    def to_numpy(self, x: Array) -> Any:
        """Bring an array of this device to the host.

        Parameters
        ----------
        x : array
            An array on this device.

        Returns
        -------
        numpy.ndarray
            ``x`` itself on the CPU, a copy elsewhere. Copies are counted by `transfers`.
        """

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until everything asked of the device is done."""

    @abstractmethod
    def memory(self) -> Memory:
        """Memory of the device, in bytes."""

    @property
    def special(self) -> Any:
        """The special functions: ``scipy.special`` or ``cupyx.scipy.special``.

        Raises
        ------
        NotImplementedError
            If the device has none; layers that need none do without.
        """
        raise NotImplementedError(f"{self.name} has no special functions: its `special` is missing")

    # What is one code for all

    def scope(self, quiet: bool = False) -> AbstractContextManager[Any]:
        """Make this device the current one, for a ``with`` statement.

        Parameters
        ----------
        quiet : bool, optional
            Whether numbers out of range may come without a warning, as they always do on CUDA.
        """
        return self._scope

    def working(self, batch: int) -> AbstractContextManager[Any]:
        """Make this the current device and get along with its memory, for a ``with`` statement.

        Parameters
        ----------
        batch : int
            How many samples are worked on at a time. Where the memory does not suffice, the
            `OutOfMemoryError` says how many would fit.
        """
        return self.scope()

    def feeder(self) -> Feeder:
        """Return what brings batches of host data here."""
        return Feeder(self)

    def spread(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do the work on each item, one after the other unless the device has threads.

        Parameters
        ----------
        work : callable
            Called once for each item.
        items : iterable
            The items. What they are must not depend on the number of threads.

        Returns
        -------
        list
            What `work` returned, in the order of the items.
        """
        return [work(item) for item in items]

    def shards(self, shape: tuple[int, ...]) -> int:
        """Return in how many parts a batch goes through a network: a matter of its shape alone."""
        return 1

    def arranged(self, x: Array) -> Array:
        """Return a batch as it should lie in memory on its way through a network.

        Parameters
        ----------
        x : array, shape (N, ...)
            The batch.

        Returns
        -------
        array, shape (N, ...)
            ``x`` itself if it lies so, or a copy.
        """
        return x

    def axpby(self, a: float, x: Array, b: float, y: Array) -> None:
        """Add multiples of two arrays up in the second: ``y = a * x + b * y``, in place.

        Parameters
        ----------
        a, b : float
            The factors.
        x, y : array
            On this device, of one shape and floating dtype. Products and sum may be rounded one by
            one, or together.
        """
        if b != 1:
            y *= b
        y += a * x

    def cudnn(self) -> Any:
        """Return cuDNN on this device, an `onepath.backends.cuda.cudnn.Cudnn`.

        Raises
        ------
        BackendUnavailableError
            If there is none; the message says why.
        """
        raise BackendUnavailableError(f"cuDNN is for CUDA devices, and this is {self.name!r}")

    def steady(self) -> AbstractContextManager[Any]:
        """Keep libraries from using threads of their own, for a ``with`` statement."""
        return nullcontext()

    def random(self, seed: int | Callable[[], int]) -> Random:
        """Return the random stream of a seed: the same bits on every device.

        A function that gives the seed is called anew whenever captured work is done again.
        """
        return Random(self, seed)

    def philox(self, key: Key, counter: int, blocks: int) -> Array:
        """Return blocks of random words; see `onepath.backends.random.philox4x64`."""
        return philox4x64(self.xp, key, counter, blocks)

    def from_dlpack(self, x: Any) -> Array:
        """Take another library's array over without a copy.

        Parameters
        ----------
        x : object
            An array with ``__dlpack__``, on this device.

        Returns
        -------
        array
            An array on this device that shares the memory. It exports itself in turn through
            ``__dlpack__``.

        Raises
        ------
        DeviceMismatchError
            If ``x`` lives elsewhere, or its library does not share it.
        """
        try:
            array = self.xp.from_dlpack(x)
        except (AttributeError, BufferError, RuntimeError, TypeError, ValueError) as error:
            raise DeviceMismatchError(
                f"from_dlpack: {type(x).__module__}.{type(x).__qualname__} cannot be shared with "
                f"{self.name}: {error}"
            ) from error
        if not self.owns(array):
            raise DeviceMismatchError(f"from_dlpack: the array is not on {self.name}")
        return array

    # Batched convolution

    def conv(self, x: Array, kernel: Array, geometry: Geometry, engine: str = "auto") -> Array:
        """Cross-correlate a batch with a bank of kernels.

        Parameters
        ----------
        x : array, shape (N, channels, *input_size)
            The batch.
        kernel : array, shape (filters, channels // groups, *kernel_size)
            The kernels.
        geometry : Geometry
            Shapes, strides, padding, dilation and groups.
        engine : str, optional
            ``"gemm"``, ``"winograd"``, ``"fft"``, ``"signal"``, or the planner's choice with
            ``"auto"``.

        Returns
        -------
        array, shape (N, filters, *output_size)
            ``y[n, f, i] = sum_{c, k} x_padded[n, c, i * stride + k * dilation] * kernel[f, c, k]``

        Raises
        ------
        TypeError, ValueError
            If an array is not on this device or its shape or dtype does not fit the geometry.
        """
        return convolution.forward(self, x, kernel, geometry, engine)

    def conv_input_gradient(
        self, dy: Array, kernel: Array, geometry: Geometry, engine: str = "auto"
    ) -> Array:
        """Gradient of `conv` with respect to its input.

        Parameters
        ----------
        dy : array, shape (N, filters, *output_size)
            Gradient with respect to the output of `conv`.
        kernel, geometry, engine
            As for `conv`.

        Returns
        -------
        array, shape (N, channels, *input_size)
            The adjoint of `conv`, as a function of its input, applied to ``dy``.
        """
        return convolution.input_gradient(self, dy, kernel, geometry, engine)

    def conv_kernel_gradient(
        self, x: Array, dy: Array, geometry: Geometry, engine: str = "auto"
    ) -> Array:
        """Gradient of `conv` with respect to its kernels.

        Parameters
        ----------
        x, geometry, engine
            As for `conv`.
        dy : array, shape (N, filters, *output_size)
            Gradient with respect to the output of `conv`.

        Returns
        -------
        array, shape (filters, channels // groups, *kernel_size)
            The adjoint of `conv`, as a function of its kernels, applied to ``dy``.
        """
        return convolution.kernel_gradient(self, x, dy, geometry, engine)


def off_host(x: Any) -> bool:
    """Whether ``x`` says itself that its memory is not the host's."""
    if hasattr(x, "__cuda_array_interface__"):
        return True
    return hasattr(x, "__dlpack_device__") and x.__dlpack_device__()[0] not in _HOST_MEMORY


_HOST_MEMORY = (1, 3)
"""DLPack's numbers for it: pageable and pinned."""
