"""The three convolutions: arrays are checked against the geometry, then an engine computes."""

from ..dtypes import is_floating
from ..types import Array
from .engine import Device, UnsupportedError
from .geometry import Geometry
from .planner import choose, refuse


def forward(device: Device, x: Array, kernel: Array, geometry: Geometry, engine: str) -> Array:
    """See `Backend.conv`."""
    expected = (None, *geometry.input_shape), geometry.kernel_shape
    if not _fit(device, (x, kernel), expected):
        _refuse(device, "conv", {"x": x, "kernel": kernel}, expected)
    return _computed(engine, device, "forward", geometry, x, kernel)


def input_gradient(
    device: Device, dy: Array, kernel: Array, geometry: Geometry, engine: str
) -> Array:
    """See `Backend.conv_input_gradient`."""
    expected = (None, *geometry.output_shape), geometry.kernel_shape
    if not _fit(device, (dy, kernel), expected):
        _refuse(device, "conv_input_gradient", {"dy": dy, "kernel": kernel}, expected)
    return _computed(engine, device, "input_gradient", geometry, dy, kernel)


def kernel_gradient(device: Device, x: Array, dy: Array, geometry: Geometry, engine: str) -> Array:
    """See `Backend.conv_kernel_gradient`."""
    expected = (None, *geometry.input_shape), (None, *geometry.output_shape)
    if not _fit(device, (x, dy), expected):
        _refuse(device, "conv_kernel_gradient", {"x": x, "dy": dy}, expected)
    if len(x) != len(dy):
        raise ValueError(
            f"conv_kernel_gradient: x has {len(x)} samples and dy {len(dy)}; they must be as many"
        )
    return _computed(engine, device, "kernel_gradient", geometry, x, dy)


def _computed(
    engine: str, device: Device, operation: str, geometry: Geometry, a: Array, b: Array
) -> Array:
    """Let the planner's engine compute; if it finds that it cannot, let it pick another one."""
    case = engine, device, operation, geometry, len(a), a.dtype
    while True:
        chosen = choose(*case)
        try:
            result: Array = getattr(chosen, operation)(device, a, b, geometry)
            return result
        except UnsupportedError as error:
            refuse(chosen, *case, str(error))


Expected = tuple[tuple[int | None, ...], tuple[int | None, ...]]
"""Two shapes; None is any number of samples."""


def _fit(device: Device, arrays: tuple[Array, Array], expected: Expected) -> bool:
    """Whether two arrays are what they must be; it is asked before each convolution."""
    a, b = arrays
    return bool(
        device.owns(a)
        and device.owns(b)
        and _has_shape(a, expected[0])
        and _has_shape(b, expected[1])
        and a.dtype == b.dtype
        and is_floating(a.dtype)
    )


def _has_shape(array: Array, shape: tuple[int | None, ...]) -> bool:
    if shape[0] is None:
        return bool(array.shape[1:] == shape[1:] and array.size > 0)
    return bool(array.shape == shape)


def _refuse(device: Device, function: str, arrays: dict[str, Array], expected: Expected) -> None:
    """Say what two arrays are that they must not be."""
    for (name, array), shape in zip(arrays.items(), expected, strict=True):
        if not device.owns(array):
            raise TypeError(
                f"{function}: {name} must be an array on {device.name}, got "
                f"{type(array).__module__}.{type(array).__qualname__}"
            )
        if not _has_shape(array, shape):
            wanted = str(shape).replace("None", "N")
            raise ValueError(f"{function}: {name} must have shape {wanted}, got {array.shape}")
        if not is_floating(array.dtype):
            raise TypeError(
                f"{function}: {name} must be floating, got {array.dtype}; "
                f"{name}.astype('float32') makes it so"
            )
    raise TypeError(
        f"{function}: arguments must share one dtype, got "
        + ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
    )
