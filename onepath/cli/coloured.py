"""Text on a terminal, in colours where rich is installed."""

from collections.abc import Mapping


def show(text: str, colours: Mapping[str, str]) -> None:
    """Print a text as it is laid out.

    Parameters
    ----------
    text : str
        The text.
    colours : dict of str to str
        Rich's style for what a regular expression finds; none is seen in a file or a pipe.
    """
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        print(text)
        return
    coloured = Text(text)
    for pattern, style in colours.items():
        coloured.highlight_regex(pattern, style)
    Console().print(coloured, soft_wrap=True)
