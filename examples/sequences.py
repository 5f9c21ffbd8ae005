"""An LSTM that tells whether the brackets in a text match; it makes the texts itself.

Half of the texts have one bracket turned or changed for another kind.

    python examples/sequences.py
"""

import argparse

import numpy as np

import onepath as op
from onepath import layers

PAIRS = ["()", "[]"]
ALPHABET = " abc" + "".join(PAIRS)


def make(count, seed, length=24):
    """Make texts, (count, length) numbers of characters, and 1 where the brackets match, else 0."""
    rng = np.random.default_rng(seed)
    texts, labels = np.zeros((count, length), "int64"), rng.integers(2, size=count)
    for codes, label in zip(texts, labels, strict=True):
        text = matching(rng, length)
        if not label:
            text = spoilt(rng, text)
        codes[:] = [ALPHABET.index(character) for character in text]
    return texts, labels


def matching(rng, length):
    """A text whose brackets match."""
    text, opened = "", []
    while len(text) < length:
        room, draw = length - len(text) - len(opened), rng.uniform()
        if opened and (room == 0 or draw < 0.35):
            text += opened.pop()[1]
        elif room >= 2 and draw < 0.7:
            opened.append(PAIRS[rng.integers(len(PAIRS))])
            text += opened[-1][0]
        else:
            text += ALPHABET[rng.integers(4)]
    return text


def spoilt(rng, text):
    """A text with one bracket of another kind or direction in place of the right one."""
    brackets = "".join(PAIRS)
    places = [i for i, character in enumerate(text) if character in brackets]
    if not places:
        return brackets[rng.integers(4)] + text[1:]
    i = places[rng.integers(len(places))]
    others = brackets.replace(text[i], "")
    return text[:i] + others[rng.integers(3)] + text[i + 1 :]


def network(device):
    """Characters as vectors, read from left to right and from right to left."""
    return op.Sequential(
        [
            layers.Embedding(len(ALPHABET), 16),
            layers.Bidirectional(layers.LSTM(48)),
            layers.Dense(1),
        ],
        device=device,
    )


def main(arguments=None):
    """Train, and return the share of test texts that are told right."""
    parser = argparse.ArgumentParser(description="An LSTM on texts with brackets.")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--samples", type=int, default=8000, help="training texts")
    options = parser.parse_args(arguments)

    op.set_seed(0)
    x, y = make(options.samples, seed=1)
    test = make(1000, seed=2)
    model = network(options.device)
    rate = op.schedules.CosineDecay(5e-3, options.epochs * -(-options.samples // 64))
    loss = op.losses.BinaryCrossentropy(from_logits=True)
    model.compile(op.optimizers.Adam(rate, global_clipnorm=1.0), loss, ["accuracy"])
    model.fit(x, y, batch_size=64, epochs=options.epochs, validation_data=test)
    accuracy = model.evaluate(*test)["accuracy"]
    print(f"test accuracy {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
