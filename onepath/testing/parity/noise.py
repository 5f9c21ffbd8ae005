"""Monte Carlo arithmetic: run code with an error as large as rounding's in each operation.

What a formula makes of rounding shows if it is run several times in float64, each time with another
random error in each operation, no larger than rounding to the dtype in question would make it
(D. Stott Parker, "Monte Carlo Arithmetic", UCLA CSD 970002, 1997). Cancellation inside a layer, a
mean far from 0 that is subtracted, a gradient that is 0 but for rounding: all of it is measured
where no formula for the layer is known.

The model is that of N. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002):
``fl(x op y) = (x op y)(1 + delta)`` with ``|delta| <= u``, unless the result is below the smallest
normal number: CUDA flushes such to 0. A sum of n terms errs by up to ``sqrt(n) u sum |terms|``
(N. Higham, T. Mary, SIAM J. Sci. Comput. 41 (2019) A2815), in whatever order they are added.
Functions like ``exp`` may err by 2 units in the last place, as CUDA's do.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...backends.convolution import ENGINES, Geometry
from ...backends.convolution.gemm import GemmEngine
from ...backends.convolution.planner import instead
from ...backends.simulated.kinds import EXACT

PRODUCTS = {"matmul", "vecdot", "matvec", "vecmat"}
"""Ufuncs that sum products."""

MULTILINEAR = {"dot", "vdot", "inner", "einsum", "tensordot", "convolve", "correlate"}
"""Functions of NumPy's that sum products and are no ufuncs."""

CORRECTLY_ROUNDED = {"add", "subtract", "multiply", "divide", "sqrt", "square", "reciprocal"}
"""Elementwise functions to which IEEE 754 allows half a unit in the last place; others get two."""


class Noise:
    """A source of random rounding errors.

    Parameters
    ----------
    unit : float
        The unit roundoff ``u``.
    tiny : float
        The smallest normal number.
    seed : int
        Which errors to make. With an even one, numbers below ``tiny`` become 0.
    """

    def __init__(self, unit: float, tiny: float, seed: int) -> None:
        self._unit = unit
        self._flushed = tiny if seed % 2 == 0 else 0.0
        self._rng = np.random.default_rng(seed)

    def on(self, array: Any) -> Any:
        """Return an array in whose use errors are made; what is not floating is used as it is.

        Parameters
        ----------
        array : numpy.ndarray
            Of any dtype.

        Returns
        -------
        Noisy or numpy.ndarray
            A copy that behaves as ``array`` does, of its values; denormal ones may be flushed.
        """
        return self.kept(self.added(array, 0.0))

    def added(self, exact: Any, error: Any) -> Any:
        """Add errors of up to ``u * error`` to exact results."""
        exact = np.asarray(exact)
        if exact.dtype.kind not in "fc":
            return exact
        noisy = exact + self._unit * error * self._rng.uniform(-1, 1, exact.shape)
        noisy = np.where(np.abs(noisy) < self._flushed, 0, noisy)
        return noisy.astype(exact.dtype, copy=False)

    def kept(self, result: Any) -> Any:
        """Return a floating result as an array that goes on making errors."""
        if not isinstance(result, np.ndarray | np.generic) or result.dtype.kind not in "fc":
            return result
        noisy = np.asarray(result).view(Noisy)
        noisy.noise = self
        return noisy


