"""A run on generated images that may be cut off anywhere, and what it gives in one piece."""

import contextlib
import dataclasses
import shutil

import pytest

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.run_directory import Run


@pytest.fixture(scope="session")
def cut_config(tiny_config):
    """Settings under which a mistake shows: dropout, Adam's moments, early stopping, BatchNorm."""
    return dataclasses.replace(
        tiny_config,
        frozen=dataclasses.replace(tiny_config.frozen, epochs=4),
        finetune=dataclasses.replace(tiny_config.finetune, epochs=4, locked_layers="block2"),
        optimizer=OptimizerConfig(patience=3),
        cache=CacheConfig(views=2),
    )


@pytest.fixture(scope="session")
def train(cut_config, drawn):
    """Return a function that begins a run in a folder, or goes on with one."""
    from keras_transfer.train import fine_tune

    def call(output=None, resume=None, *, figures=False, **changes):
        if resume is None:
            config = dataclasses.replace(cut_config, output=output, **{"name": "run"} | changes)
        else:
            config = load_config(resume=str(resume), **changes)
        with drawn() if figures else contextlib.nullcontext():
            return fine_tune(config)

    return call


@pytest.fixture(scope="session")
def whole_run(train, tmp_path_factory):
    """What nobody interrupted; read it only."""
    return train(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def interrupt(train):
    """Return a function that begins a run, or goes on, and ends it after so many of its epochs."""
    from keras_transfer.training.checkpoints import Checkpoints

    def call(epochs, output=None, resume=None, **changes):
        left = [epochs]
        original = Checkpoints.keep

        def keep(self, *words):
            original(self, *words)
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Checkpoints, "keep", keep)
            with pytest.raises(KeyboardInterrupt):
                train(output, resume, **changes)
        return Run(resume or output / changes.get("name", "run"))

    return call


@pytest.fixture(scope="session")
def cut_runs(interrupt, tmp_path_factory):
    """Return a function that gives the run cut off after so many epochs; copy it."""
    made = {}

    def call(epochs):
        if epochs not in made:
            made[epochs] = interrupt(epochs, tmp_path_factory.mktemp(f"cut{epochs}"))
        return made[epochs]

    return call


@pytest.fixture
def cut_run(cut_runs, tmp_path):
    """Return a function that gives a copy of the run cut off after so many epochs."""
    return lambda epochs: Run(shutil.copytree(cut_runs(epochs).path, tmp_path / "run"))
