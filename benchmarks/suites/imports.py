"""How long it takes until a library can be used, in a fresh interpreter."""

from dataclasses import dataclass

from .case import Case


@dataclass(frozen=True, kw_only=True)
class ImportCase(Case):
    """Starting Python and importing the library; nothing is computed."""

    kind = "fresh_import"


def cases(device: str) -> list[Case]:
    """Return the one case, the same for every device."""
    return [ImportCase(name="python -c 'import ...'", peers=("numpy", "torch"))]
