"""What a report tells of files, layers and settings."""

import dataclasses

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.evaluation.html_report.run_facts import (
    MOST,
    list_blocks,
    list_commands,
    list_environment,
    list_files,
    list_settings,
)
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_table

REPORT = {"images": 9, "unusable": [], "odd": [], "dropped": [], "duplicates": []}


def copies(*, splits=("train",), labels=("a",)):
    return {"kind": "exact", "paths": ["1", "2"], "splits": splits, "labels": labels}


def test_copies_that_are_wrong_come_first_and_say_why():
    groups = [copies(splits=("train", "train")), copies(splits=("test", "train", ""))]
    groups += [copies(splits=("validation", "train"), labels=("a", "b"))]
    found = list_files(REPORT | {"duplicates": groups}).copies
    assert [each.faults for each in found] == [
        ["in several splits", "with several classes"],
        ["in several splits"],
        [],
    ]
    assert found[0].splits == ["train", "validation"]


def test_long_lists_are_cut_and_counted_whole():
    odd = [{"path": str(index), "kind": "huge"} for index in range(MOST + 5)]
    found = list_files(REPORT | {"odd": odd})
    assert (len(found.odd), found.counts["odd"]) == (MOST, MOST + 5)


def test_each_block_says_its_rate_in_each_phase(tmp_path):
    run = Run(tmp_path)
    rows = [
        ("frozen", "a", "block1", "False", "", ""),
        ("frozen", "b", "block2", "False", "", "frozen"),
        ("frozen", "c", "head", "True", "0.01", ""),
        ("finetune", "a", "block1", "False", "", ""),
        ("finetune", "a2", "block1", "True", "0.0001", ""),
        ("finetune", "b", "block2", "False", "", "frozen"),
        ("finetune", "b2", "block2", "True", "1e-05", ""),
        ("finetune", "b3", "block2", "True", "0.0001", ""),
        ("finetune", "c", "head", "True", "0.001", ""),
    ]
    columns = "phase", "layer", "block", "trainable", "learning_rate", "batch_norm"
    write_table(run.freeze_table_file, columns, rows)
    write_table(
        run.drift_file, ("block", "kernel_drift", "norm_drift"), [("block1", "0.1", "0.02")]
    )
    phases, blocks = list_blocks(run)
    assert phases == ["frozen", "finetune"]
    assert [(row.block, *row.rates) for row in blocks] == [
        ("block1", "locked", "0.0001, in part"),
        ("block2", "locked", "1e-05 … 0.0001"),
        ("head", "0.01", "0.001"),
    ]
    assert (blocks[0].kernel_drift, blocks[0].norm_drift) == (0.1, 0.02)
    assert blocks[2].kernel_drift is None


def test_settings_that_are_not_the_default_are_listed():
    config = TrainConfig(seed=3, data=DataConfig(batch_size=8))
    assert list_settings(config) == [("seed", "3"), ("data.batch_size", "8")]


def test_the_environment_is_named_and_may_be_missing(finished_run, tmp_path):
    found = dict(list_environment(finished_run))
    assert found["keras"].startswith("3.")
    assert list_environment(Run(tmp_path)) == []


def test_commands_name_the_run_the_images_and_what_makes_features(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = DataConfig(image_size=224, resize="pad", value_range="full")
    config = TrainConfig(
        dataset="my photos", backbone="resnet50", weights="runs/earlier", data=data
    )
    review, others = list_commands(Run("a run"), config)
    assert review.endswith(
        "review 'my photos' --backbone resnet50 --weights runs/earlier --data.resize pad"
    )
    assert all(f"'{tmp_path}/a run" in typed for _, typed in others)
    small = dataclasses.replace(config, weights="auto", data=DataConfig(image_size=64))
    review, _ = list_commands(Run("a run"), small)
    assert review.endswith("--backbone resnet50 --data.image_size 64")
