"""Every command does with tar shards what it does with the same images as files."""

import csv
import dataclasses
import shutil

import numpy as np
import pytest
from json_answers import read_answer
from tar_writer import pack_tree, write_shard

from keras_transfer import embed, explain, predict, review
from keras_transfer.check import check_dataset
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.load_splits import reload_splits
from keras_transfer.data.same_files.lost_examples import find_lost
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.evaluate import evaluate_run
from keras_transfer.evaluation.html_report.own_pictures import find_pictures
from keras_transfer.images.modality import IMAGE
from keras_transfer.review.corrected_labels import write_labels_csv
from keras_transfer.review.decisions import Decisions
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run

VAL = "val.tar/level-000.png", "val/level/000.png"


@pytest.fixture(scope="module")
def shards(stripes, tmp_path_factory):
    """The stripes as one shard a split; never write into it."""
    return pack_tree(stripes, tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def shard_run(shards, tiny_config, drawn):
    """A run of the shards, trained as `finished_run` was of the files."""
    from keras_transfer.train import fine_tune

    with drawn():
        return fine_tune(dataclasses.replace(tiny_config, dataset=str(shards)))


@pytest.fixture
def moved(shards, shard_run, tmp_path):
    """A copy of the run, and of its shards, which a test may change."""
    here = shutil.copytree(shards, tmp_path / "shards")
    run = Run(shutil.copytree(shard_run.path, tmp_path / "run"))
    text = run.config_file.read_text()
    run.config_file.write_text(text.replace(str(shards), str(here)))
    return run, here


def as_file(path):
    """Return what an image of the shards is called among the files."""
    return path.replace(".tar/", "/").replace("level-", "level/").replace("upright-", "upright/")


def read_rows(file):
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row.pop("seconds", None)
        row["path"] = as_file(row.get("path", ""))
    return rows


def change_image(here):
    """Write the first image of val.tar anew with that of another class."""
    other = (here.parent / "other.png").read_bytes()
    members = {"level-000.png": other, "level-000.cls": "level"}
    return write_shard(here / "val.tar", members)


def test_a_check_finds_what_it_finds_in_files(stripes, shards):
    of_files, of_shards = check_dataset(str(stripes)), check_dataset(str(shards))
    assert of_shards == of_files
    assert of_shards["images"] == 128


@pytest.mark.thorough
def test_a_training_is_that_of_the_files_to_the_last_bit(finished_run, shard_run):
    for name in ("split_file", "predictions_file", "history_file"):
        files, members = (read_rows(getattr(run, name)) for run in (finished_run, shard_run))
        assert members == files
    assert shard_run.split_table()["path"][0].startswith(("test.tar/", "train.tar/"))
    numbers = finished_run.metrics()["splits"], shard_run.metrics()["splits"]
    assert numbers[0] == numbers[1]


@pytest.mark.thorough
def test_images_are_decoded_from_shards_as_from_files(finished_run, shard_run):
    for split in ("validation", "train"):
        of_files, of_shards = (evaluate_run(run, split=split) for run in (finished_run, shard_run))
        assert [*map(as_file, of_shards.paths.tolist())] == of_files.paths.tolist()
        np.testing.assert_array_equal(of_shards.probabilities, of_files.probabilities)


def test_another_run_is_evaluated_on_shards(finished_run, shards, capsys):
    found = evaluate_run(finished_run, str(shards))
    own = evaluate_run(finished_run, split="test")
    np.testing.assert_array_equal(found.probabilities, own.probabilities)


@pytest.mark.thorough
def test_shards_and_their_members_are_predicted(finished_run, shards, stripes, capsys):
    one = str(shards / VAL[0])
    answers = []
    for words in ([shards], [shards / "val.tar"], [one], [stripes / VAL[1]]):
        assert predict.main([str(finished_run.path), *map(str, words), "--json"]) == 0
        answers.append(read_answer("predict", capsys.readouterr().out)["images"])
    assert [*map(len, answers)] == [128, 24, 1, 1]
    assert answers[2][0]["path"] == one
    assert answers[0][104]["path"] == answers[1][0]["path"] == one
    assert {**answers[3][0], "path": one} == answers[2][0]
    with pytest.raises(ValueError, match=r"must name files that exist. Received: .*none\.png"):
        predict.main([str(finished_run.path), str(shards / "val.tar/none.png")])


@pytest.mark.thorough
def test_doubtful_images_are_explained_by_name(shard_run, tmp_path, capsys):
    words = ["--count", "2", "--output", str(tmp_path / "heat"), "--json"]
    assert explain.main([str(shard_run.path), *words]) == 0
    images = read_answer("explain", capsys.readouterr().out)["images"]
    assert all("test.tar/" in each["path"] and each["picture"] for each in images)
    assert len(images) == 2


def test_features_of_shards_are_those_of_files(stripes, shards, tiny_backbone, tmp_path):
    found = []
    for data in (stripes, shards):
        file = tmp_path / f"{data.name}.npz"
        embed.main(["tiny", str(data), "--weights", "none", "--output", str(file)])
        found.append(np.load(file))
    assert [*map(as_file, found[1]["path"].tolist())] == found[0]["path"].tolist()
    for name in ("vector", "class", "split"):
        np.testing.assert_array_equal(found[0][name], found[1][name])


def test_a_review_leaves_labels_that_name_images_in_shards(shards, tiny_backbone, tmp_path):
    words = ["--backbone", "tiny", "--weights", "none", "--output", str(tmp_path / "found")]
    assert review.main([str(shards), *words]) == 0
    before = read_examples(str(shards), DataConfig())
    labels = 1 - before.labels
    decisions = Decisions(labels=labels, removed=np.zeros(len(labels), bool), undecided=0)
    write_labels_csv(before, decisions, tmp_path / "labels.csv", IMAGE)
    after = read_examples(str(tmp_path / "labels.csv"), DataConfig())
    assert after.root == shards
    assert after.paths.tolist() == before.paths.tolist()
    assert after.labels.tolist() == labels.tolist()
    assert after.splits.tolist() == before.splits.tolist()


def test_the_report_shows_images_of_shards(shard_run):
    pictures = find_pictures(shard_run, load_run_config(shard_run))
    drawn = pictures.draw_example(pictures.root / VAL[0], 32)
    assert drawn.shape == (32, 32, 3)
    assert drawn.std() > 10


def test_a_touched_shard_is_the_same_and_a_changed_one_is_named(moved, stripes, caplog):
    run, here = moved
    shutil.copy(stripes / "val/upright/003.png", here.parent / "other.png")
    shutil.copystat(here / "train.tar", here / "val.tar")
    examples, findings = reload_splits(load_run_config(run), IMAGE, run)
    assert "gone or changed" not in caplog.text
    data = IMAGE.hold_splits(examples, load_run_config(run), 32, findings)
    shutil.copystat(here / "test.tar", here / "train.tar")
    assert find_lost(data, run) == []
    change_image(here)
    lost = find_lost(data, run, ["validation"])
    assert len(lost) == 24
    assert [each.path for each in lost if not each.is_gone] == [VAL[0]]
    found = evaluate_run(run)  # of test.tar, which is as it was
    assert len(found) == 24
    with pytest.raises(ValueError, match="gone or changed"):
        evaluate_run(run, split="validation")


def test_a_cut_shard_is_named(moved):
    run, here = moved
    file = here / "train.tar"
    file.write_bytes(file.read_bytes()[:50_000])
    with pytest.raises(ValueError, match=r"whole, uncompressed tar. Received: .*/train\.tar"):
        evaluate_run(run)
