"""The command that looks for what is wrong with a data set."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from PIL import Image

import keras_transfer as kt
from keras_transfer.check import main
from keras_transfer.system.errors import ConfigError


def test_a_good_set_exits_0(stripes, capsys):
    assert main([str(stripes)]) == 0
    out = capsys.readouterr().out
    assert "128 files in 2 classes" in out
    assert out.endswith("Nothing is wrong.\n")


def break_file(root):
    (root / "train/level/broken.png").write_bytes(b"x")


def leak(root):
    shutil.copy(root / "train/level/000.png", root / "val/level/copy.png")


def leak_nearly(root):
    for split, size in (("train", 200), ("test", 150)):
        image = Image.linear_gradient("L").rotate(45).resize((size, size))
        image.save(root / split / "level/large.png")


def mislabel(root):
    shutil.copy(root / "train/level/000.png", root / "train/upright/copy.png")


@pytest.mark.parametrize("spoil", [break_file, leak, leak_nearly, mislabel])
def test_what_is_wrong_exits_1_and_is_named(stripes, tmp_path, capsys, spoil):
    root = shutil.copytree(stripes, tmp_path / "set")
    spoil(root)
    assert main([str(root), "--report", str(tmp_path / "report.json")]) == 1
    assert "Wrong: " in capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())
    assert report == kt.check_dataset(root)
    assert len(report["unusable"]) + len(report["duplicates"]) == 1


def test_nothing_in_a_name_acts_on_the_terminal(stripes, tmp_path, capfd):
    root = shutil.copytree(stripes, tmp_path / "set")
    for split in ("train", "val", "test"):
        (root / split / "level").rename(root / split / "\x1b[31mle\u202evel")
    (root / "train/upright/bro\x1b]0;ken\x07\nNothing is wrong.png").write_bytes(b"x")
    (root / "train/\x9b31mloose\nWARNING: all is well.png").write_bytes(b"x")
    assert main([str(root)]) == 1
    out, err = capfd.readouterr()
    assert {letter for letter in out + err if not letter.isprintable()} == {"\n"}
    assert r"\x1b[31mle\u202evel" in out
    assert r"bro\x1b]0;ken\x07\nNothing is wrong.png" in out
    assert [line for line in err.splitlines() if line.startswith("WARNING: all")] == []


def test_odd_files_are_not_wrong(stripes, tmp_path, capsys):
    root = shutil.copytree(stripes, tmp_path / "set")
    (root / "val/level/000.png").rename(root / "val/level/000.jpg")
    assert main([str(root)]) == 0
    assert "wrong extension" in capsys.readouterr().out


def test_wrong_words_are_refused(stripes, tmp_path):
    with pytest.raises(ConfigError, match="no such path"):
        main([str(tmp_path / "nowhere")])
    with pytest.raises(ConfigError, match="`report` must be a file in a folder"):
        main([str(stripes), "--report", str(tmp_path / "nowhere/report.json")])
    with pytest.raises(ConfigError, match="Unknown option --reprot"):
        main([str(stripes), "--reprot", "x"])


def test_neither_tensorflow_nor_keras_is_needed():
    code = (
        "import sys; from keras_transfer.check import main; code = main(['digits']); "
        "print(code, [m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_a_terminal_that_cannot_draw_lines_shows_the_table_all_the_same(stripes):
    done = subprocess.run(
        [sys.executable, "-m", "keras_transfer.check", str(stripes)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "level" in done.stdout
    assert done.stdout.endswith("Nothing is wrong.\n")
