"""Hypothesis strategies: arrays, windows and geometries, and layers with inputs that fit them.

All are small enough for loops, and for the definition by scipy.signal's sums. Drawn layers have
seeds of their own, so that an example that failed is the same when it is run again.
"""

try:
    import hypothesis.extra.numpy  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"onepath.testing.strategies needs hypothesis, and importing it failed: {error}. "
        "pip install hypothesis"
    ) from error

from .arrays import arrays
from .layers import layer_inputs, layers
from .shapes import geometries, windows

__all__ = ["arrays", "geometries", "layer_inputs", "layers", "windows"]
