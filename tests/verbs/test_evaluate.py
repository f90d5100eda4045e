"""Measuring a finished run again, on its own and on other images."""

import dataclasses
import shutil

import numpy as np
import pytest

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.evaluate import evaluate_run, main
from keras_transfer.evaluation.test_time_augmentation import choose_views
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.images.modality import IMAGE
from keras_transfer.system.errors import ConfigError


def test_own_images_give_the_numbers_of_the_run(run_copy, capsys):
    assert main([str(run_copy.path)]) == 0
    text = capsys.readouterr().out
    accuracy = run_copy.metrics()["splits"]["test"]["accuracy"]
    assert f"accuracy {accuracy:.3f} (95 % interval" in text
    assert "Split test: 24 images" in text
    for word in ("level", "upright", "precision", "recall", "F1", "support", "macro F1"):
        assert word in text


def test_the_probabilities_are_those_of_the_run(finished_run):
    found = evaluate_run(finished_run, split="validation")
    table = finished_run.predictions_table()
    rows = [i for i, split in enumerate(table["split"]) if split == "validation"]
    assert found.paths.tolist() == [table["path"][i] for i in rows]
    wanted = [float(table["probability_level"][i]) for i in rows]
    assert found.probabilities[:, 0].tolist() == pytest.approx(wanted, abs=1e-6)


def test_train_images_can_be_measured(finished_run):
    assert len(evaluate_run(finished_run, split="train")) == 80


def test_a_split_that_is_not_there_is_refused(finished_run, stripes, tmp_path):
    (tmp_path / "level").symlink_to(stripes / "test/level")
    with pytest.raises(ConfigError, match="must be one of test"):
        evaluate_run(finished_run, str(tmp_path), "validation")


def test_other_images_of_one_class_are_measured(finished_run, stripes, tmp_path):
    (tmp_path / "upright").symlink_to(stripes / "test/upright")
    found = evaluate_run(finished_run, str(tmp_path))
    assert len(found) == 12
    assert set(found.truth) == {1}  # the run's class order, not the folder's


def test_unknown_classes_are_named(finished_run, stripes, tmp_path):
    (tmp_path / "spotted").symlink_to(stripes / "test/level")
    with pytest.raises(ConfigError, match="spotted"):
        evaluate_run(finished_run, str(tmp_path))


def test_an_unfinished_run_is_refused(tmp_path):
    (tmp_path / "config.yaml").write_text("backbone: tiny\n")
    with pytest.raises(ConfigError, match="did not finish"):
        evaluate_run(tmp_path)


def test_images_that_were_trained_on_are_pointed_out(finished_run, stripes, caplog):
    evaluate_run(finished_run, str(stripes / "train"))
    assert "80 of these 80 images were trained on" in caplog.text
    caplog.clear()
    evaluate_run(finished_run, str(stripes / "test"))
    assert "trained on" not in caplog.text


def test_test_time_augmentation_is_the_mean_over_the_image_and_its_views(finished_run):
    import keras

    from keras_transfer.data.run_examples import read_own_examples
    from keras_transfer.images.hold_splits import hold_split
    from keras_transfer.run.load_settings import load_config

    found = evaluate_run(finished_run, tta=3)
    config = load_config(finished_run.config_file)
    examples, findings = read_own_examples(finished_run, config, IMAGE, "test")
    data = hold_split(examples, config, 32, findings, AUGMENTATIONS["standard"])
    model = keras.models.load_model(finished_run.model_file)
    clean = [model(images) for images, _ in data.clean_batches("test")]
    views = [model(images) for images in data.view_batches(2, "test")]
    mean = np.concatenate([np.mean([c, *views[2 * i :][:2]], axis=0) for i, c in enumerate(clean)])
    np.testing.assert_allclose(found.probabilities, mean, atol=1e-5)
    assert np.abs(found.probabilities - np.concatenate(clean)).max() > 1e-3


@pytest.mark.parametrize("tta", [0, 2.0, True])
def test_a_number_of_views_that_is_none_is_refused(finished_run, tta):
    with pytest.raises(ConfigError, match="`tta` must be a whole number from 1"):
        evaluate_run(finished_run, tta=tta)


def choose(augment, flips, tta):
    return choose_views(TrainConfig(augment=augment), IMAGE, flips, tta)


def test_a_run_without_views_is_not_averaged_over_views():
    nothing = AugmentConfig(preset="randaugment", flip=False, erase=1, mixup=0.2)
    with pytest.raises(ConfigError, match=r"`tta` must be 1 where .* 2, and randaugment, flip off"):
        choose(nothing, True, 2)
    assert choose(nothing, True, 1) is None
    views = choose(AugmentConfig(preset="cutmix"), True, 8)
    assert dataclasses.replace(views, preset="standard") == AUGMENTATIONS["standard"]
    with pytest.raises(ConfigError, match="flips of digits"):
        choose(AugmentConfig(preset="light"), False, 2)


@pytest.mark.parametrize("other", [False, True])
def test_plain_images_are_decoded_without_python(
    finished_run, stripes, tmp_path, monkeypatch, other
):
    shutil.copytree(stripes / "test", tmp_path / "other")
    (tmp_path / "other/level/!bad.png").write_bytes(b"no image")  # left out
    monkeypatch.setattr(
        "keras_transfer.images.decoding.graph_decoding._decode_any",
        lambda *words, **settings: 1 / 0,
    )
    found = evaluate_run(finished_run, str(tmp_path / "other") if other else None)
    assert len(found) == 24


def test_a_model_that_answers_with_nan_is_not_scored(run_copy):
    import keras

    model = keras.models.load_model(run_copy.model_file)
    layer = model.get_layer("probabilities")
    kernel, bias = layer.get_weights()
    layer.set_weights([np.full_like(kernel, np.nan), bias])
    model.save(run_copy.model_file)
    with pytest.raises(
        ConfigError, match=r"NaN for 24 of 24 examples, .* and 21 more. Train it anew"
    ):
        evaluate_run(run_copy)
