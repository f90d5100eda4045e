"""Two domains: stripes as they are, and the same kind of stripes inverted and tinted."""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_transfer.config.sections.adapt_settings import AdaptConfig


@pytest.fixture(scope="session")
def other_stripes(stripes, tmp_path_factory):
    """A folder of class folders of the other domain: 24 images each, no splits."""
    root = tmp_path_factory.mktemp("other")
    for name in ("level", "upright"):
        (root / name).mkdir()
        for file in sorted((stripes / "val" / name).iterdir()):
            pixels = 255 - np.asarray(Image.open(file))
            pixels = (pixels * np.array([0.4, 0.9, 0.6])).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / file.name)
    return root


@pytest.fixture
def adapt(tiny_config, other_stripes, tmp_path):
    """Return a function that makes settings of a short training across both domains."""

    def make(method, target=other_stripes, **changes):
        settings = AdaptConfig(target=target and str(target), method=method)
        output = tmp_path / "runs"
        return dataclasses.replace(tiny_config, adapt=settings, output=output, **changes)

    return make


@pytest.fixture
def unlabelled_stripes(other_stripes, tmp_path):
    """The images of `other_stripes` in one folder, under other names."""
    root = tmp_path / "unlabelled"
    root.mkdir()
    for index, file in enumerate(sorted(other_stripes.rglob("*.png"), reverse=True)):
        shutil.copy(file, root / f"photo_{index}.png")
    return root
