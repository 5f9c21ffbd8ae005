"""Tables of plain text."""

import shutil
from collections.abc import Sequence

Row = Sequence[str]

_GAP = "  "
_NARROWEST = 8


def table(header: Row, rows: Sequence[Row], texts: int, width: int | None = None) -> str:
    """Lay out rows below a header and a rule.

    Parameters
    ----------
    header : sequence of str
        The columns' names.
    rows : sequence of sequence of str
        A cell for each column.
    texts : int
        How many columns, from the left, hold text. With what a row begins as the one above it does
        is left out, and where lines would be too long, texts lose what is between their beginning
        and their end. The other columns hold numbers, flush right.
    width : int, optional
        The length of the longest line; that of the terminal if left out.

    Returns
    -------
    str
        Lines without spaces at their ends.
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    room = (width or shutil.get_terminal_size().columns) - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths[:texts]) > _NARROWEST:
        widths[widths.index(max(widths[:texts]))] -= 1
    lines = [header, *map(_without_repetition, [header, *rows], rows, [texts] * len(rows))]
    laid_out = [_line(line, widths, texts) for line in lines]
    rule = "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    return "\n".join([laid_out[0], rule, *laid_out[1:]])


def _without_repetition(above: Row, row: Row, texts: int) -> Row:
    """A row without the texts that it begins with as the row above it does."""
    same = 0
    while same < texts and row[same] == above[same]:
        same += 1
    return [""] * same + list(row[same:])


def _line(row: Row, widths: Sequence[int], texts: int) -> str:
    cells = [
        _shortened(cell, width).ljust(width) if column < texts else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return _GAP.join(cells).rstrip()


def _shortened(text: str, width: int) -> str:
    """A text without its middle, if it is too long; its end says more than its beginning."""
    if len(text) <= width:
        return text
    start = (width - 1) // 3
    return f"{text[:start]}…{text[len(text) - (width - 1 - start) :]}"
