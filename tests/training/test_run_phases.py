"""What a phase may move and what it must leave alone."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.freeze_boundary import find_boundary
from keras_transfer.models.precision import precision
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.explain_faults import explain_faults
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.strategies import plan_phases
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.run_phases import run_phase, run_phases

CARD = ("mobilenetv3small", "efficientnetb0", "resnet50", "mobilenetv3large")


def disturb(backbone):
    """Give every BatchNorm layer statistics that no mistake would leave as they are."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(layer.moving_mean + 0.1)
            layer.moving_variance.assign(layer.moving_variance * 1.3)


def run_one(model, phase, data, config, folder):
    """Train one phase and return how far it came."""
    checkpoints = Checkpoints(model, Run(folder))
    checkpoints.keep_start()
    checkpoints.progress.enter(phase.name)
    training = Training(model=model, phases=[phase], data=data, config=config, run=Run(folder))
    run_phase(training, phase, checkpoints)
    checkpoints.restore_weights(checkpoints.progress.best)
    return checkpoints.progress


def run_all(model, phases, data, config, run):
    return run_phases(Training(model=model, phases=phases, data=data, config=config, run=run))


def copy_weights(layers):
    return [[np.array(value) for value in layer.get_weights()] for layer in layers]


def is_statistic(variable):
    return "moving_" in variable.path


