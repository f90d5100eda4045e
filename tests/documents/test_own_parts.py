"""The Python on the page of own parts runs as it stands, on other images."""

import dataclasses

from pages import ROOT, read_blocks

import keras_transfer as kt


def test_its_example_runs(tiny_config, tmp_path, monkeypatch):
    (example,) = read_blocks(ROOT / "docs/own_parts.md", "python")
    settings = {}

    def load(dataset, **sections):
        assert dataset == "photos"
        settings.update(sections)
        weights = {"level": 1.0, "upright": 2.0}
        data = dataclasses.replace(tiny_config.data, class_weight=weights)
        return dataclasses.replace(tiny_config, output=tmp_path, data=data)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kt, "load_config", load, raising=False)
    names = {}
    exec(compile(example, "own_parts.md", "exec"), names)
    assert settings == {"data": {"class_weight": {"ants": 1, "bees": 2}}}
    assert set(names["run"].given_parts()) == {"callbacks", "augmentation", "head", "loss"}
    assert (tmp_path / "epochs.csv").read_text().count("\n") == 6
