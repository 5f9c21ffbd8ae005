"""Pictures of a training run, as PNG files: learning curves, confusion, kernels, mistakes."""

from .confusion import confusion
from .curves import learning_curves
from .kernels import kernels
from .mistakes import misclassified

__all__ = ["confusion", "kernels", "learning_curves", "misclassified"]
