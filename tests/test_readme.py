"""What the README tells people to type is what the program understands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from keras_transfer import export
from keras_transfer.command_line import build_parser, parse_config
from keras_transfer.compare import OWN
from keras_transfer.compare import main as compare
from keras_transfer.comparison.grid import read_grid
from keras_transfer.config import ConfigError
from keras_transfer.config_file import read_yaml
from keras_transfer.evaluate import main as evaluate
from keras_transfer.exports.exporters import choose_exporters
from keras_transfer.models.backbones import BACKBONES
from keras_transfer.names import check_names
from keras_transfer.predict import main as predict

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = {"accuracy": 1.0, "accuracy_interval": [0, 1], "images": 1}
EMPTY = {"reference": REFERENCE | {"expected_calibration_error": 0.0}, "artefacts": []}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands(verb):
    lines = "\n".join(blocks("bash")).replace("\\\n", " ").splitlines()
    found = [line.split(f"keras_transfer.{verb}", 1)[1] for line in lines if f".{verb}" in line]
    return [shlex.split(line, comments=True) for line in found]


@pytest.mark.parametrize("words", commands("train"), ids=" ".join)
def test_every_train_command_is_understood(words, monkeypatch, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "saved_models/RUN").mkdir(parents=True)
    (tmp_path / "saved_models/RUN/config.yaml").touch()
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    if "--list_backbones" not in words and "--help" not in words:
        check_names(parse_config(build_parser("train"), words))


@pytest.mark.parametrize("words", commands("compare"), ids=" ".join)
def test_every_compare_command_is_understood(words, monkeypatch, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    if "--resume" in words:
        with pytest.raises(ConfigError, match=r"A comparison must hold comparison\.yaml"):
            compare(words)
    else:
        assert compare([*words, "--print_config"]) == 0
        grid = tmp_path / "grid.yaml"
        grid.write_text(capsys.readouterr().out)
        settings = {name: v for name, v in read_yaml(grid).items() if name not in OWN}
        for row in read_grid(settings).rows():
            check_names(row.config)


def test_no_number_is_missing():
    assert "RESULT_" not in README


@pytest.mark.parametrize("words", commands("evaluate"), ids=" ".join)
def test_every_evaluate_command_runs(words, finished_run, stripes, monkeypatch, capsys):
    known = {"saved_models/RUN": str(finished_run.path), "other_photos": str(stripes)}
    assert evaluate([known.get(word, word) for word in words]) == 0
    assert "accuracy" in capsys.readouterr().out


@pytest.mark.parametrize("words", commands("predict"), ids=" ".join)
def test_every_predict_command_runs(words, exported_run, stripes, monkeypatch, tmp_path, capsys):
    (tmp_path / "saved_models").mkdir()
    (tmp_path / "saved_models/RUN").symlink_to(exported_run.path)
    (tmp_path / "new_photos").symlink_to(stripes / "test")
    (tmp_path / "photo.jpg").symlink_to(stripes / "test/level/000.png")
    monkeypatch.chdir(tmp_path)
    assert predict(words) == 0
    shown = capsys.readouterr().out
    assert "level" in shown or "level" in (tmp_path / "found.csv").read_text()


@pytest.mark.parametrize("words", commands("export"), ids=" ".join)
def test_every_export_command_is_understood(words, monkeypatch):
    asked = []
    monkeypatch.setattr(export, "export_model", lambda *all: asked.append(all) or EMPTY)
    assert export.main(words) == 0
    choose_exporters(*asked[0][1:3])


def test_the_first_two_commands_set_themselves_up():
    first, second = blocks("bash")[:2]
    assert "keras_transfer.train --backbone efficientnetb0" in first
    assert "pytest" in second
    for block in (first, second):
        assert block.startswith("python3 -m venv")
        assert "pip install" in block


@pytest.mark.slow
def test_the_python_example_runs(tmp_path, monkeypatch):
    (example,) = blocks("python")
    assert len(example.strip().splitlines()) <= 27
    answer = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=280
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert re.search(r"0\.\d+", answer.stdout)


def test_every_backbone_stands_in_the_table():
    for name, row in BACKBONES.items():
        if name != "tiny":
            (line,) = [text for text in README.splitlines() if text.startswith(f"| `{name}` |")]
            assert f"{row.image_size}" in line
            assert ("weights not tested here" in line) == (not row.weights_tested), name


def test_every_dependency_is_explained():
    project = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]\n")[0]
    for name in re.findall(r'^\s+"([\w.-]+)', project, re.MULTILINE):
        assert f"**{name}**" in README, name
