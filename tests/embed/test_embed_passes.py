"""Features that the workers of a cluster make."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from fake_ray import Fatal

from keras_transfer.cluster.block_engines import Engine
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.embed import embed_passes, main
from keras_transfer.evaluation.domain_gap import pooled_features
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.run.load_settings import load_run_config


@pytest.fixture(autouse=True)
def blocks_of_32(monkeypatch, tmp_path):
    monkeypatch.setattr("keras_transfer.cluster.block_engines.BLOCK", 32)
    monkeypatch.chdir(tmp_path)


def embed(network, *datasets):
    """Return what workers make of data sets, and what this process does."""
    words = [str(network), *map(str, datasets), "--quiet", "--output"]
    assert main([*words, "there.npz", "--engine", "ray"]) == 0
    assert main([*words, "here.npz"]) == 0
    return read("there.npz"), read("here.npz")


def read(file):
    with np.load(file) as found:
        return dict(found)


def require_same(found, wanted):
    for name in ("data_set", "path", "split", "class"):
        assert found[name].tolist() == wanted[name].tolist()
    np.testing.assert_allclose(found["vector"], wanted["vector"], rtol=1e-5, atol=1e-6)


def test_workers_leave_the_same_rows_of_all_sets(finished_run, stripes, tmp_path, fake_ray):
    shutil.copytree(stripes / "test/level", "flat")  # named as seen from this folder
    (tmp_path / "flat/004.png").write_bytes(b"no image")
    found, wanted = embed(finished_run.path, stripes, "flat")
    assert fake_ray.started == 2
    assert len(found["path"]) == 139
    require_same(found, wanted)


@pytest.mark.thorough
def test_workers_read_texts_as_this_process_does(reported_run, fake_ray):
    found, wanted = embed(reported_run.path)
    assert len(found["path"]) > 32
    require_same(found, wanted)


def test_an_image_that_ends_its_worker_is_named_and_left_out(
    finished_run, stripes, fake_ray, monkeypatch, caplog
):
    true = embed_passes.stream_features
    opened = embed_passes.open_run(finished_run, load_run_config(finished_run))
    monkeypatch.setattr(embed_passes, "open_run", lambda *_: opened)

    def end(network, sources, modality):
        if any(str(source).endswith("b.png") for source in sources):
            raise Fatal("SIGSEGV")
        yield from true(network, sources, modality)

    monkeypatch.setattr(embed_passes, "stream_features", end)
    Path("few").mkdir()
    for name in ("a", "b", "c"):
        shutil.copy(stripes / "test/level/003.png", f"few/{name}.png")
    main([str(finished_run.path), "few", "--quiet", "--output", "there.npz", "--engine", "ray"])
    assert "1 unreadable file is left out: b.png (it ends the process that reads it)" in caplog.text
    assert read("there.npz")["path"].tolist() == ["a.png", "c.png"]


def test_what_auto_means_and_where_files_are_does_not_depend_on_the_machine(
    monkeypatch, tmp_path, caplog
):
    asked, weights = [], Weights(kind="bundled", warning="They stand in.")
    monkeypatch.setattr(pooled_features, "find_weights", lambda *_: weights)
    monkeypatch.setattr(Engine, "answer", lambda _, *words: asked.append(words) or iter(()))
    config = TrainConfig(backbone="mobilenetv3small")
    assert config.weights == "auto"
    passing = embed_passes.pass_on_workers(None, config, Engine("ray"))
    assert list(passing.stream([["a.png"]])) == []
    ((job, blocks),) = asked
    assert passing.name == "mobilenetv3small with bundled weights"
    assert job.opening.args[1].weights == "bundled"
    assert [*blocks] == [(0, [str(tmp_path / "a.png")])]
    assert "They stand in." in caplog.text  # the workers are told which, and so say nothing
