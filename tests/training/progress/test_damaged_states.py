"""States of a training that someone edited: not believed, or refused in one line."""

import dataclasses
import json

import numpy as np
import pytest

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.optimization.build_optimizer import build_optimizer
from keras_transfer.training.progress.npz_archives import read_arrays, write_arrays
from keras_transfer.training.progress.training_progress import Progress, read_progress

ROW = ["frozen", *["1"] * 7]
PROGRESS = Progress(
    rows=[ROW, ROW], phase="frozen", epoch=2, best=1, best_epoch=0, seconds={"frozen": 1.5}
)
FACTS = dataclasses.asdict(PROGRESS)
ODD = [None, [], {}, "x", -2, 1e308, float("nan"), float("inf"), 10**400, True, [1], ["a"], 2.5]


def read(facts, number=2):
    return read_progress({"progress": np.array(json.dumps(facts))}, number)


def test_what_was_written_is_read():
    assert read(FACTS) == PROGRESS
    assert read(FACTS | {"of a later version": 1}) == PROGRESS


@pytest.mark.parametrize("name", [name for name in FACTS if name not in ("ended", "reused")])
def test_facts_of_another_kind_are_no_progress(name):
    fitting = {"seconds": [{}], "rate_scale": []}.get(name, [])
    for value in ODD:
        if value not in fitting and not (name == "rate_scale" and value is True):
            assert read(FACTS | {name: value}) is None, value
    assert read(FACTS | {"ended": 1}) is read(FACTS | {"reused": "no"}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [ROW]},
        {"rows": [ROW, ROW[:3]]},
        {"rows": [ROW, ["frozen", *["x"] * 7]]},
        {"phase": "finetune"},
        {"epoch": 3},
        {"best": 3},
        {"origin": 9},
        {"kept": 9},
        {"best_epoch": 2},
        {"rate_scale": 0},
    ],
)
def test_facts_that_contradict_each_other_are_no_progress(change):
    assert read(FACTS | change) is None
    assert read(FACTS, number=1) is None


@pytest.mark.parametrize("text", ["", "[]", "null", "x", "[" * 20_000])
def test_a_text_that_is_no_progress_is_none(text):
    assert read_progress({"progress": np.array(text)}, 2) is None
    assert read_progress({"progress": np.zeros(3)}, 2) is None
    assert read_progress({}, 2) is None


@pytest.fixture
def kept(tiny_backbone, make_config, tmp_path):
    """Return a model, its run with a start and the states of two epochs, and an optimizer."""
    model = build_classifier(make_config("tiny"), ("a", "b"), None)
    checkpoints = Checkpoints(model, Run(tmp_path))
    checkpoints.keep_start()
    optimizer = build_optimizer(TrainConfig().optimizer, np.full(10, 0.1))
    optimizer.build(model.trainable_variables)
    checkpoints.progress.enter("frozen")
    for _ in range(2):
        for variable in model.trainable_variables:
            variable.assign(variable + 1)
        checkpoints.progress.rows.append(ROW)
        checkpoints.progress.epoch += 1
        checkpoints.progress.best, checkpoints.progress.best_epoch = 1, 0
        checkpoints.keep(optimizer)
    return model, checkpoints.run, optimizer


def begin(model, run):
    checkpoints = Checkpoints(model, run)
    assert checkpoints.begin()
    return checkpoints


def list_wrong(arrays, name):
    """Return an array of another shape, of text, of complex numbers and of another width."""
    value = arrays[name]
    for wrong in (np.zeros((2, 3, 5), np.float32), np.array("x"), value.astype(np.complex64)):
        yield {**arrays, name: wrong}


def test_a_state_of_other_arrays_gives_way_to_the_one_before(kept):
    model, run, _ = kept
    file = run.checkpoints / "00002.npz"
    arrays = read_arrays(file)
    name = next(name for name in arrays if name.startswith("model."))
    assert begin(model, run).progress.number == 2
    others = {**arrays, "model.9999": np.zeros(3)}
    for wrong in (*list_wrong(arrays, name), others, {"progress": arrays["progress"]}, {}):
        write_arrays(file, wrong)
        expected = 2 if wrong.keys() == {"progress"} else 1
        assert begin(model, run).progress.number == expected


def test_a_start_of_other_arrays_is_refused(kept):
    model, run, _ = kept
    file = run.checkpoints / "00000.npz"
    arrays = read_arrays(file)
    name = next(iter(arrays))
    fewer = {key: value for key, value in arrays.items() if key != name}
    for wrong in (*list_wrong(arrays, name), fewer, {**arrays, "odd": np.zeros(2)}, {}):
        write_arrays(file, wrong)
        with pytest.raises(ConfigError, match=r"variables of the run's model.*00000\.npz"):
            begin(model, run)


def test_an_optimizer_of_other_arrays_is_refused(kept):
    model, run, optimizer = kept
    file = run.checkpoints / "00002.npz"
    arrays = read_arrays(file)
    name = next(name for name in arrays if name.startswith("optimizer."))
    fewer = {key: value for key, value in arrays.items() if key != name}
    for wrong in (*list_wrong(arrays, name), fewer, {**arrays, "optimizer.999": np.zeros(2)}):
        write_arrays(file, wrong)
        with pytest.raises(ConfigError, match=r"state of the run's optimizer.*00002\.npz"):
            begin(model, run).restore(2, optimizer)


def test_a_folder_in_place_of_a_state_is_refused(kept):
    model, run, _ = kept
    (run.checkpoints / "00003.npz").mkdir()
    with pytest.raises(ConfigError, match=r"must be a file.*00003\.npz"):
        begin(model, run)


def test_files_of_other_names_are_none_of_ours(kept):
    model, run, _ = kept
    (run.checkpoints / "1 (copy).npz").write_bytes(b"")
    assert begin(model, run).progress.number == 2
