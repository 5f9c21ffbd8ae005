"""Picks the engine."""

from ..types import DType
from .engine import Cost, Device, Engine
from .gemm import GemmEngine
from .geometry import Geometry
from .signal import SignalEngine

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (GemmEngine(), SignalEngine())}
"""The engines by name, the preferred first."""


def check_engine(name: str) -> str:
    """Return ``name`` if it is "auto" or an engine's, or raise."""
    if name != "auto" and name not in ENGINES:
        raise ValueError(f"engine must be 'auto' or one of {tuple(ENGINES)}, got {name!r}")
    return name


def choose(
    name: str, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
) -> Engine:
    """Return the engine of that name, or for ``"auto"`` the one predicted to be the fastest.

    Raises
    ------
    ValueError
        If the name is unknown, or the engine does not support the case.
    """
    if name == "auto":
        return min(
            (e for e in ENGINES.values() if e.refusal(device, geometry, dtype) is None),
            key=lambda engine: predicted(
                engine.cost(device, operation, geometry, batch, dtype), device
            ),
        )
    engine = ENGINES[check_engine(name)]
    reason = engine.refusal(device, geometry, dtype)
    if reason is not None:
        raise ValueError(f"engine {name!r} does not support this case: {reason}")
    return engine


def predicted(cost: Cost, device: Device) -> float:
    """Return how many seconds that takes on one thread of a device."""
    speed = device.speed
    return cost.flops / speed.flops + cost.moved / speed.moved + cost.calls * speed.call
