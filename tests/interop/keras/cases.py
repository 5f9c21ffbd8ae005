"""Each layer that Keras and this package have, a couple of times: how to make it, and for what.

A case is Keras's class, options, and the shape of a sample, or of several.
"""

LAST, FIRST = {"data_format": "channels_last"}, {"data_format": "channels_first"}
L2 = {"class_name": "L2", "config": {"l2": 0.25}, "module": "keras.regularizers"}

CORE = [
    ("Dense", {"units": 3}, (5,)),
    ("Dense", {"units": 3, "use_bias": False, "activation": "tanh"}, (4, 5)),
    ("Dense", {"units": 3, "kernel_regularizer": L2, "kernel_initializer": "lecun_normal"}, (5,)),
]

CONVOLUTIONS = [
    ("Conv1D", {"filters": 3, "kernel_size": 2, "strides": 2, **LAST}, (7, 2)),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "groups": 2, **FIRST}, (2, 7)),
    ("Conv2D", {"filters": 3, "kernel_size": (2, 3), "activation": "relu", **LAST}, (5, 6, 2)),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": 4, "padding": "same", "strides": 2, **LAST},
        (5, 6, 2),
    ),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": (1, 2), **FIRST}, (2, 5, 6)),
    ("Conv2D", {"filters": 2, "kernel_size": 2, "use_bias": False, **LAST}, (5, 6, 2)),
    ("Conv3D", {"filters": 2, "kernel_size": (1, 2, 3), **LAST}, (3, 4, 5, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, **LAST}, (4, 2)),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": (2, 3), "strides": 2, "padding": "same", **LAST},
        (4, 5, 2),
    ),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 2, "use_bias": False, **FIRST}, (2, 4, 5)),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, **LAST}, (2, 3, 2, 3)),
    ("DepthwiseConv1D", {"kernel_size": 2, "depth_multiplier": 2, **LAST}, (5, 3)),
    ("DepthwiseConv2D", {"kernel_size": (2, 3), "depth_multiplier": 2, **LAST}, (5, 6, 3)),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "strides": 2, **FIRST}, (3, 5, 6)),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 2, **LAST}, (5, 3)),
    (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": (2, 3), "depth_multiplier": 2, "activation": "tanh", **LAST},
        (5, 6, 3),
    ),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 2, "use_bias": False, **FIRST}, (3, 5, 6)),
]

POOLING = [
    ("MaxPooling1D", {"pool_size": 3, "strides": 2, **LAST}, (7, 2)),
    ("MaxPooling2D", {"pool_size": (2, 3), **LAST}, (5, 6, 2)),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same", **FIRST}, (2, 5, 6)),
    ("MaxPooling3D", {"pool_size": 2, **LAST}, (4, 4, 4, 2)),
    ("AveragePooling1D", {"pool_size": 2, **FIRST}, (2, 7)),
    # an uneven rest of padding enters the mean of Keras on PyTorch, and of none on JAX
    ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same", **LAST}, (5, 7, 2)),
    ("AveragePooling3D", {"pool_size": (1, 2, 3), **LAST}, (2, 4, 6, 2)),
    ("GlobalAveragePooling1D", LAST, (5, 2)),
    ("GlobalAveragePooling2D", {"keepdims": True, **LAST}, (5, 6, 2)),
    ("GlobalAveragePooling2D", FIRST, (2, 5, 6)),
    ("GlobalAveragePooling3D", LAST, (2, 3, 4, 2)),
    ("GlobalMaxPooling1D", {"keepdims": True, **LAST}, (5, 2)),
    ("GlobalMaxPooling2D", FIRST, (2, 5, 6)),
    ("GlobalMaxPooling3D", LAST, (2, 3, 4, 2)),
]

NORMALIZATION = [
    ("BatchNormalization", {"momentum": 0.5, "epsilon": 0.1}, (5, 6, 2)),
    ("BatchNormalization", {"axis": 1}, (2, 5, 6)),
    ("BatchNormalization", {"center": False}, (5,)),
    ("BatchNormalization", {"scale": False}, (5,)),
    ("LayerNormalization", {}, (4, 5)),
    ("LayerNormalization", {"axis": [1, 2], "center": False, "epsilon": 0.1}, (4, 5)),
    ("GroupNormalization", {"groups": 2}, (4, 5, 6)),
    ("GroupNormalization", {"groups": 3, "axis": 1, "scale": False}, (6, 4)),
    ("RMSNormalization", {"epsilon": 0.1}, (4, 5)),
]

