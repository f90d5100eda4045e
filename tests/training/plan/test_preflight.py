"""What is wrong in the settings is said before TensorFlow is loaded or anything is downloaded."""

import h5py
import numpy as np
import pytest

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.sections.regularize_settings import RegularizeConfig
from keras_transfer.config.train_config import TrainConfig, WeightsWord
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.optimization.optimizers import OPTIMIZERS
from keras_transfer.training.optimization.regularizers import REGULARIZERS
from keras_transfer.training.optimization.schedules import SCHEDULES
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.training.plan.strategies import STRATEGIES


def find_texts(name):
    """Return settings of texts for a backbone that takes them."""
    if name not in BACKBONES or BACKBONES[name].takes == "images":
        return {}
    return {"dataset": "tfds:imdb_reviews", "data": DataConfig(modality="text")}


# Each table by the setting that names a row of it, and that setting with a name.
TABLES = {
    "backbone": (BACKBONES, lambda name: {"backbone": name, **find_texts(name)}),
    # of a backbone that every strategy can train
    "strategy": (STRATEGIES, lambda name: {"strategy": name, "backbone": "vitb16"}),
    "augment.preset": (AUGMENTATIONS, lambda name: {"augment": AugmentConfig(preset=name)}),
    "optimizer.name": (OPTIMIZERS, lambda name: {"optimizer": OptimizerConfig(name=name)}),
    "optimizer.schedule": (SCHEDULES, lambda name: {"optimizer": OptimizerConfig(schedule=name)}),
    "regularize.name": (
        REGULARIZERS,
        lambda name: {"regularize": RegularizeConfig(name=name, source="digits")},
    ),
}


def refuse(**settings):
    with pytest.raises(ConfigError) as caught:
        check_names(TrainConfig(**settings))
    return str(caught.value)


@pytest.mark.parametrize("setting", TABLES)
def test_every_row_of_a_table_is_known_and_no_other_name(setting):
    table, name_row = TABLES[setting]
    for name in table:
        check_names(TrainConfig(**name_row(name)))
        assert f"Unknown {setting} '{name}x'. Did you mean " in refuse(**name_row(f"{name}x"))
    assert refuse(**name_row("?")).startswith(f"Unknown {setting} '?'. Known: ")


def test_a_row_that_is_added_is_known(monkeypatch):
    for setting, (table, name_row) in TABLES.items():
        monkeypatch.setitem(table, "new", next(iter(table.values())))
        check_names(TrainConfig(**name_row("new")))
        assert refuse(**name_row("neww")).endswith("Did you mean 'new'?"), setting


@pytest.mark.parametrize("name", [name for name, row in REGULARIZERS.items() if row.needs_source])
def test_a_regularizer_that_needs_a_source_is_refused_without_one(name):
    assert refuse(regularize=RegularizeConfig(name=name)) == (
        f"`regularize.source` must be a data set or a run where regularize.name is {name}. "
        "Received: None."
    )


@pytest.mark.parametrize("word", WeightsWord)
def test_every_word_for_weights_is_taken(word):
    check_names(TrainConfig(weights=word))


def test_weights_that_are_neither_a_word_nor_there_are_refused(tmp_path):
    assert refuse(weights="imagnet") == (
        "`weights` must be auto, imagenet, bundled, preset, none, or the path of a weights file or "
        "run directory. Received: imagnet, which does not exist. Did you mean 'imagenet'?"
    )
    file = tmp_path / "a.weights.h5"
    assert refuse(weights=file).endswith(f"Received: {file}, which does not exist.")
    file.touch()
    assert "Received: an empty file." in refuse(weights=file)
    check_names(TrainConfig(weights=file, strategy="from_scratch"))
    page = tmp_path / "page.md"
    page.write_text("no weights")
    assert f"file that ends in .weights.h5, .h5, .keras. Received: {page}." in refuse(weights=page)
    assert refuse(weights=tmp_path).startswith("A run directory must hold config.yaml. ")


def test_weights_of_another_backbone_are_refused_and_it_is_named(tmp_path):
    file = tmp_path / "a.weights.h5"
    with h5py.File(file, "w") as opened:
        opened["layers/all/vars/0"] = np.zeros(BACKBONES["mobilenetv3small"].parameters, np.int8)
    check_names(TrainConfig(weights=file, backbone="mobilenetv3small"))
    line = refuse(weights=file, backbone="efficientnetb0")
    assert "must be those of efficientnetb0" in line
    assert "another network, of 939,120 numbers where 4,049,571 are needed" in line
    assert line.endswith(
        " mobilenetv3small has as many: choose it as the backbone, or another file."
    )


def test_a_file_of_splits_that_is_not_there_is_refused(tmp_path):
    data = DataConfig(split_file=tmp_path / "gone.csv")
    with pytest.raises(ConfigError, match=r"`data\.split_file` must be a file"):
        check_names(TrainConfig(data=data))


def test_an_interrupted_run_does_not_need_its_weights_again():
    check_names(TrainConfig(weights="gone.weights.h5", resume="some/run"))
