"""onepath itself."""

from collections.abc import Callable
from typing import Any

import onepath as op
from onepath.backends import Geometry
from onepath.backends.dtypes import need_bfloat16
from onepath.layers import Layer
from onepath.training.graphs import Steps

from ..suites import networks
from ..suites.case import Array
from ..suites.conv import ConvCase
from ..suites.networks import Node, Weights
from ..suites.signal import SignalCase
from ..suites.training import TrainingCase
from .base import CUPY, MissingError, Peer, Task

CAPTURED = 3
"""Steps after which all of a step is captured, where that is possible."""

_CONVS = {1: op.layers.Conv1D, 2: op.layers.Conv2D, 3: op.layers.Conv3D}
_ACTIVATIONS = {"relu": op.layers.ReLU, "sigmoid": op.layers.Sigmoid}
_LOSSES: dict[str, Callable[[], op.losses.Loss]] = {
    "crossentropy": lambda: op.losses.SparseCategoricalCrossentropy(from_logits=True),
    "binary_crossentropy": op.losses.BinaryCrossentropy,
    "mean_squared_error": op.losses.MeanSquaredError,
}


class Library(Peer):
    """onepath on one of its backends."""

    module = "onepath"

    def __init__(self, device: str, threads: int) -> None:
        super().__init__(device, threads)
        self.packages = CUPY if device == "cuda" else ("numpy", "scipy")
        try:
            self.backend = op.get_backend(device)
        except op.backends.BackendUnavailableError as error:
            raise MissingError(str(error)) from error
        op.set_threads(threads)

    def versions(self) -> dict[str, str]:
        """Return the versions of what is installed."""
        return {"onepath": op.__version__, **super().versions()}

    def signal(self, case: SignalCase) -> Task:
        """Call the backend's own function."""
        in1, in2 = map(self.backend.asarray, case.inputs())
        function = getattr(self.backend, case.function)
        return self._task(lambda: function(in1, in2, **case.options))

    def conv(self, case: ConvCase) -> Task:
        """Call the convolution functions, which ask the planner."""
        op.set_tf32(case.precision == "tf32")
        dtype = "float32"
        if case.precision == "bfloat16":
            need_bfloat16()
            dtype = "bfloat16"
        x, kernel, dy = (self.backend.asarray(array).astype(dtype) for array in case.inputs())
        options: Any = {
            "strides": case.stride,
            "padding": case.padding,
            "groups": case.groups,
            "engine": case.engine,
        }
        padding = (case.padding,) * case.rank
        shape, (filters, _, *size) = case.x_shape[1:], case.kernel_shape
        geometry = Geometry.of(shape, filters, size, case.stride, padding, 1, case.groups)
        self._tune(geometry, len(x), dtype)
        calls: dict[str, Callable[[], Any]] = {
            "forward": lambda: op.conv(x, kernel, **options),
            "input gradient": lambda: op.conv_input_gradient(dy, kernel, x.shape[2:], **options),
            "kernel gradient": lambda: op.conv_kernel_gradient(x, dy, kernel.shape[2:], **options),
        }
        return self._task(calls[case.operation])

    def training(self, case: TrainingCase) -> Task:
        """Train as `onepath.Model.fit` does, a batch at a time."""
        op.set_tf32(case.precision == "tf32")
        op.set_dtype_policy("mixed_bfloat16" if case.precision == "bfloat16" else "float32")
        x, target = map(self.backend.asarray, case.inputs())
        layer = op.layers.Sequential(map(_layer, case.network)).to(self.backend)
        layer.build(case.input_shape)
        _fill(layer)
        self._tune(layer, case.batch)
        model = op.Model(layer)
        optimizer = op.optimizers.SGD(case.learning_rate, case.momentum)
        model.compile(optimizer, _LOSSES[case.loss]())
        steps = Steps(model, "auto")
        run = self._synchronized(lambda: steps(x, target)[0])

        def results() -> dict[str, Array]:
            arrays = {"output": layer.forward(x, training=True), "loss": run()}
            for i, name in enumerate(layer.parameters):
                arrays[f"gradient {i}"] = layer.gradients[name]
                arrays[f"parameter {i}"] = layer.parameters[name]
            found = {name: self._on_host(array).copy() for name, array in arrays.items()}
            for _ in range(CAPTURED - 1):
                run()
            return found

        return Task(run, results)

    def peak(self) -> int:
        """Return what the process had resident, or what CuPy's pool holds of the GPU: its most."""
        held = self.backend.memory().reserved
        return held if self.device == "cuda" and held else super().peak()

    def _tune(self, subject: Layer | Geometry, batch: int, dtype: str | None = None) -> None:
        """Measure on CUDA, as the peers' search for the fastest algorithms does."""
        if self.device == "cuda":
            op.autotune(subject, None, batch, self.backend, dtype)

    def _task(self, compute: Callable[[], Any]) -> Task:
        run = self._synchronized(compute)
        return Task(run, lambda: {"output": self._on_host(run())})

    def _on_host(self, result: Any) -> Array:
        """A result in a dtype that NumPy has."""
        narrow = result.dtype.itemsize == 2
        return self.backend.to_numpy(result.astype("float32") if narrow else result)

    def _synchronized(self, compute: Callable[[], Any]) -> Callable[[], Any]:
        """The same, until the device is done."""

        def run() -> Any:
            y = compute()
            self.backend.synchronize()
            return y

        return run


def _layer(node: Node) -> Layer:
    match node:
        case networks.Conv(filters, size, stride, padding, bias, rank):
            return _CONVS[rank](filters, size, stride, padding, use_bias=bias)
        case networks.NotebookConv(input_shape, size, depth):
            return op.layers.Convolutional(input_shape, size, depth)
        case networks.Dense(units):
            return op.layers.Dense(units)
        case networks.Activation(name):
            return _ACTIVATIONS[name]()
        case networks.MaxPool(size):
            return op.layers.MaxPooling2D(size)
        case networks.BatchNorm(epsilon):
            return op.layers.BatchNormalization(epsilon=epsilon)
        case networks.GlobalAverage():
            return op.layers.GlobalAveragePooling2D()
        case networks.Flatten():
            return op.layers.Flatten()
        case networks.Residual(main, shortcut):
            around = op.layers.Sequential(map(_layer, shortcut)) if shortcut else None
            return op.layers.Residual(op.layers.Sequential(map(_layer, main)), around)


def _fill(layer: Layer) -> None:
    """Give the parameters the values that every library starts from."""
    weights = Weights()
    kinds = {"kernel": "kernel", "kernels": "kernel", "gamma": "scale"}
    for name, array in layer.parameters.items():
        kind: Any = kinds.get(name.rpartition("/")[2], "offset")
        array[...] = layer.home.asarray(weights.draw(kind, array.shape))
