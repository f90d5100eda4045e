"""How a Python process of our own is started, which takes no module from the working directory."""

import os
from pathlib import Path

SAFE = "-P"  # or `-m` would look into the working directory first
HOME = str(Path(__file__).resolve().parents[2])  # the folder that holds the package


def search_path() -> str:
    """Return `PYTHONPATH` for a process that is to find this package, installed or not.

    The folder in which this process happens to be is left out: anybody's files may lie there.
    """
    here = os.path.realpath(os.getcwd())
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [entry for entry in entries if entry and os.path.realpath(entry) != here]
    return os.pathsep.join(dict.fromkeys([*others, HOME]))
