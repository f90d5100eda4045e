"""What a training by low-rank matrices moves, keeps and leaves."""

import dataclasses

import keras
import numpy as np
import pytest
from cache_starts import write_split

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.low_rank import MATRICES, add_matrices, list_matrices
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.train import fine_tune
from keras_transfer.training import run_phases as phases_module
from keras_transfer.training.cache.cache_plan import plan_cache
from keras_transfer.training.plan.strategies import plan_phases
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.run_phases import run_phases


@pytest.fixture
def begin(tiny_transformer, make_config, make_data, tmp_path):
    """Return a function that plans a training by matrices; always from the same weights."""

    def make(mode="auto", frozen=1, locked=0):
        config = make_config(
            tiny_transformer,
            strategy="lora",
            head=HeadConfig(dropout=0.0),
            frozen=FrozenConfig(epochs=frozen, learning_rate=0.01),
            finetune=FinetuneConfig(
                epochs=3, learning_rate=0.02, locked_layers=locked, batch_norm="frozen"
            ),
            cache=CacheConfig(views=1, mode=mode),
        )
        data, run = make_data(), Run(tmp_path / f"{mode}-{frozen}-{locked}")
        run.path.mkdir()
        write_split(run, data)
        keras.utils.set_random_seed(1)
        model = build_classifier(config, data.class_names, None)
        add_matrices(model.get_layer("backbone"), config)
        phases = plan_phases(config, BACKBONES[tiny_transformer])
        training = Training(model=model, phases=phases, data=data, config=config, run=run)
        return dataclasses.replace(training, cache=plan_cache(training))

    return make


def read(variables):
    return [np.array(variable) for variable in variables]


@pytest.mark.thorough
@pytest.mark.parametrize("frozen", [0, 1])
def test_only_matrices_and_head_move_until_they_are_merged(frozen, begin, monkeypatch):
    training = begin(frozen=frozen, locked="block_2")
    model, backbone = training.model, training.backbone
    own = [weight for weight in backbone.weights if weight.name not in MATRICES]
    matrices, head = list_matrices(backbone), model.layers[-1].weights
    before, seen = [read(group) for group in (own, matrices, head)], []
    original = phases_module.merge_matrices

    def merge(part):
        images = next(iter(training.data.clean_batches("validation")))[0]
        seen.extend([read(own), read(matrices), read(head), np.array(model(images))])
        original(part)
        seen.append(np.array(model(images)))

    monkeypatch.setattr(phases_module, "merge_matrices", merge)
    outcome = run_phases(training)
    for one, two in zip(before[0], seen[0], strict=True):
        np.testing.assert_array_equal(one, two)
    for group in (1, 2):
        pairs = zip(before[group], seen[group], strict=True)
        assert all(not np.array_equal(one, two) for one, two in pairs)
    np.testing.assert_allclose(seen[3], seen[4], atol=1e-5)
    moved = [not np.array_equal(a, b) for a, b in zip(before[0], read(own), strict=True)]
    assert sum(moved) == len(matrices) // 2  # the kernels into which they were merged
    learned = sum(weight.size for weight in (*before[1], *before[2]))
    assert outcome.parameters == {"total": model.count_params(), "trainable": learned}


@pytest.mark.slow
def test_kept_and_streamed_training_agree(begin):
    left = {}
    for mode in ("on", "off"):
        training = begin(mode, locked="block_2")
        assert bool(training.cache.layout) is (mode == "on")
        assert len(training.cache.cuts) == 2  # both phases start above what never learns
        start = join(training.model)
        run_phases(training)
        left[mode] = join(training.model) - start
    distance = np.linalg.norm(left["on"] - left["off"])
    assert distance <= 1e-2 * np.linalg.norm(left["off"])  # kept activations are float16


def join(model):
    own = [weight for weight in model.weights if weight.name not in MATRICES]
    return np.concatenate([values.ravel() for values in read(own)])


@pytest.mark.thorough
def test_a_run_leaves_plain_layers_and_says_how_it_learned(tiny_config, tiny_transformer, tmp_path):
    finetune = FinetuneConfig(epochs=2, learning_rate=0.01, lora_rank=2)
    config = dataclasses.replace(
        tiny_config,
        backbone=tiny_transformer,
        strategy="lora",
        finetune=finetune,
        output=tmp_path,
        frozen=dataclasses.replace(tiny_config.frozen, epochs=1),
    )
    run = fine_tune(config)
    model = keras.models.load_model(run.model_file)
    parameters = run.metrics()["parameters"]
    assert parameters["total"] == model.count_params()
    assert not list_matrices(model)
    assert "lora" not in model.to_json()
    assert "LoRA, rank 2, targets all" in run.model_card_file.read_text()
    assert f"{parameters['trainable']:,} learned" in run.model_card_file.read_text()
