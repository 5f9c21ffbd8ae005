"""What a convolution engine is, and what it may ask of a backend."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

from ..types import Array, DType
from ..workspace import Workspace
from .geometry import Geometry


class Device(Protocol):
    """The part of a backend that engines stand on."""

    name: str
    tile_bytes: int
    workspace: Workspace

    @property
    def xp(self) -> Any:
        """The array module."""

    def owns(self, array: Any) -> bool:
        """Whether the array lives on this device."""

    def correlate(self, in1: Array, in2: Array, mode: str = ..., method: str = ...) -> Array:
        """As `scipy.signal.correlate`."""

    def convolve(self, in1: Array, in2: Array, mode: str = ..., method: str = ...) -> Array:
        """As `scipy.signal.convolve`."""

    def correlate2d(self, in1: Array, in2: Array, mode: str = ...) -> Array:
        """As `scipy.signal.correlate2d`."""

    def convolve2d(self, in1: Array, in2: Array, mode: str = ...) -> Array:
        """As `scipy.signal.convolve2d`."""


class Engine(ABC):
    """A way to compute the three convolutions.

    Arrays come checked: on the device, of one dtype, with the geometry's shapes, in any strides.
    """

    name: str

    @abstractmethod
    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Say why this case is not supported, or return None if it is."""

    @abstractmethod
    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """Bytes of scratch memory that the three convolutions take at most."""

    @abstractmethod
    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv`."""

    @abstractmethod
    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_input_gradient`."""

    @abstractmethod
    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_kernel_gradient`."""
