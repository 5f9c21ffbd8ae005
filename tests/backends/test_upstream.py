"""SciPy's own tests, run on the backends' functions: all on a GPU, a share of them elsewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULE = "scipy.signal.tests.test_signaltools"


def test_scipys_own_tests(backend, tmp_path):
    if importlib.util.find_spec("scipy.signal.tests") is None:
        pytest.skip("SciPy has not brought its tests along")
    every = 1 if backend.name.startswith("cuda") else 16
    done = subprocess.run(
        [
            sys.executable,
            *["-m", "pytest", "-q", "-p", "scipys_own", "-p", "no:cacheprovider", "--pyargs"],
            MODULE,
        ],
        cwd=tmp_path,  # a folder whose settings are pytest's own
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (HERE / "upstream", HERE.parents[1]))),
            "SCIPYS_OWN": f"{backend.name}/{every}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 8000 // every
