"""The command that makes the bundled weights."""

import csv
import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from keras_transfer.pretrain import PretrainConfig, main, pretrain
from keras_transfer.system.errors import ConfigError

SETTINGS = {
    "backbone": "tiny",
    "pictures": 64,
    "epochs": 3,
    "batch_size": 16,
    "side": 48,
    "learning_rate": 0.03,
}

pytestmark = pytest.mark.usefixtures("tiny_backbone")


def _read(file):
    found = {}
    with h5py.File(file) as stream:
        stream.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def _losses(folder):
    with (folder / "history.csv").open() as stream:
        return [(row["epoch"], float(row["loss"])) for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_row):
    from keras_transfer.models.backbones.backbone_table import BACKBONES

    folder = tmp_path_factory.mktemp("pretrain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", tiny_row)
        file = pretrain(PretrainConfig(**SETTINGS, output=folder))
    return folder, file


@pytest.mark.thorough
def test_it_learns_and_leaves_half_precision_weights_that_train_can_load(finished, tiny_row):
    from keras_transfer.models.build_model import build_backbone
    from keras_transfer.models.weights.pretrained_weights import find_weights
    from keras_transfer.models.weights.weight_loading import load_weights

    folder, file = finished
    losses = [loss for _, loss in _losses(folder)]
    assert losses[-1] < 0.95 * losses[0]
    assert file == folder / "tiny.weights.h5"
    assert {array.dtype for array in _read(file).values()} == {np.dtype("float16")}
    backbone = build_backbone(tiny_row, 32)
    load_weights(backbone, "tiny", find_weights("tiny", tiny_row, str(file)))
    statistics = [v for v in backbone.weights if "moving_mean" in v.path]
    assert len(statistics) == 3
    assert all(np.abs(np.asarray(values)).max() > 0 for values in statistics)


@pytest.mark.thorough
def test_weights_that_were_moved_away_are_written_again(finished, tmp_path):
    folder, file = finished
    again = shutil.copytree(folder, tmp_path / "again")
    (again / file.name).unlink()
    found = _read(pretrain(PretrainConfig(**SETTINGS, output=again)))
    for name, values in _read(file).items():
        np.testing.assert_array_equal(values, found[name])


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("within an epoch", marks=pytest.mark.thorough),
        pytest.param("between epochs", marks=pytest.mark.slow),
    ],
)
def test_it_goes_on_to_the_same_weights(finished, tmp_path, monkeypatch, when):
    from keras_transfer.pretrain.fit_epochs import KeepState

    def stop(self, *_, **__):
        if self.model.optimizer.iterations >= (4 if when == "between epochs" else 6):
            raise KeyboardInterrupt

    config = PretrainConfig(**SETTINGS, output=tmp_path)
    hook = "on_epoch_begin" if when == "between epochs" else "on_train_batch_end"
    with monkeypatch.context() as patch:
        patch.setattr(KeepState, hook, stop)
        with pytest.raises(KeyboardInterrupt):
            pretrain(config)
    pretrain(config)
    for name, values in _read(finished[0] / "state.weights.h5").items():
        np.testing.assert_array_equal(values, _read(tmp_path / "state.weights.h5")[name], name)
    assert _losses(tmp_path) == _losses(finished[0])


@pytest.mark.thorough
def test_a_finished_one_is_left_alone(finished):
    folder, file = finished
    before = file.read_bytes()
    assert pretrain(PretrainConfig(**SETTINGS, output=folder)) == file
    assert file.read_bytes() == before
    assert len(_losses(folder)) == 3


@pytest.mark.thorough
def test_a_folder_of_other_settings_is_an_error(finished):
    folder, _ = finished
    config = PretrainConfig(**SETTINGS | {"seed": 1}, output=folder)
    with pytest.raises(ConfigError, match=r"`output` must be a new folder or one of the same"):
        pretrain(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "`epochs` must be from 1 to 1,000,000. Received: 0"),
        ({"pictures": 8}, "`pictures` must be a batch of 16 or more. Received: 8"),
        ({"side": 100}, "`side` must be a multiple of 24 from 48 to 4080. Received: 100"),
        ({"learning_rate": 0.0}, "`learning_rate` must be above 0, at most 100. Received: 0.0"),
        ({"batch_size": "x"}, "`batch_size` must be a whole number"),
    ],
)
def test_settings_that_cannot_be(change, message):
    with pytest.raises(ConfigError, match=message):
        PretrainConfig(**SETTINGS | change)


def test_the_command_reads_a_file_and_options(monkeypatch, tmp_path, capsys):
    from keras_transfer import pretrain as module

    seen = []
    monkeypatch.setattr(module, "pretrain", lambda config: seen.append(config) or "weights")
    (tmp_path / "settings.yaml").write_text("backbone: mobilenetv3small\nlearning_rate: 3e-3\n")
    main(["--config", str(tmp_path / "settings.yaml"), "--epochs", "5"])
    assert seen == [PretrainConfig(backbone="mobilenetv3small", learning_rate=3e-3, epochs=5)]
    assert capsys.readouterr().out == "weights\n"
    (tmp_path / "settings.yaml").write_text("epoch: 3\n")
    with pytest.raises(ConfigError, match=r"Unknown setting 'epoch'\. Did you mean '--epochs'"):
        main(["--config", str(tmp_path / "settings.yaml")])
    with pytest.raises(ConfigError, match="Unknown option --epoch"):
        main(["--epoch", "5"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seed: 1\nseed: 2\n", "line 2: 'seed' stands in line 1 already"),
        ("seed: " + "[" * 40_000, "line 1: it is nested more than 20 deep"),
        ("data:\n  seed: 1\n", "Unknown setting 'data'"),
        ("output: 3\n", "`output` must be a path. Received: 3"),
    ],
)
def test_its_file_is_read_as_that_of_a_training(tmp_path, content, message):
    (tmp_path / "settings.yaml").write_text(content)
    with pytest.raises(ConfigError, match=message):
        main(["--config", str(tmp_path / "settings.yaml")])


def test_the_settings_that_it_prints_are_those_that_it_reads(tmp_path, capsys):
    assert main(["--seed", "7", "--learning_rate", "1e-3", "--print_config"]) == 0
    printed = capsys.readouterr().out
    (tmp_path / "settings.yaml").write_text(printed)
    assert main(["--config", str(tmp_path / "settings.yaml"), "--print_config"]) == 0
    assert capsys.readouterr().out == printed
    assert "seed: 7" in printed


def test_output_must_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="`output` must be a folder"):
        pretrain(PretrainConfig(**SETTINGS, output=tmp_path / "file"))


def test_an_unknown_backbone_comes_before_any_work(tmp_path):
    with pytest.raises(ConfigError, match="efficientnetb0"):
        pretrain(PretrainConfig(backbone="efficientnet0", output=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


@pytest.mark.thorough
def test_only_numpy_pillow_and_keras_are_needed():
    """So that it runs under every Keras backend."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('tensorflow_datasets', 'sklearn', 'scipy', "
        "'matplotlib', 'jsonargparse', 'psutil')));"
        "import keras_transfer.pretrain, json; print(json.dumps('keras' in sys.modules));"
        "import keras, keras_transfer.pretrain.fit_descriptors"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0]) is False  # Keras comes when it is needed
