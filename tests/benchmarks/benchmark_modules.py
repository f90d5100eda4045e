"""Import the programs of the folder benchmarks, which is no package."""

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        module = importlib.import_module(name)
    assert Path(module.__file__).parent == BENCHMARKS
    return module
