"""Files that the workers of a cluster inspect, as `check --engine ray` has it."""

import json
import os
import time

import pytest
from fake_ray import Fatal
from PIL import Image

from keras_transfer.check import main
from keras_transfer.images.doctor import file_blocks
from keras_transfer.images.doctor import inspection as doctor
from keras_transfer.images.doctor.facts_cache import KnownFiles
from keras_transfer.system.errors import ConfigError


@pytest.fixture(autouse=True)
def blocks_of_4(monkeypatch):
    monkeypatch.setattr("keras_transfer.cluster.block_engines.BLOCK", 4)


@pytest.fixture
def photos(make_tree):
    """Return a folder of images of which some are odd, equal, broken or empty; none is new."""
    root = make_tree(*(f"{name}/{number}.png" for name in "ab" for number in range(8)))
    Image.new("CMYK", (300, 200)).save(root / "b/odd.jpg")
    (root / "a/same.png").write_bytes((root / "b/3.png").read_bytes())
    (root / "a/broken.png").write_bytes(b"no image")
    (root / "a/cut.png").write_bytes((root / "a/3.png").read_bytes()[:90])
    (root / "b/empty.jpg").touch()
    for file in root.glob("*/*"):  # those of the last two seconds are not remembered
        os.utime(file, ns=(time.time_ns(), time.time_ns() - 10**10))
    return root


@pytest.fixture
def forget(monkeypatch):
    """Return what has nothing found that was remembered before."""
    return lambda: monkeypatch.setattr(KnownFiles, "find", lambda *_: iter(()))


def check(root, capsys, *words):
    """Return what is printed, and the report."""
    assert main([str(root), "--report", f"{root}.json", *words]) == 1
    return capsys.readouterr().out, json.loads(root.with_suffix(".json").read_text("utf-8"))


def test_the_report_of_workers_is_that_of_this_process(photos, fake_ray, forget, capsys):
    found = check(photos, capsys, "--engine", "ray")
    assert fake_ray.started == 2
    forget()
    assert found == check(photos, capsys)
    assert len(found[1]["unusable"]) == 3


def test_what_workers_found_is_remembered_by_this_process(photos, fake_ray, capsys, monkeypatch):
    found = check(photos, capsys, "--engine", "ray")
    monkeypatch.setattr(doctor, "inspect_file", lambda file: pytest.fail(f"{file} is read again"))
    started = fake_ray.started
    assert found == check(photos, capsys)
    assert found == check(photos, capsys, "--engine", "ray")
    assert fake_ray.started == started  # nothing is left for a worker


def test_a_file_that_ends_its_worker_is_unusable_and_not_remembered(
    photos, fake_ray, capsys, monkeypatch
):
    true = file_blocks.inspect_file

    def end(file):
        if file.endswith("b/5.png"):
            raise Fatal("out of memory")
        return true(file)

    with monkeypatch.context() as patch:
        patch.setattr(file_blocks, "inspect_file", end)
        _, report = check(photos, capsys, "--engine", "ray")
    unusable = {each["path"]: each["reason"] for each in report["unusable"]}
    assert unusable.pop("b/5.png") == "it ends the process that reads it"
    assert len(unusable) == 3
    _, report = check(photos, capsys, "--engine", "ray")
    assert {each["path"] for each in report["unusable"]} == unusable.keys()


def test_workers_open_no_database(photos, fake_ray, capsys, monkeypatch):
    opened = []
    true = KnownFiles.__init__
    monkeypatch.setattr(KnownFiles, "__init__", lambda *words: opened.append(1) or true(*words))
    check(photos, capsys, "--engine", "ray")
    assert len(opened) == 1


def test_texts_are_refused(tmp_path):
    table = tmp_path / "reviews.csv"
    table.write_text("text,label\n" + "good,a\nbad,b\n" * 5)
    with pytest.raises(ConfigError, match="`engine` must be processes where the examples are text"):
        main([str(table), "--engine", "ray"])
