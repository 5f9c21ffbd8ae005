"""By the cases' names."""

import numpy as np

from .definition import defined


def reshaped(*shape):
    def oracle(x, arrays):
        y = np.zeros((len(x), *shape))
        for n in range(len(x)):
            for to, source in zip(np.ndindex(*shape), np.ndindex(x.shape[1:]), strict=True):
                y[(n, *to)] = x[(n, *source)]
        return y

    return oracle


def permuted(*dims):
    def oracle(x, arrays):
        y = np.zeros((len(x), *(x.shape[axis] for axis in dims)))
        for n, *place in np.ndindex(x.shape):
            y[(n, *(place[axis - 1] for axis in dims))] = x[(n, *place)]
        return y

    return oracle


def repeated(times):
    def oracle(x, arrays):
        y = np.zeros((len(x), times, x.shape[1]))
        for n, time, feature in np.ndindex(y.shape):
            y[n, time, feature] = x[n, feature]
        return y

    return oracle


DEFINITIONS = {
    "Flatten": defined(reshaped(12), stateless=True, ambiguous=True),
    "Reshape": defined(
        reshaped(3, 4),
        stateless=True,
        misfits={(2, 5): r"their 10 elements do not make \(3, 4\)"},
        ambiguous=True,
    ),
    "Reshape by what is left": defined(
        reshaped(2, 3, 2),
        stateless=True,
        misfits={(10,): r"their 10 elements do not make \(2, -1, 2\)"},
    ),
    "Permute": defined(permuted(2, 1), stateless=True),
    "Permute in turn": defined(permuted(3, 1, 2), stateless=True),
    "RepeatVector": defined(repeated(3), stateless=True),
}
