"""A run directory that was just begun."""

import pytest

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_directory import Run


@pytest.fixture
def run(tmp_path):
    return Run.create(TrainConfig(output=tmp_path / "runs", name="first"))
