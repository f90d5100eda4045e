import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.data.batch_order import plan_batches
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.training.adaptation.domain_batches import join_domains, name_outputs


def count_examples(batches):
    return np.concatenate([images for images, _ in batches])


def plan(epochs, pace, count=5, views=2):
    return list(plan_batches(3, "target of finetune", epochs, count, 4, views, pace))


def test_every_batch_has_as_many_rows_of_both_domains_in_turn():
    source = tf.data.Dataset.from_tensor_slices(
        (np.full((6, 2), 1.0), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]])
    ).batch(4)
    target = tf.data.Dataset.from_tensor_slices((np.full((6, 2), 2.0), np.zeros((6, 3)))).batch(4)
    found = list(join_domains(source, target))
    assert [len(examples) for examples, _, _ in found] == [8, 4]
    examples, truths, weights = found[0]
    np.testing.assert_array_equal(examples[:, 0], [1, 2] * 4)
    np.testing.assert_array_equal(truths["domain"][:, 0], [0, 1] * 4)
    np.testing.assert_array_equal(weights["probabilities"], [2, 0] * 4)
    np.testing.assert_array_equal(weights["domain"], np.ones(8))
    assert np.all(truths["probabilities"].numpy()[1::2] == 0)
    np.testing.assert_array_equal(truths["probabilities"].numpy()[::2].argmax(1), [0, 1, 2, 0])


def test_weights_of_classes_count_on_source_rows_alone():
    labels = np.eye(2, dtype="float32")[[0, 1]]
    given = np.array([0.5, 1.5], "float32")
    source = tf.data.Dataset.from_tensors((np.zeros((2, 1)), labels, given))
    target = tf.data.Dataset.from_tensors((np.zeros((2, 1)), np.zeros((2, 2))))
    ((_, _, weights),) = join_domains(source, target)
    np.testing.assert_array_equal(weights["probabilities"], [1, 0, 3, 0])


def test_validation_rows_are_source_rows_of_weight_one():
    labels = np.eye(2, dtype="float32")[[0, 1]]
    ((_, truths, weights),) = name_outputs(tf.data.Dataset.from_tensors((np.zeros((2, 1)), labels)))
    np.testing.assert_array_equal(truths["domain"], np.zeros((2, 1)))
    np.testing.assert_array_equal(weights["probabilities"], [1, 1])
    np.testing.assert_array_equal(weights["domain"], [0, 0])


@pytest.mark.parametrize("pace", [3, 5, 12])
def test_paced_epochs_go_through_all_images_before_any_comes_again(pace):
    batches = plan(range(5), pace)
    assert [len(images) for images, _ in batches[: -(-pace // 4)]][-1] == (pace - 1) % 4 + 1
    images = np.concatenate([images for images, _ in batches])
    assert len(images) == 5 * pace
    for start in range(0, len(images) - 4, 5):
        assert sorted(images[start : start + 5]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("pace", [3, 12])
def test_a_later_epoch_is_the_same_without_those_before(pace):
    whole, later = plan(range(4), pace), plan(range(2, 4), pace)
    for expected, found in zip(whole[-len(later) :], later, strict=True):
        np.testing.assert_array_equal(expected, found)


def test_without_a_pace_nothing_changes(make_data):
    data = dataclasses.replace(make_data(), augmentation=AUGMENTATIONS["standard"])
    plain = count_examples(data.training_batches("finetune", 2))
    paced = count_examples(data.training_batches("finetune", 2, pace=12))
    np.testing.assert_array_equal(plain, paced)
