"""By the cases' names."""

import hashlib
import itertools

import numpy as np

from .definition import defined, identity


def dropped(rate, seed):
    """What the first call drops: 24 bits an element, of Philox4x64 keyed with seed and call."""

    def oracle(x, arrays):
        digest = hashlib.blake2b(f"{seed}/0".encode(), digest_size=16).digest()
        words = np.random.Philox(key=np.frombuffer(digest, "<u8")).random_raw(-(-x.size // 2))
        halves = itertools.chain.from_iterable((int(w) % 2**32, int(w) >> 32) for w in words)
        y = np.zeros(x.shape)
        for index, half in zip(np.ndindex(x.shape), halves, strict=False):
            if (half >> 8) * 2.0**-24 >= rate:
                y[index] = x[index] / (1 - rate)
        return y

    return oracle


DEFINITIONS = {
    "Dropout": defined(identity, elementwise=True, stateless=True),
    "Dropout training": defined(dropped(0.4, 7), rowwise=False, elementwise=True, stateless=True),
}
