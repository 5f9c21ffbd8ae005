"""PyTorch, its networks compiled and captured as CUDA graphs."""

from typing import Any

import torch
from torch import nn

from . import torch as eager


class Library(eager.Library):
    """``torch.compile(network, mode="reduce-overhead")``; the optimizer stays as it is."""

    def _compiled(self, network: nn.Module) -> Any:
        """What computes the network's outputs: compiled, and launched as a graph."""
        return torch.compile(network, mode="reduce-overhead")
