"""An interrupted run ends as if nothing had happened."""

import dataclasses
import shutil

import pytest
from same_runs import assert_same_run

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.sections.regularize_settings import RegularizeConfig
from keras_transfer.config.train_config import to_dict
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.resuming import begin_run
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training import run_phases
from keras_transfer.training.cache import frozen_cache

LORA = {
    "backbone": "tiny_transformer",
    "strategy": "lora",
    "finetune": FinetuneConfig(epochs=4, learning_rate=0.01, locked_layers="block_2", lora_rank=2),
}


@pytest.mark.slow
def test_a_run_interrupted_after_the_last_epoch_ends_as_a_whole_one(cut_run, train, whole_run):
    run = cut_run(8)
    assert not run.metrics_file.exists()
    train(resume=run.path)
    assert_same_run(run, whole_run)


@pytest.mark.thorough
def test_a_run_may_be_interrupted_again_and_again(cut_run, interrupt, train, whole_run):
    run = cut_run(2)
    interrupt(2, resume=run.path)  # which ends the first phase
    interrupt(2, resume=run.path)
    assert len(run.history_table()["epoch"]) == 6
    train(resume=run.path)
    assert_same_run(run, whole_run)
    seconds = run.metrics()["seconds"]  # of all parts
    total = seconds.pop("total")
    assert sum(seconds.values()) == pytest.approx(total, rel=0.02)
    history = run.history_table()
    first = sum(map(float, history["seconds"][: history["phase"].count("frozen")]))
    assert seconds["frozen"] >= first > 0


@pytest.mark.thorough
def test_reused_activations_are_remembered(interrupt, train, tmp_path, monkeypatch):
    """Also where the parts that go on do not need them, or find what the run kept itself."""
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    changes = {"cache": CacheConfig(reuse=True, mode="on", memory_gb=0.0)}
    first = interrupt(2, tmp_path / "first", **changes)
    train(resume=first.path)
    second = interrupt(7, tmp_path / "second", **changes)
    train(resume=second.path)
    assert [run.metrics()["cache"]["reused"] for run in (first, second)] == [False, True]


@pytest.mark.slow
def test_fresh_views_and_the_loss_scale_go_on(interrupt, train, tmp_path):
    changes = {"cache": CacheConfig(views="fresh"), "precision": "mixed_float16"}
    whole = train(tmp_path / "whole", **changes)
    run = interrupt(6, tmp_path, **changes)
    train(resume=run.path)
    assert_same_run(run, whole)


@pytest.mark.parametrize(
    ("epochs", "changes"),
    [
        pytest.param(
            5,  # within the second of the phases that share a schedule
            {
                "strategy": "gradual",
                "finetune": FinetuneConfig(
                    epochs=4, learning_rate=0.01, unfreeze_every=2, locked_layers=0, layer_decay=0.5
                ),
                "optimizer": OptimizerConfig(ema=0.5, accumulate=2, clip_norm=1.0, name="lion"),
                "regularize": RegularizeConfig(name="l2_sp"),
            },
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            1,
            {
                "frozen": FrozenConfig(epochs=2, learning_rate="auto"),
                "finetune": FinetuneConfig(epochs=1),
                "augment": AugmentConfig(cutmix=1.0),
            },
            marks=pytest.mark.slow,
        ),
        pytest.param(
            1,
            {"head": HeadConfig(start="lda"), "cache": CacheConfig(mode="off")},
            marks=pytest.mark.slow,
        ),
        pytest.param(5, LORA, marks=pytest.mark.slow),
        pytest.param(8, LORA, marks=pytest.mark.slow),
    ],
    ids=[
        *("gradual, averages, accumulated, penalty", "range test, CutMix", "solved head"),
        *("low-rank matrices", "low-rank matrices to be merged"),
    ],
)
def test_other_ways_to_train_go_on_as_well(
    epochs, changes, interrupt, train, tmp_path, tiny_transformer
):
    whole = train(tmp_path / "whole", **changes)
    run = interrupt(epochs, tmp_path, **changes)
    train(resume=run.path)
    assert_same_run(run, whole)
    assert run.config_file.read_text() == whole.config_file.read_text().replace(
        str(tmp_path / "whole"), str(tmp_path)
    )


@pytest.mark.thorough
def test_a_run_with_a_solved_head_may_end_before_its_first_epoch(train, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    changes = {"head": HeadConfig(start="lda")}
    whole = train(tmp_path / "whole", **changes)
    with monkeypatch.context() as patch:
        patch.setattr(run_phases, "run_phase", stop)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, **changes)
    run = train(resume=tmp_path / "run")
    assert_same_run(run, whole)


