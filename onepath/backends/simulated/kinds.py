"""Kinds of functions and parameters, by name, as CuPy's source has them."""

from collections.abc import Callable, Mapping
from typing import Any

from .array import ndarray
from .calls import REST


def names(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def _table(text: str) -> dict[str, frozenset[str]]:
    """Read lines of parameters, a colon and the functions that have them."""
    found: dict[str, frozenset[str]] = {}
    for line in text.strip().splitlines():
        parameters, _, functions = line.partition(":")
        for function in functions.split():
            found[function] = found.get(function, frozenset()) | names(parameters)
    return found


EXACT = names("""
    abs absolute ceil conj conjugate copysign fabs fix floor floor_divide fmax fmin fmod frexp imag
    isfinite isinf isnan ldexp maximum minimum modf negative nextafter positive real remainder rint
    sign signbit spacing trunc
""")
"""Elementwise functions whose results are floating-point numbers without any rounding."""

REDUCTIONS = names("mean nanmean nanprod nanstd nansum nanvar prod std sum var")
"""What adds or multiplies along axes, in an order that no device promises."""

UNSIMULATED = names("""
    apply_along_axis apply_over_axes generic_filter generic_filter1d generic_gradient_magnitude
    generic_laplace labeled_comprehension piecewise show_config
""")
"""What would call the program back with host arrays, or tell about the host."""

OLD_NAMES = {
    "alltrue": "all",
    "cumproduct": "cumprod",
    "fix": "trunc",
    "product": "prod",
    "round_": "round",
    "sometrue": "any",
    "trapz": "trapezoid",
}
"""Functions that CuPy still has by a name that NumPy has given up."""

ANSWERS = names("""
    broadcast_shapes can_cast common_type iscomplexobj isfortran isrealobj isscalar issparse
    isspmatrix isspmatrix_coo isspmatrix_csc isspmatrix_csr isspmatrix_dia may_share_memory
    min_scalar_type ndim promote_types result_type shape size
""")
"""What answers about arrays without looking at their elements, and takes anything."""

VIEWS = ANSWERS | names("""
    array_split as_strided atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to
    diagonal dsplit expand_dims flip fliplr flipud hsplit matrix_transpose moveaxis permute_dims
    ravel reshape rollaxis rot90 sliding_window_view split squeeze swapaxes transpose vsplit
""")
"""What runs no kernel on the device, and so may be asked of another device's arrays."""

READS = names("""
    array2string array_repr array_str format_float_positional format_float_scientific save
    savetxt savez savez_compressed
""")
"""What copies its operands to the host."""

WRITES = names("copyto fill_diagonal place put put_along_axis putmask")
"""What changes its first operand and returns nothing."""

DATA = names("""
    a x x1 x2 y b v p m f ar ar1 ar2 arr arr1 arr2 ary array in1 in2 input filt element
    test_elements fp xp condition choices mask indices ind keys sorter weights prototype A
    values to_begin to_end image fweights aweights out arrays operands
""")
"""Parameters that are arrays on the device."""

HOST = names("""
    shape newshape new_shape dims dimensions axis axes axis1 axis2 axisa axisb axisc source
    destination num N k n s reps pad_width window_shape strides indices_or_sections dtype order
    size ndmin
""")
"""Parameters that are numbers of the host's: an array on the device has no ``__index__``."""

ARRAYS_TOO = {"leslie": names("s"), "polygamma": names("n")}
"""Functions of which a parameter of such a name is an array all the same."""

SEQUENCES = {
    REST: "operands",
    **dict.fromkeys(names("bins choicelist condlist lu_and_piv multi_index sample tup"), "arrays"),
}
"""Parameters that are sequences of arrays, and what one of them counts as."""

UPLOADED = _table("""
a: around asarray_chkfinite asfarray average cond cross diff isclose allclose nan_to_num require
a: resize round
b: cross isclose allclose
A: tile
x: cond fftshift ifftshift iscomplex isreal nan_to_num norm sliding_window_view vander
arr values: append
indices: take delete
condition: compress extract
m: tril triu
f: gradient
p: unwrap
v: diag searchsorted
ind v: put
mask vals: place
val: real imag
weights: average histogramdd
prepend append: diff
start stop: linspace logspace
q: percentile quantile
bins: histogram
repeats: repeat
arrays: dstack hstack vstack row_stack
operands: atleast_1d atleast_2d atleast_3d einsum ix_
""")
"""Parameters of which CuPy makes arrays itself if they are the host's; so numbers are taken too."""

NUMBERS = {
    "where": names("x y"),
    "kron": names("a b"),
    "putmask": names("values"),
    "put_along_axis": names("values"),
    "sph_harm_y": names("m"),
    "tensorinv": names("ind"),
}
"""Parameters that may be numbers although they usually are arrays."""

Given = Mapping[str, Any]
Waits = Callable[[Given], bool]


_ALWAYS = names("""
    argwhere asarray_chkfinite bincount compress cond delete extract flatnonzero histogram
    histogram2d histogramdd intersect1d mask_indices nanmax nanmin nonzero place putmask
    real_if_close setdiff1d setxor1d shares_memory sliding_window_view tril_indices
    tril_indices_from trim_zeros triu_indices triu_indices_from union1d unique unique_all
    unique_counts unique_inverse unique_values unravel_index
""")


def _has(*names: str) -> Waits:
    """Whether one of the arguments is an array on the device."""
    return lambda given: any(isinstance(given.get(name), ndarray) for name in names)


def _is(name: str, value: Any, default: Any) -> Waits:
    """Whether an argument has a value."""
    return lambda given: bool(given.get(name, default) == value)


WAITS: dict[str, Waits] = {
    **dict.fromkeys(_ALWAYS, lambda given: True),
    "array_equal": _is("equal_nan", True, False),
    "average": lambda given: given.get("weights") is not None,
    "choose": _is("mode", "raise", "raise"),
    "linspace": _has("start", "stop"),
    "logspace": _has("start", "stop"),
    "percentile": _has("q"),
    "put": _is("mode", "raise", "wrap"),
    "quantile": _has("q"),
    "ravel_multi_index": _is("mode", "raise", "wrap"),
    "repeat": _has("repeats"),
    "where": lambda given: given.get("x") is None and given.get("y") is None,
}
"""Functions for which the host waits, since it has to look at elements; some only if told to."""


_SOLVED = names("""
    cholesky det eigh eigvalsh inv lstsq matrix_rank pinv qr slogdet solve svd tensorinv tensorsolve
""")
"""Linear algebra that cuSOLVER does."""

_PRODUCTS = names("dot einsum inner matmul tensordot")
"""Sums of products that cuBLAS does, of more than one number."""


def library(name: str, given: Given, operands: list[ndarray]) -> str | None:
    """Return the library of CUDA's that a function calls for such operands, if it calls one.

    Parameters
    ----------
    name : str
        The function's name.
    given : mapping
        Its arguments.
    operands : list of ndarray
        The arrays among them.
    """
    if name in _SOLVED:
        return "cuSOLVER"
    if name not in _PRODUCTS or len(operands) < 2 or operands[0].dtype.kind not in "fc":
        return None
    if not operands[0].size or not operands[1].size:
        return None
    summed = _contracts(given[REST][0]) if name == "einsum" else not _vectors(*operands[:2])
    return "cuBLAS" if summed else None


def _contracts(rule: Any) -> bool:
    """Whether a rule of `einsum` sums over what operands share."""
    terms, _, kept = str(rule).partition("->")
    first, *others = terms.split(",")
    return any(set(first) & set(other) - set(kept) for other in others)


def _vectors(a: ndarray, b: ndarray) -> bool:
    """Whether the product of two matrices is one number, which a kernel of CuPy's own adds up."""
    if not a.ndim or not b.ndim:
        return True
    return a.ndim <= 2 >= b.ndim and a.size == a.shape[-1] and b.size == b.shape[0]
