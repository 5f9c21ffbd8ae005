"""What grows, and how far."""

from dataclasses import dataclass

from ..suites.conv import ConvCase

_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
_SIDES = (8, 12, 16, 24, 31, 32, 33, 48, 61, 64, 67, 96, 127, 128, 131)
"""Odd and prime ones beside even ones: transforms and tiles may like some sizes less."""


@dataclass(frozen=True)
class Sweep:
    """A layer whose batch or image grows.

    Attributes
    ----------
    name : str
        What does not grow.
    axis : {"batch", "side"}
        What does: the samples, or the side of a square image.
    sizes : tuple of int
        How far.
    batch, side : int
        The other one stays as it is here.
    channels, filters, kernel : int
        The layer, padded so that images keep their size.
    """

    name: str
    axis: str
    sizes: tuple[int, ...]
    channels: int
    filters: int
    kernel: int
    batch: int = 1
    side: int = 32

    @property
    def unit(self) -> str:
        """What the cost is told for."""
        return "sample" if self.axis == "batch" else "pixel"

    def units(self, size: int) -> int:
        """How many of those there are."""
        return size if self.axis == "batch" else size**2 * self.batch

    def case(self, size: int, operation: str, engine: str) -> ConvCase:
        """Return what is measured."""
        batch, side = (size, self.side) if self.axis == "batch" else (self.batch, size)
        return ConvCase(
            name=f"{self.name}, {self.axis} {size}: {operation}, {engine}",
            peers=(),
            operation=operation,
            x_shape=(batch, self.channels, side, side),
            kernel_shape=(self.filters, self.channels, *(self.kernel,) * 2),
            padding=self.kernel // 2,
            engine=engine,
        )


SWEEPS = (
    Sweep("3x3, 16 to 32 channels, 32x32 images", "batch", _BATCHES, 16, 32, 3),
    Sweep("3x3, 16 to 32 channels, one image", "side", _SIDES, 16, 32, 3),
    Sweep("15x15, 4 to 4 channels, one image", "side", _SIDES, 4, 4, 15),
)
