"""The report, as text and on a terminal."""

import os
import shutil
import subprocess

import pytest

from onepath.cli.doctor import Finding, report, show


def test_it_is_laid_out():
    findings = [
        Finding("Core", "ok", "one"),
        Finding("Core", "problem", "two is broken", "mend two"),
        Finding("BLAS", "note", "three"),
    ]
    assert report(findings).split("\n") == [
        "Core",
        "  ok       one",
        "  problem  two is broken",
        "    mend   mend two",
        "",
        "BLAS",
        "  note     three",
        "",
        "Problems: 1, notes: 1.",
    ]


def test_text_and_commands_go_on_below_themselves():
    finding = Finding("Core", "ok", "word " * 9 + "word", "pip install one two three four five")
    assert report([finding], width=40).split("\n")[1:-2] == [
        "  ok       word word word word word word",
        "           word word word word",
        "    mend   pip install one two three \\",
        "           four five",
    ]


def test_no_command_is_longer_than_the_terminal_with_its_backslash():
    for length in range(30):
        finding = Finding("Core", "ok", "x", f"pip install {'y' * length} and more than fits")
        assert max(map(len, report([finding], width=40).split("\n"))) <= 40


@pytest.mark.skipif(os.name == "nt", reason="the backslash is for POSIX shells")
def test_a_command_on_several_lines_is_still_one_for_the_shell():
    mend = "echo pip install 'onepath[train]' cupy-cuda13x scikit-learn matplotlib rich"
    lines = report([Finding("Core", "ok", "x", mend)], width=40).split("\n")[2:-2]
    assert len(lines) > 2
    command = "\n".join(lines).replace("    mend ", "", 1)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == mend.replace("echo ", "").replace("'", "") + "\n"


@pytest.mark.parametrize(("columns", "widest"), [(20, 40), (60, 60), (300, 100)])
def test_it_is_as_wide_as_the_terminal(monkeypatch, without, capsys, columns, widest):
    size = os.terminal_size((columns, 50))
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: size)
    without("rich")
    show([Finding("Core", "ok", "a " * 200)])
    lines = capsys.readouterr().out.split("\n")
    assert widest - 2 < max(map(len, lines)) <= widest


def test_rich_colours_the_same_text(monkeypatch, capsys):
    rich_console = pytest.importorskip("rich.console")
    mend = "pip install 'onepath[train]' [bold]not markup[/bold]"
    findings = [
        Finding("Core", "problem", "broken", mend),
        Finding("BLAS", "note", "note that this is ok"),
    ]
    show(findings)
    assert capsys.readouterr().out == report(findings) + "\n"

    terminal = rich_console.Console(force_terminal=True, color_system="standard", width=30)
    monkeypatch.setattr(rich_console, "Console", lambda: terminal)
    show(findings)
    lines = capsys.readouterr().out.split("\n")
    assert lines[0] == "\x1b[1mCore\x1b[0m"
    assert lines[1] == "\x1b[1;31m  problem\x1b[0m  broken"
    assert lines[2].startswith("\x1b[36m    mend   pip install")
    assert lines[5] == "\x1b[33m  note\x1b[0m     note that this is ok"
    assert lines[7] == "Problems: 1, notes: 1."
