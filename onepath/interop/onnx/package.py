"""The onnx package, imported when it is used, and the versions of the format."""

from typing import Any

OPSET = 21
"""The operators' version that is written, known since onnx 1.16 and onnxruntime 1.18."""

IR_VERSION = 10
"""The files' version that belongs to it."""

OLDEST, NEWEST = 6, 28
"""The operators' versions that are read."""


def onnx_package() -> Any:
    """Return the module onnx.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            "ONNX files need onnx, which is not installed: pip install 'onepath[onnx]'"
        ) from error
    return onnx
