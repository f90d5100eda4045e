"""Predictions of a split by the workers of a cluster."""

import contextlib
import io
import shutil
from pathlib import Path

import pytest
from fake_ray import Fatal
from json_answers import read_answer

from keras_transfer.evaluate import main
from keras_transfer.evaluation import inference
from keras_transfer.models.run_model import load_run_model
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.system.errors import ConfigError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, tmp_path):
    monkeypatch.setattr("keras_transfer.cluster.block_engines.BLOCK", 40)  # 32: batches are of 16
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def parts(monkeypatch):
    """Return what is asked of each worker: images of a part, and of its batches."""
    asked = []
    true = inference.pass_split

    def count(forward, data, name, *words, **more):
        asked.append((len(data.splits[name]), data.batch_size))
        return true(forward, data, name, *words, **more)

    monkeypatch.setattr(inference, "pass_split", count)
    return asked


def evaluate(run, *words):
    """Return what `--json` prints and what is left, as text by file name."""
    asked = [str(run.path), *map(str, words), "--json", "--output", "found"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        main(asked)
    tables = [Path(f"found/{name}.csv").read_text() for name in ("per_class", "confusion_matrix")]
    shutil.rmtree("found")
    return read_answer("evaluate", said.getvalue()), tables


def require_same(there, here):
    assert there[1] == here[1]
    assert there[0].keys() == here[0].keys()
    for name, value in here[0].items():
        same = pytest.approx(value, rel=1e-4) if isinstance(value, float) else value
        assert there[0][name] == same


def test_own_images_are_measured_alike(unsure_run, fake_ray, parts):
    words = ["--split", "train", "--coverage", "0.8"]
    there = evaluate(unsure_run, *words, "--engine", "ray")
    assert sorted(parts) == [(16, 16), (32, 16), (32, 16)]
    assert fake_ray.started >= 2
    require_same(there, evaluate(unsure_run, *words))


@pytest.mark.thorough
def test_others_are_measured_alike_and_so_is_what_is_unusual(
    unsure_run, stripes, tmp_path, fake_ray, caplog
):
    shutil.copytree(stripes / "test", tmp_path / "other")
    (tmp_path / "other/level/!bad.png").write_bytes(b"no image")
    words = ["--dataset", "other", "--unusual"]
    there = evaluate(unsure_run, *words, "--engine", "ray")
    assert "1 unreadable file is left out: level/!bad.png (of no known image format" in caplog.text
    assert there[0]["unusual"]
    require_same(there, evaluate(unsure_run, *words))


@pytest.mark.thorough
def test_texts_are_measured_alike(reported_run, fake_ray):
    there = evaluate(reported_run, "--split", "train", "--engine", "ray")
    require_same(there, evaluate(reported_run, "--split", "train"))


@pytest.fixture
def deadly(monkeypatch, finished_run):
    """Return a set of images; who predicts one of them ends. The model is loaded but once."""
    fatal = set()
    model = load_run_model(finished_run, load_run_config(finished_run))
    monkeypatch.setattr("keras_transfer.models.run_model.load_run_model", lambda *_: model)
    true = inference.pass_split

    def end(forward, data, name, *words, **more):
        if fatal & {*data.splits[name].paths}:
            raise Fatal("SIGSEGV")
        return true(forward, data, name, *words, **more)

    monkeypatch.setattr(inference, "pass_split", end)
    return fatal


@pytest.fixture
def few(stripes, tmp_path):
    """Name three labelled images as seen from this folder."""
    (tmp_path / "other/level").mkdir(parents=True)
    for name in ("a", "b", "c"):
        shutil.copy(stripes / "test/level/003.png", tmp_path / f"other/level/{name}.png")
    return "other"


@pytest.mark.thorough
def test_an_image_that_ends_its_worker_is_named_and_left_out(
    finished_run, few, fake_ray, deadly, caplog
):
    deadly.add("level/b.png")
    found, _ = evaluate(finished_run, "--dataset", few, "--engine", "ray")
    assert found["images"] == 2
    said = "1 unreadable file is left out: level/b.png (it ends the process that reads it)"
    assert said in caplog.text


@pytest.mark.thorough
def test_where_each_image_ends_its_worker_a_line_says_so(finished_run, few, fake_ray, deadly):
    deadly |= {"level/a.png", "level/b.png", "level/c.png"}
    with pytest.raises(ConfigError, match=r"readable\. Received: none, each ends the process"):
        evaluate(finished_run, "--dataset", few, "--engine", "ray")


def test_views_are_refused(finished_run):
    with pytest.raises(ConfigError, match=r"`tta` must be 1 with --engine ray\. Received: 2"):
        main([str(finished_run.path), "--tta", "2", "--engine", "ray"])
