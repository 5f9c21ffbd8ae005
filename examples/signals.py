"""A network of one-dimensional convolutions that tells noisy signals apart, which it makes itself.

Eight shapes of waves, of any frequency, phase and height, under noise and on a drifting ground.

    python examples/signals.py
"""

import argparse

import numpy as np
import scipy.signal

import onepath as op
from onepath import layers

SHAPES = {
    "sine": np.sin,
    "square": scipy.signal.square,
    "sawtooth": scipy.signal.sawtooth,
    "falling sawtooth": lambda phase: -scipy.signal.sawtooth(phase),
    "triangle": lambda phase: scipy.signal.sawtooth(phase, 0.5),
    "pulses": lambda phase: scipy.signal.square(phase, 0.15),
    "rectified": lambda phase: 2 * abs(np.sin(phase / 2)) - 1,
    "chirp": lambda phase: np.sin(phase * np.linspace(0.3, 1.2, phase.shape[-1])),
}


def make(count, seed, length=128):
    """Make signals, (count, 1, length) in float32, and the numbers of their shapes."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(len(SHAPES), size=count)
    periods, phases = rng.uniform(3, 8, (count, 1)), rng.uniform(0, 2 * np.pi, (count, 1))
    phase = 2 * np.pi * periods * np.linspace(0, 1, length) + phases
    waves = np.choose(kinds[:, None], [shape(phase) for shape in SHAPES.values()])
    drift = rng.normal(0, 0.5, (count, 1)) * np.linspace(-1, 1, length)
    x = rng.uniform(0.5, 2, (count, 1)) * waves + drift + rng.normal(0, 0.3, waves.shape)
    return x[:, None].astype("float32"), kinds


def network(classes, device):
    """Wide kernels first, then narrow ones over ever fewer places."""
    return op.Sequential(
        [
            layers.Conv1D(16, 9, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling1D(2),
            layers.Conv1D(32, 5, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling1D(2),
            layers.SpatialDropout1D(0.1),
            layers.SeparableConv1D(64, 5, padding="same"),
            layers.ReLU(),
            layers.GlobalAveragePooling1D(),
            layers.Dense(classes),
        ],
        device=device,
    )


def main(arguments=None):
    """Train, and return the share of test signals that are told right."""
    parser = argparse.ArgumentParser(description="One-dimensional convolutions on noisy signals.")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--samples", type=int, default=4000, help="training signals")
    options = parser.parse_args(arguments)

    op.set_seed(0)
    x, y = make(options.samples, seed=1)
    test = make(1000, seed=2)
    model = network(len(SHAPES), options.device)
    loss = op.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = op.schedules.CosineDecay(3e-3, options.epochs * -(-options.samples // 32))
    model.compile(op.optimizers.Adam(rate), loss, ["accuracy"])
    model.fit(x, y, epochs=options.epochs, validation_data=test)
    accuracy = model.evaluate(*test)["accuracy"]
    print(f"test accuracy {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
