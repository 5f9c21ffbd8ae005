"""Batched, multi-channel convolution: forward, input gradient, kernel gradient."""

from .dispatch import forward, input_gradient, kernel_gradient
from .engine import Engine
from .geometry import Geometry, Window
from .planner import ENGINES, check_engine

__all__ = [
    "ENGINES",
    "Engine",
    "Geometry",
    "Window",
    "check_engine",
    "forward",
    "input_gradient",
    "kernel_gradient",
]
