"""The Python on the page of own parts runs as it stands, on other images."""

import dataclasses

import pytest
from pages import ROOT, read_blocks

from keras_transfer import train


@pytest.mark.thorough
def test_its_example_runs(tiny_config, tmp_path, monkeypatch):
    (example,) = read_blocks(ROOT / "docs/own_parts.md", "python")
    original = train.fine_tune

    def train_tiny(config, given):
        assert (config.dataset, config.data.class_weight) == ("photos", {"ants": 1.0, "bees": 2.0})
        return original(dataclasses.replace(tiny_config, output=tmp_path), given)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "fine_tune", train_tiny)
    names = {}
    exec(compile(example, "own_parts.md", "exec"), names)
    assert set(names["run"].given_parts()) == {"callbacks", "augmentation", "head", "loss"}
    assert (tmp_path / "epochs.csv").read_text().count("\n") == 6
