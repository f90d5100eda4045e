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
    if not is_installed(package):
        raise ConfigError(
            f"For {wanted}, {package} must be installed. Received: no such package. "
            f"Run: pip install 'keras_transfer[{extra}]'"
        )


def is_installed(package: str) -> bool:
    """Tell whether a package, or a submodule of one, is installed; it is not imported."""
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # what a submodule is in
        return False
