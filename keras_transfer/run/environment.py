"""Where a run was made: environment.json."""

import logging
import platform
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from keras_transfer.config.help.versions import find_version
from keras_transfer.run.plan_file import read_plan
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.machine import count_cores

logger = logging.getLogger(__name__)

PACKAGES = ("keras_transfer", "keras", "tensorflow", "numpy", "pillow", "scikit-learn")


def record_environment(run: Run, seed: int, gpus: Sequence[str]) -> None:
    """Leave environment.json; where a run is resumed, compare it and warn of other versions."""
    found = describe_environment(seed, gpus)
    if read_plan(run) is None or not run.environment_file.exists():
        write_json(run.environment_file, found)
        return
    began = run.environment()["packages"]
    others = [
        f"{name} {version}"
        for name, version in began.items()
        if version != found["packages"].get(name)
    ]
    if others:
        logger.warning(
            "The run began with %s: its numbers may differ from those of a run in one piece",
            ", ".join(others),
        )


def describe_environment(seed: int, gpus: Sequence[str]) -> dict[str, Any]:
    """Return versions, devices, command line, seed and, in a checkout, the git commit."""
    return {
        "python": platform.python_version(),
        "packages": {name: find_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpus": count_cores(),
        "gpus": list(gpus),
        "command": sys.argv,
        "seed": seed,
        "git_commit": _git_commit(),
    }


def _git_commit() -> str | None:
    """Return the commit of the working directory, if it is a checkout and git is there."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
