"""The weights that ship with the package."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.weights.pretrained_weights import BUNDLED, find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.pretrain import PretrainConfig
from keras_transfer.pretrain import main as pretrain

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = {name: row for name, row in BACKBONES.items() if row.bundled_hash}
MEGABYTES = {"efficientnetb0": 9, "mobilenetv3small": 2.5}


def test_each_file_belongs_to_a_row_and_is_small():
    assert {file.name for file in BUNDLED.iterdir()} == {
        "README.md",
        *(f"{name}.weights.h5" for name in SHIPPED),
    }
    for name, row in SHIPPED.items():
        content = (BUNDLED / f"{name}.weights.h5").read_bytes()
        assert len(content) <= MEGABYTES[name] * 1e6
        assert hashlib.sha256(content).hexdigest() == row.bundled_hash


@pytest.mark.thorough
@pytest.mark.parametrize("name", SHIPPED)
def test_they_load_and_answer_to_pictures(name):
    row = SHIPPED[name]
    backbone = build_backbone(row, 64)
    load_weights(backbone, name, find_weights(name, row, "bundled"))
    images = np.random.default_rng(0).uniform(0, 255, (4, 64, 64, 3)).astype(np.float32)
    features = np.asarray(backbone(images)).mean(axis=(1, 2))
    assert np.isfinite(features).all()
    assert np.abs(features).max() < 100  # statistics that fit the weights
    assert (features.std(axis=0) > 1e-3).mean() > 0.5


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_says_where_they_come_from(name, monkeypatch):
    card = (BUNDLED / "README.md").read_text()
    file = f"configs/pretrain_{name}.yaml"
    assert f"python -m keras_transfer.pretrain --config {file}" in card
    assert SHIPPED[name].bundled_hash in card
    configs = []
    monkeypatch.setattr("keras_transfer.pretrain.pretrain", configs.append)
    pretrain(["--config", str(ROOT / file)])
    (config,) = configs
    assert isinstance(config, PretrainConfig)
    assert config.backbone == name
    assert f"{config.pictures * config.epochs:,}" in card
    assert name in config.output.name  # or the commands of two cards would meet


@pytest.mark.slow
def test_the_wheel_holds_them(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", tmp_path, ROOT]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name, row in SHIPPED.items():
            content = archive.read(f"keras_transfer/models/weights/bundled/{name}.weights.h5")
            assert hashlib.sha256(content).hexdigest() == row.bundled_hash
