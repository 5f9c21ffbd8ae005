"""By the cases' names."""

import numpy as np

from .definition import defined


def dense(x, arrays):
    kernel = arrays["kernel"]
    y = np.zeros((*x.shape[:-1], kernel.shape[1]))
    for *row, unit in np.ndindex(y.shape):
        y[(*row, unit)] = arrays["bias"][unit] if "bias" in arrays else 0
        for feature in range(x.shape[-1]):
            y[(*row, unit)] += x[(*row, feature)] * kernel[feature, unit]
    return y


DEFINITIONS = {
    "Dense": defined(dense, terms=4, misfits_once_built={(3,): "expected 4 features, got 3"}),
    "Dense on rows": defined(
        dense, terms=4, misfits_once_built={(4, 2): "expected 4 features, got 2"}, ambiguous=True
    ),
    "Dense without bias": defined(dense, terms=4),
}
