"""The command that looks for what is wrong with a data set."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

import pytest
from json_answers import read_answer
from PIL import Image

import keras_transfer as kt
from keras_transfer.check import main
from keras_transfer.data import divided_examples
from keras_transfer.data.divided_examples import divide_examples
from keras_transfer.evaluation.domain_gap import set_gap
from keras_transfer.images.modality import IMAGE
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.run.load_settings import load_config
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


@pytest.mark.parametrize(
    ("counts", "settings", "message"),
    [
        ({"a": 4, "b": 4}, {}, ""),
        ({"a": 4, "b": 2}, {}, "Received: b (2), with fewer images than splits"),
        ({"a": 4, "b": 4, "c": 1}, {}, "Received: c (1), with fewer images than splits"),
        ({"a": 4, "b": 4, "c": 0}, {}, "Received: c (0), with fewer images than splits"),
        ({"a": 4, "b": 4, "c": 1}, {"rare_classes": "drop"}, ""),
        ({"a": 4, "b": 4, "c": 1}, {"rare_classes": "train_only"}, ""),
        ({"a": 4, "b": 4, "c": 0}, {"rare_classes": "train_only"}, "none of c"),
        ({"a": 4, "b": 2}, {"test_fraction": 0.0}, ""),
        ({"a": 4}, {}, "at least two classes"),
    ],
)
def test_check_judges_as_training_does(make_tree, capsys, counts, settings, message):
    root = make_tree(
        *(f"{name}/{index}.png" for name, count in counts.items() for index in range(count)),
        *(f"{name}/" for name, count in counts.items() if not count),
    )
    words = [f"--data.{name}={value}" for name, value in settings.items()]
    assert main([str(root), *words]) == bool(message)
    out = capsys.readouterr().out
    assert ("Training refuses this data set. " in out) == bool(message)
    assert message in out
    config = load_config(dataset=str(root), data=settings)
    assert message in kt.check_dataset(root, config.data)["refusal"]
    with pytest.raises(ConfigError) if message else contextlib.nullcontext() as caught:
        divide_examples(config, IMAGE)
    if message:
        assert str(caught.value) in out


def test_dropped_classes_stand_in_the_report(make_tree, capsys):
    root = make_tree(*(f"{name}/{k}.png" for name in "ab" for k in range(4)), "c/1.png")
    report = kt.check_dataset(root, kt.DataConfig(rare_classes="drop"))
    assert (report["classes"], report["left_out_classes"]) == ({"a": 4, "b": 4}, {"c": 1})
    assert main([str(root), "--data.rare_classes", "drop"]) == 0
    assert "Left out: 1 class: c (1)" in capsys.readouterr().out


def test_twelve_classes_are_shown_and_the_others_counted(make_tree, capsys):
    root = make_tree(*(f"{index:03}/{k}.png" for index in range(101) for k in range(3)))
    assert main([str(root)]) == 0
    out = capsys.readouterr().out
    assert "303 files in 101 classes" in out
    assert " 011 " in out
    assert " 012 " not in out
    assert "… and 89 more" in out


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


def test_a_report_goes_where_a_link_leads_and_replaces_no_pipe(stripes, tmp_path):
    (tmp_path / "link.json").symlink_to("report.json")
    main([str(stripes), "--report", str(tmp_path / "link.json")])
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "report.json").read_text())["images"] > 0
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match=r"`report` must be .* \(It is a device or a pipe\)"):
        main([str(stripes), "--report", str(tmp_path / "pipe")])
    assert (tmp_path / "pipe").is_fifo()


@pytest.fixture
def quick(tiny_backbone, monkeypatch):
    """Let a tiny network with random weights see the images."""
    monkeypatch.setattr(set_gap, "BACKBONE", "tiny")
    monkeypatch.setattr(set_gap, "choose_weights", lambda config: Weights(kind="none"))


@pytest.mark.thorough
def test_the_gap_to_another_set_is_said_on_demand(stripes, tmp_path, quick, capsys):
    words = [str(stripes / "train"), "--against"]
    assert main([*words, str(stripes / "val")]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("Domain gap: MMD ")
    assert "(80 and 24 images)" in line
    assert line.endswith(f"{stripes / 'val'} as tiny with random weights sees them")
    flat = shutil.copytree(stripes / "test/level", tmp_path / "flat")
    (flat / "broken.png").write_bytes(b"x")
    assert main([*words, str(flat), "--json"]) == 0
    gap = read_answer("check", capsys.readouterr().out)["gap"]
    assert gap["against"] == str(flat)
    assert gap["target_images"] == 12
    assert gap["neighbour_accuracy"] is None


def test_at_most_a_thousand_images_of_each_are_seen(stripes, quick, monkeypatch):
    monkeypatch.setattr(set_gap, "MOST", 10)
    gap = kt.check_dataset(stripes / "train", against=stripes / "val")["gap"]
    assert gap["source_images"] == gap["target_images"] == 10


@pytest.mark.thorough
def test_the_bundled_weights_see_the_images(stripes):
    gap = kt.check_dataset(stripes / "train", kt.DataConfig(image_size=32), stripes / "val")["gap"]
    assert gap["network"] == "mobilenetv3small with bundled weights"


def test_another_set_that_is_not_there_is_told_before_the_work(stripes, monkeypatch):
    monkeypatch.setattr(divided_examples, "inspect_examples", None)
    with pytest.raises(ConfigError, match="no such path"):
        main([str(stripes), "--against", "nowhere"])


def test_a_table_is_read_and_described_as_it_is_asked_for(tmp_path, capsys):
    file = tmp_path / "both.csv"  # what names files is about images, unless a user says more
    rows = [f"{i}.jpg,a {word} kettle {i},{word}" for i, word in enumerate(["good", "bad"] * 4)]
    file.write_text("\n".join(["path,text,label", *rows]))
    assert main([str(file), "--data.modality", "text"]) == 0
    out = capsys.readouterr().out
    assert "8 texts in 2 classes" in out
    assert "Words of every text: 4" in out
