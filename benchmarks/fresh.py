"""``python -m benchmarks.fresh NAME DEVICE THREADS``: a few training steps in a fresh interpreter.

A `TrainingCase` and the number of steps come in, pickled, over standard input. What goes out is the
most memory that there ever was, in bytes.
"""

import os
import pickle
import sys
from typing import Any

from . import peers


def main() -> None:
    """Train, and print the memory."""
    outgoing = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get into the answer
    case, steps = pickle.load(sys.stdin.buffer)
    name, device, threads = sys.argv[1:]
    peer: Any = peers.load(name, device, int(threads))
    task = peer.training(case)
    for _ in range(steps):
        task.run()
    print(peer.peak(), file=outgoing)


if __name__ == "__main__":
    main()
