"""What a convolution engine is, and what it may ask of a backend."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

from ..types import Array, DType
from ..workspace import Workspace
from .geometry import Geometry

Item = TypeVar("Item")
Result = TypeVar("Result")

OPERATIONS = ("forward", "input_gradient", "kernel_gradient")
"""The three convolutions: an engine's methods of these names."""


class Speed(NamedTuple):
    """What a thread of a device does, roughly; predictions compare engines, and no clock.

    Attributes
    ----------
    flops : float
        Floating-point operations a second in large matrix products of float32.
    moved : float
        Bytes a second that copies and elementwise functions read and write.
    call : float
        Seconds that one call of the array module takes at least.
    """

    flops: float
    moved: float
    call: float


class Device(Protocol):
    """The part of a backend that engines stand on."""

    name: str
    speed: Speed
    tile_bytes: int
    parts: int
    workspace: Workspace

    @property
    def xp(self) -> Any:
        """The array module."""

    def owns(self, array: Any) -> bool:
        """Whether the array lives on this device."""

    def spread(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do the work on each item, on several threads where the device is made of them.

        The results come in the order of the items. A thread has a workspace of its own. What the
        items are must not depend on the number of threads: then results do not, either.
        """

    def cudnn(self) -> Any:
        """The device's cuDNN, a `Cudnn`; BackendUnavailableError says why there is none."""

    def synchronize(self) -> None:
        """Wait until everything asked of the device is done."""

    def matmul(self, a: Array, b: Array, out: Array | None = None) -> Array:
        """As `numpy.matmul`: the one way to multiply matrices."""

    def einsum(self, rule: str, *operands: Array) -> Array:
        """As `numpy.einsum`."""

    def refuse_capture(self, reason: str) -> None:
        """Raise if the work is being captured: it must not be."""

    def correlate(self, in1: Array, in2: Array, mode: str = ..., method: str = ...) -> Array:
        """As `scipy.signal.correlate`."""

    def convolve(self, in1: Array, in2: Array, mode: str = ..., method: str = ...) -> Array:
        """As `scipy.signal.convolve`."""

    def correlate2d(self, in1: Array, in2: Array, mode: str = ...) -> Array:
        """As `scipy.signal.correlate2d`."""

    def convolve2d(self, in1: Array, in2: Array, mode: str = ...) -> Array:
        """As `scipy.signal.convolve2d`."""


class UnsupportedError(ValueError):
    """An engine finds that it does not support a case after all; the message says why."""


class Cost(NamedTuple):
    """What an operation takes, from which the planner predicts its time.

    Attributes
    ----------
    flops : float
        Floating-point operations in matrix products, 2 for each product of two numbers.
    moved : float
        Bytes read and written beside them, by copies and elementwise functions.
    calls : float
        Calls of the array module.
    """

    flops: float
    moved: float
    calls: float


class Engine(ABC):
    """A way to compute the three convolutions.

    Arrays come checked: on the device, of one dtype, with the geometry's shapes, in any strides.
    Results have the geometry's shapes; `windows.like` gives them their neighbours' order in memory.
    """

    name: str

    normwise: bool = False
    """Whether errors are relative to norms, so that large elements cost small ones digits."""

    @abstractmethod
    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Say why this case is not supported, or return None if it is."""

    @abstractmethod
    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """Bytes of scratch memory that the three convolutions take at most."""

    @abstractmethod
    def cost(
        self, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
    ) -> Cost:
        """Say what one of `OPERATIONS` takes."""

    @abstractmethod
    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv`."""

    @abstractmethod
    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_input_gradient`."""

    @abstractmethod
    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_kernel_gradient`."""

    def rehearse(
        self, device: Device, operation: str, geometry: Geometry, a: Array, b: Array
    ) -> str | None:
        """Measure which of several ways is the fastest, and take it from now on.

        Parameters
        ----------
        device : Device
            A backend.
        operation : str
            One of `OPERATIONS`.
        geometry : Geometry
            The shapes.
        a, b : array
            What the operation takes.

        Returns
        -------
        str or None
            The engine's name for that way; None if there is but one.
        """
        return None
