"""Which engine computes each convolution of a network: measured, and explained."""

from .autotuning import autotune, tune
from .convolutions import Convolution, batches_of, convolutions_of
from .explanation import ExplainedConvolution, Explanation, explain

__all__ = [
    "Convolution",
    "ExplainedConvolution",
    "Explanation",
    "autotune",
    "batches_of",
    "convolutions_of",
    "explain",
    "tune",
]
