"""By the cases' names."""

import numpy as np

from .activations import LEAKY, RELU
from .convolutions import conv
from .definition import NO_ROOM, defined, identity, mean
from .dense import dense
from .global_pooling import whole
from .normalization import normalized
from .pooling import pool
from .regularization import dropped
from .shapes import reshaped


def chain(**steps):
    """One after the other; the keywords are the children's names."""

    def oracle(x, arrays):
        for name, step in steps.items():
            x = step(x, below(name, arrays))
        return x

    return oracle


def fork(**ways):
    """Side by side, and added up."""

    def oracle(x, arrays):
        return sum(way(x, below(name, arrays)) for name, way in ways.items())

    return oracle


def below(name, arrays):
    prefix = f"{name}/"
    return {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}


def wired(x, arrays):
    stem = conv((1,), ((1, 1),), (1,))(x, below("stem", arrays))
    return RELU(stem, {}) + dense(stem, below("right", arrays)) + x


def several(x, arrays):
    arrays = below("graph", arrays)
    normal = normalized(True, 0.1)(x[:, :4], below("normal", arrays))
    both = np.concatenate([normal, x[:, 4:]], axis=1)
    return np.concatenate([both, dense(both, below("out", arrays))], axis=1)


DEFINITIONS = {
    "Sequential": defined(
        chain(
            conv2d=conv(pads=((1, 1), (1, 1))),
            leaky_relu=LEAKY,
            max_pooling2d=pool(max, (2, 2), (2, 2)),
            flatten=reshaped(8),
            dense=dense,
        ),
        terms=27,
        misfits={(2, 1, 4): f"MaxPooling2D 'max_pooling2d': .*{NO_ROOM}"},
        misfits_once_built={
            (2, 6, 4): "Dense 'dense': .*expected 8 features, got 12",
            (3, 4, 4): "Conv2D 'conv2d': .*expected 2 channels, got 3",
        },
    ),
    "Sequential training": defined(
        chain(
            dense=dense,
            batch_normalization=normalized(True, 1e-3),
            dropout=dropped(0.4, 7),
            dense_1=dense,
        ),
        terms=16,
        bound=64,
        rowwise=False,
    ),
    "Sequential nested": defined(
        chain(
            block=fork(main=chain(relu=RELU, conv=conv((2, 2))), shortcut=conv((2, 2))),
            global_average_pooling2d=whole(mean),
        ),
        terms=17,
        misfits={
            (2, 4, 1): "Conv2D 'conv': .*the kernel spans 2 positions on spatial axis 1",
            (2, 4, 5): r"main gives \(3, 2, 2\), the way around \(3, 2, 3\): they must be equal",
        },
    ),
    "Residual": defined(fork(dense=dense, shortcut=identity), terms=5, follows_input=True),
    "Residual training": defined(
        fork(
            batch_normalization=normalized(True, 1e-3), batch_normalization_1=normalized(True, 0.1)
        ),
        terms=8,
        bound=16,
        rowwise=False,
    ),
    "Residual with shortcut": defined(
        fork(conv2d=conv((2, 2), ((1, 1), (1, 1))), conv2d_1=conv((2, 2))),
        terms=31,
        misfits_once_built={(2, 4, 3): "Conv2D 'conv2d': .*expected 3 channels, got 2"},
    ),
    "Graph": defined(
        wired,
        terms=16,
        follows_input=True,
        misfits_once_built={(1, 4): "Conv1D 'stem': .*expected 3 channels, got 1"},
    ),
    "Graph of several training": defined(
        several,
        terms=16,
        bound=64,
        rowwise=False,
        follows_input=True,
        misfits={(6,): r"samples must be those of \(\(4,\), \(3,\)\), flat"},
    ),
}
