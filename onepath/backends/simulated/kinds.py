"""Kinds of functions, by name: what rounds how often, what waits, what takes arrays."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


EXACT = _names("""
    abs absolute ceil conj conjugate copysign fabs fix floor floor_divide fmax fmin fmod frexp imag
    isfinite isinf isnan ldexp maximum minimum modf negative nextafter positive real remainder rint
    sign signbit spacing trunc
""")
"""Elementwise functions whose results are floating-point numbers without any rounding."""

SUMS = _names("""
    average cholesky corrcoef cov cumprod cumsum det eigh eigvalsh fft fft2 fftn gradient ifft ifft2
    ifftn inv irfft irfft2 irfftn logsumexp lstsq mean nancumprod nancumsum nanmean nanprod nanstd
    nansum nanvar norm pinv prod qr rfft rfft2 rfftn slogdet solve std sum svd trace trapezoid var
""")
"""What adds up the elements of an array."""

PRODUCTS = _names("""
    convolve correlate cross dot einsum inner kron matmul matvec multi_dot outer tensordot vdot
    vecdot vecmat
""")
"""What adds up products of the elements of several arrays."""

MOVES = _names("""
    allclose amax amin argmax argmin argsort array array_split as_strided asarray ascontiguousarray
    asfortranarray astype atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to choose clip
    column_stack compress concatenate copy copyto diag diagonal dsplit dstack empty_like expand_dims
    extract flatten flip fliplr flipud full_like hsplit hstack isclose max median min moveaxis
    nanmax nanmin nonzero ones_like pad partition permute_dims place put putmask ravel repeat
    reshape roll rollaxis rot90 sliding_window_view sort split squeeze stack swapaxes take
    take_along_axis tile
    transpose tril triu unique view vsplit vstack where zeros_like
""")
"""What moves elements about without computing with them."""

SHAPED_BY_VALUES = _names("""
    argwhere bincount compress extract flatnonzero histogram intersect1d nonzero setdiff1d setxor1d
    trim_zeros union1d unique unique_all unique_counts unique_inverse unique_values
""")
"""What has a shape that depends on the values: the host has to wait for them."""

DATA = _names("a x x1 x2 b y m v arr ary array in1 in2 input")
"""Parameters that are arrays, for which CuPy takes no lists of numbers."""

UPLOADS = _names("""
    append average cond cov cross delete diff extract fftshift gradient ifftshift interp isclose
    linspace place polyval resize tile tril triu unique unwrap vander
""")
"""What makes an array of the host's data by itself: a copy that nobody asked for."""

SHAPES = _names("""
    K M N axes axis axis1 axis2 d destination indices_or_sections k n newshape offset pad_width
    repeats reps s shape shift size source strides window_shape
""")
"""Parameters that are the host's numbers, for which CuPy takes NumPy's integers, arrays too."""

OLD_NAMES = {
    "alltrue": "all",
    "cumproduct": "cumprod",
    "in1d": "isin",
    "product": "prod",
    "round_": "round",
    "sometrue": "any",
    "trapz": "trapezoid",
}
"""Functions that CuPy still has by a name that NumPy has given up."""

UNSIMULATED = _names(
    "apply_along_axis apply_over_axes fromfunction piecewise show_config vectorize"
)
"""What would call the program back with host arrays."""

REDUCTIONS = _names("mean nanmean nanprod nanstd nansum nanvar prod std sum var")
"""What adds or multiplies along axes, in an order that no device promises."""
