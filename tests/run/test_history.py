import json

import pytest

from keras_transfer.run.history import HISTORY_COLUMNS, read_history, summarize_phases
from keras_transfer.system.errors import ConfigError


def make_history(images=0, **phases):
    """One list per phase of (val_accuracy, val_loss); everything else is filled in."""
    rows = [
        (phase, epoch, 1e-3, 0.5, 0.8, val_loss, val_accuracy, 1.5)
        for phase, epochs in phases.items()
        for epoch, (val_accuracy, val_loss) in enumerate(epochs, start=1)
    ]
    return read_history(
        {name: [str(row[index]) for row in rows] for index, name in enumerate(HISTORY_COLUMNS)},
        images,
    )


def test_phases_keep_their_order_and_their_rows():
    history = make_history(frozen=[(0.5, 1.0), (0.6, 0.9)], finetune=[(0.7, 0.8)])
    assert len(history) == 3
    assert history.phases == ("frozen", "finetune")
    assert history.rows("finetune").tolist() == [2]
    assert history.epoch.tolist() == [1, 2, 1]
    assert history.val_accuracy.tolist() == [0.5, 0.6, 0.7]


def test_the_best_epoch_has_the_highest_accuracy_then_the_lowest_loss():
    history = make_history(frozen=[(0.8, 0.1), (0.9, 0.6), (0.9, 0.5), (0.9, 0.5)])
    assert history.best_epoch("frozen") == 3  # the first of the two equal ones


def test_the_best_epoch_is_counted_within_its_phase():
    history = make_history(frozen=[(0.5, 1.0)] * 3, finetune=[(0.4, 1.0), (0.6, 1.0)])
    assert history.best_epoch("finetune") == 2
    assert history.best_row("finetune") == 4


def test_a_loss_that_is_not_a_number_is_the_worst_among_equals():
    history = make_history(frozen=[(0.9, "nan"), (0.9, 5.0), (0.8, 0.1)])
    assert history.best_epoch("frozen") == 2


def test_an_accuracy_that_is_not_a_number_is_never_the_best():
    history = make_history(frozen=[("nan", 0.1), (0.3, 5.0)])
    assert history.best_epoch("frozen") == 2


@pytest.mark.parametrize(
    ("finetune", "kept"),
    [
        ((0.91, 9.0), "finetune"),  # more accurate
        ((0.90, 9.0), "finetune"),  # as accurate: the loss alone does not throw it away
        ((0.89, 0.1), "frozen"),
        ((0.90, "nan"), "finetune"),
    ],
)
def test_the_later_phase_is_kept_unless_its_best_accuracy_is_lower(finetune, kept):
    history = make_history(frozen=[(0.90, 0.5), (0.7, 0.5)], finetune=[(0.1, 9.0), finetune])
    assert history.kept_phase == kept


def test_every_phase_is_compared_with_the_one_kept_so_far():
    history = make_history(frozen=[(0.9, 0.5)], block6=[(0.8, 0.5)], block5=[(0.85, 0.5)])
    assert history.kept_phase == "frozen"


@pytest.mark.parametrize(
    ("images", "kept"),
    [
        (36, 4),  # one image less than the best may be chance, three are not
        (10_000, 2),
        (0, 2),
    ],
)
def test_a_phase_leaves_its_last_epoch_that_is_as_good_as_the_best(images, kept):
    epochs = [(35 / 36, 0.5), (1.0, 0.1), (33 / 36, 0.1), (35 / 36, 0.9), (33 / 36, 0.1)]
    history = make_history(images, frozen=epochs)
    assert history.best_epoch("frozen") == kept
    assert history.peak_epoch("frozen") == 2  # which early stopping waits from


def test_an_epoch_without_a_loss_is_not_as_good():
    history = make_history(36, frozen=[(0.9, 0.5), (0.9, "nan")])
    assert history.best_epoch("frozen") == 1


@pytest.mark.parametrize(("images", "kept"), [(36, "finetune"), (10_000, "frozen")])
def test_a_later_phase_is_kept_unless_it_is_worse_than_chance_explains(images, kept):
    history = make_history(images, frozen=[(33 / 36, 0.5)], finetune=[(32 / 36, 0.5)])
    assert history.kept_phase == kept


def test_small_losses_of_phase_after_phase_do_not_add_up():
    history = make_history(36, frozen=[(0.9, 1)], block6=[(0.87, 1)], block5=[(0.84, 1)])
    assert history.kept_phase == "block6"


def test_a_single_phase_is_kept():
    assert make_history(finetune=[(0.0, "nan")]).kept_phase == "finetune"


def test_the_summary_of_phases_is_the_entry_of_metrics_json():
    history = make_history(frozen=[(0.8, 0.5), (0.9, 0.4), (0.7, 0.6)], finetune=[(0.95, "nan")])
    summary = json.loads(json.dumps(summarize_phases(history), allow_nan=False))
    assert summary == {
        "frozen": {
            "epochs": 3,
            "best_epoch": 2,
            "validation_accuracy": 0.9,
            "highest_validation_accuracy": 0.9,
            "last_validation_accuracy": 0.7,
            "seconds": 4.5,
        },
        "finetune": {
            "epochs": 1,
            "best_epoch": 1,
            "validation_accuracy": 0.95,
            "highest_validation_accuracy": 0.95,
            "last_validation_accuracy": 0.95,
            "seconds": 1.5,
        },
    }


def test_a_missing_column_is_named():
    table = {name: ["1"] for name in HISTORY_COLUMNS if name != "val_loss"}
    with pytest.raises(ConfigError, match="none called val_loss"):
        read_history(table)


def test_a_history_without_epochs_is_refused():
    with pytest.raises(ConfigError, match="at least one epoch"):
        read_history({name: [] for name in HISTORY_COLUMNS})


def test_a_cell_that_is_no_number_is_refused():
    table = {name: ["1"] for name in HISTORY_COLUMNS} | {"loss": ["low"]}
    with pytest.raises(ConfigError, match=r"must hold numbers .*'low'"):
        read_history(table)
