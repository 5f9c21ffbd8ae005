"""Colours, where they can be seen."""

import re

import pytest

from onepath.cli.coloured import show

TEXT = "heading\n  good  [1]\n  bad   " + "x" * 200
COLOURS = {"^heading": "bold", "good.*": "green"}


@pytest.fixture
def terminal(monkeypatch):
    """What rich looks at to find out whether it writes to a terminal."""
    for variable in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")


@pytest.mark.usefixtures("terminal")
def test_what_is_found_is_coloured_on_a_terminal(capsys):
    show(TEXT, COLOURS)
    out = capsys.readouterr().out
    assert "\x1b[1mheading\x1b[0m" in out
    assert "\x1b[32mgood  [1]\x1b[0m" in out
    assert re.sub(r"\x1b\[\d*m", "", out) == f"{TEXT}\n"


def test_a_pipe_gets_the_text_alone(monkeypatch, capsys):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    show(TEXT, COLOURS)
    assert capsys.readouterr().out == f"{TEXT}\n"


def test_without_rich_it_is_the_same_text(without, capsys):
    without("rich")
    show(TEXT, COLOURS)
    assert capsys.readouterr().out == f"{TEXT}\n"
