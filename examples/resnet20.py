"""ResNet-20 (K. He et al., 2016, section 4.2) on images that it draws itself.

Ten kinds of figures, in any colour, size and place, on noisy backgrounds, 3 x 32 x 32. Training
images are moved and painted over at random.

    python examples/resnet20.py
    python examples/resnet20.py --device cuda --epochs 20
"""

import argparse

import numpy as np

import onepath as op
from onepath import layers

KINDS = (
    *("disc", "ring", "square", "frame", "diamond"),
    *("triangle", "cross", "saltire", "bars", "stripes"),
)


def draw(count, seed):
    """Draw images, (count, 3, 32, 32) in float32, and the numbers of their kinds."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(len(KINDS), size=count)
    rows, columns = np.mgrid[:32, :32]
    images = np.empty((count, 3, 32, 32), "float32")
    for image, kind in zip(images, kinds, strict=True):
        size = rng.uniform(6, 11)
        y, x = (
            (p - c) / size for p, c in zip((rows, columns), rng.uniform(11, 21, 2), strict=True)
        )
        paper, ink = rng.uniform(0, 1, (2, 3, 1, 1))
        ink += np.sign(ink - paper) * 0.35  # far enough from the paper to be seen
        image[:] = np.where(figure(KINDS[kind], y, x), ink, paper)
        image += rng.normal(0, 0.08, image.shape)
    return images, kinds


def figure(kind, y, x):
    """Which points belong to a figure that reaches from -1 to 1."""
    square, radius = np.maximum(abs(y), abs(x)), np.hypot(y, x)
    return {
        "disc": radius < 1,
        "ring": (radius < 1) & (radius > 0.6),
        "square": square < 0.85,
        "frame": (square < 0.9) & (square > 0.5),
        "diamond": abs(y) + abs(x) < 1.1,
        "triangle": (y < 0.8) & (y > 2 * abs(x) - 1),
        "cross": (np.minimum(abs(y), abs(x)) < 0.25) & (square < 1),
        "saltire": (abs(abs(y) - abs(x)) < 0.3) & (square < 0.9),
        "bars": (abs(abs(x) - 0.5) < 0.25) & (abs(y) < 0.9),
        "stripes": (abs(abs(y) - 0.5) < 0.25) & (abs(x) < 0.9),
    }[kind]


def block(filters, strides=1):
    """Two convolutions and a way around them."""
    main = [
        layers.Conv2D(filters, 3, strides=strides, padding=1, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(filters, 3, padding=1, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
    ]
    around = None if strides == 1 else layers.Conv2D(filters, 1, strides=strides, use_bias=False)
    return [layers.Residual(layers.Sequential(main), around), layers.ReLU()]


def resnet20(classes, device):
    """Three stages of three blocks, behind augmentation that works in training alone."""
    stages = [(16, 1), (16, 1), (16, 1), (32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1)]
    return op.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomTranslation(0.1, 0.1, interpolation="nearest"),
            layers.RandomErasing(0.5, scale=(0.02, 0.1)),
            layers.Conv2D(16, 3, padding=1, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            *(layer for stage in stages for layer in block(*stage)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes),
        ],
        device=device,
    )


def main(arguments=None):
    """Train, and return the share of test images that are told right."""
    parser = argparse.ArgumentParser(description="ResNet-20 on images of ten kinds of figures.")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--samples", type=int, default=3000, help="training images")
    parser.add_argument("--plot", metavar="FILE", help="draw the network into an SVG file")
    options = parser.parse_args(arguments)

    op.set_seed(0)
    x, y = draw(options.samples, seed=1)
    test = draw(max(options.samples // 3, 10), seed=2)
    model = resnet20(len(KINDS), options.device)
    steps = options.epochs * -(-options.samples // 64)
    rate = op.schedules.OneCycle(0.2, steps)
    loss = op.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(op.optimizers.SGD(rate, momentum=0.9, weight_decay=5e-4), loss, ["accuracy"])
    model.fit(x, y, batch_size=64, epochs=options.epochs, validation_data=test)
    if options.plot:
        op.plot_model(model, options.plot)
    accuracy = model.evaluate(*test)["accuracy"]
    print(f"test accuracy {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
