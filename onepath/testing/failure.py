"""The exception that every check of the parity kit raises."""

import textwrap
from collections.abc import Mapping

WIDTH = 96


class ParityError(AssertionError):
    """A layer broke a promise; the message is a headline and aligned rows.

    Parameters
    ----------
    check : str
        The name of the check that failed, such as ``"input gradient"`` or ``"determinism"``.
    headline : str
        What is wrong, in one sentence, with the layer's name.
    rows : dict of str to str, optional
        Further facts, each with its label. Long ones are wrapped.

    Attributes
    ----------
    check, headline, rows
        As given.
    """

    def __init__(self, check: str, headline: str, rows: Mapping[str, str] | None = None) -> None:
        # all of them become `args`, with which the exception can be pickled
        super().__init__(check, headline, dict(rows or {}))
        self.check = check
        self.headline = headline
        self.rows = dict(rows or {})

    def __str__(self) -> str:
        lines = textwrap.wrap(self.headline, WIDTH)
        indent = max(map(len, self.rows), default=0) + 4
        for label, fact in self.rows.items():
            first, *more = textwrap.wrap(fact, WIDTH - indent, break_on_hyphens=False) or [""]
            lines.append(f"  {label:<{indent - 2}}{first}")
            lines.extend(" " * indent + line for line in more)
        return "\n".join(lines)
