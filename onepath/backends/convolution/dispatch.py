"""The three convolutions: arrays are checked against the geometry, then an engine computes."""

from ..types import Array
from .engine import Device
from .geometry import Geometry, Ints
from .planner import choose


def forward(device: Device, x: Array, kernel: Array, geometry: Geometry, engine: str) -> Array:
    """See `Backend.conv`."""
    _check(
        device, "conv", x=(x, (-1, *geometry.input_shape)), kernel=(kernel, geometry.kernel_shape)
    )
    return choose(engine, device, "forward", geometry, len(x), x.dtype).forward(
        device, x, kernel, geometry
    )


def input_gradient(
    device: Device, dy: Array, kernel: Array, geometry: Geometry, engine: str
) -> Array:
    """See `Backend.conv_input_gradient`."""
    _check(
        device,
        "conv_input_gradient",
        dy=(dy, (-1, *geometry.output_shape)),
        kernel=(kernel, geometry.kernel_shape),
    )
    return choose(engine, device, "input_gradient", geometry, len(dy), dy.dtype).input_gradient(
        device, dy, kernel, geometry
    )


def kernel_gradient(device: Device, x: Array, dy: Array, geometry: Geometry, engine: str) -> Array:
    """See `Backend.conv_kernel_gradient`."""
    _check(
        device,
        "conv_kernel_gradient",
        x=(x, (-1, *geometry.input_shape)),
        dy=(dy, (-1, *geometry.output_shape)),
    )
    if len(x) != len(dy):
        raise ValueError(
            f"conv_kernel_gradient: x has {len(x)} samples and dy {len(dy)}; they must be as many"
        )
    return choose(engine, device, "kernel_gradient", geometry, len(x), x.dtype).kernel_gradient(
        device, x, dy, geometry
    )


def _check(device: Device, function: str, **expected: tuple[Array, Ints]) -> None:
    """Check device, shape (-1 stands for any number of samples) and dtype of the arguments."""
    dtypes = {}
    for name, (array, shape) in expected.items():
        if not device.owns(array):
            raise TypeError(
                f"{function}: {name} must be an array on {device.name}, got "
                f"{type(array).__module__}.{type(array).__qualname__}"
            )
        fits = array.ndim == len(shape) and all(
            want in (-1, have) for have, want in zip(array.shape, shape, strict=True)
        )
        if not fits or array.size == 0:
            wanted = str(shape).replace("-1", "N")
            raise ValueError(f"{function}: {name} must have shape {wanted}, got {array.shape}")
        if array.dtype.kind != "f":
            raise TypeError(
                f"{function}: {name} must be floating, got {array.dtype}; "
                f"{name}.astype('float32') makes it so"
            )
        dtypes[name] = array.dtype
    if len(set(dtypes.values())) > 1:
        raise TypeError(
            f"{function}: arguments must share one dtype, got "
            + ", ".join(f"{name} {dtype}" for name, dtype in dtypes.items())
        )
