"""What the phases of a strategy do to a network."""

import dataclasses
import itertools
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.train import fine_tune
from keras_transfer.training.callbacks import StopEarly
from keras_transfer.training.optimization.schedules import plan_rates
from keras_transfer.training.plan.strategies import plan_phases
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.progress.training_progress import Progress
from keras_transfer.training.run_phases import run_phases

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def gradual_run(tiny_config, drawn, tmp_path_factory):
    """A run whose boundary falls three times, with what learned in each epoch."""
    from keras_transfer.training.checkpoints import Checkpoints

    finetune = FinetuneConfig(epochs=3, learning_rate=0.01, locked_layers=0, unfreeze_every=1)
    config = dataclasses.replace(
        tiny_config,
        strategy="gradual",
        output=tmp_path_factory.mktemp("gradual"),
        finetune=finetune,
    )
    states, original = [], Checkpoints.keep

    def keep(self, *words):
        original(self, *words)
        kernels = [w for w in self.model.get_layer("backbone").weights if "conv" in w.path]
        states.append([np.array(weight) for weight in kernels])

    with pytest.MonkeyPatch.context() as patch, drawn():
        patch.setattr(Checkpoints, "keep", keep)
        run = fine_tune(config)
    return run, states


@pytest.mark.thorough
def test_a_run_follows_one_schedule_across_its_boundaries(gradual_run):
    run, _ = gradual_run
    rates = list(map(float, run.history_table()["learning_rate"]))[2:]
    whole = plan_rates(OptimizerConfig(), 0.01, 15, 5)[4::5]
    assert rates == pytest.approx(whole * [1, 0.8, 0.64], rel=1e-4)


def test_a_plateau_unlocks_the_next_block(tiny_backbone, make_config, make_data, tmp_path):
    finetune = FinetuneConfig(
        epochs=8,
        learning_rate=1e-12,  # the validation loss cannot fall
        locked_layers=0,
        unfreeze_every="plateau",
        batch_norm="scale",
    )
    config = make_config("tiny", strategy="gradual", finetune=finetune)
    data = make_data()
    model = build_classifier(config, data.class_names, None)
    run = Run(tmp_path)
    phases = plan_phases(config, BACKBONES["tiny"])
    run_phases(Training(model=model, phases=phases, data=data, config=config, run=run))
    names = ["frozen"] + 3 * ["finetune"] + 3 * ["finetune_2"] + 2 * ["finetune_3"]
    assert run.history_table()["phase"] == names


def test_a_plateau_is_one_of_the_loss_whatever_the_accuracy_does():
    progress = Progress()
    progress.enter("finetune")
    keeper = StopEarly(progress, patience=0, plateau=2)
    keeper.set_model(SimpleNamespace(stop_training=False))
    for epoch, (accuracy, loss) in enumerate([(0.9, 1.0), (0.8, 0.9), (0.8, 0.8), (0.9, 0.85)]):
        progress.rows.append(["finetune", str(epoch + 1), *"111", str(loss), str(accuracy), "1"])
        keeper.on_epoch_end(epoch)
        assert not keeper.model.stop_training, epoch
    progress.rows.append(["finetune", "5", *"111", "0.81", "1.0", "1"])
    keeper.on_epoch_end(4)
    assert keeper.model.stop_training


def test_unfrozen_blocks_go_on_learning(gradual_run):
    run, states = gradual_run
    assert run.history_table()["phase"] == [
        "frozen",
        "frozen",
        "finetune",
        "finetune_2",
        "finetune_3",
    ]
    before = states[1:]
    for epoch, (old, new) in enumerate(itertools.pairwise(before)):
        moved = [not np.array_equal(a, b) for a, b in zip(old, new, strict=True)]
        assert moved == [block >= 2 - epoch for block in range(3)]


def test_the_drift_of_a_run_says_which_blocks_moved(gradual_run):
    run, _ = gradual_run
    table = read_table(run.drift_file)
    assert table["block"] == ["stem", "block1", "block2", "block3"]
    assert float(table["drift"][0]) == 0  # no weights
    for group in ("drift", "kernel_drift", "norm_drift", "layer_drift"):
        assert float(table[group][0]) == 0
        assert min(map(float, table[group][1:])) > 1e-4
    assert table["layer"][0] == ""
    assert [name.split("_")[0] for name in table["layer"][1:]] == table["block"][1:]
    assert (run.figures / "backbone_drift.png").stat().st_size > 5000


@pytest.mark.thorough
def test_from_scratch_starts_from_random_weights_with_statistics_that_follow(
    tiny_config, tmp_path, finished_run, monkeypatch
):
    from keras_transfer.training import run_phases

    # which would hide statistics that do not move in the training
    monkeypatch.setattr(run_phases, "begin_statistics", lambda model, data: None)
    config = dataclasses.replace(
        tiny_config,
        strategy="from_scratch",
        weights=str(finished_run.path),  # what other strategies of a comparison start from
        output=tmp_path,
        frozen=FrozenConfig(epochs=1),
        finetune=FinetuneConfig(epochs=1),
    )
    run = fine_tune(config)
    assert run.metrics()["weights"] == "none"
    assert read_table(run.freeze_table_file)["batch_norm"].count("adapt") == 3
    rates = set(read_table(run.freeze_table_file)["learning_rate"])
    assert rates == {"0.003"}  # of small networks that nobody has pretrained, as the tiny one is
    assert len(run.history_table()["epoch"]) == 2
    model = keras.models.load_model(run.model_file)
    layer = model.get_layer("backbone").get_layer("block3_bn")
    assert np.abs(np.array(layer.moving_mean)).max() > 1e-3
    assert np.abs(np.array(layer.moving_variance) - 1).max() > 1e-2
