"""Which images are measured: those of a training, or all where there is none to divide for."""

import json
import shutil

import pytest
from PIL import Image
from zeroshot_calls import read_rows, refusal

from keras_transfer.data.load_splits import load_splits
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.run.run_directory import Run


@pytest.mark.thorough
def test_a_set_without_splits_is_divided_as_train_does(call, stripes, tmp_path, tiny_config):
    shutil.copytree(stripes / "train", tmp_path / "photos")
    folder = call(dataset=tmp_path / "photos")
    (tmp_path / "run").mkdir()
    config = type(tiny_config)(dataset=str(tmp_path / "photos"))
    load_splits(config, MODALITIES["image"], Run(tmp_path / "run"))
    assert (folder / "split.csv").read_bytes() == (tmp_path / "run/split.csv").read_bytes()


@pytest.mark.thorough
def test_a_set_too_small_to_train_on_is_measured_as_a_whole(call, stripes, tmp_path, capsys):
    for name in ("level", "upright"):
        (tmp_path / "few" / name).mkdir(parents=True)
        shutil.copy(stripes / f"train/{name}/000.png", tmp_path / "few" / name)
    call(dataset=tmp_path / "few")
    assert "test         2" in capsys.readouterr().out
    words = ["--preset", "x", "--dataset", tmp_path / "few", "--probe", "--output", "no"]
    words[1] = json.loads((tmp_path / "found/zeroshot.json").read_text())["preset"]
    assert "fewer images than splits" in (said := refusal(*words))
    assert "leave --probe out" in said
    assert not (tmp_path / "no").exists()


@pytest.fixture
def scarce(stripes, tmp_path):
    """A set without splits: six images of two classes each, and two of a third."""
    taken = {"level": ("level", range(6)), "upright": ("upright", range(6))}
    for name, (source, rows) in (taken | {"odd": ("level", range(10, 12))}).items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for row in rows:
            shutil.copy(stripes / f"train/{source}/{row:03}.png", tmp_path / "photos" / name)
    return tmp_path / "photos"


@pytest.mark.thorough
def test_a_set_with_a_rare_class_is_test_and_its_table_is_read_again(
    call, scarce, tmp_path, caplog
):
    folder = call(dataset=scarce)
    assert "Measured as a whole, as test: odd has 2 images" in caplog.text
    (tmp_path / "found").rename(tmp_path / "first")
    folder = call("--data.split_file", tmp_path / "first/split.csv", dataset=scarce)
    assert {row["split"] for row in read_rows(folder / "split.csv")} == {"test"}
    assert len(read_rows(folder / "split.csv")) == 14


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("done", "names"),
    [("drop", {"level", "upright"}), ("train_only", {"level", "upright", "odd"})],
)
def test_rare_classes_become_what_train_makes_of_them(call, scarce, done, names, caplog):
    folder = call("--data.rare_classes", done, dataset=scarce)
    rows = read_rows(folder / "predictions.csv")
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert {row["truth"] for row in rows} == names
    assert {row["split"] for row in rows if row["truth"] == "odd"} <= {"train"}
    assert "Measured as a whole" not in caplog.text


@pytest.mark.thorough
def test_sentences_are_of_all_classes_though_one_loses_its_images(call, scarce, tmp_path):
    for file in (scarce / "odd").iterdir():
        file.write_bytes(b"no image")
    (tmp_path / "own.yaml").write_text("level: level\nupright: upright\nodd: odd\n")
    folder = call("--prompts", "own.yaml", dataset=scarce)
    assert list(json.loads((folder / "prompts.json").read_text())) == ["level", "upright"]
    (tmp_path / "own.yaml").write_text("level: level\nupright: upright\n")
    words = "--preset", "x", "--dataset", scarce, "--prompts", "own.yaml"
    assert "must have sentences for every class" in refusal(*words)


@pytest.mark.thorough
def test_a_folder_with_test_alone_is_measured(call, stripes, tmp_path, clip_folder):
    shutil.copytree(stripes / "test", tmp_path / "photos/test")
    folder = call(dataset=tmp_path / "photos")
    assert {row["split"] for row in read_rows(folder / "predictions.csv")} == {"test"}
    words = "--preset", clip_folder, "--dataset", tmp_path / "photos", "--probe"
    assert "must hold a train split" in refusal(*words)


@pytest.mark.thorough
def test_a_table_of_test_images_alone_is_measured(call, stripes, tmp_path):
    shutil.copytree(stripes / "test", tmp_path / "test")
    lines = [f"{each}/000.png,{each},test" for each in ("level", "upright")]
    (tmp_path / "test/labels.csv").write_text("\n".join(["path,label,split", *lines, ""]))
    folder = call(dataset=tmp_path / "test/labels.csv")
    assert {row["split"] for row in read_rows(folder / "predictions.csv")} == {"test"}


@pytest.mark.thorough
def test_files_that_cannot_be_read_are_left_out_and_odd_ones_are_used(call, stripes, tmp_path):
    shutil.copytree(stripes, tmp_path / "photos")
    (tmp_path / "photos/test/level/000.png").write_bytes(b"no image")
    photo = Image.open(tmp_path / "photos/test/level/001.png").convert("CMYK")
    photo.save(tmp_path / "photos/test/level/001.png", format="tiff")
    folder = call(dataset=tmp_path / "photos")
    rows = {row["path"] for row in read_rows(folder / "predictions.csv")}
    assert len(rows) == 127
    assert "test/level/001.png" in rows
    report = json.loads((folder / "data_report.json").read_text())
    assert [each["path"] for each in report["unusable"]] == ["test/level/000.png"]


@pytest.mark.thorough
def test_own_sentences_are_those_that_count(call, tmp_path):
    (tmp_path / "own.txt").write_text("{} stripes\n")
    folder = call("--prompts", "own.txt")
    prompts = json.loads((folder / "prompts.json").read_text())
    assert prompts == {"level": ["level stripes"], "upright": ["upright stripes"]}
