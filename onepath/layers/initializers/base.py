"""What every initializer has in common."""

from abc import ABC, abstractmethod
from typing import Any

from ...backends import Array, Random
from ...backends.random import checked_seed
from ...configuration import Configurable


class Initializer(Configurable, ABC):
    """A way to fill a parameter at first.

    Parameters that are drawn are the same bits on every device.
    """

    @abstractmethod
    def __call__(self, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make an array of initial values.

        Parameters
        ----------
        random : Random
            The parameter's stream, on the device where the array is to be.
        xp : module
            The array module.
        shape : tuple of int
            Shape; a kernel's is (in, out) for dense layers, (out, in, *size) for convolutions.
        dtype : dtype
            The result's dtype.

        Returns
        -------
        array
            On the stream's device.
        """


class Drawn(Initializer):
    """An initializer that draws.

    Parameters
    ----------
    seed : int, optional
        Seed of a stream that is always the same; the parameter's own stream if left out, which the
        layer's seed decides.

    Raises
    ------
    ValueError
        If the seed is not an integer from 0 to 2**128 - 1.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = None if seed is None else checked_seed(seed)

    def __call__(self, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make an array of initial values; see `Initializer`."""
        stream = random if self.seed is None else Random(random.backend, self.seed)
        return self._drawn(stream, shape, dtype)

    @abstractmethod
    def _drawn(self, random: Random, shape: tuple[int, ...], dtype: Any) -> Array:
        """The values, from a stream."""
