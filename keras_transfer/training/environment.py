"""Where a run was made: environment.json."""

import importlib.metadata
import platform
import subprocess
import sys
from typing import Any

import tensorflow as tf

from keras_transfer.cores import count_cores

PACKAGES = ("keras_transfer", "keras", "tensorflow", "numpy", "pillow", "scikit-learn")


def describe_environment(seed: int) -> dict[str, Any]:
    """Return versions, devices, command line, seed and, in a checkout, the git commit."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "") for gpu in gpus]
    return {
        "python": platform.python_version(),
        "packages": {name: find_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpus": count_cores(),
        "gpus": names,
        "command": sys.argv,
        "seed": seed,
        "git_commit": _git_commit(),
    }


def find_version(package: str) -> str | None:
    """Return the version of an installed package; None where it runs from a checkout."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Return the commit of the working directory, if it is a checkout and git is there."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
