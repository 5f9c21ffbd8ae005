"""A convolution as cuDNN is told of it: a graph of one operation, and the plan made for it."""

import time
from typing import Any, NamedTuple

from ..numerics import Numerics
from ..types import Array
from .engine import Device, UnsupportedError
from .geometry import Geometry, Ints

A, B, OUT = 1, 2, 3
"""By which numbers cuDNN knows the operands and the result."""

TYPES = {
    "float16": "HALF",
    "bfloat16": "BFLOAT16",
    "float32": "FLOAT",
    "float64": "DOUBLE",
}
"""cuDNN's names for the dtypes that it convolves."""


PLANS, RUNS = 8, 5
"""How many plans are compared, and how often each is run."""


class Request(NamedTuple):
    """All that a plan depends on, but for the device.

    Attributes
    ----------
    operation : str
        One of `OPERATIONS`.
    geometry : Geometry
        The shapes.
    batch : int
        How many samples there are.
    dtype : str
        That of the arrays, by name.
    last : bool
        Whether channels come last in memory.
    numerics : Numerics
        How exact and how repeatable it has to be.
    """

    operation: str
    geometry: Geometry
    batch: int
    dtype: str
    last: bool
    numerics: Numerics


def described(api: Any, request: Request, **where: Any) -> Any:
    """Describe a convolution to cuDNN.

    Parameters
    ----------
    api : module
        ``cudnn``.
    request : Request
        What is wanted.
    **where
        ``handle``, or ``device_property`` where there is no device.

    Returns
    -------
    object
        A graph of one operation.
    """
    io = getattr(api.data_type, TYPES[request.dtype])
    compute = api.data_type.DOUBLE if request.dtype == "float64" else api.data_type.FLOAT
    graph = api.pygraph(
        io_data_type=io, intermediate_data_type=compute, compute_data_type=compute, **where
    )
    x, kernel, y = shapes(request.geometry, request.batch)

    def tensor(name: str, uid: int, shape: Ints) -> Any:
        return graph.tensor(
            name=name, uid=uid, dim=shape, stride=strides(shape, request.last), data_type=io
        )

    options = _options(request.geometry)
    if request.operation == "forward":
        shape = y
        out = graph.conv_fprop(
            image=tensor("x", A, x), weight=tensor("kernel", B, kernel), **options
        )
    elif request.operation == "input_gradient":
        shape = x
        out = graph.conv_dgrad(
            loss=tensor("dy", A, y), filter=tensor("kernel", B, kernel), **options
        )
    else:
        shape = kernel
        out = graph.conv_wgrad(image=tensor("x", A, x), loss=tensor("dy", B, y), **options)
    out.set_output(True).set_uid(OUT).set_data_type(io)
    out.set_dim(shape).set_stride(strides(shape, request.last))
    return graph


def graph_of(library: Any, request: Request) -> Any:
    """Let cuDNN look for kernels that compute a request as exactly as it says.

    Raises
    ------
    UnsupportedError
        If there are none.
    """
    api = library.api
    try:
        graph = described(api, request, handle=library.handle())
        graph.validate()
        graph.build_operation_graph()
        graph.create_execution_plans([api.heur_mode.A, api.heur_mode.FALLBACK])
        graph.deselect_numeric_notes(_left_out(api.numerical_note, request))
        graph.check_support()
    except (api.cudnnGraphNotSupportedError, RuntimeError) as error:
        raise UnsupportedError(f"cuDNN {library.version} has no kernel for it: {error}") from error
    return graph


