"""Which version this is, and of what it is made; pyproject.toml says the number."""

import importlib.metadata
import platform

PACKAGE = "keras_transfer"
SHOWN = ("keras", "tensorflow")  # besides the package and Python


def find_version(package: str = PACKAGE) -> str | None:
    """Return the version of an installed package; None where it runs from a checkout."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def say_versions() -> str:
    """Return the versions in one line: "keras_transfer 0.1.0 (keras 3.15.1, …, Python 3.12.3)"."""
    others = [f"{name} {find_version(name) or 'missing'}" for name in SHOWN]
    own = find_version() or "that is not installed"
    return f"{PACKAGE} {own} ({', '.join([*others, f'Python {platform.python_version()}'])})"
