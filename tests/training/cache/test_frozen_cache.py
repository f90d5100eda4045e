"""Work done once gives what work done in every epoch gives."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from cache_starts import CUT, PHASES

from keras_transfer.models.cuts import IMAGES, POOLED, take_part
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache import frozen_cache, kept_examples
from keras_transfer.training.cache.activation_data import ActivationData
from keras_transfer.training.cache.cache_plan import plan_cache
from keras_transfer.training.cache.frozen_cache import FrozenCache
from keras_transfer.training.run_phases import run_phases


def join_weights(layer):
    return np.concatenate([value.ravel() for value in layer.get_weights()])


def train(training):
    run_phases(training)
    return training.model


@pytest.mark.thorough
def test_batches_are_the_activations_of_the_batches_that_would_be_streamed(start):
    training = start()
    model, data = training.model, training.data
    cache = FrozenCache(training)
    for phase, cut in zip(PHASES, (POOLED, CUT), strict=True):
        part, batches = cache.serve(phase)
        assert isinstance(batches, ActivationData)
        assert batches.steps == data.steps == 3
        front = take_part(model, IMAGES, [cut])
        streamed = dataclasses.replace(data, views=3).training_batches(phase.name, 4)
        kept = list(batches.training_batches(phase.name, 4))
        assert [len(labels) for _, labels in kept] == [8, 8, 5] * 4
        for (values, labels), (images, other_labels) in zip(kept, streamed, strict=True):
            np.testing.assert_array_equal(labels, other_labels)
            np.testing.assert_allclose(values, front(images, training=False), rtol=1e-3, atol=1e-4)
        for values, (images, labels) in zip(
            batches.clean_batches("validation"), data.clean_batches("validation"), strict=True
        ):
            np.testing.assert_array_equal(values[1], labels)
            whole = model(images, training=False)
            np.testing.assert_allclose(part(values[0], training=False), whole, atol=1e-5)


def test_a_later_start_gives_the_tail_of_the_whole_stream(start):
    training = start()
    _, batches = FrozenCache(training).serve(PHASES[1])
    whole = list(batches.training_batches("finetune", 5))
    tail = list(batches.training_batches("finetune", 5, first_epoch=3))
    for (values, _), (expected, _) in zip(tail, whole[9:], strict=True):
        np.testing.assert_array_equal(values, expected)


@pytest.mark.thorough
def test_kept_and_streamed_training_end_with_the_same_weights(start):
    before = join_weights(start().model.get_layer("backbone"))
    kept, streamed = (train(start(place)) for place in ("memory", "stream"))
    for layer in ("probabilities", "backbone"):
        one, other = (join_weights(model.get_layer(layer)) for model in (kept, streamed))
        assert np.linalg.norm(one - other) <= 1e-3 * np.linalg.norm(other)
    # ten times what separates the two
    assert np.linalg.norm(other - before) > 1e-2 * np.linalg.norm(other)


@pytest.mark.thorough
def test_memory_and_disk_give_equal_weights(start):
    memory, disk = (train(start(place)) for place in ("memory", "disk"))
    for one, other in zip(memory.get_weights(), disk.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_layers_between_the_cut_and_the_boundary_stay_locked(start):
    training = start()
    model = training.model
    before = model.get_layer("backbone").get_weights()
    train(training)
    backbone = model.get_layer("backbone")
    locked = {id(v) for layer in backbone.layers[:8] for v in layer.weights}
    assert any(layer.weights for layer in backbone.layers[CUT.layer : 8])
    for variable, old in zip(backbone.weights, before, strict=True):
        if id(variable) in locked:
            np.testing.assert_array_equal(variable, old)
    assert any(
        not np.array_equal(np.array(v), old)
        for v, old in zip(backbone.weights, before, strict=True)
        if id(v) not in locked
    )


@pytest.mark.thorough
def test_history_and_accuracy_of_the_kept_model_are_those_of_the_whole(start):
    training = start()
    model, data, run = training.model, training.data, training.run
    history = run_phases(training).history
    assert history.val_accuracy.tolist() == [*map(float, run.history_table()["val_accuracy"])]
    kept = history.best_accuracy(history.kept_phase)
    model.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    _, accuracy = model.evaluate(data.clean_batches("validation"), verbose=0)
    assert accuracy == pytest.approx(kept, abs=1e-6)


def test_each_image_passes_the_locked_part_once_per_view(start, monkeypatch):
    training = start()
    passed = []
    original = take_part

    def counting(model, begin, ends):
        part = original(model, begin, ends)
        if begin == IMAGES:
            call = part.call

            def count(images, **kwargs):
                keras.ops.shape(images)
                passed.append(1)
                return call(images, **kwargs)

            monkeypatch.setattr(part, "call", count)
        return part

    monkeypatch.setattr(frozen_cache, "take_part", counting)
    train(training)
    assert len(passed) == 1  # traced once, for both phases and both splits


def test_activations_beyond_float16_are_streamed_instead(start, caplog):
    training = start()
    model, _data, _run = training.model, training.data, training.run
    norm = model.get_layer("backbone").get_layer("block2_bn")
    norm.gamma.assign(norm.gamma * 1e6)
    part, batches = FrozenCache(training).serve(PHASES[1])
    assert part is model
    assert batches.views == 3
    assert "do not fit into float16" in caplog.text


def test_what_goes_to_disk_is_in_the_scratch_folder_of_the_run(start):
    training = start("disk")
    run = training.run
    FrozenCache(training).serve(PHASES[0])
    assert (run.scratch / "owner.json").exists()
    manifest = json.loads((run.scratch / "activations" / "manifest.json").read_text())
    assert set(manifest["arrays"]) == set(training.cache.layout)
    run.finish({})
    assert not run.scratch.exists()


def test_a_failure_half_way_leaves_no_files(start, monkeypatch):
    training = start("disk")
    _model, data, run = training.model, training.data, training.run
    monkeypatch.setattr(type(data), "clean_batches", lambda self, split: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        FrozenCache(training).serve(PHASES[0])
    assert [file.name for file in run.scratch.iterdir()] == ["owner.json"]


def test_a_full_disk_is_one_clear_error(start, monkeypatch):
    import shutil

    training = start("disk")
    run = training.run
    usage = shutil.disk_usage(run.path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(ConfigError, match=r"must be able to write .*--cache"):
        FrozenCache(training).serve(PHASES[0])


def test_too_little_memory_for_the_cache_is_not_blamed_on_the_batch(start, monkeypatch):
    training = start("memory")

    def fail(layout):
        raise MemoryError

    monkeypatch.setattr(kept_examples, "MemoryStore", fail)
    with pytest.raises(ConfigError, match=r"must fit into memory\. .*--cache\.memory_gb 0"):
        FrozenCache(training).serve(PHASES[0])


def test_validation_is_recalled_as_the_locked_part_makes_it_kept_or_anew(start):
    training = start()
    kept, resumed = FrozenCache(training), FrozenCache(training)
    kept.prepare(PHASES)
    assert resumed.recall_validation() is None
    for cut, values in (kept.recall_validation(), resumed.recall_validation(anew=True)):
        assert cut == CUT
        np.testing.assert_array_equal(values, kept.arrays["validation_activations"])


def test_nothing_is_recalled_below_which_a_phase_has_learned(start):
    training = start()
    unlocked = dataclasses.replace(PHASES[1], first_learning=0)
    training = dataclasses.replace(training, phases=(PHASES[0], unlocked))
    training = dataclasses.replace(training, cache=plan_cache(training))
    cache = FrozenCache(training)
    cache.prepare(training.phases)
    assert cache.arrays is not None
    assert cache.recall_validation(anew=True) is None
