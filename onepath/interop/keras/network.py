"""A Keras model as it is wired, apart from how a file writes it and from what computes it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...layers.base import Shape
from .entry import Options

Open = tuple[int | None, ...]
"""The shape of a sample with axes of any length."""


@dataclass
class Node:
    """A layer that is called once."""

    name: str
    class_name: str
    options: Options
    shape: Shape = ()
    """That of its output's samples; known where it is to be written."""

    sources: tuple[str, ...] = ()
    model: "Network | None" = None
    """What is in it, if it is a model."""

    dtype: str = "float32"
    spread: bool = False
    """Whether it takes several inputs as arguments, not as a list."""

    call: Options = field(default_factory=dict)
    """What else it is called with."""

    trainable: bool = True


@dataclass
class Network:
    """Layers, and what each takes: inputs or other layers, by their names."""

    name: str
    inputs: dict[str, Open]
    nodes: list[Node]
    """In Keras's order, which decides how weights are named."""

    outputs: tuple[str, ...]
    sequential: bool = False
    shapes: dict[str, Shape] = field(default_factory=dict)
    """Those of the inputs' samples, where it is to be written."""

    dtypes: dict[str, str] = field(default_factory=dict)
    """Those of the inputs."""

    @property
    def is_chain(self) -> bool:
        """Whether each layer takes what the one before gives, and nothing else."""
        taken = [*self.inputs, *(node.name for node in self.nodes)]
        given = [*(node.sources for node in self.nodes), self.outputs]
        return len(self.inputs) == 1 and [(name,) for name in taken] == given

    def groups(self, root: str = "") -> Iterator[tuple[Node, str]]:
        """Return each layer with the group of its weights.

        Groups are numbered by class, so that no name in a file says where something is.
        """
        counts: Counter[str] = Counter()
        for node in self.nodes:
            stem = snake_case(node.class_name)
            number = f"_{counts[stem]}" if counts[stem] else ""
            counts[stem] += 1
            yield node, f"{root}layers/{stem}{number}"


def snake_case(class_name: str) -> str:
    """Write a class's name as Keras names groups: "MaxPooling2D" is "max_pooling2d"."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def in_keras_order(network: Network) -> None:
    """Sort a network's nodes as Keras does: farthest from the outputs first.

    Nodes that are equally far stand as a search finds them that starts from the outputs and goes
    into depth.
    """
    nodes = {node.name: node for node in network.nodes}
    found: dict[str, int] = {}
    finished: list[str] = []
    pending = [(output, False) for output in reversed(network.outputs)]
    while pending:
        name, leaving = pending.pop()
        if leaving:
            finished.append(name)
        elif name in nodes and name not in found:
            found[name] = len(found)
            pending.append((name, True))
            pending.extend((source, False) for source in reversed(nodes[name].sources))
    depth = dict.fromkeys(found, 0)
    for name in reversed(finished):
        for source in nodes[name].sources:
            if source in nodes:
                depth[source] = max(depth[source], depth[name] + 1)
    order = sorted(found, key=lambda name: (-depth[name], found[name]))
    network.nodes = [nodes[name] for name in order]


def fresh(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, and take it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def text_of(value: Any) -> str:
    """A value of a file in a message: not longer than a line."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
