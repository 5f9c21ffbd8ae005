"""``cudnn``: as much of NVIDIA's binding as convolutions need, computed by NumPy.

A graph of one convolution is described, planned and run in the binding's order and by its names.
Arrays have to lie in memory as their descriptions say. There are three plans: one for tensor cores,
one whose sums come in any order, and one that is neither; the first that was not left out is taken.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import count
from typing import Any

import numpy as np

from .array import Address, deepen, ndarray, roundings
from .cudnn_kernels import Sliding, as_tf32
from .devices import check_device, current
from .graphs import captured

ALIGNMENT = 16
"""Bytes of which addresses have to be multiples."""

WORKSPACE = 64
"""Bytes of scratch memory that each plan asks for."""

_handles = count(0x7000, 0x10)


class cudnnGraphNotSupportedError(RuntimeError):  # noqa: N801 - the binding's name
    """No kernel computes the graph."""


data_type = Enum("data_type", "FLOAT DOUBLE HALF BFLOAT16")
heur_mode = Enum("heur_mode", "A B FALLBACK")
build_plan_policy = Enum("build_plan_policy", "HEURISTICS_CHOICE ALL")
numerical_note = Enum(
    "numerical_note",
    "TENSOR_CORE DOWN_CONVERT_INPUTS REDUCED_PRECISION_REDUCTION NONDETERMINISTIC",
)

_PLANS: tuple[set[Any], ...] = (
    {numerical_note.TENSOR_CORE, numerical_note.DOWN_CONVERT_INPUTS},
    {numerical_note.NONDETERMINISTIC},
    set(),
)
_STEPS = (
    "described",
    "validate",
    "build_operation_graph",
    "create_execution_plans",
    "check_support",
    "build_plans",
)


def backend_version() -> int:
    """Return the version of cuDNN whose binding this stands for."""
    return 92801


class Handle:
    """What work is asked for through."""

    def __init__(self) -> None:
        self.device = current()
        self.backend_handle = next(_handles)
        self.stream = 0


def create_handle() -> Handle:
    """Make a handle for the current device."""
    return Handle()


def set_stream(handle: Handle, stream: int) -> None:
    """Let the handle's work go into a stream."""
    handle.stream = stream


