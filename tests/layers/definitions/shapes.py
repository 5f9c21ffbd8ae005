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
}
