"""Every example configuration is short, says how it is run, and names things that exist."""

import re
from pathlib import Path

import pytest

from keras_transfer.compare import main
from keras_transfer.compare.grid import read_grid
from keras_transfer.config.command_line import build_parser
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.run.load_settings import load_config, parse_config
from keras_transfer.training.plan.preflight import check_names

CONFIGS = [
    file
    for file in sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.yaml"))
    if not file.name.startswith("pretrain_")  # tests/pretrain/test_pretrain.py
]


def test_there_are_examples():
    assert len(CONFIGS) >= 3


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_example_parses_and_its_names_exist(file):
    if is_comparison(file):
        rows = read_grid(read_yaml(file)).rows()
        assert len(rows) > 1
        for row in rows:
            check_names(row.config)
    else:
        check_names(load_config(file))


def is_comparison(file):
    return file.name.startswith("compare_")


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_example_tells_its_command_and_its_result(file):
    lines = file.read_text().splitlines()
    assert 8 <= len(lines) <= 20
    header = [line[2:] for line in lines if line.startswith("# ")]
    verb = "compare" if is_comparison(file) else "train"
    (command,) = [line for line in header if line.startswith(f"python -m keras_transfer.{verb} ")]
    words = command.split()[3:]
    assert words[:2] == ["--config", f"configs/{file.name}"]
    if verb == "train":
        parse_config(build_parser("train"), ["--config", str(file), *words[2:]])
    else:
        assert main([*("--config", str(file)), *words[2:], "--print_config"]) == 0
    (measured,) = [line for line in header if line.startswith("Measured")]
    assert re.search(r"accuracy 0\.\d{3}", " ".join(header[header.index(measured) :]))