class Tensor:
    """The description of an array: its number, shape, strides in elements, and dtype."""

    def __init__(self, uid: int, dim: Sequence[int], stride: Sequence[int], data_type: Any) -> None:
        self.uid, self.dim, self.stride, self.data_type = uid, tuple(dim), tuple(stride), data_type
        self.is_output = False

    def set_output(self, value: bool) -> "Tensor":
        """Say that the array is a result to be kept."""
        self.is_output = value
        return self

    def set_uid(self, uid: int) -> "Tensor":
        """Set the number."""
        self.uid = uid
        return self

    def set_dim(self, dim: Sequence[int]) -> "Tensor":
        """Set the shape."""
        self.dim = tuple(dim)
        return self

    def set_stride(self, stride: Sequence[int]) -> "Tensor":
        """Set the strides."""
        self.stride = tuple(stride)
        return self

    def set_data_type(self, data_type: Any) -> "Tensor":
        """Set the dtype."""
        self.data_type = data_type
        return self

    def view(self, array: ndarray) -> Any:
        """Return the host's memory of an array, if it lies there as described."""
        check_device(array._device)
        host = array._host
        found = [(n, s // host.itemsize) for n, s in zip(host.shape, host.strides, strict=True)]
        told = list(zip(self.dim, self.stride, strict=True))
        if _dense(found) != _dense(told) or _DTYPES[self.data_type] != host.dtype.name:
            raise ValueError(
                f"tensor {self.uid} is described as {self.data_type} {told}, and the array there "
                f"is {host.dtype} {found}, as (length, stride) of each axis"
            )
        return host.reshape(self.dim)


def _dense(axes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The axes of which there is more than one place."""
    return [(length, stride) for length, stride in axes if length > 1]


class pygraph:  # noqa: N801 - the binding's name
    """A graph of one convolution."""

    def __init__(
        self,
        io_data_type: Any = None,
        intermediate_data_type: Any = None,
        compute_data_type: Any = None,
        handle: Handle | None = None,
    ) -> None:
        self._io, self._wide, self._handle = io_data_type, compute_data_type, handle
        self._step = 0
        self._barred: set[Any] = set()
        self._plan: set[Any] | None = None

    def tensor(
        self,
        dim: Sequence[int],
        stride: Sequence[int],
        data_type: Any = None,
        name: str = "",
        uid: int = 0,
    ) -> Tensor:
        """Describe an operand."""
        return Tensor(uid, dim, stride, data_type or self._io)

    def conv_fprop(self, image: Tensor, weight: Tensor, **options: Any) -> Tensor:
        """Describe a convolution."""
        return self._described("forward", image, weight, options)

    def conv_dgrad(self, loss: Tensor, filter: Tensor, **options: Any) -> Tensor:
        """Describe the gradient with respect to the image."""
        return self._described("input_gradient", loss, filter, options)

    def conv_wgrad(self, image: Tensor, loss: Tensor, **options: Any) -> Tensor:
        """Describe the gradient with respect to the kernel."""
        return self._described("kernel_gradient", image, loss, options)

    def _described(
        self, operation: str, a: Tensor, b: Tensor, options: Mapping[str, Sequence[int]]
    ) -> Tensor:
        self._operation, self._tensors, self._options = (
            operation,
            (a, b, Tensor(0, (), (), None)),
            options,
        )
        return self._tensors[2]

    # In the order in which they have to be called

    def validate(self) -> None:
        """Check the description."""
        self._pass("validate")
        a, b, out = (tensor.dim for tensor in self._tensors)
        roles = {
            "forward": (a, b, out),
            "input_gradient": (out, b, a),
            "kernel_gradient": (a, out, b),
        }[self._operation]
        self._sliding = Sliding(roles, **self._options)
        if not self._tensors[2].is_output:
            raise ValueError("the result was not set as an output")

    def build_operation_graph(self) -> None:
        """Prepare for plans."""
        self._pass("build_operation_graph")

    def create_execution_plans(self, heuristics: Sequence[Any]) -> None:
        """List the plans."""
        self._pass("create_execution_plans")

    def deselect_numeric_notes(self, notes: Sequence[Any]) -> None:
        """Leave out plans with any of these notes."""
        self._barred.update(notes)

    def check_support(self) -> None:
        """Raise if no plan is left."""
        self._pass("check_support")
        if all(notes & self._barred for notes in _PLANS):
            raise cudnnGraphNotSupportedError("no plan is left")

    def build_plans(self, policy: Any) -> None:
        """Take the first plan that is left."""
        self._pass("build_plans")
        self._plan = next(notes for notes in _PLANS if not notes & self._barred)

    def build_plan_at_index(self, index: int) -> None:
        """Take the plan of that number."""
        if _PLANS[index] & self._barred:
            raise cudnnGraphNotSupportedError(f"plan {index} was left out")
        self._plan = _PLANS[index]

    def get_execution_plan_count(self) -> int:
        """Return how many plans there are, those that were left out included."""
        return len(_PLANS)

    def get_plan_name_at_index(self, index: int) -> str:
        """Return the name of the plan of that number."""
        return f"eng{index}"

    def get_workspace_size(self) -> int:
        """Return how many bytes of scratch memory the plan takes."""
        return WORKSPACE

    def execute(
        self,
        tensor_dict: Mapping[int, Address],
        workspace: Address | None = None,
        handle: Handle | None = None,
    ) -> None:
        """Run the plan on the arrays at these addresses."""
        if self._plan is None:
            raise RuntimeError("no plan was built")
        if workspace is None or workspace.array.nbytes < WORKSPACE:
            raise ValueError(f"the plan needs {WORKSPACE} bytes of scratch memory")
        addresses = [tensor_dict[tensor.uid] for tensor in self._tensors]
        for address in addresses:
            if address % ALIGNMENT:
                raise ValueError(f"the address {address} is no multiple of {ALIGNMENT} bytes")
        self._compute(*(address.array for address in addresses))

    @captured
    def _compute(self, *arrays: ndarray) -> None:
        """Run the plan's kernel."""
        views = (tensor.view(array) for tensor, array in zip(self._tensors, arrays, strict=True))
        a, b, out = views
        with np.errstate(all="ignore"):
            wide = self._widened(a), self._widened(b)
            out[...] = getattr(self._sliding, self._operation)(*wide)
        depth = roundings(*arrays[:2]) + self._sliding.terms(self._operation)
        deepen(arrays[2], depth, everywhere=True)

    def _widened(self, operand: Any) -> Any:
        """An operand in the dtype that is computed in, as the plan's kernel reads it."""
        wide = operand.astype(_DTYPES[self._wide])
        rounds = (
            numerical_note.DOWN_CONVERT_INPUTS in (self._plan or ()) and self._io is data_type.FLOAT
        )
        return as_tf32(wide) if rounds else wide

    def _pass(self, step: str) -> None:
        """Note a step, if the one before it was taken."""
        if _STEPS[self._step + 1 : self._step + 2] != (step,):
            raise RuntimeError(f"{step} comes after {_STEPS[_STEPS.index(step) - 1]}")
        self._step += 1


_DTYPES = {
    data_type.FLOAT: "float32",
    data_type.DOUBLE: "float64",
    data_type.HALF: "float16",
    data_type.BFLOAT16: "bfloat16",
}
