"""Packages that only some need: whether one is there, and how it is had."""

import importlib.util

from keras_transfer.system.errors import ConfigError


def require_package(wanted: str, package: str, extra: str) -> None:
    """Raise `ConfigError` unless a package is installed; it is not imported.

    Args:
        wanted: What needs it, as messages say it.
        package: Its name in Python; a submodule counts, too.
        extra: Of this program, which installs it.
    """
    try:
        found = importlib.util.find_spec(package)
    except ModuleNotFoundError:  # what a submodule is in
        found = None
    if not found:
        raise ConfigError(
            f"For {wanted}, {package} must be installed. Received: no such package. "
            f"Run: pip install 'keras_transfer[{extra}]'"
        )
