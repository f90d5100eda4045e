"""What an interrupted pass left on the disk is not computed again, here or by workers."""

import contextlib
import dataclasses
import json

import numpy as np
import pytest
from cache_starts import PHASES
from fake_ray import FakeRay

from keras_transfer.cluster import block_engines
from keras_transfer.cluster.block_engines import RAY, Engine
from keras_transfer.system.signals import Stopped
from keras_transfer.training.activations import activation_blocks, activation_pass
from keras_transfer.training.cache import cache_store
from keras_transfer.training.cache.cache_store import FileStore
from keras_transfer.training.cache.frozen_cache import FrozenCache
from keras_transfer.training.cache.reuse_folder import reuse_folder
from keras_transfer.training.plan import recorded_plan


@pytest.fixture(params=["here", "ray"])
def engine(request, monkeypatch):
    """Return where it is computed: blocks are one batch."""
    ray = FakeRay(2)
    monkeypatch.setattr(block_engines, "connecting", lambda _: contextlib.nullcontext(ray))
    monkeypatch.setattr(activation_blocks, "BLOCK", 8)
    return Engine() if request.param == "here" else Engine(RAY, 1)


@pytest.fixture
def passed(monkeypatch):
    """Return the numbers of examples that went through the locked part."""
    found, trace = [], activation_pass.trace_front

    def count(front, data):
        run_batch = trace(front, data)

        def run(examples):
            found.append(len(examples))
            return run_batch(examples)

        return run

    for module in (activation_pass, activation_blocks):
        monkeypatch.setattr(module, "trace_front", count)
    return found


def compute(training):
    cache = FrozenCache(training)
    cache.prepare(PHASES)
    return cache.arrays


def interrupt(training, monkeypatch, dead_pid, rows=16, error=None):
    """Have a pass end after some training rows, and its process be no more; return its folder."""

    def stop(self):
        note(self)
        if self.count_filled("train") >= rows:
            raise error

    note, error = FileStore.note, error or Stopped(143)
    monkeypatch.setattr(cache_store, "PAUSE", 0)
    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "note", stop)
        with pytest.raises(type(error)):
            compute(training)
    left = list(training.run.scratch.glob(".*-activations"))
    for folder in left:
        owner = json.loads((folder / "owner.json").read_text())
        (folder / "owner.json").write_text(json.dumps(owner | {"pid": dead_pid}))
    return left


def assert_same(found, wanted):
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.thorough
def test_rows_that_are_there_are_not_computed_again(start, engine, passed, monkeypatch, dead_pid):
    wanted = compute(start("disk"))
    training = dataclasses.replace(start("disk"), engine=engine)
    (left,) = interrupt(training, monkeypatch, dead_pid)
    passed.clear()
    assert_same(compute(training), wanted)
    assert passed == [5, 5, 5, 8]  # three views of the last batch, and validation
    assert not left.exists()
    assert [file.name for file in training.run.scratch.glob(".*-activations")] == []
    assert not (training.run.scratch / "activations/filled.json").exists()


@pytest.mark.thorough
def test_whole_kinds_are_left_out(start, engine, passed, monkeypatch, dead_pid):
    wanted = compute(start("disk"))
    training = dataclasses.replace(start("disk"), engine=engine)
    interrupt(training, monkeypatch, dead_pid, rows=21)
    passed.clear()
    assert_same(compute(training), wanted)
    assert passed == [8]


@pytest.mark.thorough
@pytest.mark.parametrize("change", ["rows", "notes", "no notes", "key", "alive"])
def test_what_is_not_sure_to_be_the_same_is_computed_anew(
    start, passed, monkeypatch, dead_pid, change
):
    wanted, training = compute(start("disk")), start("disk")
    (left,) = interrupt(training, monkeypatch, dead_pid)
    file = left / "train_activations.npy"
    if change == "rows":
        content = bytearray(file.read_bytes())
        content[200] ^= 1
        file.write_bytes(content)
    if change == "notes":
        (left / "filled.json").write_text('{"key": 3')
    if change == "no notes":
        (left / "filled.json").unlink()
    if change == "key":
        notes = json.loads((left / "filled.json").read_text())
        (left / "filled.json").write_text(json.dumps(notes | {"key": "another"}))
    if change == "alive":
        cache_store.claim_scratch(left)
    passed.clear()
    assert_same(compute(training), wanted)
    assert passed == [8] * 6 + [5] * 3 + [8]
    assert left.exists() == (change == "alive")


def test_what_an_error_interrupts_is_removed(start, monkeypatch, dead_pid):
    assert interrupt(start("disk"), monkeypatch, dead_pid, error=ValueError("odd")) == []


def test_notes_are_written_now_and_then_alone(start, monkeypatch):
    written = []
    monkeypatch.setattr(cache_store, "write_notes", lambda *words: written.append(words))
    compute(start("disk"))
    assert written == []


def test_of_an_entry_for_later_runs_nothing_stays(start, cache, monkeypatch, dead_pid):
    interrupt(start("disk", reuse=True, disk_gb=1.0), monkeypatch, dead_pid)
    assert list(reuse_folder().iterdir()) == []


def test_what_lies_there_needs_no_room_again(start, monkeypatch, dead_pid):
    training = start("disk")
    interrupt(training, monkeypatch, dead_pid)
    cache = dataclasses.replace(training.config.cache, memory_gb=0.0, disk_gb=0.0)
    training = dataclasses.replace(
        training, config=dataclasses.replace(training.config, cache=cache)
    )
    cuts = {name: cut.to_number(training.depth) for name, cut in training.cache.cuts.items()}
    kept = {"cuts": cuts, "views": training.cache.views, "layout": training.cache.layout}
    monkeypatch.setattr(recorded_plan, "read_plan", lambda _: {"cache": kept})
    assert recorded_plan.recall_plan(training).place == "disk"
