"""Weights in the shape of PyTorch's ``state_dict``, in and out, without PyTorch.

>>> op.interop.torch.save(model, "model.safetensors")  # safetensors.torch.load_file reads it
>>> op.interop.torch.load(model, "model.safetensors")
"""

from .files import load, save
from .states import load_state_dict, state_dict

__all__ = ["load", "load_state_dict", "save", "state_dict"]
