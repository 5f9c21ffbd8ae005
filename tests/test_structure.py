"""The house keeps its order: imports run downwards, layers know no device, nothing loads early."""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "onepath"

# From the ground up; "onepath" is what `import onepath` gives.
FLOORS = [
    {"arguments", "configuration", "cpuinfo", "drawing", "replacing", "tables", "units", "version"},
    {"backends"},
    {"layers", "schedules"},
    {"losses", "metrics", "optimizers", "datasets"},
    {"training", "notebook", "tuning"},
    {"onepath"},
    {"interop", "testing"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

ARRAY_LIBRARIES = ("numpy", "cupy", "cupyx", "scipy")
LATE = (
    "PIL",
    "cupy",
    "cupyx",
    "h5py",
    "keras",
    "matplotlib",
    "ml_dtypes",
    "onnx",
    "platformdirs",
    "rich",
    "safetensors",
    "scipy.signal",
    "scipy.special",
    "sklearn",
    "threadpoolctl",
    "torch",
)


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


# name -> (source, whether it is a package's __init__)
MODULES = {
    module_name(path): (path.read_text(encoding="utf-8"), path.name == "__init__.py")
    for path in sorted(PACKAGE.rglob("*.py"))
}


@dataclass(frozen=True)
class Import:
    """One imported thing, by its full dotted name."""

    target: str
    line: int
    at_start: bool
    """Whether importing the module does it: not within a function, nor for type checkers only."""


def imports_of(source, module="onepath.room.module", is_package=False):
    """All imports of a source."""
    found = []

    def visit(node, at_start):
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, at_start) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                here = module.split(".")
                up = node.level - is_package
                origin = ".".join(here[: len(here) - up] + origin.split(".") * bool(origin))
            found.extend(
                Import(f"{origin}.{alias.name}", node.lineno, at_start) for alias in node.names
            )
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, False)
            for child in node.orelse:
                visit(child, at_start)
        else:
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                visit(child, at_start and not is_function)

    visit(ast.parse(source), True)
    return found


def within(target, packages):
    return any(target == package or target.startswith(f"{package}.") for package in packages)


# The checkers: each returns what is wrong


def upward_imports(source, module, is_package=False):
    """Imports of rooms that are not further down, the module's own aside."""
    own = module.split(".")[1]
    wrong = []
    for each in imports_of(source, module, is_package):
        if within(each.target, ["onepath"]):
            room = each.target.split(".")[1] if "." in each.target else "onepath"
            if room != own and FLOOR.get(room, FLOOR["onepath"]) >= FLOOR[own]:
                wrong.append(f"line {each.line}: {own} imports {each.target}")
    return wrong


def circle(modules):
    """A circle of modules that import each other when they are imported, or None."""
    graph = {}
    for module, (source, is_package) in modules.items():
        graph[module] = set()
        for each in imports_of(source, module, is_package):
            target = each.target
            while target and target not in modules:
                target = target.rpartition(".")[0]
            if target and each.at_start:
                graph[module].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def array_libraries(source):
    """Array libraries that are imported by name, wherever."""
    return [
        f"line {each.line}: {each.target}"
        for each in imports_of(source)
        if within(each.target, ARRAY_LIBRARIES)
    ]


