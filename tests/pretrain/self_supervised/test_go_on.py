"""Going on from weights by images: what is left, and that it is the same however it came about."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.pretrain import pretrain
from keras_transfer.pretrain.self_supervised.self_supervised_settings import SelfSupervisedConfig
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file

SETTINGS = {
    "backbone": "tiny",
    "epochs": 3,
    "batch_size": 16,
    "side": 32,
    "learning_rate": 0.01,
}

pytestmark = pytest.mark.usefixtures("tiny_backbone")


@pytest.fixture(scope="module")
def start(tmp_path_factory, tiny_row):
    """Weights to go on from."""
    import keras

    from keras_transfer.models.build_model import build_backbone

    keras.utils.set_random_seed(7)
    file = tmp_path_factory.mktemp("start") / "start.weights.h5"
    build_backbone(tiny_row, 32).save_weights(file)
    return file


@pytest.fixture(scope="module")
def settings(start, stripes):
    return SETTINGS | {"images": str(stripes / "train"), "weights": str(start)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, settings, tiny_row):
    from keras_transfer.models.backbones.backbone_table import BACKBONES

    folder = tmp_path_factory.mktemp("gone_on")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", tiny_row)
        return pretrain(SelfSupervisedConfig(**settings, output=folder))


def read_backbone(file, row):
    from keras_transfer.models.build_model import build_backbone

    backbone = build_backbone(row, 32)
    load_weights(backbone, "tiny", find_weights("tiny", row, str(file)))
    return {weight.path: np.asarray(weight) for weight in backbone.weights}


@pytest.mark.thorough
def test_kernels_move_and_are_float32_and_views_are_told_apart(finished, start, tiny_row):
    before, after = read_backbone(start, tiny_row), read_backbone(finished, tiny_row)
    same = [path for path in before if np.array_equal(before[path], after[path])]
    assert same == [path for path in before if "_bn/" in path]
    kinds = set()
    with h5py.File(finished) as stream:
        stream.visititems(lambda _, item: kinds.add(getattr(item, "dtype", None)))
    assert kinds - {None} == {np.dtype("float32")}
    lines = (finished.parent / "history.csv").read_text().splitlines()
    losses = [float(line.split(",")[1]) for line in lines[1:]]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.thorough
def test_the_card_says_what_they_came_from(finished, start, tiny_row):
    card = json.loads((finished.parent / "tiny.card.json").read_text())
    assert card["weights_sha256"] == hash_file(finished)
    assert card["start"]["sha256"] == hash_file(start)
    assert (card["images"]["count"], card["images"]["left_out"]) == (80, 0)
    origin = find_weights("tiny", tiny_row, str(finished)).origin
    assert "SimCLR for 3 epochs on 80 images without labels" in origin
    assert card["images"]["sha256"] in origin
    assert f"from weights file (sha256 {hash_file(start)})" in origin


@pytest.mark.thorough
def test_train_names_them_in_its_plan_and_model_card(finished, tiny_config):
    import dataclasses

    from keras_transfer.train import fine_tune

    frozen = dataclasses.replace(tiny_config.frozen, epochs=1)
    finetune = dataclasses.replace(tiny_config.finetune, epochs=0)
    run = fine_tune(
        dataclasses.replace(tiny_config, weights=str(finished), frozen=frozen, finetune=finetune)
    )
    assert "SimCLR for 3 epochs on 80 images" in run.metrics()["weights_origin"]
    assert "SimCLR for 3 epochs on 80 images" in run.model_card_file.read_text()


@pytest.mark.thorough
def test_other_labels_and_names_change_no_bit(finished, settings, stripes, tmp_path):
    (tmp_path / "flat").mkdir()
    for number, file in enumerate(sorted((stripes / "train").rglob("*.png"), reverse=True)):
        shutil.copy(file, tmp_path / f"flat/{number}.png")
    config = SelfSupervisedConfig(
        **settings | {"images": str(tmp_path / "flat"), "output": tmp_path / "out"}
    )
    assert pretrain(config).read_bytes() == finished.read_bytes()


# steps: between epochs of 5, and within one
@pytest.mark.parametrize("after", [pytest.param(5, marks=pytest.mark.thorough), 7])
def test_interrupted_it_ends_with_the_same_file(finished, settings, tmp_path, monkeypatch, after):
    from keras_transfer.pretrain.fit_epochs import KeepState

    def stop(self, *_, **__):
        if self.model.optimizer.iterations >= after:
            raise KeyboardInterrupt

    config = SelfSupervisedConfig(**settings, output=tmp_path)
    hook = "on_epoch_begin" if after == 5 else "on_train_batch_end"
    with monkeypatch.context() as patch:
        patch.setattr(KeepState, hook, stop)
        with pytest.raises(KeyboardInterrupt):
            pretrain(config)
    assert pretrain(config).read_bytes() == finished.read_bytes()
    lines = (tmp_path / "history.csv").read_text()
    assert lines == (finished.parent / "history.csv").read_text()


@pytest.mark.thorough
def test_a_finished_one_is_left_alone_and_gets_back_what_is_lost(finished, settings, tmp_path):
    folder = shutil.copytree(finished.parent, tmp_path / "again")
    (folder / "tiny.weights.h5").unlink()
    (folder / "tiny.card.json").unlink()
    assert pretrain(SelfSupervisedConfig(**settings, output=folder)) == folder / "tiny.weights.h5"
    assert (folder / "tiny.weights.h5").read_bytes() == finished.read_bytes()
    assert (folder / "tiny.card.json").exists()


def test_other_images_or_settings_do_not_go_on_there(finished, settings, tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "other.png")
    other = settings | {"images": str(Path(settings["images"]) / "level"), "temperature": 0.3}
    with pytest.raises(ConfigError, match=r"of others: images sha256 .* there, temperature 0\.2"):
        pretrain(SelfSupervisedConfig(**other, output=finished.parent))


@pytest.mark.thorough
def test_a_loss_that_is_no_number_leaves_nothing(settings, tmp_path, monkeypatch):
    from keras_transfer.pretrain.self_supervised.contrastive_loss import ContrastiveLoss

    monkeypatch.setattr(ContrastiveLoss, "call", lambda self, _, said: said[:, 0] * float("nan"))
    config = SelfSupervisedConfig(**settings, output=tmp_path)
    with pytest.raises(ConfigError, match=r"The loss must be a number\. Received: nan in epoch"):
        pretrain(config)
    assert [file.name for file in tmp_path.iterdir()] == ["settings.json"]


CHILD = """
import sys
sys.path.insert(0, {tests!r})
from tiny_backbone import make_tiny_row
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.pretrain import main
BACKBONES["tiny"] = make_tiny_row()
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_killed_it_ends_with_the_same_file(finished, settings, tmp_path):
    code = CHILD.format(tests=str(Path(__file__).parents[2]))
    words = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-c", code, *words, f"--output={tmp_path}"]
    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not (tmp_path / "history.csv").exists() and killed.poll() is None:
        time.sleep(0.002)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not (tmp_path / "tiny.card.json").exists()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == f"{tmp_path / 'tiny.weights.h5'}\n", done.stderr
    assert (tmp_path / "tiny.weights.h5").read_bytes() == finished.read_bytes()
