from pathlib import Path

import pytest

from keras_transfer.compare import row_training
from keras_transfer.compare.reports import comparison_figure


@pytest.fixture
def fake_train(monkeypatch):
    """Let rows be trained by fake_train.py, and draw no figure: it takes as long as all else."""

    def draw(configurations, folder, file):
        file.write_bytes(b"PNG")

    monkeypatch.setattr(comparison_figure, "draw_comparison", draw)
    monkeypatch.setattr(row_training, "COMMAND", (str(Path(__file__).with_name("fake_train.py")),))


@pytest.fixture
def base(stripes, tmp_path):
    """Settings of a comparison, for `compare_runs`."""
    return {
        "dataset": str(stripes),
        "backbone": "mobilenetv3small",
        "weights": "none",
        "output": str(tmp_path),
        "name": "all",
        "quiet": True,
    }
