import dataclasses

import pytest

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.images.augmentation.presets import resolve_augmentation
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.training.plan.auto_settings import EPOCHS, VIEWS, resolve_auto

ROW = BACKBONES["efficientnetb0"]


@pytest.fixture
def resolve(make_data):
    def call(config=None, weights="imagenet", train=12, row=ROW):
        config = config or TrainConfig()
        views = resolve_augmentation(config.augment)  # as `hold_splits` does
        data = dataclasses.replace(make_data(train=train), augmentation=views)
        return resolve_auto(config, row, data, weights, "float32")

    return call


def test_no_auto_is_left(resolve):
    """Except for where things are kept, what folders and networks say, and whether to report."""
    values = []
    places = {"mode", "memory_gb", "disk_gb"}

    def walk(value):
        values.extend(value.values() if isinstance(value, dict) else [])
        for item in value.values() if isinstance(value, dict) else []:
            walk(item)

    settings = to_dict(resolve())
    kept = [settings["data"].pop("layout"), settings.pop("report"), settings.pop("preprocess")]
    assert kept == ["auto"] * 3
    settings["cache"] = {k: v for k, v in settings["cache"].items() if k not in places}
    walk(settings)
    assert "auto" not in values


def test_small_sets_train_for_more_epochs_and_large_ones_for_ten(resolve):
    assert resolve(train=12).frozen.epochs > EPOCHS
    assert resolve(train=4000).frozen.epochs == EPOCHS
    assert resolve(train=4000).finetune.epochs == EPOCHS


def test_blocks_of_pretrained_transformers_learn_more_slowly_the_lower_they_are(resolve):
    def find_decay(row, weights="preset", **settings):
        config = TrainConfig(strategy=settings.pop("strategy", "two_phase"), **settings)
        return resolve(config, weights, row=BACKBONES[row]).finetune.layer_decay

    assert [find_decay(name) for name in ("vitb16", "vitl16", "resnet18")] == [0.65, 0.75, 1.0]
    assert find_decay("vitb16", "none") == find_decay("vitb16", strategy="lora") == 1.0
    assert find_decay("vitb16", finetune=FinetuneConfig(layer_decay=0.9)) == 0.9


def test_small_networks_learn_faster_from_random_weights_and_not_from_a_file(resolve):
    row = BACKBONES["cnn5"]
    found = {kind: resolve(None, kind, row=row).finetune.learning_rate for kind in ("none", "file")}
    assert found == {"none": 3e-3, "file": 1e-4}


def test_what_the_user_gave_is_kept(resolve):
    config = TrainConfig(
        frozen=FrozenConfig(epochs=3),
        finetune=FinetuneConfig(epochs=0, locked_layers=7, batch_norm="frozen"),
    )
    found = resolve(config)
    assert (found.frozen.epochs, found.finetune.epochs) == (3, 0)
    assert (found.finetune.locked_layers, found.finetune.batch_norm) == (7, "frozen")


@pytest.mark.parametrize(
    ("strategy", "head", "start"),
    [
        ("two_phase", {}, "lda"),
        ("feature_extraction", {}, "lda"),
        ("full", {}, "random"),
        ("two_phase", {"hidden": 8}, "random"),
        ("two_phase", {"batch_norm": True}, "random"),
    ],
)
def test_one_layer_that_learns_alone_starts_from_a_solution(strategy, head, start, resolve):
    config = TrainConfig(strategy=strategy, head=HeadConfig(start="auto", **head))
    assert resolve(config).head.start == start


@pytest.mark.parametrize(
    ("weights", "mode", "locked", "rate"),
    [
        ("imagenet", "scale", "block4c", 1e-4),
        ("file", "scale", "block4c", 1e-4),
        ("bundled", "adapt", 0, 1e-3),
        ("none", "adapt", 0, 1e-3),
    ],
)
def test_the_less_the_weights_know_the_more_learns(weights, mode, locked, rate, resolve):
    found = resolve(weights=weights).finetune
    assert (found.batch_norm, found.locked_layers, found.learning_rate) == (mode, locked, rate)


@pytest.mark.parametrize("weights", ["imagenet", "none"])
def test_low_rank_matrices_are_everywhere_and_learn_fast(weights, resolve):
    found = resolve(TrainConfig(strategy="lora"), weights=weights).finetune
    assert (found.batch_norm, found.locked_layers, found.learning_rate) == ("frozen", 0, 1e-3)


def test_a_resolved_config_resolves_to_itself(resolve):
    once = resolve()
    assert resolve(once) == once


def test_a_weights_file_stays_named(resolve):
    config = dataclasses.replace(TrainConfig(), weights="some/file.weights.h5")
    assert resolve(config, weights="file").weights == "some/file.weights.h5"


@pytest.mark.parametrize(
    ("preset", "mode", "views"),
    [
        ("none", "auto", 1),
        ("light", "auto", VIEWS),
        ("standard", "off", VIEWS),  # the same views, computed in every epoch
        ("strong", "auto", "fresh"),
        ("strong", "on", VIEWS),
        ("randaugment", "auto", "fresh"),
        ("randaugment", "on", VIEWS),
        ("cutmix", "auto", "fresh"),
    ],
)
def test_views_follow_the_augmentation_and_not_where_the_work_is_done(preset, mode, views, resolve):
    config = TrainConfig(augment=AugmentConfig(preset=preset), cache=CacheConfig(mode=mode))
    assert resolve(config).cache.views == views


def test_settings_on_top_of_a_preset_decide_about_views_too(resolve):
    for settings, views in (({"mixup": 0.2}, "fresh"), ({"preset": "none", "hue": 0.1}, VIEWS)):
        assert resolve(TrainConfig(augment=AugmentConfig(**settings))).cache.views == views
    nothing = AugmentConfig(preset="light", flip=False)
    assert resolve(TrainConfig(augment=nothing)).cache.views == 1


def test_strong_augmentation_is_fresh_also_after_a_run_with_four_views(resolve):
    config = TrainConfig(augment=AugmentConfig(preset="strong"), cache=CacheConfig(views=4))
    assert resolve(config).cache.views == "fresh"


def test_no_more_views_are_made_than_epochs_would_see(resolve):
    config = TrainConfig(frozen=FrozenConfig(epochs=1), finetune=FinetuneConfig(epochs=0))
    assert resolve(config).cache.views == 1
    asked = dataclasses.replace(config, cache=CacheConfig(views=9))
    assert resolve(asked).cache.views == 9
