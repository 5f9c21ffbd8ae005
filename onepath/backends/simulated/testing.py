"""``cupy.testing``: NumPy's assertions, on the device's arrays."""

from typing import Any

from .array import ndarray

NAMES = (
    "assert_allclose",
    "assert_array_almost_equal",
    "assert_array_almost_equal_nulp",
    "assert_array_equal",
    "assert_array_less",
    "assert_array_max_ulp",
)


def _on_host(name: str) -> Any:
    """One of NumPy's assertions, for which arrays are copied to the host."""

    def assertion(*args: Any, **kwargs: Any) -> Any:
        import numpy.testing

        def host(value: Any) -> Any:
            return value.get() if isinstance(value, ndarray) else value

        return getattr(numpy.testing, name)(
            *map(host, args), **{key: host(value) for key, value in kwargs.items()}
        )

    assertion.__name__ = name
    return assertion


CONTENTS: dict[str, Any] = {name: _on_host(name) for name in NAMES}
