"""`--assert_accuracy_at_least` of train and evaluate; that of export is in test_export.py."""

import pytest

from keras_transfer import evaluate, train
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def trained(unsure_run, monkeypatch):
    """Have `train` find a finished run instead of making one; return its test accuracy."""
    monkeypatch.setattr(train, "fine_tune", lambda config, **more: unsure_run)
    return unsure_run.metrics()["splits"]["test"]["accuracy"]


@pytest.mark.thorough
def test_train_fails_below_the_accuracy_asked_for(trained, capsys):
    assert 0.5 < trained < 1
    assert train.main([]) == 0
    assert train.main(["--assert_accuracy_at_least", str(trained)]) == 0
    assert capsys.readouterr().err == ""
    assert train.main(["--assert_accuracy_at_least", "1"]) == 1
    error = f"error: Accuracy must be at least 1. Received: {trained:.4f} (test).\n"
    assert capsys.readouterr().err == error


def test_evaluate_fails_below_the_accuracy_asked_for(unsure_run, trained, capsys, tmp_path):
    words = [str(unsure_run.path), "--output", str(tmp_path / "out"), "--assert_accuracy_at_least"]
    assert evaluate.main([*words, str(trained)]) == 0
    assert evaluate.main([*words, "1"]) == 1
    shown = capsys.readouterr()
    assert "(test)" in shown.err
    assert "accuracy" in shown.out


def test_only_shares_can_be_asked_for(unsure_run):
    with pytest.raises(ConfigError, match=r"\[0, 1\]"):
        TrainConfig(assert_accuracy_at_least=90.0)
    with pytest.raises(ConfigError, match=r"90 is no number in \[0, 1\]"):
        evaluate.main([str(unsure_run.path), "--assert_accuracy_at_least", "90"])
