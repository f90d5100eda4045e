"""Each block moves at its rate, and averages of the weights are kept where they do better."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.freeze_table import name_blocks
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.best_epoch import rank_epoch
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.training import fit_phase
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.plan.strategies import plan_phases
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.run_phases import run_phase

PLAIN = OptimizerConfig(schedule="constant", warmup=0.0, weight_decay=0.0)


def run_one(data, config, folder, optimizer, index=-1):
    """Train a phase of a plan, the last one by default; return the model and its checkpoints."""
    config = dataclasses.replace(config, optimizer=optimizer)
    keras.utils.set_random_seed(0)
    model = build_classifier(config, data.class_names, None)
    checkpoints = Checkpoints(model, Run(folder))
    checkpoints.keep_start()
    checkpoints.progress.enter("finetune")
    phase = plan_phases(config, BACKBONES["tiny"])[index]
    training = Training(model=model, phases=[phase], data=data, config=config, run=Run(folder))
    run_phase(training, phase, checkpoints)
    return model, checkpoints


@pytest.fixture
def config(tiny_backbone, make_config):
    finetune = FinetuneConfig(
        epochs=1,
        learning_rate=1e-3,
        locked_layers="block1",
        layer_decay=0.5,
        rates={"block1": 6e-3, "head": 4e-2},
        batch_norm="scale",
    )
    return make_config("tiny", finetune=finetune)


def test_the_first_update_of_each_block_is_its_rate(config, make_data, tmp_path):
    model, checkpoints = run_one(make_data(train=8), config, tmp_path, PLAIN)  # one step
    blocks = name_blocks(model, BACKBONES["tiny"])
    moves = {}
    for weight in model.trainable_variables:
        (start,) = checkpoints.read_start([weight])
        # Adam's first update is the rate, whatever the gradient, if that is not tiny
        moved = np.median(np.abs(np.array(weight) - start))
        moves.setdefault(blocks[id(weight)], []).append(moved)
    assert {name: len(found) for name, found in moves.items()} == {
        "block1": 3,
        "block2": 3,
        "block3": 3,
        "head": 2,
    }
    for name, rate in {"block1": 6e-3, "block2": 5e-4, "block3": 1e-3, "head": 4e-2}.items():
        assert moves[name] == pytest.approx([rate] * len(moves[name]), rel=0.02), name


def test_the_freeze_table_shows_the_rate_of_each_block(config, make_data, tmp_path):
    _, checkpoints = run_one(make_data(train=8), config, tmp_path, PLAIN)
    table = read_table(checkpoints.run.freeze_table_file)
    rates = dict(zip(table["layer"], table["learning_rate"], strict=True))
    found = [rates[f"block{block}_conv"] for block in (1, 2, 3)] + [rates["probabilities"]]
    assert list(map(float, found)) == [6e-3, 5e-4, 1e-3, 4e-2]


def test_of_a_shared_schedule_the_table_shows_the_peak_of_the_piece(config, make_data, tmp_path):
    finetune = dataclasses.replace(
        config.finetune, epochs=3, layer_decay=1.0, rates=None, unfreeze_every=1
    )
    config = dataclasses.replace(config, strategy="gradual", finetune=finetune)
    climbing = OptimizerConfig(schedule="constant", warmup=2.0)
    _, checkpoints = run_one(make_data(train=16), config, tmp_path, climbing, 1)
    table = read_table(checkpoints.run.freeze_table_file)
    rates = {rate for rate in table["learning_rate"] if rate}
    assert rates == {checkpoints.progress.rows[0][2]} == {"0.00025"}  # of 1e-3, after 2 steps of 4


def test_the_true_class_gives_mass_to_the_others(config, make_data, tmp_path):
    data = make_data(train=8)
    model, _ = run_one(data, config, tmp_path, dataclasses.replace(PLAIN, label_smoothing=0.2))
    images, labels = next(iter(data.clean_batches("validation")))
    said = np.log(model.predict(images, verbose=0))
    expected = -((0.8 * labels.numpy() + 0.1) * said).sum(axis=1).mean()
    assert model.evaluate(images, labels, verbose=0)[0] == pytest.approx(expected, rel=1e-5)


def test_history_has_the_rate_of_the_head(config, make_data, tmp_path):
    _, checkpoints = run_one(make_data(train=8), config, tmp_path, PLAIN)
    assert checkpoints.progress.rows[0][2] == "0.04"


@pytest.mark.thorough
def test_the_average_is_evaluated_and_kept_where_it_is_better(
    config, make_data, tmp_path, monkeypatch
):
    """Weights that jump about end badly; their average does not."""

    def jump(config, peak, steps, epoch_steps):
        rates = np.full(steps, peak)
        rates[epoch_steps - 1 :: epoch_steps] = 100 * peak  # the last step of each epoch
        return rates

    monkeypatch.setattr(fit_phase, "plan_rates", jump)
    finetune = FinetuneConfig(epochs=3, learning_rate=3e-3, locked_layers=0, batch_norm="scale")
    config = dataclasses.replace(config, finetune=finetune)
    data = make_data(train=40)
    plain, plain_checkpoints = run_one(data, config, tmp_path / "plain", PLAIN)
    average = dataclasses.replace(PLAIN, ema=0.9)
    model, checkpoints = run_one(data, config, tmp_path / "ema", average)
    progress = checkpoints.progress
    checkpoints.restore_weights(progress.best)
    model.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    results = model.evaluate(data.clean_batches("validation"), verbose=0, return_dict=True)
    history, other = progress.history(), plain_checkpoints.progress.history()
    best, other_best = history.best_row("finetune"), other.best_row("finetune")
    assert history.val_loss[best] == pytest.approx(results["loss"], rel=1e-4)
    assert rank_epoch(history.val_accuracy[best], history.val_loss[best]) > rank_epoch(
        other.val_accuracy[other_best], other.val_loss[other_best]
    )
    # the training itself went on from the weights, not from their average
    checkpoints.restore(progress.number)
    for weight, expected in zip(model.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(np.array(weight), np.array(expected))
