"""Disks that refuse, and images that vanish: the run stays readable and can be gone on with."""

import errno
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from full_disk import full_after
from same_runs import assert_same_run

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table

SHORT = {"cache": CacheConfig(views=2, memory_gb=0.0), "finetune": FinetuneConfig(epochs=0)}
NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
PAGE = "report.html"  # a run is finished without it, see test_report.py
FAULTS = ("no space", "half a file", "exception", "no rename")


class Saboteur:
    """Makes the first write of each file in a folder fail, one file at a time.

    Args:
        folder: Where it is at work.
        kinds: What happens, in turn.
    """

    def __init__(self, folder, kinds):
        self.folder, self.kinds = folder, kinds
        self.done = []  # files so far
        self.broken = False  # whether a write failed since the last look
        self.replace, self.fsync, self.rename = Path.replace, os.fsync, os.rename

    def install(self, patch):
        patch.setattr(os, "fsync", self._fsync)
        patch.setattr(Path, "replace", lambda source, target: self._move(source, target))
        patch.setattr(os, "rename", self._rename)

    def _fsync(self, descriptor):
        file = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        fault = self._choose(re.sub(r"^\.\d+-(\w{8}-)?", "", file.name), file, "no rename")
        if fault == "half a file":
            os.truncate(file, file.stat().st_size // 2)
        if fault == "exception":
            raise RuntimeError("in the middle")
        if fault:
            raise NO_SPACE
        self.fsync(descriptor)

    def _move(self, source, target):
        if self._choose(target.name, target, *FAULTS[:3]):
            raise NO_SPACE
        return self.replace(source, target)

    def _rename(self, source, target):
        if self._choose(Path(target).name, Path(target)):  # of a folder, which nobody flushes
            raise NO_SPACE
        self.rename(source, target)

    def _choose(self, name, file, *others):
        """Return what is to go wrong with a file now, unless its turn is for another fault."""
        fault = self.kinds[len(self.done) % len(self.kinds)]
        if name == PAGE:
            return None
        if self.broken or fault in others or name in self.done or self.folder not in file.parents:
            return None
        self.broken = True
        self.done.append(name)
        return fault


def assert_readable(run):
    """Every file that has its name is whole, and nothing says that the run is finished."""
    assert not run.metrics_file.exists()
    load_config(run.config_file)
    for file in run.path.rglob("*.json"):
        json.loads(file.read_text())
    for file in run.path.glob("*.csv"):
        table = read_table(file)
        assert len({len(cells) for cells in table.values()}) == 1
    assert not run.lock_file.exists()
    assert list(run.path.rglob(".[0-9]*")) == []


def sabotage(train, folder, kinds, monkeypatch):
    """Go on with a run until nothing is left that could fail; return it and what failed."""
    saboteur, start = Saboteur(folder, kinds), {"output": folder, **SHORT}
    with monkeypatch.context() as patch:
        saboteur.install(patch)
        while True:
            saboteur.broken = False
            try:
                run = train(**start, figures=True)
            except (ConfigError, RuntimeError) as error:
                if not (
                    saboteur.broken and ("No space left" in str(error) or "middle" in str(error))
                ):
                    raise
            else:
                if saboteur.broken and saboteur.done[-1] == "owner.json":
                    shutil.rmtree(run.path)  # what would only have saved time was not kept: anew
                    start = {"output": folder, **SHORT}
                    continue
                assert not saboteur.broken, saboteur.done[-1]
                return run, saboteur.done
            if (folder / "run").exists():
                start = {"resume": folder / "run"}
                assert_readable(Run(folder / "run"))


@pytest.fixture(scope="module")
def short_run(train, tmp_path_factory):
    """What no disk refused; read it only."""
    return train(tmp_path_factory.mktemp("short"), **SHORT)


@pytest.mark.thorough
def test_any_write_may_fail(train, short_run, tmp_path, monkeypatch):
    run, done = sabotage(train, tmp_path, FAULTS, monkeypatch)
    written = {path.name for path in (*run.path.iterdir(), *run.figures.iterdir())}
    written |= {f"{number:05}.npz" for number in range(5)}
    written |= {"plan.json", "lock.json", "manifest.json", "owner.json", "activations"}
    assert written - {"train.log", "figures", PAGE} - set(done) == set()
    shutil.rmtree(run.figures)
    run.report_file.unlink()
    assert_same_run(run, short_run)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_any_write_may_fail_in_any_way(fault, train, short_run, tmp_path, monkeypatch):
    run, _ = sabotage(train, tmp_path, (fault,), monkeypatch)
    shutil.rmtree(run.figures)
    run.report_file.unlink()
    assert_same_run(run, short_run)


@pytest.mark.thorough
def test_a_disk_that_is_really_full_is_one_clear_error(cut_run, train, whole_run):
    run = cut_run(2)
    message = r"able to write its files.*File too large: .*npz"
    with full_after(30_000), pytest.raises(ConfigError, match=message):  # a checkpoint takes more
        train(resume=run.path)
    assert_readable(run)
    train(resume=run.path)
    assert_same_run(run, whole_run)


@pytest.mark.thorough
def test_images_that_vanish_are_named(train, stripes, tmp_path, monkeypatch):
    from keras_transfer.training import callbacks

    images = shutil.copytree(stripes, tmp_path / "images")
    gone = images / "train/level/003.png"
    content = gone.read_bytes()

    def remove(*arguments):
        gone.unlink(missing_ok=True)

    monkeypatch.setattr(callbacks.NoteEpoch, "on_epoch_begin", remove)
    changes = {
        "cache": CacheConfig(mode="off", views=2, memory_gb=0.0, disk_gb=0.0),
        "finetune": FinetuneConfig(epochs=0),
    }
    with pytest.raises(ConfigError) as caught:
        train(tmp_path, dataset=str(images), **changes)
    assert f"that are gone or changed, such as {gone.relative_to(images)}" in str(caught.value)
    monkeypatch.undo()
    run = Run(tmp_path / "run")
    assert_readable(run)
    gone.write_bytes(content)
    train(resume=run.path)
    assert run.metrics_file.exists()
