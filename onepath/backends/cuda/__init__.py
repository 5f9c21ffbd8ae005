"""CUDA: CuPy and cupyx.scipy.signal, and what of NVIDIA's libraries is called past them."""

from .backend import INSTALL, CudaBackend, version_text

__all__ = ["INSTALL", "CudaBackend", "version_text"]
