"""The pass through locked layers in blocks, by workers; a stand-in for Ray runs them here."""

import contextlib
import dataclasses
import pickle

import numpy as np
import pytest
from cache_starts import PHASES, write_files
from fake_ray import FakeRay, Fatal

from keras_transfer.cluster import block_engines
from keras_transfer.cluster.block_engines import RAY, Engine
from keras_transfer.data.training_data import TrainingData
from keras_transfer.images.kept_squares import SquareRows
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.activations import activation_blocks
from keras_transfer.training.cache.frozen_cache import FrozenCache
from keras_transfer.training.cache.memory_store import MemoryStore


class SendingRay(FakeRay):
    """Takes nothing along but what can be sent; workers end as `ending` says of the first rows."""

    def __init__(self, room, ending):
        super().__init__(room)
        self.blocks, self.ending = [], ending

    def remote(self, kind):
        ray = self

        class Sent(kind):
            def open(self, *words):
                super().open(*pickle.loads(pickle.dumps(words)))

            def answer(self, block, lost):
                block = pickle.loads(pickle.dumps(block))
                data, split = block.data, block.split
                assert list(data.splits) == [split]
                rows = range(block.begin, block.begin + len(data.splits[split]))
                ray.blocks.append((block.kind, rows))
                if not lost and ray.ending(block.kind, rows):
                    raise Fatal("gone")
                return super().answer(block, lost)

        return super().remote(Sent)


@pytest.fixture
def ray(monkeypatch):
    """Return a cluster in the place of Ray; its blocks are one batch, if not less than 8."""
    found = SendingRay(2, lambda kind, rows: False)
    monkeypatch.setattr(block_engines, "connecting", lambda _: contextlib.nullcontext(found))
    monkeypatch.setattr(activation_blocks, "BLOCK", 8)
    return found


def share(training):
    return dataclasses.replace(training, engine=Engine(RAY, 2))


def compute(training):
    cache = FrozenCache(training)
    cache.prepare(PHASES)
    return cache.arrays


def begin_filled(training, arrays, rows, monkeypatch):
    """Have a pass find so many training rows of arrays, and validation where these are all."""
    store = MemoryStore(training.cache.layout)
    for name, values in arrays.items():
        if name.startswith("train_"):
            store.append(name, values[:rows])
        elif rows == len(training.data.splits["train"]):
            store.append(name, values)
    monkeypatch.setattr(FrozenCache, "_open_store", lambda *_: store)


def limit_block(training, rows, monkeypatch):
    """Have a block no more bytes than so many training rows."""
    monkeypatch.setattr(activation_blocks, "BLOCK", 512)
    layout = training.cache.layout.items()
    kept = [np.zeros(*facts)[0].nbytes for name, facts in layout if name.startswith("train_")]
    monkeypatch.setattr(activation_blocks, "MOST", rows * sum(kept))


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_what_workers_compute_is_what_one_process_does(start, ray, place):
    assert_same(compute(share(start(place))), compute(start(place)))
    assert sorted(ray.blocks, key=lambda block: (block[0], block[1].start)) == [
        ("train", range(8)),
        ("train", range(8, 16)),
        ("train", range(16, 21)),
        ("validation", range(8)),
    ]


def test_a_block_has_several_batches_but_no_more_bytes_than_it_may(start, ray, monkeypatch):
    training = start()
    limit_block(training, 20, monkeypatch)
    compute(share(training))
    found = [rows for kind, rows in ray.blocks if kind == "train"]
    assert sorted(found, key=lambda rows: rows.start) == [range(16), range(16, 21)]


@pytest.mark.thorough
def test_blocks_of_what_is_left_are_as_large_as_before(start, ray, monkeypatch):
    training = start(train=48)
    wanted = compute(training)
    limit_block(training, 16, monkeypatch)
    begin_filled(training, wanted, 16, monkeypatch)
    assert_same(compute(share(training)), wanted)
    found = [rows for kind, rows in ray.blocks if kind == "train"]
    assert sorted(found, key=lambda rows: rows.start) == [range(16, 32), range(32, 48)]


