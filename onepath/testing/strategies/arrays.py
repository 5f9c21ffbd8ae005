"""Arrays, in every layout that code must be prepared for."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from ...backends import Array, Backend, get_backend
from ...backends.convolution.geometry import Ints
from ...backends.types import DType
from ..parity.check import LAYOUTS
from ..samples import laid_out

DTYPES = ("float32", "float64")


@st.composite
def arrays(
    draw: st.DrawFn,
    backend: str | Backend = "cpu",
    shape: Ints | st.SearchStrategy[Ints] | None = None,
    dtype: DType | None = None,
    elements: st.SearchStrategy[float] | Mapping[str, Any] | None = None,
) -> Array:
    """Floating arrays on a device, in every layout that code must be prepared for.

    Parameters
    ----------
    backend : str or Backend, optional
        Where they live; the fixture ``backend`` will do.
    shape : tuple of int or strategy, optional
        Their shape; one to four axes of one to six elements if left out.
    dtype : dtype, optional
        Their dtype; float32 or float64 if left out.
    elements : strategy or dict, optional
        Their elements, or options of `hypothesis.extra.numpy.from_dtype`; finite numbers from -10
        to 10 if left out.

    Returns
    -------
    strategy of array
        Arrays in C order, in Fortran order, or every second element of a larger array.
    """
    home = get_backend(backend)
    if elements is None:
        # CUDA flushes float32 denormals to zero
        elements = {"min_value": -10, "max_value": 10, "allow_subnormal": False}
    host: Any = of_numpy.arrays(
        draw(st.sampled_from(DTYPES)) if dtype is None else dtype,
        of_numpy.array_shapes(max_dims=4, max_side=6) if shape is None else shape,
        elements=elements,
    )
    return laid_out(home, draw(host), draw(st.sampled_from(LAYOUTS)))
