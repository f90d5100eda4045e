"""`train --engine ray`, of which a stand-in for Ray runs the workers here."""

import contextlib
import dataclasses
import re

import numpy as np
import pytest
from fake_ray import FakeRay
from text_run import write_reviews

import keras_transfer.train as train
from keras_transfer.cluster import block_engines
from keras_transfer.cluster.block_engines import Engine
from keras_transfer.config.sections.adapt_settings import AdaptConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.contents.read_files import read_rows
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.activations import activation_blocks

NUMBERS = ("loss", "val_loss", "accuracy", "val_accuracy")


@pytest.fixture
def ray(monkeypatch):
    found = FakeRay(2)
    monkeypatch.setattr(train, "require_package", lambda *_: None)
    monkeypatch.setattr(block_engines, "connecting", lambda _: contextlib.nullcontext(found))
    monkeypatch.setattr(activation_blocks, "BLOCK", 16)
    return found


def assert_same_history(config, ray):
    """Train here and on workers, and compare every epoch."""
    runs = [train.fine_tune(dataclasses.replace(config, name="here"))]
    assert ray.started == 0
    runs.append(train.fine_tune(dataclasses.replace(config, name="ray"), engine=Engine("ray", 2)))
    assert ray.started == 2
    one, other = (read_rows(run.history_file, NUMBERS) for run in runs)
    for name in NUMBERS:
        np.testing.assert_array_equal(one[name], other[name])
    return runs[1]


@pytest.mark.thorough
def test_gradual_of_images_learns_the_same(tiny_config, tmp_path, ray, capsys):
    changes = {"strategy": "gradual", "output": tmp_path, "quiet": False}
    config = dataclasses.replace(tiny_config, frozen=FrozenConfig(epochs=1), **changes)
    run = assert_same_history(config, ray)
    said = capsys.readouterr().out
    assert re.search(r"2 workers of a Ray cluster share this, and [\d.]+ [kM]B come back", said)
    assert "Ray: 2 workers, 1 machine" in said
    assert "engine" not in run.config_file.read_text()


@pytest.mark.thorough
def test_images_of_another_domain_go_the_same_way(tiny_config, stripes, tmp_path, ray):
    adapt = AdaptConfig(target=str(stripes / "test"), method="dann")
    config = dataclasses.replace(tiny_config, adapt=adapt, output=tmp_path)
    assert_same_history(config, ray)


@pytest.mark.thorough
def test_texts_are_sent_to_workers(tiny_text_backbone, tmp_path, ray):
    table = write_reviews(tmp_path / "reviews.csv", 60)
    config = TrainConfig(
        backbone="tiny_text",
        dataset=str(table),
        weights="none",
        data=DataConfig(batch_size=8),
        frozen=FrozenConfig(epochs=1),
        finetune=FinetuneConfig(epochs=1),
        output=tmp_path,
        quiet=True,
    )
    assert_same_history(config, ray)


def test_options_of_the_engine_are_no_settings(capsys):
    config, engine = train.read_options(["--engine", "ray", "--workers", "3", "--seed", "2"])
    assert (config, engine) == (TrainConfig(seed=2), Engine("ray", 3))
    assert train.read_options([]) == (TrainConfig(), Engine())
    with pytest.raises(SystemExit):
        train.read_options(["--engine", "ray", "--print_config"])
    assert "engine" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "must"),
    [
        (["--workers", "2"], r"`workers` must be left out without --engine ray\. Received: 2"),
        (["--engine", "ray", "--workers", "0"], r"`workers` must be a whole number from 1"),
        (["--engine", "rai"], r"Did you mean 'ray'"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_at_once(words, must):
    with pytest.raises(ConfigError, match=must):
        train.read_options(words)


@pytest.mark.thorough
def test_workers_without_work_are_told(tiny_config, tmp_path, ray, capsys):
    frozen, finetune = FrozenConfig(epochs=0), FinetuneConfig(epochs=1)
    changes = {"strategy": "full", "output": tmp_path, "quiet": False}
    config = dataclasses.replace(tiny_config, frozen=frozen, finetune=finetune, **changes)
    train.fine_tune(config, engine=Engine("ray"))
    assert "workers of a cluster have nothing to do" in capsys.readouterr().out
    assert ray.started == 0
