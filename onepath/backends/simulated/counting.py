"""How many roundings a function adds on the way to an element of its result."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .kinds import names

MOVES = names("""
    append argmax argmin argsort array_split as_strided atleast_1d atleast_2d atleast_3d
    amax amin block_diag broadcast_arrays broadcast_to byteswap choose circulant clip column_stack
    compress concat concatenate conj conjugate copyto delete diag diagflat diagonal dsplit dstack
    expand_dims extract fftshift fill_diagonal flatten flip fliplr flipud full full_like hankel
    hsplit hstack ifftshift imag intersect1d ix_ matrix_transpose max maximum_filter
    maximum_filter1d median_filter meshgrid min minimum_filter minimum_filter1d moveaxis nanmax
    nanmin nan_to_num nonzero pad partition permute_dims place put put_along_axis putmask ravel
    real real_if_close repeat reshape resize roll rollaxis rot90 row_stack select setdiff1d
    setxor1d sliding_window_view sort sort_complex split squeeze stack swapaxes take
    take_along_axis tile toeplitz transpose tril trim_zeros triu union1d unique unique_all
    unique_counts unique_inverse unique_values vsplit vstack where
""")
"""What moves elements about without computing with them."""

TERMS = names("""
    convolve correlate cross cumsum cumulative_sum dot einsum inner kron matmul nancumsum outer
    tensordot trace vdot
""")
"""What adds up elements, or products of them: given ones, it tells how many."""

_SCALED = {
    "sum": (1, 0),
    "nansum": (1, 0),
    "prod": (1, 0),
    "nanprod": (1, 0),
    "mean": (1, 1),
    "nanmean": (1, 1),
    "average": (1, 2),
    "norm": (1, 2),
    "var": (2, 4),
    "nanvar": (2, 4),
    "std": (2, 5),
    "nanstd": (2, 5),
    "logsumexp": (1, 3),
    "softmax": (1, 3),
    "log_softmax": (1, 4),
    "cumprod": (1, 0),
    "nancumprod": (1, 0),
    "cumulative_prod": (1, 0),
}
"""By how much a function of n elements to one rounds: a * n + b."""

_LONG = names("""
    cholesky corrcoef cov dct det dst eigh eigvalsh expm fft fft2 fftn gradient hfft idct idst
    ifft ifft2 ifftn ihfft interp inv irfft irfft2 irfftn lstsq lu lu_factor lu_solve
    matrix_power pinv qr rfft rfft2 rfftn slogdet solve solve_triangular svd
    trapezoid
""")
"""What needs more arithmetic than its result shows: twice an axis's length is taken for it."""

Shape = tuple[int, ...]


def steps(name: str, operands: list[Shape], results: list[Shape]) -> int:
    """Return how many roundings a function that computes adds, judged by shapes; rather too many.

    Parameters
    ----------
    name : str
        The function's name.
    operands, results : list of tuple of int
        Shapes of what went in and came out.
    """
    longest = max((max(shape, default=1) for shape in operands), default=1)
    if name in _LONG:
        return 2 * longest
    if name not in _SCALED:
        return 1
    size = max(map(math.prod, operands), default=1)
    count = size // max(1, *map(math.prod, results))
    factor, more = _SCALED[name]
    return factor * (longest if count < 2 else count) + more


_known: dict[tuple[Callable[..., Any], str], int] = {}


def terms(compute: Callable[..., Any], places: list[Any], options: dict[str, Any]) -> int:
    """Return how many terms a function adds up for an element at most: its result for ones.

    Parameters
    ----------
    compute : callable
        The host's function.
    places, options : list and dict
        Its arguments; of arrays, only the shape matters.
    """
    options = {name: value for name, value in options.items() if name not in ("out", "dtype")}
    key = compute, repr([_mapped(places, _shape), _mapped(options, _shape)])
    if key not in _known:
        ones = compute(*_mapped(places, _ones), **_mapped(options, _ones))
        _known[key] = int(np.max(ones, initial=0))
    return _known[key]


def _shape(array: Any) -> Any:
    return array.shape, "array"


def _ones(array: Any) -> Any:
    return np.ones(array.shape)


def _mapped(value: Any, replace: Callable[[Any], Any]) -> Any:
    """Replace the arrays among arguments."""
    if isinstance(value, np.ndarray):
        return replace(value)
    if isinstance(value, list | tuple):
        return type(value)(_mapped(each, replace) for each in value)
    if isinstance(value, dict):
        return {key: _mapped(each, replace) for key, each in value.items()}
    return value