def device_names(source):
    """Strings that name CUDA, docstrings aside, and comparisons with a device's name."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    strings = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]
    compared = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.match_case)
        for part in ast.walk(node.pattern if isinstance(node, ast.match_case) else node)
    }
    return [
        f"line {node.lineno}: {node.value!r}"
        for node in strings
        if "cuda" in node.value.lower() or (id(node) in compared and node.value == "cpu")
    ]


def early_imports(source):
    """Imports at the start of what must be imported only where it is used."""
    return [
        f"line {each.line}: {each.target}"
        for each in imports_of(source)
        if each.at_start and within(each.target, LATE)
    ]


# The checkers see what they are there for


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("onepath.backends.base", "from ..layers import Layer"),
        ("onepath.backends.convolution.gemm", "from ...layers.base import Layer"),
        ("onepath.layers.base", "import onepath.training.model"),
        ("onepath.layers.base", "def f():\n    from ..losses import Loss"),
        ("onepath.layers.base", "if TYPE_CHECKING:\n    from .. import training"),
        ("onepath.layers.base", "from .. import __version__"),
        ("onepath.layers.base", "import onepath"),
        ("onepath.losses", "from .metrics import Accuracy"),
        ("onepath.losses", "from . import metrics"),
        ("onepath.training.model", "from ..cli import main"),
        ("onepath.testing.transfers", "from ..cli import main"),
        ("onepath.testing.transfers", "from ..interop import keras"),
    ],
)
def test_upward_import_is_seen(module, source):
    assert len(upward_imports(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source", "is_package"),
    [
        ("onepath.layers.base", "from ..backends import Array\nfrom .checks import check", False),
        ("onepath.layers", "from .base import Layer\nfrom ..backends import Array", True),
        ("onepath.backends.convolution", "from .gemm import Gemm\nfrom ..types import Array", True),
        ("onepath.cli.main", "from .. import __version__\nfrom ..training import Model", False),
        ("onepath.cli.parity", "from ..testing import assert_parity", False),
        ("onepath.training.model", "import onepathology\nimport numpy", False),
    ],
)
def test_downward_import_is_allowed(module, source, is_package):
    assert not upward_imports(source, module, is_package)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("from .b import x", "from .a import y"),
        ("from . import b", "import onepath.room.a"),
        ("from .b import x", "try:\n    from . import a\nexcept ImportError:\n    pass"),
        ("from . import b", "class C:\n    from .a import y"),
        # the package's own __init__, which imports a
        ("from .b import x", "from . import y"),
    ],
)
def test_circle_is_seen(first, second):
    modules = {
        "onepath.room": ("from .a import y", True),
        "onepath.room.a": (first, False),
        "onepath.room.b": (second, False),
    }
    assert circle(modules)


@pytest.mark.parametrize(
    "second",
    [
        "import sys",
        "def f():\n    from .a import y",
        "if TYPE_CHECKING:\n    from .a import y",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import a",
    ],
)
def test_what_is_no_circle_is_allowed(second):
    modules = {"onepath.room.a": ("from .b import x", False), "onepath.room.b": (second, False)}
    assert circle(modules) is None


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "def f():\n    import cupy",
        "from scipy import linalg",
        "from numpy.typing import NDArray",
        "import cupyx.scipy.signal",
    ],
)
def test_array_library_is_seen(source):
    assert len(array_libraries(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "if backend.name == 'cuda': pass",
        "fast = name.startswith('cuda')",
        "if 'cpu' != backend.name: pass",
        "if name in ('cpu', 'simulated'): pass",
        "match name:\n    case 'cpu': pass",
        "raise ValueError(f'{x} is on CUDA')",
    ],
)
def test_device_name_is_seen(source):
    assert len(device_names(source)) == 1


@pytest.mark.parametrize(
    "source", ["'''Runs on CUDA.'''", "def f():\n    '''On cuda.'''", "get_backend(x or 'cpu')"]
)
def test_device_may_be_written_about(source):
    assert not device_names(source)


@pytest.mark.parametrize(
    "source",
    [
        "import cupy",
        "import scipy.signal",
        "from scipy import signal",
        "from scipy.signal import correlate",
        "try:\n    import rich.console\nexcept ImportError:\n    pass",
        "class C:\n    from PIL import Image",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import torch",
    ],
)
def test_early_import_is_seen(source):
    assert len(early_imports(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import cupy",
        "async def f():\n    import rich",
        "if TYPE_CHECKING:\n    import torch",
        "import scipy\nimport numpy\nfrom .signal import SignalEngine\nimport signal",
        "import richness",
    ],
)
def test_late_import_is_allowed(source):
    assert not early_imports(source)


# The house itself


def sources(*folders):
    return [name for name in MODULES if within(name, folders)]


def test_every_module_belongs_to_a_room():
    rooms = {name.split(".")[1] for name in MODULES if "." in name}
    assert rooms - FLOOR.keys() - {"__main__"} == set()


@pytest.mark.parametrize("module", [n for n in MODULES if n not in ("onepath", "onepath.__main__")])
def test_imports_run_downwards(module):
    assert upward_imports(MODULES[module][0], module, MODULES[module][1]) == []


def test_no_modules_import_each_other():
    assert circle(MODULES) is None


@pytest.mark.parametrize("module", sources("onepath.layers", "onepath.backends.convolution"))
def test_layers_and_portable_engines_know_no_device(module):
    source, _ = MODULES[module]
    assert array_libraries(source) == []
    assert device_names(source) == []


@pytest.mark.parametrize("module", MODULES)
def test_optional_packages_are_imported_where_they_are_used(module):
    assert early_imports(MODULES[module][0]) == []


def loaded_by(modules):
    """What must be imported late, and is there after these imports in a fresh process."""
    script = f"import {', '.join(modules)}\nimport sys\nprint(*set(sys.modules) & set({LATE!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_a_fresh_process_shows_what_is_loaded():
    assert set(loaded_by(["onepath", "scipy.signal"])) == {"scipy.signal", "scipy.special"}


def test_importing_onepath_loads_nothing_optional():
    assert loaded_by(["onepath"]) == []


def test_importing_all_of_onepath_loads_nothing_optional():
    assert loaded_by(name for name in MODULES if name != "onepath.__main__") == []


@pytest.mark.parametrize("room", ["backends", "layers"])
def test_room_is_linked_at_the_root(room):
    link = ROOT / room
    if link.is_file():
        pytest.skip("this checkout has no symbolic links: git wrote their targets as text")
    assert link.is_symlink()
    assert os.readlink(link) == f"onepath/{room}"
    assert link.samefile(PACKAGE / room)
