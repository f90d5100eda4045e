"""The README is short, and what it tells people to type first is there and works."""

import re
import subprocess
import sys

import pytest
from pages import README, ROOT, read, read_blocks


def test_it_is_short():
    assert len(read(README).splitlines()) <= 180


def test_the_first_two_commands_set_themselves_up():
    first, second = read_blocks(README, "bash")[:2]
    assert "keras_transfer.train --backbone efficientnetb0" in first
    assert "pytest" in second
    for block in (first, second):
        assert block.startswith("python3 -m venv")
        assert "pip install" in block


@pytest.mark.thorough
def test_the_python_example_runs(tmp_path):
    (example,) = read_blocks(README, "python")
    assert len(example.strip().splitlines()) <= 27
    answer = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=280
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert re.search(r"0\.\d+", answer.stdout)


def test_every_dependency_is_explained():
    project = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]\n")[0]
    for name in re.findall(r'^\s+"([\w.-]+)', project, re.MULTILINE):
        assert f"**{name}**" in read(README), name