@pytest.mark.parametrize(
    "whole",
    [pytest.param(True, marks=pytest.mark.slow), pytest.param(False, marks=pytest.mark.thorough)],
)
def test_a_cache_on_disk_is_used_again_if_it_is_whole(
    whole, cut_run, interrupt, train, whole_run, monkeypatch
):
    run = cut_run(2)
    interrupt(1, resume=run.path, cache={"memory_gb": 0.0})
    if not whole:
        file = next((run.scratch / "activations").glob("train*.npy"))
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    computed = count_calls(monkeypatch)
    train(resume=run.path, cache={"memory_gb": "auto"})  # they are there, wherever they fit now
    assert computed == ([] if whole else [1])
    assert_same_run(run, whole_run)


def count_calls(monkeypatch):
    computed, original = [], frozen_cache.compute_arrays

    def compute(*arguments):
        computed.append(1)
        return original(*arguments)

    monkeypatch.setattr(frozen_cache, "compute_arrays", compute)
    return computed


def test_views_are_not_reduced_where_memory_became_scarce(cut_run, train):
    run = cut_run(2)
    with pytest.raises(ConfigError, match=r"must fit again\. Received: \d.* --cache\.disk_gb"):
        train(resume=run.path, cache={"memory_gb": 0.0, "disk_gb": 0.0})


@pytest.mark.thorough
def test_a_damaged_state_is_noticed_and_the_one_before_used(cut_run, train, whole_run):
    run = cut_run(6)
    (run.checkpoints / "00006.npz").write_bytes(b"PK\x03\x04 half of a file")
    for file in (
        ".123-0123abcd-history.csv",
        "checkpoints/.123-89abcdef-00007.npz",
    ):  # left by a killed process
        (run.path / file).touch()
    train(resume=run.path)
    log = run.log_file.read_text()
    assert "WARNING: The state after epoch 6 is damaged: the one before is used" in log
    assert "Resumed after epoch 1 of phase finetune" in log
    assert_same_run(run, whole_run)


@pytest.mark.thorough
def test_without_any_whole_state_a_run_begins_again(cut_run, train, whole_run):
    run = cut_run(6)
    file = run.checkpoints / "00000.npz"  # the others hold what differs from it
    file.write_bytes(file.read_bytes()[:-100])
    train(resume=run.path)
    assert "WARNING: The state before the first step is damaged" in run.log_file.read_text()
    assert_same_run(run, whole_run)


@pytest.mark.thorough
def test_early_stopping_goes_on_counting(interrupt, train, tmp_path):
    frozen = FrozenConfig(epochs=9, learning_rate=1e-12)  # nothing ever gets better
    run = interrupt(2, tmp_path, frozen=frozen, finetune=FinetuneConfig(epochs=0))
    train(resume=run.path)
    assert run.history_table()["phase"].count("frozen") == 4  # one, and three more without a better


def test_a_run_that_had_done_nothing_yet_begins(cut_config, tmp_path):
    run, _ = begin_run(dataclasses.replace(cut_config, output=tmp_path, name="run"))
    run.release()
    assert [path.name for path in run.path.iterdir()] == ["config.yaml"]
    again, config = begin_run(load_config(resume=str(run.path)))
    again.release()
    assert again.path == run.path
    assert to_dict(config) == to_dict(load_config(run.config_file))


@pytest.mark.thorough
def test_the_weights_file_is_not_needed_while_the_checkpoints_are_whole(
    interrupt, train, whole_run, tmp_path
):
    file = tmp_path / "start.keras"
    file.write_bytes(whole_run.model_file.read_bytes())
    run = interrupt(2, tmp_path, weights=str(file))
    damaged = Run(shutil.copytree(run.path, tmp_path / "damaged"))
    (damaged.checkpoints / "00000.npz").unlink()
    file.write_bytes(file.read_bytes() + b"changed")
    with pytest.raises(ConfigError, match=r"`weights` must be those that the run began with"):
        train(resume=damaged.path)
    file.unlink()
    train(resume=run.path)
    assert run.metrics()["weights"] == "file"


def test_the_command_to_go_on_is_told(cut_runs, capsys):
    run = cut_runs(2)
    told = f"Go on with: python -m keras_transfer.train --resume {run.path}"
    assert told in run.log_file.read_text()
    with pytest.raises(ConfigError, match="Go on with: python"):
        Run.open(run.path)
