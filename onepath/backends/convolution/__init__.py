"""Batched, multi-channel convolution: forward, input gradient, kernel gradient."""

from .dispatch import forward, input_gradient, kernel_gradient
from .engine import Engine
from .geometry import Geometry, Window
from .planner import ENGINES

__all__ = [
    "ENGINES",
    "Engine",
    "Geometry",
    "Window",
    "forward",
    "input_gradient",
    "kernel_gradient",
]
