"""Small image trees, and the shared data where a checkout has it."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"


def draw_image(file: Path, seed: int | None = None, size: tuple[int, int] = (8, 6)) -> Path:
    """Write noise that differs from file to file, in the format that the suffix says."""
    seed = zlib.crc32(str(file).encode()) if seed is None else seed
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)
    return file


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that draws an image at each path, or makes a folder if it ends in '/'."""

    def make(*paths: str, root: str = "set") -> Path:
        for path in paths:
            if path.endswith("/"):
                (tmp_path / root / path).mkdir(parents=True)
            else:
                draw_image(tmp_path / root / path)
        return tmp_path / root

    return make


@pytest.fixture
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder shared/data beside the checkout is absent")
    return SHARED
