"""Image data sets: from this machine's files, from scikit-learn's wheel, or through Keras.

`load` gives arrays that a network takes. The modules `digits`, `mnist` and `fashion_mnist` have a
``load_data`` with the return value of Keras's own, so that ``from keras.datasets import mnist`` can
become ``from onepath.datasets import mnist``.
"""

from . import digits, fashion_mnist, mnist
from .dataset import Dataset, load
from .errors import DatasetUnavailableError
from .labels import to_categorical

__all__ = [
    "Dataset",
    "DatasetUnavailableError",
    "digits",
    "fashion_mnist",
    "load",
    "mnist",
    "to_categorical",
]
