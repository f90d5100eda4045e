"""What is kept where: within the budgets, in the order memory, disk, fewer views, nothing."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as draw

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.images.batches import ImageData
from keras_transfer.models.cuts import POOLED, frontier
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.training.cache import budget
from keras_transfer.training.cache.cache_plan import list_arrays, plan_cache
from keras_transfer.training.cache.memory_store import count_bytes
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.training_parts import Training

FROZEN = Phase(name="frozen", epochs=10, learning_rate=0.1)
FINETUNE = Phase(name="finetune", epochs=10, learning_rate=0.1, first_learning=4)
EVERYTHING = dataclasses.replace(FINETUNE, first_learning=0)
TRAIN, HELD, SIDE = 12, 8, 32
# after block1: 16 x 16 x 16 numbers, 2 bytes each in train; pooled: 16 numbers of 4 bytes
PER_VIEW = TRAIN * (16 * 16 * 16 * 2 + 16 * 4)
FIXED = HELD * (16 * 16 * 16 * 4 + 16 * 4)
PIXELS = SIDE * SIDE * 3


@pytest.fixture
def plan(tiny_backbone, tmp_path, make_data, make_config):
    config = make_config("tiny")
    data = make_data()
    model = build_classifier(config, data.class_names, None)

    def call(phases=(FROZEN, FINETUNE), **changes):
        changes = {"views": 4, "memory_gb": 1.0, "disk_gb": 1.0} | changes
        changed = dataclasses.replace(config, cache=CacheConfig(**changes))
        run = Run(tmp_path / "run")
        return plan_cache(Training(model=model, phases=phases, data=data, config=changed, run=run))

    return call


def gigabytes(count):
    return count / 1e9


def test_activations_are_kept_in_memory_where_they_fit(plan):
    found = plan()
    assert found.cuts == {"frozen": POOLED, "finetune": frontier(4)}
    assert found.views == 4
    assert found.layout == {
        "train_activations": ((TRAIN, 4, 16, 16, 16), "float16"),
        "validation_activations": ((HELD, 16, 16, 16), "float32"),
        "train_pooled": ((TRAIN, 4, 16), "float32"),
        "validation_pooled": ((HELD, 16), "float32"),
    }
    assert count_bytes(found.layout) == 4 * PER_VIEW + FIXED
    assert found.place == "memory"
    assert found.decoded == {}  # decoded once: the predictions begin at the activations


def test_what_the_inspection_kept_counts_once(plan, monkeypatch):
    monkeypatch.setattr(ImageData, "memory", 2 * PER_VIEW)
    given = {"memory_gb": gigabytes(4 * PER_VIEW + FIXED), "disk_gb": 0.0}
    assert plan(**given).views == 2
    monkeypatch.setattr(budget, "free_memory", lambda: 4 * (4 * PER_VIEW + FIXED))
    assert plan(memory_gb="auto", disk_gb=0.0).views == 4  # free are those that it left


@pytest.mark.parametrize(
    ("memory", "disk", "views", "place"),
    [
        (4 * PER_VIEW + FIXED, 0, 4, "memory"),
        (4 * PER_VIEW + FIXED - 1, 4 * PER_VIEW + FIXED, 4, "disk"),
        (0, 4 * PER_VIEW + FIXED, 4, "disk"),
        (3 * PER_VIEW + FIXED, 2 * PER_VIEW + FIXED, 3, "memory"),
        (2 * PER_VIEW + FIXED, 3 * PER_VIEW + FIXED, 3, "disk"),
        (2 * PER_VIEW + FIXED, 0, 2, "memory"),
    ],
)
def test_memory_comes_first_then_disk_then_fewer_views(plan, memory, disk, views, place, caplog):
    found = plan(memory_gb=gigabytes(memory), disk_gb=gigabytes(disk))
    assert (found.views, found.place) == (views, place)
    assert found.layout["train_activations"][0][1] == views
    assert ("do not fit" in caplog.text) == (views < 4)


def test_a_single_view_is_no_augmentation_so_the_epochs_stream_instead(plan, caplog):
    caplog.set_level("INFO")
    less = 4 * TRAIN * 16 * 4  # not even the pooled features of 4 views, with those of validation
    found = plan(memory_gb=gigabytes(less // 4), disk_gb=0.0)
    assert found.layout == {}
    assert found.views == 4  # the same views, computed in every epoch
    assert found.cuts == {"frozen": POOLED, "finetune": frontier(4)}
    assert "4 views would take" in caplog.text


def test_without_augmentation_one_view_is_all_there_is(plan):
    found = plan(views=1, memory_gb=gigabytes(PER_VIEW + FIXED), disk_gb=0.0)
    assert (found.views, found.place) == (1, "memory")
    less = plan(views=1, memory_gb=gigabytes(PER_VIEW + FIXED - 1), disk_gb=0.0)
    assert "train_activations" not in less.layout


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    memory=draw.integers(0, 6 * PER_VIEW),
    disk=draw.integers(0, 6 * PER_VIEW),
    views=draw.integers(1, 8),
    mode=draw.sampled_from(["auto", "on", "off"]),
    last=draw.sampled_from([FINETUNE, EVERYTHING]),
)
def test_the_budgets_are_never_exceeded(plan, memory, disk, views, mode, last):
    found = plan(
        (FROZEN, last),
        views=views,
        mode=mode,
        memory_gb=gigabytes(memory),
        disk_gb=gigabytes(disk),
    )
    taken = {"memory": 0, "disk": 0}
    taken[found.place] += count_bytes(found.layout)
    for name, place in found.decoded.items():
        taken[place] += {"train": TRAIN, "validation": HELD}[name] * PIXELS
    # a budget in bytes went through 10**9 bytes and back
    assert taken["memory"] <= memory
    assert taken["disk"] <= disk


def test_where_every_layer_learns_only_the_frozen_phase_is_kept(plan):
    found = plan((FROZEN, EVERYTHING))
    assert found.cuts == {"frozen": POOLED}
    assert set(found.layout) == {"train_pooled", "validation_pooled"}
    assert found.decoded == {"validation": "memory", "train": "memory"}


def test_nothing_is_kept_where_there_is_nothing_locked(plan, caplog):
    caplog.set_level("INFO")
    found = plan((EVERYTHING,))
    assert found.layout == {}
    assert found.cuts == {}
    assert "every layer learns" in caplog.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"mode": "off"}, "cache.mode is off"), ({"views": "fresh"}, "every epoch has new views")],
)
def test_the_reason_why_nothing_is_kept_is_said(plan, changes, reason, caplog):
    caplog.set_level("INFO")
    found = plan(**changes)
    assert found.layout == {}
    assert found.views == (None if "views" in changes else 4)
    assert found.decoded == {"validation": "memory", "train": "memory"}
    assert reason in caplog.text


def test_decoded_images_go_to_disk_where_every_epoch_starts_from_them(plan):
    found = plan(mode="off", memory_gb=0.0)
    assert found.decoded == {"validation": "disk", "train": "disk"}
    assert plan(mode="off", memory_gb=0.0, disk_gb=0.0).decoded == {}


@pytest.mark.parametrize(("mode", "kept"), [("auto", False), ("on", True)])
def test_more_views_than_epochs_are_not_worth_their_work_unless_asked_for(plan, mode, kept):
    short = [dataclasses.replace(phase, epochs=2) for phase in (FROZEN, FINETUNE)]
    assert bool(plan(short, views=5, mode=mode).layout) == kept
    assert plan(short, views=4, mode=mode).layout


def test_a_head_that_is_trained_after_the_backbone_does_not_see_old_features(plan):
    found = plan((FINETUNE, dataclasses.replace(FROZEN, name="frozen_2")))
    assert found.cuts == {"finetune": frontier(4), "frozen_2": frontier(4)}


def test_one_line_says_what_is_kept_and_its_size(plan, caplog):
    caplog.set_level("INFO")
    plan(memory_gb=0.5, disk_gb=2.0)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("Cache: 4 views of 12 images and 8 unchanged ones, after block1_relu")
    assert "(16 x 16 x 16) and pooled (16): 528 kB in memory" in line
    assert line.endswith("(budget 500 MB memory, 2 GB disk)")


def test_automatic_budgets_are_a_quarter_of_what_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "free_memory", lambda: 4000)
    monkeypatch.setattr(budget, "free_disk", lambda folder: 8000)
    found = budget.read_budget(CacheConfig(), Run(tmp_path))
    assert (found.memory, found.disk) == (1000, 2000)


def test_fewer_views_are_kept_where_no_more_fit(plan):
    assert plan(memory_gb=gigabytes(2 * PER_VIEW + FIXED), disk_gb=0.0).views == 2
    assert plan(views="fresh").views is None


def test_pooled_features_are_kept_where_the_activations_do_not_fit(plan):
    """The frozen phase is then still done once; the other one starts from kept images."""
    room = TRAIN * 4 * 16 * 4 + HELD * 16 * 4
    found = plan(memory_gb=gigabytes(room), disk_gb=gigabytes((TRAIN + HELD) * PIXELS + 1))
    assert set(found.layout) == {"train_pooled", "validation_pooled"}
    assert (found.views, found.place) == (4, "memory")
    assert found.cuts == {"frozen": POOLED, "finetune": frontier(4)}
    assert found.decoded == {"validation": "disk", "train": "disk"}


def test_what_lies_in_the_reuse_folder_counts_as_free_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "free_disk", lambda folder: 8000)
    monkeypatch.setattr(budget, "count_reuse", lambda: 4000)
    assert budget.read_budget(CacheConfig(reuse=True), Run(tmp_path)).disk == 3000
    assert budget.read_budget(CacheConfig(), Run(tmp_path)).disk == 2000


def test_float16_halves_the_training_images(tiny_backbone, make_data, make_config):
    config, data = make_config("tiny"), make_data()
    model = build_classifier(config, data.class_names, None)
    training = Training(model=model, phases=(), data=data, config=config, run=None)
    layout = list_arrays(training, {"finetune": frontier(4)}, 1)
    assert layout["train_activations"][1] == "float16"
