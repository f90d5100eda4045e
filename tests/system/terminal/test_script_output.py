"""The answers of commands to scripts: whole, alone on standard output, and the same everywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_transfer.system.terminal.script_output import print_json, print_path, reserving_output

NAME = "Bücher/蜂\u202e🐝\x9b\x1b[2J"


def run(script, *words, **settings):
    return subprocess.run([sys.executable, "-c", script, *words], capture_output=True, **settings)


def test_an_object_is_one_line_that_parses_to_what_went_in(capsys):
    content = {"name": NAME, "lost": "\udce9", "list": [1, 2.5, True, None], "at": Path("a/b")}
    print_json(content)
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    assert shown.endswith("\n")
    assert json.loads(shown) == content | {"at": str(Path("a/b"))}


def test_numbers_are_plain_and_those_that_are_not_finite_are_null(capsys):
    odd = [np.float32(0.5), np.int64(3), np.nan, float("inf"), np.float32("nan"), np.float64(2)]
    print_json({"odd": odd, "deep": {"pair": (1, float("-inf"))}})
    found = json.loads(capsys.readouterr().out)
    assert found == {"odd": [0.5, 3, None, None, None, 2.0], "deep": {"pair": [1, None]}}


def test_nothing_reaches_a_terminal_that_cannot_be_seen(capsys):
    print_json({"name": NAME})
    shown = capsys.readouterr().out.rstrip("\n")
    assert shown.isprintable()
    assert "Bücher/蜂" in shown
    assert "🐝" in shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_text_is_utf_8_whatever_the_locale(encoding):
    script = (
        "from keras_transfer.config.command_line import run_command\n"
        "from keras_transfer.system.terminal.script_output import print_json\n"
        "def command(words):\n"
        "    print('before')\n"
        "    print_json({'name': 'B\\xfccher'})\n"
        "    return 0\n"
        "run_command(command)\n"
    )
    done = run(script, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert done.stdout == 'before\n{"name": "Bücher"}\n'.encode(), done.stderr


@pytest.mark.parametrize("name", [b"plain", b"caf\xe9", "蜂".encode()])
def test_a_path_is_printed_in_full_and_byte_for_byte(name, tmp_path):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from keras_transfer.system.terminal.script_output import print_path\n"
        "print_path(Path(sys.argv[1]))\n"
    )
    done = run(script, os.fsdecode(name), cwd=tmp_path)
    assert done.stdout == os.fsencode(tmp_path) + b"/" + name + b"\n", done.stderr


def test_a_path_on_a_terminal_cannot_hide_anything(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_path(Path("/a\x1b[2J"))
    assert capsys.readouterr().out == "/a\\x1b[2J\n"


def test_what_libraries_print_goes_to_standard_error_while_output_is_reserved(capsys):
    with reserving_output(True):
        print("42%")
    with reserving_output(False):
        print("answer")
    assert capsys.readouterr() == ("answer\n", "42%\n")
