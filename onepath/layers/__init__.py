"""Neural-network layers: each written once, for every device."""

from .activations import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .augmentation import (
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
)
from .base import Layer
from .composition import Residual, Sequential
from .convolution import Conv1D, Conv2D, Conv3D, Convolutional
from .convolution_depthwise import DepthwiseConv1D, DepthwiseConv2D
from .convolution_separable import SeparableConv1D, SeparableConv2D
from .convolution_transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from .dense import Dense
from .graph import Graph
from .merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from .normalization import BatchNormalization
from .policies import get_dtype_policy, set_dtype_policy
from .pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from .registry import deserialize, register_layer, serialize
from .regularization import Dropout
from .reshaping import Flatten, Reshape

__all__ = [
    "Add",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolutional",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "Graph",
    "Layer",
    "LeakyReLU",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "ReLU",
    "Reshape",
    "Residual",
    "SeparableConv1D",
    "SeparableConv2D",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Subtract",
    "Tanh",
    "deserialize",
    "get_dtype_policy",
    "register_layer",
    "serialize",
    "set_dtype_policy",
]
