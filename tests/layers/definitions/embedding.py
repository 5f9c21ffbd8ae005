"""By the cases' names."""

import math

import numpy as np

from .composition import below
from .definition import defined


def looked_up(count):
    """Indices are twice the numbers, rounded down, modulo their count."""

    def oracle(x, arrays):
        table = below("embedding", arrays)["embeddings"]
        y = np.zeros((*x.shape, table.shape[1]))
        for place in np.ndindex(x.shape):
            y[place] = table[math.floor(2 * x[place]) % count]
        return y

    return oracle


DEFINITIONS = {
    "Embedding": defined(looked_up(5), bound=4),
    "Embedding of floats": defined(looked_up(4), bound=4, ambiguous=True),
}
