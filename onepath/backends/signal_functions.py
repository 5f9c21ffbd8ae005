"""scipy.signal's six functions, as methods that every backend has."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from . import correlation
from .types import Array


class SignalFunctions:
    """The six functions on a device's arrays, each checked and normalised before it is dispatched.

    Attributes
    ----------
    name : str
        The device's name.
    """

    name: str

    @property
    @abstractmethod
    def xp(self) -> Any:
        """The array module: ``numpy`` or ``cupy``."""

    @property
    @abstractmethod
    def signal(self) -> Any:
        """The signal module: ``scipy.signal`` or ``cupyx.scipy.signal``, imported at first use."""

    @abstractmethod
    def owns(self, array: Any) -> bool:
        """Whether ``array`` is an array on this device."""

    def correlate(self, in1: Array, in2: Array, mode: str = "full", method: str = "auto") -> Array:
        """Cross-correlate two N-dimensional arrays, as `scipy.signal.correlate` does.

        Parameters
        ----------
        in1, in2 : array
            Arrays on this device with equally many dimensions. The second is conjugated.
        mode : {"full", "valid", "same"}, optional
            The output's size. As in SciPy, "valid" exchanges the inputs if ``in2`` is the larger.
        method : {"auto", "direct", "fft"}, optional
            The direct sum, or the Fourier transform, which spreads a NaN over the whole output.
            "auto" chooses by shape and dtype alone, alike on every device.

        Returns
        -------
        array
            Of the inputs' common dtype.

        Raises
        ------
        TypeError
            If an input is not on this device, or its dtype is one that SciPy or CuPy refuses.
        ValueError
            If an input is empty, dimensions differ, or an option is unknown.
        """
        return correlation.correlate_nd(self, "correlate", in1, in2, mode, method)

    def convolve(self, in1: Array, in2: Array, mode: str = "full", method: str = "auto") -> Array:
        """Convolve two N-dimensional arrays, as `scipy.signal.convolve` does.

        Parameters, result and errors are those of `correlate`; nothing is conjugated.
        """
        return correlation.correlate_nd(self, "convolve", in1, in2, mode, method)

    def correlate2d(
        self,
        in1: Array,
        in2: Array,
        mode: str = "full",
        boundary: str = "fill",
        fillvalue: complex = 0,
    ) -> Array:
        """Cross-correlate two 2-D arrays, as `scipy.signal.correlate2d` does.

        Parameters
        ----------
        in1, in2 : array
            2-D arrays on this device. The second is conjugated.
        mode : {"full", "valid", "same"}, optional
            The output's size.
        boundary : {"fill", "wrap", "symm"}, optional
            What lies around ``in1``: ``fillvalue``, its own period, or its mirror image.
        fillvalue : scalar, optional
            The value for "fill".

        Returns
        -------
        array
            Of the inputs' common dtype.

        Raises
        ------
        TypeError
            If an input is not on this device, or is boolean or float16.
        ValueError
            If an input is empty or not 2-D, or an option is unknown.
        """
        return correlation.correlate_2d(self, "correlate2d", in1, in2, mode, boundary, fillvalue)

    def convolve2d(
        self,
        in1: Array,
        in2: Array,
        mode: str = "full",
        boundary: str = "fill",
        fillvalue: complex = 0,
    ) -> Array:
        """Convolve two 2-D arrays, as `scipy.signal.convolve2d` does.

        Parameters, result and errors are those of `correlate2d`; nothing is conjugated.
        """
        return correlation.correlate_2d(self, "convolve2d", in1, in2, mode, boundary, fillvalue)

    def fftconvolve(
        self,
        in1: Array,
        in2: Array,
        mode: str = "full",
        axes: int | tuple[int, ...] | None = None,
    ) -> Array:
        """Convolve two arrays by Fourier transform, as `scipy.signal.fftconvolve` does.

        Parameters
        ----------
        in1, in2 : array
            Arrays on this device with equally many dimensions.
        mode : {"full", "valid", "same"}, optional
            The output's size.
        axes : int or tuple of int, optional
            The axes to convolve over; all if left out.

        Returns
        -------
        array
            Of the inputs' common dtype, float64 for integers and float32 for float16.

        Raises
        ------
        TypeError
            If an input is not on this device or not numeric.
        ValueError
            If an input is empty, shapes do not fit, or an option is unknown.
        """
        return correlation.convolve_by_fft(self, "fftconvolve", in1, in2, mode, axes)

    def oaconvolve(
        self,
        in1: Array,
        in2: Array,
        mode: str = "full",
        axes: int | tuple[int, ...] | None = None,
    ) -> Array:
        """Convolve two arrays by overlap-add, as `scipy.signal.oaconvolve` does.

        Parameters, result and errors are those of `fftconvolve`.
        """
        return correlation.convolve_by_fft(self, "oaconvolve", in1, in2, mode, axes)

    def apply_signal(self, function: str, in1: Array, in2: Array, **options: Any) -> Array:
        """Call the signal module's function of that name, its arguments being checked already."""
        call: Callable[..., Array] = getattr(self.signal, function)
        return self.xp.asarray(call(in1, in2, **options))  # SciPy makes a scalar of a 0-d result
