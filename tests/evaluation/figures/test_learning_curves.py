import numpy as np
import pytest

from keras_transfer.evaluation.figures.learning_curves import (
    build_learning_curves,
    draw_learning_curves,
)
from keras_transfer.run.history import HISTORY_COLUMNS, read_history

NAN = float("nan")


def make_history(losses=None, **phases):
    """One list of validation accuracies per phase; validation losses over all epochs if given."""
    count = sum(map(len, phases.values()))
    losses = losses or [1.0 / (index + 1) for index in range(count)]
    rows = []
    for phase, accuracies in phases.items():
        for epoch, accuracy in enumerate(accuracies, start=1):
            val_loss = losses[len(rows)]
            rows.append((phase, epoch, 1e-3, val_loss * 0.9, accuracy * 0.9, val_loss, accuracy, 1))
    return read_history(
        {name: [str(row[index]) for row in rows] for index, name in enumerate(HISTORY_COLUMNS)}
    )


def find_line(axes, label):
    return next(line for line in axes.lines if line.get_label().startswith(label))


TWO_PHASES = {"frozen": [0.5, 0.7, 0.6], "finetune": [0.8, 0.9, 0.85, 0.9]}


def test_both_phases_are_joined_on_one_axis_of_epochs():
    history = make_history(**TWO_PHASES)
    accuracy, loss = build_learning_curves(history, "title").axes
    assert (accuracy.get_ylabel(), loss.get_ylabel()) == ("accuracy", "loss")
    for axes, train, validation in [
        (accuracy, history.accuracy, history.val_accuracy),
        (loss, history.loss, history.val_loss),
    ]:
        assert axes.get_xlabel() == "epoch"
        assert find_line(axes, "train").get_xdata().tolist() == [1, 2, 3, 4, 5, 6, 7]
        assert find_line(axes, "train").get_ydata().tolist() == train.tolist()
        assert find_line(axes, "validation").get_ydata().tolist() == validation.tolist()


def test_the_start_of_a_phase_is_a_line_between_epochs_with_its_name():
    for axes in build_learning_curves(make_history(**TWO_PHASES), "").axes:
        boundaries = [line for line in axes.lines if list(line.get_ydata()) == [0, 1]]
        assert [line.get_xdata()[0] for line in boundaries] == [3.5]
        names = {text.get_text(): text.get_position()[0] for text in axes.texts}
        assert names["frozen →"] == 0.5
        assert names["finetune →"] == 3.5


def test_the_best_epoch_of_the_kept_phase_is_a_dot_with_its_value():
    history = make_history(**TWO_PHASES)  # epochs 5 and 7 are as accurate; 7 has the lower loss
    figure = build_learning_curves(history, "")
    for axes, value in zip(figure.axes, [0.9, history.val_loss[6]], strict=True):
        dot = find_line(axes, "kept weights")
        assert dot.get_label() == "kept weights: epoch 7 (finetune 4)"
        assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([7], [value])
        assert f"{value:.3f}" in [text.get_text() for text in axes.texts]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["train", "validation", "kept weights: epoch 7 (finetune 4)"]


def test_the_dot_lies_in_the_frozen_phase_where_that_is_kept():
    figure = build_learning_curves(make_history(frozen=[0.8, 0.9], finetune=[0.7, 0.6]), "")
    assert list(find_line(figure.axes[0], "kept weights").get_xdata()) == [2]


def test_every_value_lies_inside_the_panels():
    history = make_history(frozen=[0.02, 0.3], finetune=[1.0])
    accuracy, loss = build_learning_curves(history, "").axes
    assert accuracy.get_ylim()[0] <= 0.018
    assert accuracy.get_ylim()[1] >= 1.0
    assert loss.get_ylim()[0] == 0
    assert loss.get_ylim()[1] > 1.0


def test_losses_that_are_not_finite_leave_a_gap_and_a_remark():
    history = make_history([1.0, NAN, float("inf"), 0.5], frozen=[0.5, 0.6], finetune=[0.7, 0.9])
    loss = build_learning_curves(history, "").axes[1]
    drawn = find_line(loss, "validation").get_ydata()
    assert np.isnan(drawn).tolist() == [False, True, True, False]
    assert loss.get_xlabel() == "epoch (4 of 8 losses are NaN or infinite)"


def test_an_exploding_loss_does_not_flatten_the_others():
    history = make_history([0.5, 0.4, 0.3, 4000.0], frozen=[0.5, 0.6, 0.7, 0.1])
    assert build_learning_curves(history, "").axes[1].get_yscale() == "log"
    history = make_history([0.5, 0.4, 0.3, 4.0], frozen=[0.5, 0.6, 0.7, 0.1])
    assert build_learning_curves(history, "").axes[1].get_yscale() == "linear"


@pytest.mark.parametrize(
    ("losses", "phases"),
    [
        (None, TWO_PHASES),
        (None, {"frozen": [0.5, 0.6]}),
        (None, {"finetune": [0.5]}),
        ([0.0], {"frozen": [0.0]}),
        ([NAN, NAN], {"frozen": [0.5], "finetune": [0.4]}),
        ([NAN], {"frozen": [NAN]}),
        ([1e9, 0.3, 0.2], {"frozen": [0.5, 0.6, 0.7]}),
        (None, {f"finetune_of_a_long_block_name_{index}": [0.5] for index in range(8)}),
    ],
    ids=["two", "one", "one epoch", "zeros", "NaN losses", "all NaN", "explosion", "gradual"],
)
def test_a_picture_is_written_for_every_history(losses, phases, tmp_path):
    file = tmp_path / "learning_curves.png"
    draw_learning_curves(make_history(losses, **phases), file, r"$\no formula$: 蜂")
    assert file.read_bytes().startswith(b"\x89PNG")
    assert 10_000 < file.stat().st_size < 1_000_000


def test_the_title_stands_above_both_panels():
    figure = build_learning_curves(make_history(**TWO_PHASES), "tiny · two_phase · digits")
    assert figure.get_suptitle() == "tiny · two_phase · digits"
