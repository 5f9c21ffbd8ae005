"""Convolution by cuDNN, on CUDA devices where it is installed."""

import math
from typing import Any

from .. import numerics
from ..errors import BackendUnavailableError
from ..types import Array, DType
from .cudnn_plan import TYPES, Plan, Request, graph_of
from .engine import OPERATIONS, Cost, Device, Engine, UnsupportedError
from .geometry import Geometry
from .measurements import case_of, memory

ALIGNMENT = 16
"""Bytes of which the addresses given to cuDNN have to be multiples."""

CALLS = 6.0
"""What a call of cuDNN takes on the host, in calls of the array module."""


class CudnnEngine(Engine):
    """One kernel of cuDNN's for each convolution.

    Plans are made when a shape is first met, and kept. Which kernels may be taken is the setting of
    `onepath.backends.numerics`: as long as it is not changed, float32 is multiplied as float32, and
    nothing is added up in an order that changes. float16 and bfloat16 are summed in float32. Among
    the kernels are Winograd's and Fourier transforms, whose errors are relative to norms.
    """

    name = "cudnn"
    normwise = True

    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Refuse where there is no cuDNN, and what cuDNN has no kernels for."""
        name = device.xp.dtype(dtype).name
        if name not in TYPES:
            return f"cuDNN convolves {', '.join(TYPES)}, not {name}"
        try:
            library = device.cudnn()
            for operation in OPERATIONS:
                request = Request(operation, geometry, 1, name, False, numerics.current())
                library.kept(("supported", request), lambda r=request: graph_of(library, r))
        except (BackendUnavailableError, UnsupportedError) as error:
            return str(error)
        return None

    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """What the plans of the three operations ask for at most."""
        name = device.xp.dtype(dtype).name
        requests = (
            Request(operation, geometry, batch, name, False, numerics.current())
            for operation in OPERATIONS
        )
        return max(_plan(device, request).workspace for request in requests)

    def cost(
        self, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
    ) -> Cost:
        """The products, and each array once."""
        sides = math.prod(geometry.input_shape) + math.prod(geometry.output_shape)
        products = batch * math.prod(geometry.output_shape) * geometry.reduction
        moved = batch * sides + math.prod(geometry.kernel_shape)
        return Cost(2.0 * products, float(moved * device.xp.dtype(dtype).itemsize), CALLS)

    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv`."""
        return _computed(device, "forward", geometry, x, kernel)

    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_input_gradient`."""
        return _computed(device, "input_gradient", geometry, dy, kernel)

    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_kernel_gradient`."""
        return device.xp.ascontiguousarray(_computed(device, "kernel_gradient", geometry, x, dy))

    def rehearse(
        self, device: Device, operation: str, geometry: Geometry, a: Array, b: Array
    ) -> str | None:
        """Run the plans that cuDNN recommends, and keep the fastest."""
        request, *arrays = _arranged(device, operation, geometry, a, b)
        return _plan(device, request).settle(device, *arrays)


def _computed(device: Device, operation: str, geometry: Geometry, a: Array, b: Array) -> Array:
    """The result of an operation, whose axes lie in memory in the order of the operands'."""
    request, a, b, out = _arranged(device, operation, geometry, a, b)
    _plan(device, request).run(a, b, out)
    return out


def _plan(device: Device, request: Request) -> Plan:
    """The plan of this thread."""
    library = device.cudnn()
    plan: Plan = library.kept(request, lambda: Plan(library, request, _measured(device, request)))
    return plan


def _measured(device: Device, request: Request) -> str | None:
    """The plan that was the fastest when it was measured, with channels first in memory."""
    dtype = device.xp.dtype(request.dtype)
    case = case_of(request.operation, request.geometry, request.batch, dtype)
    return None if request.last else memory.way(device, case, CudnnEngine.name)


def _arranged(
    device: Device, operation: str, geometry: Geometry, a: Array, b: Array
) -> tuple[Request, Array, Array, Array]:
    """What to ask for, the operands as they have to lie in memory, and room for the result."""
    xp = device.xp
    last = _channels_last(a) and (operation != "kernel_gradient" or _channels_last(b))
    request = Request(operation, geometry, len(a), a.dtype.name, last, numerics.current())
    shape = {
        "forward": (len(a), *geometry.output_shape),
        "input_gradient": (len(a), *geometry.input_shape),
        "kernel_gradient": geometry.kernel_shape,
    }[operation]
    if not last:
        return request, _aligned(xp, a), _aligned(xp, b), xp.empty(shape, dtype=a.dtype)
    a, b = (xp.moveaxis(_aligned(xp, xp.moveaxis(x, 1, -1)), -1, 1) for x in (a, b))
    out = xp.moveaxis(xp.empty((shape[0], *shape[2:], shape[1]), dtype=a.dtype), -1, 1)
    return request, a, b, out


def _aligned(xp: Any, x: Array) -> Array:
    """An array without gaps that begins where cuDNN's kernels may read several elements at once."""
    x = xp.ascontiguousarray(x)
    return x.copy() if x.data.ptr % ALIGNMENT else x


def _channels_last(x: Array) -> bool:
    """Whether an array has no gaps in memory and its channels innermost, unlike one of C's."""
    return bool(
        not x.flags.c_contiguous and x.transpose(0, *range(2, x.ndim), 1).flags.c_contiguous
    )