class Plan:
    """A kernel of cuDNN's, ready to run for one request.

    Parameters
    ----------
    library : Cudnn
        cuDNN on a device.
    request : Request
        What is wanted.
    wish : str, optional
        cuDNN's name of the plan to take, if it has one of that name; else its heuristics choose.

    Attributes
    ----------
    workspace : int
        Bytes of scratch memory that it takes.

    Raises
    ------
    UnsupportedError
        If cuDNN has no kernel for it.
    """

    def __init__(self, library: Any, request: Request, wish: str | None = None) -> None:
        self._library = library
        self._graph = graph_of(library, request)
        try:
            self._graph.build_plans(library.api.build_plan_policy.HEURISTICS_CHOICE)
        except (library.api.cudnnGraphNotSupportedError, RuntimeError) as error:
            raise UnsupportedError(f"cuDNN {library.version} builds no plan: {error}") from error
        self.workspace = int(self._graph.get_workspace_size())
        for index in self._indices() if wish else ():
            if self._graph.get_plan_name_at_index(index) == wish:
                self._select(index)
                break

    def run(self, a: Array, b: Array, out: Array) -> None:
        """Compute ``out`` of arrays that lie in memory as the request says."""
        room = self._library.scratch(self.workspace) if self.workspace else None
        self._graph.execute(
            {A: a.data.ptr, B: b.data.ptr, OUT: out.data.ptr},
            None if room is None else room.data.ptr,
            handle=self._library.handle(),
        )

    def settle(self, device: Device, a: Array, b: Array, out: Array) -> str:
        """Run the plans that cuDNN recommends, let the fastest compute, and return its name."""
        times: dict[int, float] = {}
        for index in self._indices():
            if len(times) == PLANS:
                break
            if self._select(index):
                self.run(a, b, out)
                times[index] = self._seconds(device, a, b, out)
        fastest = min(times, key=times.__getitem__)
        self._select(fastest)
        return str(self._graph.get_plan_name_at_index(fastest))

    def _indices(self) -> range:
        """CuDNN's numbers of all plans, those that were left out included."""
        return range(self._graph.get_execution_plan_count())

    def _select(self, index: int) -> bool:
        """Take the plan of that number, unless it was left out, or is not to be built after all."""
        try:
            self._graph.build_plan_at_index(index)
        except (self._library.api.cudnnGraphNotSupportedError, RuntimeError):
            return False
        self.workspace = int(self._graph.get_workspace_size())
        return True

    def _seconds(self, device: Device, a: Array, b: Array, out: Array) -> float:
        """How long a few runs take."""
        device.synchronize()
        start = time.perf_counter()
        for _ in range(RUNS):
            self.run(a, b, out)
        device.synchronize()
        return time.perf_counter() - start


def shapes(geometry: Geometry, batch: int) -> tuple[Ints, Ints, Ints]:
    """Return the shapes of x, kernel and y; cuDNN has two spatial axes at least."""
    x, y = (batch, *geometry.input_shape), (batch, *geometry.output_shape)
    x, kernel, y = ((*s[:2], *_two(s[2:], 1)) for s in (x, geometry.kernel_shape, y))
    return x, kernel, y


def strides(shape: Ints, last: bool) -> Ints:
    """Return the strides of an array without gaps, in elements, its channels first or last."""
    order = [0, *range(2, len(shape)), 1] if last else range(len(shape))
    steps, step = {}, 1
    for axis in reversed(order):
        steps[axis] = step
        step *= shape[axis]
    return tuple(steps[axis] for axis in range(len(shape)))


def _options(geometry: Geometry) -> dict[str, Ints]:
    """Padding, stride and dilation by cuDNN's names."""
    window = geometry.window
    return {
        "pre_padding": _two(tuple(before for before, _ in window.pads), 0),
        "post_padding": _two(tuple(after for _, after in window.pads), 0),
        "stride": _two(window.strides, 1),
        "dilation": _two(window.dilation, 1),
    }


def _two(values: Ints, value: int) -> Ints:
    """Put a spatial axis before a single one."""
    return (value, *values) if len(values) == 1 else values


def _left_out(note: Any, request: Request) -> list[Any]:
    """What cuDNN notes of kernels that are not exact or not repeatable enough."""
    notes = []
    if request.numerics.deterministic:
        notes.append(note.NONDETERMINISTIC)
    if request.dtype == "float32" and not request.numerics.tf32:
        notes += [note.TENSOR_CORE, note.DOWN_CONVERT_INPUTS]
    if request.dtype in ("float16", "bfloat16"):
        notes.append(note.REDUCED_PRECISION_REDUCTION)
    return notes
