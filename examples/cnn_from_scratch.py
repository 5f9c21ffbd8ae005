"""The notebook "CNN from scratch" on onepath: a small network, trained one sample at a time.

Zeros against ones as it stands; all ten digits, other data or fewer samples by its options:

    python examples/cnn_from_scratch.py
    python examples/cnn_from_scratch.py --classes 10 --data mnist --samples 2000
"""

import argparse
import math

import numpy as np

import onepath as op
from onepath.notebook import (
    Convolutional,
    Dense,
    Reshape,
    Sigmoid,
    binary_cross_entropy,
    binary_cross_entropy_prime,
    predict,
    to_categorical,
    train,
)

DEVICE = "cpu"  # with "cuda" here, all of it runs on the GPU


def read_options():
    """Read the command line."""
    parser = argparse.ArgumentParser(description='The notebook "CNN from scratch" on onepath.')
    parser.add_argument("--classes", type=int, choices=(2, 10), default=2, help="how many digits")
    parser.add_argument("--data", default="digits", help="digits, mnist, or the path of a data set")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--samples", type=int, help="train on the first so many only")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    return parser.parse_args()


def prepare(backend, images, labels, classes, samples=None):
    """Keep the digits below ``classes``, make a column of each label, and go to the device."""
    kept = np.flatnonzero(labels < classes)[:samples]
    columns = to_categorical(labels[kept], classes).reshape(-1, classes, 1)
    return backend.asarray(images[kept]), backend.asarray(columns)


def make_network(image_shape, classes):
    """Five kernels of 3 x 3, a hidden layer of 100, and an output for each class."""
    convolution = Convolutional(image_shape, 3, 5)
    features = math.prod(convolution.output_shape)
    layers = [
        convolution,
        Sigmoid(),
        Reshape(convolution.output_shape, (features, 1)),
        Dense(features, 100),
        Sigmoid(),
        Dense(100, classes),
        Sigmoid(),
    ]
    return [layer.to(DEVICE) for layer in layers]


def main():
    """Train and test."""
    options = read_options()
    backend = op.get_backend(DEVICE)
    op.set_seed(0)  # the same weights on every run, whatever the device
    data = op.datasets.load(options.data)
    x_train, y_train = prepare(
        backend, data.x_train, data.y_train, options.classes, options.samples
    )
    x_test, y_test = prepare(backend, data.x_test, data.y_test, options.classes)
    print(f"{len(x_train)} images to learn from, {len(x_test)} to test with, on {backend.name}")

    network = make_network(data.x_train.shape[1:], options.classes)
    train(
        network,
        binary_cross_entropy,
        binary_cross_entropy_prime,
        x_train,
        y_train,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
    )
    # layers take many samples at once as they take one
    right = predict(network, x_test).argmax(axis=1) == y_test.argmax(axis=1)
    print(f"test accuracy: {float(right.mean()):.1%}")


if __name__ == "__main__":
    main()
