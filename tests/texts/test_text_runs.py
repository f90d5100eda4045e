"""Trainings on texts: what a run directory holds, and that kept work is the work itself."""

import dataclasses

import keras
import numpy as np
import pytest
from tiny_text_backbone import write_reviews

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.train import fine_tune


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    file = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    write_reviews(file, 240)
    return file


@pytest.fixture(scope="module")
def config(reviews, tiny_text_backbone, tmp_path_factory):
    return TrainConfig(
        backbone="tiny_text",
        dataset=str(reviews),
        data=DataConfig(batch_size=16),
        frozen=FrozenConfig(epochs=3, learning_rate=0.03),
        finetune=FinetuneConfig(epochs=12, learning_rate=1e-2, locked_layers="layer_1"),
        output=tmp_path_factory.mktemp("runs"),
        quiet=True,
    )


def read_model(run):
    return keras.models.load_model(run.model_file, compile=False)


@pytest.fixture(scope="module")
def finished(config):
    return fine_tune(config)


def test_a_run_learns_from_texts_and_keeps_what_reads_them(finished):
    assert finished.metrics()["splits"]["test"]["accuracy"] > 0.7
    model = read_model(finished)
    assert [tensor.shape for tensor in model.inputs] == [(None, None)]
    assert model.inputs[0].dtype == "int32"
    assert (finished.tokenizer / "tokenizer.json").is_file()
    config = finished.config_file.read_text()
    assert "modality: text" in config
    assert "schedule: linear" in config
    assert "clip_norm: 1.0" in config


def test_the_texts_of_a_run_are_divided_by_what_they_say(finished):
    table = read_table(finished.split_file)
    assert {*table["split"]} == {"train", "validation", "test"}
    assert all(path.startswith("reviews.csv:") for path in table["path"])
    assert len({*table["sha256"]}) == len(table["sha256"])


@pytest.mark.thorough
def test_kept_and_streamed_training_end_alike(config):
    """What float16 rounds grows with every step, so there are few of them.

    One frozen epoch, so that the second phase comes further and its weights are those kept.
    """
    short = dataclasses.replace(
        config,
        frozen=dataclasses.replace(config.frozen, epochs=1),
        finetune=dataclasses.replace(config.finetune, epochs=4),
    )
    runs = [
        fine_tune(dataclasses.replace(short, name=mode, cache=CacheConfig(mode=mode)))
        for mode in ("on", "off")
    ]
    moved = 0
    for kept, other in zip(*(read_model(run).get_weights() for run in runs), strict=True):
        np.testing.assert_allclose(kept, other, atol=2e-3)  # at most 2.3e-4 was seen
        moved += not np.array_equal(kept, other)
    assert moved > 0
    kept, other = (run.history_table()["val_loss"] for run in runs)
    np.testing.assert_allclose(np.float64(kept), np.float64(other), atol=5e-3)


def test_padding_changes_no_answer(finished):
    model = read_model(finished)
    ids = np.array([[2, 5, 7, 9, 3]], np.int32)
    padded = np.pad(ids, ((0, 0), (0, 30)))
    np.testing.assert_allclose(model(ids), model(padded), atol=1e-6)


def test_a_backbone_for_images_is_refused_in_a_line(config):
    with pytest.raises(ConfigError, match=r"must take texts, which .* Received: resnet50"):
        fine_tune(dataclasses.replace(config, backbone="resnet50"))


def test_a_backbone_for_texts_is_refused_for_images(config, stripes):
    with pytest.raises(ConfigError, match="`backbone` must take images"):
        fine_tune(dataclasses.replace(config, dataset=str(stripes)))


def test_a_rate_at_which_encoders_forget_is_warned_of(finished):
    assert "0.01: above 5e-05 an encoder of texts usually forgets" in finished.log_file.read_text()


@pytest.mark.thorough
@pytest.mark.parametrize("strategy", ["lora", "full"])
def test_every_strategy_trains_on_texts(strategy, config):
    short = dataclasses.replace(config.frozen, epochs="auto" if strategy == "full" else 1)
    finetune = dataclasses.replace(config.finetune, epochs=2, locked_layers="auto", last_blocks=1)
    run = fine_tune(
        dataclasses.replace(
            config, strategy=strategy, frozen=short, finetune=finetune, report="off"
        )
    )
    epochs = {"full": 2, "lora": 3}[strategy]
    assert len(run.history_table()["epoch"]) == epochs
    assert run.metrics()["strategy"] == strategy
