"""Packages that are missing."""

import builtins

import pytest


@pytest.fixture
def without(monkeypatch):
    """A function that lets the import of packages fail."""
    real = builtins.__import__

    def without(*packages):
        def failing(name, *arguments, **options):
            if name.partition(".")[0] in packages:
                raise ImportError(f"No module named {name!r}")
            return real(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", failing)

    return without
