"""Neural-network layers: each written once, for every device."""

from . import initializers, regularizers
from .activations import Activation, Identity
from .attention import MultiHeadAttention
from .augmentation import (
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
)
from .base import Layer
from .borders import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from .composition import Residual, Sequential
from .convolution import Conv1D, Conv2D, Conv3D, Convolutional
from .convolution_depthwise import DepthwiseConv1D, DepthwiseConv2D
from .convolution_separable import SeparableConv1D, SeparableConv2D
from .convolution_transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from .curves import Exponential, LogSigmoid, Sigmoid, Softplus, Softsign, Squareplus, Tanh
from .dense import Dense
from .embedding import Embedding
from .exponential_units import CELU, ELU, SELU
from .gates import GELU, HardSiLU, Mish, SiLU
from .global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from .graph import Graph
from .group_normalization import GroupNormalization, InstanceNormalization
from .layer_normalization import LayerNormalization, RMSNormalization
from .merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from .normalization import BatchNormalization
from .policies import get_dtype_policy, set_dtype_policy
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .rectifiers import HardSigmoid, HardTanh, LeakyReLU, PReLU, ReLU
from .recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from .registry import deserialize, register_layer, serialize
from .regularization import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .shrinkage import HardShrink, SoftShrink
from .softmax import LogSoftmax, Softmax
from .upsampling import UpSampling1D, UpSampling2D, UpSampling3D

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "SELU",
    "Activation",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolutional",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Exponential",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "Graph",
    "GroupNormalization",
    "HardShrink",
    "HardSiLU",
    "HardSigmoid",
    "HardTanh",
    "Identity",
    "InstanceNormalization",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "Mish",
    "MultiHeadAttention",
    "Multiply",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Residual",
    "SeparableConv1D",
    "SeparableConv2D",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "SoftShrink",
    "Softmax",
    "Softplus",
    "Softsign",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "Squareplus",
    "Subtract",
    "Tanh",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "deserialize",
    "get_dtype_policy",
    "initializers",
    "register_layer",
    "regularizers",
    "serialize",
    "set_dtype_policy",
]
