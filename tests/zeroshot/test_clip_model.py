"""Similarities and probabilities are those of KerasHub's own CLIP, from raw pixels on."""

import dataclasses

import numpy as np
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.models.hub.hub_presets import open_preset
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache import cache_store
from keras_transfer.zeroshot import clip_model, image_embeddings, text_embeddings

TEXTS = ["a photo of a pizza.", "Steak of the art", "sushi"]


@pytest.fixture(scope="module")
def clip(clip_folder):
    return clip_model.load_clip(open_preset(str(clip_folder)))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), np.uint8)


def prompts_of(texts):
    return {str(row): (text,) for row, text in enumerate(texts)}


def ask_kerashub(clip, pixels, texts):
    """Return the similarities that KerasHub's own classes compute, by image and text."""
    import keras_hub
    import tensorflow as tf

    preprocessor = keras_hub.models.CLIPPreprocessor(
        clip.preset.load_tokenizer(),
        image_converter=clip.preset.load_image_converter(),
        sequence_length=24,
    )
    given = {"images": tf.constant(pixels), "prompts": tf.constant(texts)}
    tokens = preprocessor(given | {"images": None})["token_ids"]
    images = clip.preset.load_image_converter()(tf.constant(pixels))
    return np.array(clip.backbone({"images": images, "token_ids": tokens})["vision_logits"])


@pytest.mark.thorough
def test_similarities_are_those_of_kerashub(clip, pixels):
    classes = text_embeddings.embed_classes(clip, prompts_of(TEXTS))
    embedded = clip_model.build_image_tower(clip)(pixels.astype("float32"))
    found = clip.logit_scale * text_embeddings.normalise(embedded, clip) @ classes.T
    wanted = ask_kerashub(clip, pixels, TEXTS)
    assert found == pytest.approx(wanted, abs=1e-5)
    assert np.ptp(wanted, axis=1).min() > 0.1  # all alike, they would say nothing


@pytest.mark.thorough
def test_probabilities_are_their_softmax_also_inside_the_classifier(clip, pixels):
    wanted = np.exp(ask_kerashub(clip, pixels, TEXTS).astype("float64"))
    wanted /= wanted.sum(axis=1, keepdims=True)
    classes = text_embeddings.embed_classes(clip, prompts_of(TEXTS))
    embedded = np.array(clip_model.build_image_tower(clip)(pixels.astype("float32")))
    assert image_embeddings.compare(clip, embedded, classes) == pytest.approx(wanted, abs=1e-5)
    model = clip_model.build_classifier(clip, classes)
    assert np.array(model(pixels.astype("float32"))) == pytest.approx(wanted, abs=1e-5)
    assert model.count_params() < clip.backbone.count_params()  # without the texts


@pytest.mark.thorough
def test_a_class_of_several_sentences_is_the_mean_of_their_directions(clip):
    single = text_embeddings.embed_classes(clip, prompts_of(TEXTS[:2]))
    (found,) = text_embeddings.embed_classes(clip, {"both": tuple(TEXTS[:2])})
    mean = single.mean(axis=0)
    assert found == pytest.approx(mean / np.linalg.norm(mean), abs=1e-12)


@pytest.mark.thorough
def test_embeddings_of_sentences_are_computed_once(clip, monkeypatch, cache):
    first = text_embeddings.embed_classes(clip, prompts_of(TEXTS))
    with monkeypatch.context() as patch:
        patch.setattr(text_embeddings, "_embed_texts", lambda *words: pytest.fail("computed"))
        again = text_embeddings.embed_classes(clip, prompts_of(TEXTS))
    assert np.array_equal(first, again)
    other = text_embeddings.embed_classes(clip, prompts_of(TEXTS[:2]))
    assert other == pytest.approx(first[:2], abs=1e-6)
    assert len([*(cache / "activations").iterdir()]) == 2


@pytest.mark.thorough
def test_another_preset_has_embeddings_of_its_own(clip, clip_folder, tmp_path):
    from tiny_clip import write_clip

    write_clip(tmp_path / "other", seed=1)
    other = clip_model.load_clip(open_preset(str(tmp_path / "other")))
    first = text_embeddings.embed_classes(clip, prompts_of(TEXTS))
    assert not np.allclose(first, text_embeddings.embed_classes(other, prompts_of(TEXTS)))


def test_without_room_embeddings_are_not_kept(clip, monkeypatch, cache, caplog):
    monkeypatch.setattr(cache_store, "free_disk", lambda folder: 0)
    text_embeddings.embed_classes(clip, prompts_of(TEXTS))
    assert "not kept" in caplog.text


def test_sentences_that_are_too_long_are_cut_with_a_warning(clip, caplog):
    tokens = text_embeddings.tokenize(clip, ["pizza", "x" * 100])
    assert tokens.shape == (2, 24)
    assert tokens[1, -1] == tokens.max()  # the end, where KerasHub looks
    assert "1 sentence is longer than 24 tokens" in caplog.text
    assert "x" * 59 + "…" in caplog.text
    assert "x" * 60 not in caplog.text


@pytest.mark.parametrize(
    ("converting", "resize", "interpolation"),
    [
        ({}, "crop", "bicubic"),
        ({"crop_to_aspect_ratio": False, "pad_to_aspect_ratio": True}, "pad", "bicubic"),
        ({"crop_to_aspect_ratio": False, "interpolation": "bilinear"}, "stretch", "bilinear"),
    ],
)
def test_images_become_squares_as_the_preset_says(clip, converting, resize, interpolation):
    import keras_hub

    converter = keras_hub.layers.CLIPImageConverter(
        **{"image_size": (32, 32), "interpolation": "bicubic"} | converting
    )
    data = clip_model.settle_images(
        dataclasses.replace(clip, converter=converter), DataConfig(batch_size=7)
    )
    assert (data.image_size, data.resize, data.interpolation) == (32, resize, interpolation)
    assert data.batch_size == 7


def test_weights_that_give_no_numbers_are_one_line(clip):
    with pytest.raises(ConfigError, match="must be finite numbers"):
        text_embeddings.normalise(np.full((1, 8), np.nan), clip)
