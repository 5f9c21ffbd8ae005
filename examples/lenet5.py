"""LeNet-5 (Y. LeCun et al., 1998) on the handwritten digits that ship with scikit-learn.

python examples/lenet5.py
python examples/lenet5.py --device cuda
"""

import argparse

import onepath as op
from onepath import layers


def lenet5(classes, device):
    """The network of the paper, behind what makes its 32 x 32 pixels of 8 x 8 and moves them."""
    return op.Sequential(
        [
            layers.UpSampling2D(4, interpolation="bilinear"),
            layers.RandomRotation(0.04),
            layers.RandomTranslation(0.1, 0.1),
            layers.Conv2D(6, 5),
            layers.Tanh(),
            layers.AveragePooling2D(),
            layers.Conv2D(16, 5),
            layers.Tanh(),
            layers.AveragePooling2D(),
            layers.Conv2D(120, 5),
            layers.Tanh(),
            layers.Flatten(),
            layers.Dense(84),
            layers.Tanh(),
            layers.Dense(classes),
        ],
        device=device,
    )


def main(arguments=None):
    """Train, and return the share of test images that are told right."""
    parser = argparse.ArgumentParser(description="LeNet-5 on handwritten digits.")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--samples", type=int, help="train on the first so many only")
    options = parser.parse_args(arguments)

    op.set_seed(0)
    data = op.datasets.load("digits")
    x, y = data.x_train[: options.samples], data.y_train[: options.samples]
    model = lenet5(10, options.device)
    steps = options.epochs * -(-len(x) // 32)
    rate = op.schedules.CosineDecay(3e-3, steps)
    loss = op.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(op.optimizers.Adam(rate), loss, ["accuracy"])
    test = data.x_test, data.y_test
    model.fit(x, y, epochs=options.epochs, validation_data=test)
    model.summary()
    accuracy = model.evaluate(*test)["accuracy"]
    print(f"test accuracy {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