def test_the_speed_that_is_shown_is_of_the_examples_of_a_block(start, ray, monkeypatch):
    shown = []

    def show(batches, name, steps, size, quiet):
        shown.append((steps, size))
        return contextlib.nullcontext(batches)

    monkeypatch.setattr(activation_blocks, "showing_steps", show)
    compute(share(start()))
    assert shown == [(4, 7)]  # 21 and 8 examples


def test_where_nothing_is_left_no_cluster_is_asked(start, ray, monkeypatch):
    training = start()
    wanted = compute(training)
    begin_filled(training, wanted, 21, monkeypatch)
    monkeypatch.setattr(block_engines, "connecting", pytest.fail)
    assert_same(compute(share(training)), wanted)


@pytest.mark.thorough
def test_files_are_read_by_workers_and_kept_squares_sent_to_them(start, ray, tmp_path):
    wanted = compute(start())
    files = write_files(tmp_path / "images", start())
    assert_same(compute(share(files)), wanted)
    data = files.data
    squares = np.concatenate([start().data.splits[name].pixels for name in data.splits])
    ends = {"train": np.arange(21), "validation": np.arange(21, 29)}
    for name, rows in ends.items():
        data = data.with_decoded(name, SquareRows(squares, rows))
    for file in (tmp_path / "images").iterdir():
        file.unlink()
    assert_same(compute(share(dataclasses.replace(files, data=data))), wanted)


@pytest.mark.thorough
def test_a_block_whose_worker_ends_is_done_again(start, ray, caplog):
    wanted, deaths = compute(start()), [range(8, 16), range(16, 21), range(8)]
    ray.ending = lambda kind, rows: rows in deaths and not deaths.remove(rows)
    assert_same(compute(share(start())), wanted)
    assert deaths == []
    assert ray.started >= 4
    assert "A worker ended with a block of 5 examples (gone): it is done again" in caplog.text


@pytest.mark.thorough
def test_an_example_that_ends_each_worker_is_named(start, ray, tmp_path):
    training = write_files(tmp_path / "images", start())
    ray.ending = lambda kind, rows: kind == "train" and 10 in rows
    with pytest.raises(ConfigError, match=r"must not end .* Received: train10\.png\. Take out"):
        compute(share(training))
    assert not (training.run.scratch / "activations").exists()


@pytest.mark.thorough
def test_activations_beyond_float16_are_streamed_instead(start, ray, caplog):
    training = share(start())
    norm = training.model.get_layer("backbone").get_layer("block2_bn")
    norm.gamma.assign(norm.gamma * 1e6)
    part, _ = FrozenCache(training).serve(PHASES[1])
    assert part is training.model
    assert "do not fit into float16" in caplog.text


@pytest.mark.thorough
def test_a_file_that_cannot_be_read_any_more_is_an_error_as_without_workers(start, ray, tmp_path):
    found = []
    for number, engine in enumerate((Engine(), Engine(RAY, 2))):
        training = write_files(tmp_path / f"images{number}", start())
        kinds = training.data.splits["train"]
        broken = dataclasses.replace(
            training.data, splits={**training.data.splits, "train": _without_states(kinds)}
        )
        (tmp_path / f"images{number}/train9.png").write_bytes(b"nothing")
        training = dataclasses.replace(training, data=broken, engine=engine)
        with pytest.raises(Exception, match=r"(?s)image|nothing|format|decode") as caught:
            compute(training)
        found.append(type(caught.value))
    assert found[0] == found[1]


def _without_states(split):
    """Return a split whose files are not looked at before they are read."""
    return dataclasses.replace(split, states=None)


def test_a_machine_that_does_not_see_the_images_is_told(start, ray, tmp_path, monkeypatch):
    training = write_files(tmp_path / "images", start())
    splits = {
        name: dataclasses.replace(split, states=np.zeros((len(split), 2), np.int64))
        for name, split in training.data.splits.items()
    }
    data: TrainingData = dataclasses.replace(training.data, splits=splits)
    training = share(dataclasses.replace(training, data=data))
    monkeypatch.setattr("os.path.exists", lambda file: not str(file).endswith("train0.png"))
    with pytest.raises(ConfigError, match=r"share under the same path\. Received: .*train0\.png"):
        compute(training)


def test_the_pass_here_asks_no_cluster(start, ray):
    compute(start())
    assert ray.started == 0
