"""Tables: columns, repetitions, and what becomes of lines that are too long."""

from onepath.tables import table

HEADER = ["name", "kind", "size"]


def test_texts_are_flush_left_and_numbers_right():
    assert table(HEADER, [["a", "bb", "1"], ["ccccc", "d", "22.5"]], texts=2).split("\n") == [
        "name   kind  size",
        "─────────────────",
        "a      bb       1",
        "ccccc  d     22.5",
    ]


def test_what_a_row_has_in_common_with_the_one_above_is_left_out():
    rows = [["a", "b", "1"], ["a", "b", "1"], ["a", "c", "1"], ["d", "c", "1"], ["name", "c", "1"]]
    assert table(HEADER, rows, texts=2).split("\n")[2:] == [
        "a     b        1",
        "               1",
        "      c        1",
        "d     c        1",
        "name  c        1",
    ]


def test_the_widest_texts_lose_their_middle():
    rows = [["abcdefghijklmnopqrstuvwxyz", "short", "1"]]
    assert table(HEADER, rows, texts=2, width=30).split("\n") == [
        "name               kind   size",
        "─" * 30,
        "abcde…pqrstuvwxyz  short     1",
    ]


def test_no_text_is_lost_altogether():
    lines = table(HEADER, [["a" * 50, "b" * 50, "1"]], texts=2, width=10).split("\n")
    assert lines[2] == "aa…aaaaa  bb…bbbbb     1"


def test_a_table_may_have_no_rows():
    assert table(HEADER, [], texts=2).split("\n") == ["name  kind  size", "─" * 16]


def test_it_is_as_wide_as_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = table(HEADER, [["a" * 50, "b", "1"]], texts=2).split("\n")
    assert max(map(len, lines)) == 40


def test_lines_end_where_their_text_does():
    assert table(["a", "b"], [["c", "long"], ["d", "e"]], texts=2).split("\n") == [
        "a  b",
        "───────",
        "c  long",
        "d  e",
    ]
