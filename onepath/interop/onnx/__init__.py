"""Models in and out of ONNX files.

>>> op.interop.onnx.save(model, "model.onnx")
>>> model = op.interop.onnx.load("model.onnx")
"""

from .exporting import save, to_onnx
from .importing import from_onnx, load

__all__ = ["from_onnx", "load", "save", "to_onnx"]
