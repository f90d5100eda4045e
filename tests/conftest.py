"""A tiny backbone, a small folder of images, and one finished run that tests share read-only."""

import contextlib
import dataclasses
import fcntl
import functools
import os
import shutil
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_ray import fake_ray  # noqa: F401
from own_folders import allow, move_in, strayed
from PIL import Image
from reported_texts import odd_reviews, reported_run  # noqa: F401
from text_run import text_run  # noqa: F401
from tiny_backbone import make_tiny_row
from tiny_text_backbone import tiny_text_backbone  # noqa: F401

from keras_transfer.config.sections.adapt_settings import AdaptConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.run.run_directory import Run

# before the conftests of folders and the tests import Keras, which then reads and writes ~/.keras
move_in()

SHARED = Path(__file__).resolve().parents[1] / "../shared"


@pytest.fixture(autouse=True)
def at_home(tmp_path_factory):
    """Refuse a test that writes outside the folders of the tests, or reads the user's caches."""
    folder = tmp_path_factory.getbasetemp()
    allow(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
    strayed.clear()
    yield
    assert strayed == []


@contextlib.contextmanager
def drawing(wanted):
    """Have runs draw figures and report, or leave them out: they are half of a short training."""
    import keras_transfer.train as train
    from keras_transfer.evaluation.figures import draw_figures as figures
    from keras_transfer.evaluation.html_report import write_report as report

    with pytest.MonkeyPatch.context() as patch:
        drawn = (figures, "draw_figures"), (train, "_draw_views"), (report, "write_report")
        for module, name in drawn:
            original = DRAWN.setdefault(name, getattr(module, name))
            patch.setattr(module, name, original if wanted else lambda *words: None)
        yield


DRAWN = {}


@pytest.fixture(autouse=True, scope="session")
def undrawn():
    with drawing(False):
        yield


@pytest.fixture(scope="session")
def drawn():
    """Return a context in which runs draw their figures."""
    return lambda: drawing(True)


@pytest.fixture(autouse=True)
def seeded():
    """Give every test the same random weights, whichever tests ran before it."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(scope="session")
def tiny_row():
    return make_tiny_row()


@pytest.fixture(scope="session")
def tiny_backbone(tiny_row):
    """Put the tiny backbone into BACKBONES under the name `tiny`, for the whole session."""
    BACKBONES["tiny"] = tiny_row
    yield tiny_row
    del BACKBONES["tiny"]


@pytest.fixture(scope="session")
def tiny_transformer():
    """Put a Vision Transformer of two blocks into BACKBONES; its name is handed out."""
    from keras_transfer.models.build_model import build_backbone
    from keras_transfer.models.graphs.describe_graph import describe_graph
    from keras_transfer.models.graphs.vision_transformer import (
        Transformer,
        build_vision_transformer,
    )

    shape = Transformer(patch=8, blocks=2, heads=2, width=8, mlp_width=16)
    build = functools.partial(build_vision_transformer, shape)
    draft = Backbone(build=build, preprocess="tf", image_size=32)
    BACKBONES["tiny_transformer"] = describe_graph(draft, build_backbone(draft, 32))
    yield "tiny_transformer"
    del BACKBONES["tiny_transformer"]


def draw_stripes(folder: Path, name: str, count: int, seed: int) -> None:
    """Draw noisy horizontal (`level`) or vertical (`upright`) stripes: learnable, not trivial."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        wave = np.sin(np.arange(40) * random.uniform(0.6, 1.0) + random.uniform(0, 6))
        pixels = np.tile(wave, (40, 1)) * 60 + 128
        pixels = pixels.T if name == "level" else pixels
        pixels = pixels[:, :, None] * random.uniform(0.6, 1.0, 3) + random.normal(
            0, 25, (40, 40, 3)
        )
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{index:03}.png")


@pytest.fixture(scope="session")
def stripes(tmp_path_factory):
    """A data set with train/, val/ and test/ of two classes: 80, 24 and 24 images of 40 pixels."""
    root = tmp_path_factory.mktemp("stripes")
    for split, count, seed in (("train", 40, 1), ("val", 12, 2), ("test", 12, 3)):
        for index, name in enumerate(("level", "upright")):
            draw_stripes(root / split / name, name, count, 10 * seed + index)
    return root


@pytest.fixture(scope="session")
def tiny_config(tiny_backbone, stripes, tmp_path_factory):
    """Settings of a training that takes a few seconds; change them with dataclasses.replace."""
    return TrainConfig(
        backbone="tiny",
        dataset=str(stripes),
        weights="none",
        output=tmp_path_factory.mktemp("runs"),
        quiet=True,
        data=DataConfig(image_size=32, batch_size=16),
        frozen=FrozenConfig(epochs=2, learning_rate=0.03),
        finetune=FinetuneConfig(epochs=3, learning_rate=0.01),
    )


@pytest.fixture(scope="session")
def finished_run(tiny_config, drawn):
    """One finished run with figures; read it, never write into it."""
    from keras_transfer.train import fine_tune

    with drawn():
        return fine_tune(tiny_config)


@pytest.fixture(scope="session")
def unsure_run(tiny_config):
    """A finished run whose model is wrong on some validation images; read it only."""
    from keras_transfer.train import fine_tune

    frozen, finetune = FrozenConfig(epochs=2, learning_rate=0.01), FinetuneConfig(epochs=0)
    return fine_tune(dataclasses.replace(tiny_config, frozen=frozen, finetune=finetune))


@pytest.fixture(scope="session")
def adapted_run(tiny_config, tmp_path_factory):
    """A run that was aligned to brighter images, of which it has two models; read it only."""
    from keras_transfer.train import fine_tune

    folder = tmp_path_factory.mktemp("bright")
    for seed, name in enumerate(("level", "upright")):
        draw_stripes(folder / name, name, 12, 70 + seed)
        for file in (folder / name).iterdir():
            pixels = np.asarray(Image.open(file), np.uint16)
            Image.fromarray((80 + pixels // 2).astype(np.uint8)).save(file)
    adapt = AdaptConfig(target=str(folder), method="align")
    frozen, finetune = FrozenConfig(epochs=1, learning_rate=0.03), FinetuneConfig(epochs=0)
    changes = {"adapt": adapt, "frozen": frozen, "finetune": finetune}
    return fine_tune(dataclasses.replace(tiny_config, **changes))


@pytest.fixture
def run_copy(finished_run, tmp_path):
    """A run that a test may write into."""
    return Run(shutil.copytree(finished_run.path, tmp_path / "run"))


@pytest.fixture(scope="session")
def exported_run(finished_run, tmp_path_factory):
    """A copy of the finished run with every export; read it, never write into it."""
    from keras_transfer.export import export_model

    pytest.importorskip("tf2onnx", reason="needs the extra [onnx]")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # they share it: it takes 15 seconds
        folder = folder.parent
    path, kinds = folder / "exported", ("float32", "float16", "dynamic_int8", "int8")
    with (folder / "exported.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            run = Run(shutil.copytree(finished_run.path, folder / "exporting"))
            export_model(run, ("saved_model", "tflite", "onnx"), kinds)
            run.path.rename(path)
    return Run(path)


@pytest.fixture(scope="session")
def shared():
    """The folder with real data and weights beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the folder shared beside the checkout is absent")
    return SHARED.resolve()


@pytest.fixture(scope="session")
def browser():
    """Return an installed Chromium; where it writes is a folder of the tests."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    path = next(filter(None, found), None) or pytest.skip(
        "needs Chromium: apt-get install chromium"
    )
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra [dev]")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def parser():
    from keras_transfer.config.command_line import build_parser

    return build_parser("train")


@pytest.fixture
def write_yaml(tmp_path):
    def write(content):
        file = tmp_path / "settings.yaml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(file)

    return write


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
            write = Path.mkdir if path.endswith("/") else draw_image
            (tmp_path / root / path).parent.mkdir(parents=True, exist_ok=True)
            write(tmp_path / root / path)
        return tmp_path / root

    return make


@pytest.fixture
def shared_data() -> Path:
    if not (SHARED / "data").is_dir():
        pytest.skip("the folder shared/data beside the checkout is absent")
    return SHARED / "data"


def _make_config(backbone, batch_norm="scale", size=32, **changes):
    config = TrainConfig(
        backbone=backbone,
        weights="file" if batch_norm != "adapt" else "none",
        precision="float32",
        quiet=True,
        frozen=FrozenConfig(epochs=1, learning_rate=0.01),
        finetune=FinetuneConfig(epochs=1, learning_rate=1e-3, batch_norm=batch_norm),
        data=dataclasses.replace(TrainConfig().data, image_size=size, batch_size=8),
    )
    return dataclasses.replace(config, **changes)


@pytest.fixture(scope="session")
def make_config():
    return _make_config
