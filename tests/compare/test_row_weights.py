"""Weights are found, or refused, before any row is trained; all rows of a backbone get the same."""

import json
from pathlib import Path

import pytest
from fake_train import FAIL
from weight_files import write_weights

from keras_transfer.compare import compare_runs, main
from keras_transfer.compare.grid import read_weight_words
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.models.weights import pretrained_weights
from keras_transfer.system.errors import ConfigError

BOTH = ["mobilenetv3small", "mobilenetv2"]  # the second has no bundled weights


@pytest.fixture
def off_line(monkeypatch, tmp_path):
    """No server answers and nothing is cached; return the addresses that were asked."""
    asked = []
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(pretrained_weights, "find_fault", lambda url: asked.append(url) or "none")
    return asked


@pytest.fixture
def auto(base):
    return {name: value for name, value in base.items() if name != "weights"}


def read_row_weights(comparison):
    """Return what each row was told to start from, by its name."""
    files = sorted(comparison.rows.glob("*.yaml"))
    return {file.stem: read_yaml(file)["weights"] for file in files}


@pytest.mark.parametrize("weights", ["auto", "imagenet"])
def test_nothing_is_trained_where_weights_cannot_be_had(
    auto, fake_train, off_line, tmp_path, weights
):
    with pytest.raises(ConfigError) as caught:
        compare_runs(**auto, backbones=BOTH, weights=weights)
    message = str(caught.value)
    assert "The ImageNet weights of mobilenetv2 must be cached or within reach." in message
    assert ("weights of mobilenetv3small" in message) == (weights == "imagenet")
    assert "--weights mobilenetv2=PATH" in message
    assert not (tmp_path / "all").exists()


def test_rows_that_need_no_weights_are_not_asked_for_them(auto, fake_train, off_line):
    scratch = {"backbone": "mobilenetv2", "strategy": "from_scratch"}
    table = compare_runs(**auto | scratch).results()
    assert table["status"] == ["finished"]
    assert off_line == []


def test_auto_is_settled_once_for_a_backbone_and_said(auto, fake_train, off_line, capsys):
    comparison = compare_runs(**auto | {"quiet": False}, seeds=[0, 1])
    assert len(off_line) == 1
    assert {*read_row_weights(comparison).values()} == {"bundled"}
    shown = capsys.readouterr().out
    assert "Weights of mobilenetv3small: bundled, " in shown
    assert shown.count("The bundled weights stand in and know less") == 1
    assert comparison.read_grid().base.weights == "auto"


def test_later_rows_get_what_auto_came_to_in_earlier_ones(auto, fake_train, off_line):
    comparison = compare_runs(**auto, grid={"head.hidden": [0, FAIL]})
    finished = comparison.path / comparison.results()["run"][0] / "metrics.json"
    metrics = json.loads(finished.read_text()) | {"weights": "bundled"}
    finished.write_text(json.dumps(metrics))
    off_line.clear()
    for file in comparison.runs.glob("*/config.yaml"):
        if not file.with_name("metrics.json").exists():
            file.unlink()
    (comparison.runs / "healthy").touch()
    again = compare_runs(resume=comparison.path)
    assert again.results()["status"] == ["finished", "finished"]
    assert {*read_row_weights(again).values()} == {"bundled"}
    assert off_line == []


def test_finished_rows_are_not_asked_for_their_weights_again(auto, fake_train, tmp_path):
    file = write_weights(tmp_path / "a.weights.h5")
    comparison = compare_runs(**auto, weights=file)
    file.unlink()
    assert compare_runs(resume=comparison.path).results()["status"] == ["finished"]


def test_weights_that_are_gone_later_are_warned_of_and_the_others_go_on(
    auto, fake_train, tmp_path, capsys
):
    files = {name: str(write_weights(tmp_path / f"{name}.h5", name)) for name in BOTH}
    grid = {"head.hidden": [FAIL]}
    comparison = compare_runs(**auto, backbones=BOTH, weights=files, grid=grid)
    Path(files["mobilenetv2"]).unlink()
    capsys.readouterr()
    (comparison.runs / "healthy").touch()
    again = compare_runs(resume=comparison.path)
    assert again.results()["status"][0] == "finished"
    shown = capsys.readouterr().err
    assert f"Received: {files['mobilenetv2']}, which does not exist" in shown


def test_a_file_of_a_smaller_network_is_refused_at_once(auto, tmp_path):
    file = str(write_weights(tmp_path / "small.h5"))
    with pytest.raises(ConfigError, match=r"those of mobilenetv2 .* another network, of 939,120 n"):
        compare_runs(**auto, backbones=BOTH, weights=dict.fromkeys(BOTH, file))
    assert not (tmp_path / "all").exists()


def test_each_backbone_has_its_file_from_the_command_line_on(auto, fake_train, tmp_path, capsys):
    files = {name: write_weights(tmp_path / f"{name}.h5", name) for name in BOTH}
    words = [f"--{name}={value}" for name, value in auto.items()]
    named = [f"{name}={file}" for name, file in files.items()]
    assert main([*words, "--backbones", *BOTH, "--weights", *named]) == 0
    grid = read_yaml(tmp_path / "all/comparison.yaml")
    assert grid["weights"] == {name: str(file) for name, file in files.items()}
    rows = {file.stem: read_yaml(file) for file in (tmp_path / "all/rows").glob("*.yaml")}
    for row in rows.values():
        assert row["weights"] == str(files[row["backbone"]])
    assert main(["--resume", str(tmp_path / "all")]) == 0


def test_words_for_weights_are_one_for_all_or_one_for_each(tmp_path):
    odd = tmp_path / "a=b.h5"
    odd.touch()
    assert read_weight_words(["imagenet"]) == "imagenet"
    assert read_weight_words([str(odd)]) == str(odd)
    assert read_weight_words([f"resnet50={odd}"]) == {"resnet50": str(odd)}
    assert read_weight_words(["a=none", "b=x.h5"]) == {"a": "none", "b": "x.h5"}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["mobilenetv22=none"], r"Received: mobilenetv22\. Did you mean 'mobilenetv2'"),
        (["vgg16=none"], "Received: vgg16. Leave it out, or add it to the backbones"),
        (["mobilenetv2=none", "mobilenetv2=auto"], "name a backbone once. Received: mobilenetv2"),
        (["mobilenetv2=none", "auto"], "Received: 'auto' beside others. Write BACKBONE=auto"),
        (["mobilenetv2="], r"`weights.mobilenetv2` must be a path, .* Received: ''"),
        (["mobilenetv2=imagnet"], "Received: imagnet, which does not exist. Did you mean"),
        (["/a/file.h5"], r"or mobilenetv3small=FILE mobilenetv2=FILE\. Received: '/a/file.h5'"),
        ([], "`weights` must be followed by a value"),
    ],
)
def test_wrong_words_for_weights_are_refused_in_one_line(words, answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=answer):
        main(["--backbones", *BOTH, "--weights", *words])
    assert list(tmp_path.iterdir()) == []