@pytest.fixture
def eager():
    """Run large networks without tracing them, which takes longer than the two steps of a test."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("batch_norm", ["scale", "frozen"])
def test_finetune_moves_only_what_is_above_the_boundary(
    batch_norm, tiny_backbone, tmp_path, make_data, make_config
):
    check_finetune("tiny", batch_norm, tmp_path, make_data, make_config)


@pytest.mark.filterwarnings("ignore:Even though the:UserWarning")  # tf.data stays a graph
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(CARD[0], marks=pytest.mark.thorough),
        *(pytest.param(name, marks=pytest.mark.slow) for name in CARD[1:]),
    ],
)
def test_finetune_of_the_card_backbones_leaves_locked_layers_and_statistics(
    name, eager, tmp_path, make_data, make_config
):
    check_finetune(name, "frozen", tmp_path, make_data, make_config)


def check_finetune(name, batch_norm, tmp_path, make_data, make_config):
    config = make_config(name, batch_norm)
    data = make_data()
    keras.utils.set_random_seed(0)
    model = build_classifier(config, data.class_names, None)
    backbone = model.get_layer("backbone")
    disturb(backbone)
    boundary = find_boundary(name, BACKBONES[name], "auto")
    before = copy_weights(backbone.layers)
    phase = Phase(name="finetune", epochs=1, learning_rate=1e-2, first_learning=boundary)
    run_one(model, phase, data, config, tmp_path)
    after = copy_weights(backbone.layers)
    for layer_before, layer_after in zip(before[:boundary], after[:boundary], strict=True):
        for old, new in zip(layer_before, layer_after, strict=True):
            np.testing.assert_array_equal(old, new)
    moved = 0
    for index in range(boundary, len(backbone.layers)):
        layer = backbone.layers[index]
        for variable, old, new in zip(layer.weights, before[index], after[index], strict=True):
            if is_statistic(variable):
                np.testing.assert_array_equal(old, new)
            elif isinstance(layer, keras.layers.BatchNormalization):
                assert np.array_equal(old, new) == (batch_norm == "frozen"), variable.path
            else:
                moved += not np.array_equal(old, new)
    assert moved > 0


def test_frozen_phase_moves_the_head_alone(tiny_backbone, tmp_path, make_data, make_config):
    config = make_config("tiny")
    data = make_data()
    model = build_classifier(config, data.class_names, None)
    backbone = model.get_layer("backbone")
    disturb(backbone)
    before, head = backbone.get_weights(), model.get_layer("probabilities").get_weights()
    run_one(model, Phase(name="frozen", epochs=1, learning_rate=0.1), data, config, tmp_path)
    for old, new in zip(before, backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not np.array_equal(head[0], model.get_layer("probabilities").get_weights()[0])


def test_adapt_moves_the_statistics_above_the_boundary_only(
    tiny_backbone, tmp_path, make_data, make_config
):
    config = make_config("tiny", "adapt")
    data = make_data()
    model = build_classifier(config, data.class_names, None)
    backbone = model.get_layer("backbone")
    before = copy_weights(backbone.layers)
    phase = Phase(name="finetune", epochs=1, learning_rate=1e-3, first_learning=4)
    run_one(model, phase, data, config, tmp_path)
    after = copy_weights(backbone.layers)
    for index, layer in enumerate(backbone.layers):
        if isinstance(layer, keras.layers.BatchNormalization):
            assert np.array_equal(before[index][2], after[index][2]) == (index < 4), layer.name


def test_random_weights_get_statistics_of_the_training_images(
    tiny_backbone, tmp_path, make_data, make_config
):
    """Locked statistics of 0 and 1 would stay for ever."""
    config = make_config("tiny", "adapt")
    data = make_data(train=40)
    model = build_classifier(config, data.class_names, None)
    phases = [Phase(name="frozen", epochs=1, learning_rate=0.01)]
    run_all(model, phases, data, config, Run(tmp_path))
    backbone = model.get_layer("backbone")
    first = backbone.get_layer("block1_bn")
    until = keras.Model(backbone.input, first.input)
    pixels = data.splits["train"].pixels.astype("float32") / 127.5 - 1
    features = np.array(until(pixels))
    np.testing.assert_allclose(
        first.moving_mean, features.mean((0, 1, 2)), atol=0.15 * features.std()
    )
    np.testing.assert_allclose(first.moving_variance, features.var((0, 1, 2)), rtol=0.3)


@pytest.mark.thorough
def test_the_better_phase_is_kept(tiny_backbone, tmp_path, make_data, make_config):
    config = make_config("tiny")
    data = make_data(train=32)
    model = build_classifier(config, data.class_names, None)
    phases = [
        Phase(name="frozen", epochs=10, learning_rate=0.05),
        Phase(name="finetune", epochs=1, learning_rate=10.0, first_learning=0),  # ruins everything
    ]
    run = Run(tmp_path)
    history = run_all(model, phases, data, config, run).history
    assert history.kept_phase == "frozen"
    accuracy = [float(cell) for cell in run.history_table()["val_accuracy"]]
    assert max(accuracy[:10]) > accuracy[10]
    _, kept = model.evaluate(data.clean_batches("validation"), verbose=0)
    assert kept == pytest.approx(history.best_accuracy("frozen"), abs=1e-6)


def test_each_phase_leaves_its_best_epoch(tiny_backbone, tmp_path, make_data, make_config):
    config = make_config("tiny")
    data = make_data(train=32)
    model = build_classifier(config, data.class_names, None)
    run = Run(tmp_path)
    phase = Phase(name="frozen", epochs=6, learning_rate=0.3)
    progress = run_one(model, phase, data, config, tmp_path)
    history = run.history_table()
    ranks = [
        (float(a), -float(b))
        for a, b in zip(history["val_accuracy"], history["val_loss"], strict=True)
    ]
    assert progress.best_epoch == ranks.index(max(ranks))
    loss, accuracy = model.evaluate(data.clean_batches("validation"), verbose=0)
    assert (accuracy, -loss) == pytest.approx(max(ranks), rel=1e-4)


def test_early_stopping_waits_for_patience_epochs(
    tiny_backbone, tmp_path, make_data, make_config, caplog
):
    config = make_config("tiny")
    optimizer = dataclasses.replace(config.optimizer, patience=2)
    config = dataclasses.replace(config, optimizer=optimizer)
    data = make_data()
    model = build_classifier(config, data.class_names, None)
    run = Run(tmp_path)
    # nothing ever gets better: both ways to wait run out at once
    phase = Phase(name="frozen", epochs=9, learning_rate=1e-12, plateau=2)
    caplog.set_level("INFO")
    run_one(model, phase, data, config, tmp_path)
    assert len(run.history_table()["epoch"]) == 3
    lines = [line.strip() for line in caplog.messages if "epoch" in line]
    assert lines[-1] == "No better epoch in 2: the phase stops here"
    assert sum("No better epoch" in line for line in lines) == 1


def test_freeze_table_tells_the_rate_of_every_layer(
    tiny_backbone, tmp_path, make_data, make_config
):
    config = make_config("tiny")
    data = make_data()
    model = build_classifier(config, data.class_names, None)
    run = Run(tmp_path)
    run_all(model, plan_phases(config, BACKBONES["tiny"]), data, config, run)
    table = read_table(run.freeze_table_file)
    rows = list(zip(*table.values(), strict=True))
    by_layer = {(row[0], row[1]): row for row in rows}
    assert by_layer["frozen", "block2_conv"][3:5] == ("False", "")
    assert by_layer["finetune", "block1_conv"][3:5] == ("False", "")
    assert by_layer["finetune", "block2_conv"][3:5] == ("True", "0.001")
    assert by_layer["finetune", "block2_bn"][5] == "scale"
    assert by_layer["frozen", "probabilities"][3:5] == ("True", "0.01")


@pytest.mark.thorough
def test_a_high_finetune_rate_warns_of_forgetting(
    tiny_backbone, tmp_path, caplog, make_data, make_config
):
    config = make_config("tiny")
    data = make_data()
    model = build_classifier(config, data.class_names, None)
    phase = Phase(name="finetune", epochs=1, learning_rate=2e-3, first_learning=4)
    run_one(model, phase, data, config, tmp_path)
    assert "catastrophic forgetting" in caplog.text
    caplog.clear()
    phase = dataclasses.replace(phase, learning_rate=1e-3)
    run_one(model, phase, data, config, tmp_path)
    assert "catastrophic forgetting" not in caplog.text


@pytest.mark.thorough
@pytest.mark.parametrize(("first_learning", "policy"), [(None, "float32"), (4, "mixed_float16")])
def test_a_step_is_traced_once(
    first_learning, policy, tiny_backbone, tmp_path, monkeypatch, make_data, make_config
):
    config = make_config("tiny")
    data = make_data(train=11)  # the last batch is smaller: no reason to trace again either
    traced = []
    for name in ("train_step", "test_step"):
        original = getattr(keras.Model, name)

        def step(model, batch, name=name, original=original):
            traced.append(name)
            return original(model, batch)

        monkeypatch.setattr(keras.Model, name, step)
    with precision(policy):
        model = build_classifier(config, data.class_names, None)
        phase = Phase(name="any", epochs=2, learning_rate=0.1, first_learning=first_learning)
        run_one(model, phase, data, config, tmp_path)
    assert traced == ["train_step", "test_step"]


def test_out_of_memory_names_half_the_batch(
    tiny_backbone, tmp_path, monkeypatch, make_data, make_config
):
    def fail(*args, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")

    config = make_config("tiny")
    data = make_data()
    model = build_classifier(config, data.class_names, None)
    monkeypatch.setattr(keras.Model, "fit", fail)
    phase = Phase(name="frozen", epochs=1, learning_rate=0.1)
    with pytest.raises(ConfigError, match=r"--batch_size 4"), explain_faults(data, Run(tmp_path)):
        run_one(model, phase, data, config, tmp_path)