class Noisy(np.ndarray):
    """A NumPy array that makes an error wherever one would be made in lower precision."""

    noise: Noise

    def __array_finalize__(self, origin: Any) -> None:
        if isinstance(origin, Noisy):
            self.noise = origin.noise

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any
    ) -> Any:
        """Compute as NumPy does, and make an error."""
        plain = [_plain(x) for x in inputs]
        error = _error_of_sums(ufunc, method, plain, options)  # before ``out`` overwrites an input
        if out:
            options["out"] = tuple(map(_plain, out))
        results = getattr(ufunc, method)(*plain, **options)
        if results is None:  # ufunc.at has worked in place
            return None
        many = results if isinstance(results, tuple) else (results,)
        finished = []
        for result, place in zip(many, out or (None,) * len(many), strict=True):
            noisy = self.noise.added(result, _error(ufunc, result) if error is None else error)
            if place is None:
                finished.append(self.noise.kept(noisy))
            else:
                result[...] = noisy
                finished.append(place)
        return tuple(finished) if isinstance(results, tuple) else finished[0]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Compute as NumPy does; functions that are made of ufuncs make their errors there."""
        result = super().__array_function__(function, types, args, kwargs)
        if function.__name__ in MULTILINEAR:
            magnitudes = [np.abs(_plain(x)) if isinstance(x, np.ndarray) else x for x in args]
            products = math.prod(np.size(x) for x in magnitudes if not isinstance(x, str))
            terms = math.sqrt(products / max(1, np.size(result)))
            result = self.noise.added(result, math.sqrt(terms) * function(*magnitudes, **kwargs))
        return self.noise.kept(result)


@contextmanager
def errors_by_norm(noise: Noise) -> Iterator[None]:
    """Let convolutions err as engines that transform do, wherever one may be chosen.

    Their errors are relative to norms over the spatial axes: of size n, about ``u log2(n)`` times
    the sum of ``||x|| ||kernel||`` over the channels (see `FFTEngine`; a tile of `WinogradEngine`
    errs by less).

    Parameters
    ----------
    noise : Noise
        Makes the errors.
    """
    names = [name for name, engine in ENGINES.items() if engine.normwise]
    with instead(_Transforming(noise), ("auto", *names)):
        yield


class _Transforming(GemmEngine):
    """Exact results, with errors relative to norms."""

    def __init__(self, noise: Noise) -> None:
        self._noise = noise

    def forward(self, device: Any, x: Any, kernel: Any, geometry: Geometry) -> Any:
        x, kernel = map(_plain, (x, kernel))
        sizes = np.einsum("ngc,gfc->ngf", _norms(x, geometry, 1), _norms(kernel, geometry, 0))
        return self._with_errors(super().forward(device, x, kernel, geometry), sizes, geometry)

    def input_gradient(self, device: Any, dy: Any, kernel: Any, geometry: Geometry) -> Any:
        dy, kernel = map(_plain, (dy, kernel))
        sizes = np.einsum("ngf,gfc->ngc", _norms(dy, geometry, 1), _norms(kernel, geometry, 0))
        dx = super().input_gradient(device, dy, kernel, geometry)
        return self._with_errors(dx, sizes, geometry)

    def kernel_gradient(self, device: Any, x: Any, dy: Any, geometry: Geometry) -> Any:
        x, dy = map(_plain, (x, dy))
        sizes = np.einsum("ngf,ngc->gfc", _norms(dy, geometry, 1), _norms(x, geometry, 1))
        return self._with_errors(super().kernel_gradient(device, x, dy, geometry), sizes, geometry)

    def _with_errors(self, exact: Any, sizes: Any, geometry: Geometry) -> Any:
        sizes = sizes.reshape(*exact.shape[:2], *[1] * geometry.window.rank)
        depth = math.log2(1 + math.prod(geometry.window.padded_size))
        return self._noise.kept(self._noise.added(exact, depth * sizes))


def _norms(array: Any, geometry: Geometry, axis: int) -> Any:
    """Over the spatial axes; the axis of groups and channels becomes two."""
    norms = np.sqrt((array**2).sum(tuple(range(2, array.ndim))))
    shape = norms.shape
    return norms.reshape(*shape[:axis], geometry.groups, -1, *shape[axis + 1 :])


def _plain(x: Any) -> Any:
    """The same memory as a plain array; anything else as it is."""
    return x.view(np.ndarray) if isinstance(x, Noisy) else x


def _error(ufunc: Any, result: Any) -> Any:
    """How large an error is, in units of ``u``, that an elementwise function makes."""
    if ufunc.__name__ in EXACT:
        return 0.0
    return (1 if ufunc.__name__ in CORRECTLY_ROUNDED else 4) * np.abs(result)


def _error_of_sums(ufunc: Any, method: str, inputs: Any, options: Any) -> Any:
    """``sqrt(n) sum |terms|`` if something is summed, else None."""
    if method == "__call__" and ufunc.__name__ in PRODUCTS:
        return math.sqrt(inputs[0].shape[-1]) * ufunc(*map(np.abs, inputs), **options)
    if ufunc is np.add and method in ("reduce", "accumulate"):
        sums = getattr(np.add, method)(np.abs(inputs[0]), *inputs[1:], **options)
        length = np.shape(inputs[0])[-1] if method == "accumulate" else 1
        return math.sqrt(length * np.size(inputs[0]) / max(1, np.size(sums))) * sums
    return None
