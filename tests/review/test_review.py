"""The command that finds labels that look wrong, and applies what a person decides."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from json_answers import read_answer
from PIL import Image

import keras_transfer as kt
from keras_transfer import check, review
from keras_transfer.review.label_quality import frozen_features
from keras_transfer.system.errors import ConfigError

WORDS = ["--backbone", "tiny", "--weights", "none"]


@pytest.fixture(autouse=True)
def cache(tiny_backbone, tmp_path, monkeypatch):
    """Keep features in a folder of the test."""
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def photos(stripes, tmp_path_factory):
    """Stripes of which one is damaged, and one has a copy with the other label; not to be changed.

    The sizes are such that the tiny backbone takes a second.
    """
    root = tmp_path_factory.mktemp("reviewed") / "photos"
    shutil.copytree(stripes / "train", root / "train")
    shutil.copytree(stripes / "val", root / "val")
    (root / "train/level/001.png").write_bytes(b"no image")
    shutil.copy(root / "train/level/002.png", root / "val/upright/copy.png")
    return root


@pytest.fixture(scope="module")
def reviewed(photos, tiny_backbone):
    """A review of the photos in a folder beside them; not to be changed."""
    found = photos.parent / "found"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_TRANSFER_CACHE", str(photos.parent / "cache"))
        review.main([str(photos), *WORDS, "--output", str(found), "--shown", "3"])
    return found


@pytest.fixture
def found(reviewed, tmp_path):
    """A copy of that review, to be decided in."""
    return shutil.copytree(reviewed, tmp_path / "found")


def list_rows(table):
    with table.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def fill(folder, *words):
    """Write decisions into the first rows of a table, as a program does; return its path."""
    rows = list_rows(folder / "label_review.csv")
    for row, word in zip(rows, words, strict=False):
        row["decision"] = word
    with (folder / "label_review.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0]], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return str(folder / "label_review.csv")


def list_images(root):
    return {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_a_review_leaves_a_table_and_a_sheet_and_touches_nothing(photos, tmp_path, capsys, caplog):
    before = list_images(photos)
    assert review.main([str(photos), *WORDS, "--output", "found", "--shown", "3"]) == 0
    said = capsys.readouterr().out
    rows = list_rows(tmp_path / "found/label_review.csv")
    assert {rows[0]["path"], rows[1]["path"]} == {"train/level/002.png", "val/upright/copy.png"}
    assert "is the same file as" in rows[0]["reason"]
    assert f"Label suspects: {len(rows)} of 104 images, 2 of them copies" in said
    assert "Written: label_review.csv and label_review.png in found" in said
    assert "--apply found/label_review.csv" in said
    assert "1 unreadable file is left out: train/level/001.png" in caplog.text
    with Image.open(tmp_path / "found/label_review.png") as sheet:
        assert sheet.width > 600
    assert json.loads((tmp_path / "found/review.json").read_text())["backbone"] == "tiny"
    assert list_images(photos) == before


def test_decisions_become_a_data_set(photos, found, capsys):
    before = list_images(photos)
    first, *_ = rows = list_rows(found / "label_review.csv")
    table = fill(found, "remove", "no", "yes")
    assert review.main([str(photos), "--apply", table]) == 0
    said = capsys.readouterr().out
    assert "Labels changed: 1 of 105 images" in said
    assert f"Removed from the table: 1, {first['path']}" in said
    assert f"Without a decision: {len(rows) - 3} rows" in said
    assert f"Next: python -m keras_transfer.train --dataset {found / 'labels.csv'}" in said
    report = kt.check_dataset(found / "labels.csv")
    now = {name: sum(part.values()) for name, part in report["splits"].items()}
    assert sum(now.values()) == 103  # one is removed, one damaged
    assert [*now] == ["train", "validation"]
    assert report["duplicates"] == []
    assert list_images(photos) == before
    assert review.main([str(photos), "--apply", table, "--quiet"]) == 0  # once more
    assert capsys.readouterr().out == f"{found / 'labels.csv'}\n"


@pytest.mark.thorough
def test_a_second_review_computes_no_features_whatever_the_labels_are(photos, found, monkeypatch):
    review.main([str(photos), *WORDS, "--output", "first"])
    review.main([str(photos), "--apply", fill(found, "yes", "no", "yes", "yes")])
    monkeypatch.setattr(frozen_features, "build_classifier", None)
    assert review.main([str(found / "labels.csv"), *WORDS, "--output", "again"]) == 0
    with pytest.raises(TypeError):  # another size is another square
        review.main([str(photos), *WORDS, "--image_size", "40", "--output", "third"])


def test_features_are_not_kept_where_there_is_no_room(photos, monkeypatch, cache, caplog):
    monkeypatch.setattr(frozen_features, "free_disk", lambda folder: 0)
    assert len(kt.review_labels(photos, backbone="tiny", weights="none")) == 104
    assert "The features are not kept" in caplog.text
    assert not [*(cache / "activations").rglob("*.npy")]


def test_images_that_change_meanwhile_end_it_in_one_line(photos, tmp_path, monkeypatch, cache):
    root = shutil.copytree(photos, tmp_path / "photos")
    compute = frozen_features.trace_front

    def change(front, data):
        Image.new("RGB", (40, 40)).save(root / "val/level/000.png")
        return compute(front, data)

    monkeypatch.setattr(frozen_features, "trace_front", change)
    with pytest.raises(ConfigError, match=r"1 image gone or changed, such as val/level/000.png"):
        review.main([str(root), *WORDS])
    assert not [*(cache / "activations").rglob("*.npy")]
    assert not (tmp_path / "saved_models").exists()


def test_a_folder_that_holds_decisions_is_never_written_into(photos, found):
    with pytest.raises(ConfigError, match=r"never overwritten\. Received: .* an earlier review"):
        review.main([str(photos), *WORDS, "--output", str(found)])
    table = fill(found, "yes")
    (found / "labels.csv").write_text("path,label\n")
    (found / "review.json").unlink()
    with pytest.raises(ConfigError, match=r"without a labels\.csv\. Received: .*no review wrote"):
        review.main([str(photos), "--apply", table])


def test_the_table_that_is_the_data_set_is_never_replaced(photos, found):
    table = fill(found, "no", "no", "no")
    review.main([str(photos), "--apply", table])
    before = (found / "labels.csv").read_bytes()
    with pytest.raises(ConfigError, match=r"Received: .*labels\.csv, the data set itself"):
        review.main([str(found / "labels.csv"), "--apply", table])
    assert (found / "labels.csv").read_bytes() == before


def test_corrected_labels_are_replaced_unless_somebody_changed_them(photos, found, tmp_path):
    words = [str(photos), "--apply", fill(found, "yes"), "--output", str(tmp_path / "corrected")]
    for _ in range(2):
        assert review.main(words) == 0
    with (tmp_path / "corrected/labels.csv").open("a") as stream:
        stream.write("by hand")
    with pytest.raises(ConfigError, match="somebody changed"):
        review.main(words)


def test_nothing_is_written_into_the_data_set(photos, found):
    table, inside = fill(found, "yes"), str(photos / "train/found")
    for words in (["--apply", table], WORDS):
        with pytest.raises(ConfigError, match="must be a folder outside the data set"):
            review.main([str(photos), *words, "--output", inside])
    assert not (photos / "train/found").exists()


def test_a_review_within_the_data_set_is_no_class(photos, reviewed, tmp_path):
    root = shutil.copytree(photos, tmp_path / "photos")
    for place in (root, root / "train"):
        shutil.copytree(reviewed, place / "found")
    assert kt.check_dataset(root) == kt.check_dataset(photos)


def test_by_default_each_review_has_a_folder_of_its_own(make_tree, tmp_path, capsys):
    root = make_tree("cats/1.png", "dogs/1.png")
    for _ in range(2):
        assert review.main([str(root), *WORDS, "--quiet"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first != second
    made = (tmp_path / "saved_models").glob("review-*/label_review.csv")
    assert {*map(str, made)} == {first, second}


def test_answers_are_as_their_schema_says(photos, found, capsys):
    assert review.main([str(photos), *WORDS, "--output", "new", "--json"]) == 0
    answer = read_answer("review", capsys.readouterr().out)
    assert answer["images"] == 104
    assert answer["classes"] == {"level": 51, "upright": 53}
    paths = [suspect["path"] for suspect in answer["suspects"]]
    assert paths == [row["path"] for row in list_rows(Path("new/label_review.csv"))]
    assert answer["suspects"][0]["is_copy"]
    first = answer["suspects"][0]
    assert review.main([str(photos), "--apply", fill(found, "yes"), "--json"]) == 0
    answer = read_answer("review", capsys.readouterr().out)
    assert answer["labels"] == str(found / "labels.csv")
    change = {"path": first["path"], "before": first["label"], "label": first["suggested"]}
    assert answer["changed"] == [change]


@pytest.mark.parametrize(
    ("files", "words", "said"),
    [
        (["cats/1.png", "cats/2.png"], [], "at least two classes"),
        (["cats/1.png", "dogs/1.png"], ["--shown", "0"], "`shown` must be"),
        (["cats/1.png", "dogs/1.png"], ["--shown", "401"], "`shown` must be"),
        (["cats/1.png", "dogs/1.png"], ["--backbone", "tine"], "Did you mean 'tiny'"),
        (["cats/1.png", "dogs/1.png"], ["--weights", "gone.h5"], "which does not exist"),
        (["cats/1.png", "dogs/1.png"], ["--apply", "gone.csv"], "which is no file"),
    ],
)
def test_what_cannot_be_is_refused(make_tree, files, words, said):
    root = make_tree(*files)
    with pytest.raises(ConfigError) as caught:
        review.main([str(root), *WORDS, *words])
    assert said in str(caught.value)


def test_one_class_that_can_be_read_is_refused(make_tree):
    root = make_tree("cats/1.png", "cats/2.png", "dogs/1.png")
    (root / "dogs/1.png").write_bytes(b"no image")
    with pytest.raises(ConfigError, match=r"Received: only 'cats'"):
        review.main([str(root), *WORDS])


def test_one_image_a_class_is_said_not_to_be_judged(make_tree, capsys):
    root = make_tree("cats/1.png", "dogs/1.png")
    assert review.main([str(root), *WORDS, "--output", "found"]) == 0
    said = capsys.readouterr().out
    assert "Not judged: 2 images of classes that have too few: cats, dogs" in said
    assert "Label suspects: 0 of 2 images" in said
    assert "Written: label_review.csv in found" in said


def test_python_code_reviews_what_it_holds(cache, tmp_path):
    random = np.random.default_rng(0)
    labels = np.arange(40) % 2
    images = (random.integers(0, 60, (40, 32, 32, 3)) + 150 * labels[:, None, None, None]).astype(
        np.uint8
    )
    wrong = labels.copy()
    wrong[3] = 0
    dataset = images, np.array(["dark", "bright"])[wrong]
    found = kt.review_labels(dataset, backbone="tiny", weights="none", output="found")
    assert isinstance(found, kt.LabelReview)
    assert len(found) == 40
    assert (tmp_path / "found/label_review.csv").is_file()
    assert (found.label[0], found.suggested[0]) == ("dark", "bright")
    assert "Label suspects" in repr(found)
    assert "Label suspects" in found._repr_html_()
    table = found.suspects().to_frame()
    table.loc[0, "decision"] = "yes"
    file = kt.apply_review(dataset, table, "corrected")
    assert kt.check_dataset(file)["classes"] == {"bright": 20, "dark": 20}
    with pytest.raises(kt.ConfigError, match=r"`output` must be a folder where the table is no"):
        kt.apply_review(dataset, table)
    assert check.main([str(file)]) == 0
