"""What the doctor says, and how it is laid out."""

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from .. import coloured

CORE, EXTRAS, DEVICES, BLAS = "Core", "Extras", "Devices", "BLAS"

_INDENT = 11
_NARROWEST, _WIDEST = 40, 100
_COLOURS = {
    r"(?m)^\S.*(?=\n  )": "bold",
    r"(?m)^  ok\b": "green",
    r"(?m)^  note\b": "yellow",
    r"(?m)^  problem\b": "bold red",
    r"(?m)^    mend (.*\\\n)*.*": "cyan",
}


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor found.

    Attributes
    ----------
    topic : str
        The heading it stands under: "Core", "Extras", "Devices" or "BLAS".
    verdict : {"ok", "note", "problem"}
        A note can be lived with; a problem breaks what the topic names.
    what : str
        What was found, in a sentence.
    mend : str or None
        The shell command that changes it, if one does.
    """

    topic: str
    verdict: Literal["ok", "note", "problem"]
    what: str
    mend: str | None = None


def report(findings: Iterable[Finding], width: int = 80) -> str:
    """Lay the findings out as text.

    Parameters
    ----------
    findings : iterable of Finding
        Topic by topic.
    width : int, optional
        The length of the longest line, in characters.

    Returns
    -------
    str
        A heading for each topic, below it a line for each finding. A command that is too long for
        one line goes on after a backslash, as the shell takes it.
    """
    findings = list(findings)
    lines = []
    for topic, group in groupby(findings, key=lambda each: each.topic):
        lines += [topic]
        for each in group:
            lines += _wrapped(each.verdict, each.what, width)
            if each.mend:
                command = _wrapped("  mend", each.mend, width - len(" \\"))
                lines += [" \\\n".join(command)]
        lines += [""]
    verdicts = [each.verdict for each in findings]
    lines += [f"Problems: {verdicts.count('problem')}, notes: {verdicts.count('note')}."]
    return "\n".join(lines)


def show(findings: Iterable[Finding]) -> None:
    """Print the report as wide as the terminal, in colours if rich is installed.

    Parameters
    ----------
    findings : iterable of Finding
        Topic by topic.
    """
    columns = shutil.get_terminal_size().columns
    text = report(findings, width=min(max(columns, _NARROWEST), _WIDEST))
    coloured.show(text, _COLOURS)


def _wrapped(head: str, text: str, width: int) -> list[str]:
    """The text in lines, beside a head before the first."""
    first, rest = f"  {head}".ljust(_INDENT), " " * _INDENT
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
