"""PyTorch."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from ..suites import networks
from ..suites.case import Array
from ..suites.conv import ConvCase
from ..suites.networks import Node, Weights
from ..suites.training import TrainingCase
from .base import MissingError, Peer, Task

_FORWARD: dict[int, Any] = {
    1: nn.functional.conv1d,
    2: nn.functional.conv2d,
    3: nn.functional.conv3d,
}
_CONVS: dict[int, Any] = {1: nn.LazyConv1d, 2: nn.LazyConv2d, 3: nn.LazyConv3d}
_ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}
_LOSSES = {
    "crossentropy": nn.CrossEntropyLoss,
    "binary_crossentropy": nn.BCELoss,
    "mean_squared_error": nn.MSELoss,
}


class Library(Peer):
    """PyTorch, with cuDNN's own search for the fastest algorithms; float32 is strict by default."""

    module = "torch"
    packages = ("torch", "numpy")

    def __init__(self, device: str, threads: int) -> None:
        super().__init__(device, threads)
        torch.set_num_threads(threads)
        if device == "cuda":
            if not torch.cuda.is_available():
                raise MissingError("this build of PyTorch has no CUDA, or no GPU answers")
            torch.backends.cudnn.benchmark = True

    def versions(self) -> dict[str, str]:
        """Return the versions of what is installed, and how many threads it uses."""
        return {**super().versions(), "threads": str(torch.get_num_threads())}

    def peak(self) -> int:
        """Return what the process had resident, or what the allocator held of the GPU."""
        return torch.cuda.max_memory_reserved() if self.device == "cuda" else super().peak()

    def conv(self, case: ConvCase) -> Task:
        """Call the functional convolution, or what autograd calls for one of its gradients."""
        self._multiply_as(case.precision)
        dtype = torch.bfloat16 if case.precision == "bfloat16" else torch.float32
        x, kernel, dy = (self._here(array).to(dtype) for array in case.inputs())
        forward = _FORWARD[case.rank]
        options: Any = [case.stride] * case.rank, [case.padding] * case.rank, [1] * case.rank
        asked = [case.operation == "input gradient", case.operation == "kernel gradient", False]

        @torch.no_grad()
        def run() -> Any:
            if case.operation == "forward":
                y = forward(x, kernel, None, *options, case.groups)
            else:
                gradients = torch.ops.aten.convolution_backward(
                    dy, x, kernel, None, *options, False, [0] * case.rank, case.groups, asked
                )
                y = gradients[asked.index(True)]
            self._synchronize()
            return y

        return Task(run, lambda: {"output": run().float().cpu().numpy()})

    def training(self, case: TrainingCase) -> Task:
        """Train as PyTorch's own tutorials do."""
        self._multiply_as(case.precision)
        x, target = map(self._here, case.inputs())
        network = nn.Sequential(*map(_module, case.network)).to(self.device)
        network(x)  # lazy modules find their shapes
        _fill(network)
        criterion = _LOSSES[case.loss]()
        optimizer = torch.optim.SGD(
            network.parameters(), lr=case.learning_rate, momentum=case.momentum
        )

        run = self._compiled(network)

        def step() -> tuple[Any, Any]:
            optimizer.zero_grad()
            with self._casting(case.precision):
                y = run(x)
                value = criterion(y, target)
            value.backward()
            optimizer.step()
            self._synchronize()
            return value, y

        def results() -> dict[str, Array]:
            value, y = step()
            arrays = {"loss": value, "output": y}
            for i, parameter in enumerate(network.parameters()):
                arrays[f"gradient {i}"] = _canonical(parameter.grad)
                arrays[f"parameter {i}"] = _canonical(parameter)
            return {name: array.detach().float().cpu().numpy() for name, array in arrays.items()}

        return Task(step, results)

    def _compiled(self, network: nn.Module) -> Any:
        """What computes the network's outputs: the network, step by step."""
        return network

    def _multiply_as(self, precision: str) -> None:
        """Let float32 be multiplied as float32, or as TF32."""
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"

    def _casting(self, precision: str) -> AbstractContextManager[Any]:
        """Cast as PyTorch's mixed precision does, if it is asked for."""
        if precision == "bfloat16":
            return torch.autocast(self.device, dtype=torch.bfloat16)
        return nullcontext()

    def _here(self, array: Array) -> Any:
        return torch.from_numpy(array).to(self.device)

    def _synchronize(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()


class _NotebookConv(nn.Module):
    """A valid convolution with a bias for each position."""

    def __init__(self, input_shape: tuple[int, int, int], size: int, depth: int) -> None:
        super().__init__()
        channels, height, width = input_shape
        self.kernels = nn.Parameter(torch.empty(depth, channels, size, size))
        self.biases = nn.Parameter(torch.empty(depth, height - size + 1, width - size + 1))

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> (N, depth, h, w)."""
        return nn.functional.conv2d(x, self.kernels) + self.biases


class _Residual(nn.Module):
    """Modules and a way around them."""

    def __init__(self, main: Iterable[Node], shortcut: Iterable[Node]) -> None:
        super().__init__()
        self.main = nn.Sequential(*map(_module, main))
        self.shortcut = nn.Sequential(*map(_module, shortcut))

    def forward(self, x: Any) -> Any:
        """Add both ways."""
        return self.main(x) + self.shortcut(x)


class _GlobalAverage(nn.Module):
    """The mean of each channel."""

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> (N, C)."""
        return x.mean((2, 3))


def _module(node: Node) -> nn.Module:
    module: nn.Module
    match node:
        case networks.Conv(filters, size, stride, padding, bias, rank):
            module = _CONVS[rank](filters, size, stride, padding, bias=bias)
        case networks.NotebookConv(input_shape, size, depth):
            module = _NotebookConv(input_shape, size, depth)
        case networks.Dense(units):
            module = nn.LazyLinear(units)
        case networks.Activation(name):
            module = _ACTIVATIONS[name]()
        case networks.MaxPool(size):
            module = nn.MaxPool2d(size)
        case networks.BatchNorm(epsilon):
            module = nn.LazyBatchNorm2d(epsilon, momentum=0.01)
        case networks.GlobalAverage():
            module = _GlobalAverage()
        case networks.Flatten():
            module = nn.Flatten()
        case networks.Residual(main, shortcut):
            module = _Residual(main, shortcut)
    return module


def _canonical(parameter: Any) -> Any:
    """Linear weights as (in, out); all others have the common layout."""
    return parameter.T if parameter.ndim == 2 else parameter


@torch.no_grad()
def _fill(network: nn.Module) -> None:
    """Give the parameters the values that every library starts from."""
    weights = Weights()
    for name, parameter in network.named_parameters():
        kind: Any = "offset"
        if name.endswith(("weight", "kernels")):
            kind = "scale" if parameter.ndim == 1 else "kernel"
        target = _canonical(parameter)
        target.copy_(torch.from_numpy(weights.draw(kind, tuple(target.shape))))