NAMES = (
    *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6"),
    *("selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "squareplus"),
    *("swish", "tanh"),
)

ACTIVATIONS = [
    ("ReLU", {}, (5,)),
    ("ReLU", {"max_value": 1.5, "negative_slope": 0.2, "threshold": 0.5}, (5,)),
    ("LeakyReLU", {"negative_slope": 0.4}, (5,)),
    ("Softmax", {"axis": 1}, (4, 5)),
    ("ELU", {"alpha": 0.5}, (5,)),
    ("PReLU", {}, (4, 5)),
    ("PReLU", {"shared_axes": [1, 2]}, (4, 5, 3)),
    ("Identity", {}, (5,)),
    *(("Activation", {"activation": name}, (5,)) for name in NAMES),
    *(("Dense", {"units": 3, "activation": name}, (5,)) for name in ("gelu", "linear", "swish")),
]

SHAPES = [
    ("Flatten", {}, (2, 3, 2)),
    ("Flatten", FIRST, (4,)),
    ("Reshape", {"target_shape": (3, -1)}, (2, 6)),
    ("Permute", {"dims": (3, 1, 2)}, (2, 3, 4)),
    ("RepeatVector", {"n": 3}, (4,)),
    ("ZeroPadding1D", {"padding": (1, 2), **LAST}, (3, 2)),
    ("ZeroPadding2D", {"padding": ((1, 2), (0, 3)), **LAST}, (3, 4, 2)),
    ("ZeroPadding2D", {"padding": 1, **FIRST}, (2, 3, 4)),
    ("ZeroPadding3D", {"padding": (1, 0, 2), **LAST}, (2, 2, 2, 1)),
    ("Cropping1D", {"cropping": (1, 2)}, (6, 2)),
    ("Cropping2D", {"cropping": ((1, 0), (0, 2)), **FIRST}, (2, 4, 5)),
    ("Cropping3D", {"cropping": 1, **LAST}, (3, 4, 5, 1)),
    ("UpSampling1D", {"size": 3}, (4, 2)),
    ("UpSampling2D", {"size": (2, 3), **FIRST}, (2, 3, 4)),
    ("UpSampling2D", {"size": 2, "interpolation": "bilinear", **LAST}, (3, 4, 2)),
    ("UpSampling3D", {"size": (1, 2, 3), **LAST}, (2, 2, 2, 1)),
]

REGULARIZATION = [
    ("Dropout", {"rate": 0.5, "seed": 3}, (5,)),
    ("SpatialDropout1D", {"rate": 0.5}, (4, 5)),
    ("SpatialDropout2D", {"rate": 0.5, **FIRST}, (4, 5, 3)),
    ("SpatialDropout3D", {"rate": 0.5, **LAST}, (2, 2, 2, 3)),
]

SEQUENCES = [
    ("SimpleRNN", {"units": 3, "activation": "relu"}, (4, 2)),
    ("SimpleRNN", {"units": 3, "return_sequences": True, "use_bias": False}, (4, 2)),
    ("LSTM", {"units": 3}, (4, 2)),
    ("LSTM", {"units": 3, "return_sequences": True, "recurrent_activation": "tanh"}, (4, 2)),
    ("LSTM", {"units": 3, "go_backwards": True, "unit_forget_bias": False}, (4, 2)),
    ("GRU", {"units": 3, "return_sequences": True}, (4, 2)),
    ("GRU", {"units": 3, "reset_after": False, "use_bias": False}, (4, 2)),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, [(4, 5), (6, 7)]),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "value_dim": 4, "use_bias": False, "output_shape": 6},
        [(4, 5), (6, 7), (6, 3)],
    ),
]

MERGING = [
    *((name, {}, [(4, 5), (4, 5), (4, 5)]) for name in ("Add", "Multiply", "Average", "Maximum")),
    ("Minimum", {}, [(5,), (5,)]),
    ("Subtract", {}, [(5,), (5,)]),
    ("Concatenate", {"axis": 1}, [(4, 5), (2, 5)]),
    ("Concatenate", {}, [(4, 5), (4, 2)]),
]

CASES = [
    *CORE,
    *CONVOLUTIONS,
    *POOLING,
    *NORMALIZATION,
    *ACTIVATIONS,
    *SHAPES,
    *REGULARIZATION,
    *SEQUENCES,
    *MERGING,
]
