"""A batch in shards: what a layer must know that sees a part of the batch, as others see the rest.

On the CPU a batch goes through a network in shards of a few samples, each on a thread and in its
cache. Most layers treat samples one by one, and need not know. A layer that needs the whole batch
asks here; where the batch is whole, the answers are its own.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from ..backends import Array
from ..backends.threads import Meeting, spread, together

Result = TypeVar("Result")
Value = TypeVar("Value")


class Shard:
    """The part of a batch that the layers on this thread see.

    Attributes
    ----------
    index : int
        Which part it is, from 0 on.
    first, batch : int
        The number of its first sample in the batch, and how many samples the batch has.
    alone : bool
        Whether it is the whole batch.
    """

    def __init__(
        self,
        index: int,
        first: int,
        batch: int,
        meeting: Meeting | None = None,
        alone: bool = True,
    ) -> None:
        self.index, self.first, self.batch, self.alone = index, first, batch, alone
        self._meeting = meeting
        self._turn = 0

    def gather(self, value: Value) -> list[Value]:
        """Return what all shards have, in their order.

        Raises
        ------
        RuntimeError
            If the shards do not meet, as no layer said that it needs them to.
        """
        if self._meeting is None:
            if self.alone:
                return [value]
            raise RuntimeError(
                "a layer asked for what other parts of the batch have, but neither it nor what it "
                "is in says `meets = True`"
            )
        values = self._meeting.exchange(self.index, self._turn, value)
        self._turn += 1
        return values

    def total(self, *values: Array) -> list[Array]:
        """Return the sums of what all shards have, each added up in the shards' order."""
        sums = []
        for parts in zip(*self.gather(values), strict=True):
            first, *others = parts
            sums.append(sum(others, start=first))
        return sums


class _Here(threading.local):
    shard: Shard | None = None


_here = _Here()


def shard_of(batch: int) -> Shard:
    """Return the shard that this thread works on: a whole batch of that size if there is none."""
    return _here.shard or Shard(0, 0, batch)


def in_shards(
    work: Callable[[int], Result], starts: list[int], batch: int, meet: bool
) -> list[Result]:
    """Let layers work on all shards, each of which they see by `shard_of`.

    Parameters
    ----------
    work : callable
        Called with the number of each shard.
    starts : list of int
        The number of each shard's first sample.
    batch : int
        Samples of all.
    meet : bool
        Whether to work on all at the same time, so that the layers can meet.

    Returns
    -------
    list
        What `work` returned, by shard.
    """

    def attend(index: int, meeting: Meeting | None = None) -> Result:
        _here.shard = Shard(index, starts[index], batch, meeting, alone=len(starts) == 1)
        try:
            return work(index)
        finally:
            _here.shard = None

    return together(attend, len(starts)) if meet else spread(attend, range(len(starts)))
