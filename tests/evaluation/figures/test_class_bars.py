import numpy as np
import pytest
from answers import answer, draw_predictions, make_predictions

from keras_transfer.evaluation.class_scores import score_classes
from keras_transfer.evaluation.figures.class_bars import build_class_bars, draw_class_bars


def read_rows(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def test_the_weakest_class_is_on_top_with_recall_f1_and_their_intervals():
    predictions = answer([[9, 1, 0], [3, 3, 0], [0, 0, 0]], ["good", "weak", "none"])
    axes = build_class_bars(predictions, "").axes[0]
    assert read_rows(axes) == ["weak  (6)", "good  (10)"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    recall, f1 = ([bar.get_width() for bar in bars] for bars in axes.containers[::2])
    assert recall == pytest.approx([0.5, 0.9])
    assert f1 == pytest.approx([6 / 10, 18 / 22])
    good, weak, _ = score_classes(predictions)
    ends = [np.array(lines.get_segments())[:, :, 0].tolist() for lines in axes.collections]
    assert ends[0] == [pytest.approx(each.recall_interval) for each in (weak, good)]
    assert ends[1] == [pytest.approx(each.f1_interval) for each in (weak, good)]
    assert [text.get_text() for text in axes.texts] == ["0.50", "0.90", "0.60", "0.82"]


def test_of_many_classes_the_weakest_and_the_best_are_shown_and_the_others_counted():
    counts = np.diag(np.arange(1, 102))
    counts[:, 0] += 5
    figure = build_class_bars(answer(counts, [*map(str, range(101))]), "")
    rows = read_rows(figure.axes[0])
    assert len(rows) == 30
    assert rows[0] == "0  (6)"
    assert rows[-1] == "100  (106)"
    said = figure.axes[0].texts[-1].get_text()
    assert said.startswith("71 classes between are left out (F1 ")
    assert said.endswith("; per_class.csv has all")


@pytest.mark.parametrize(
    "predictions",
    [
        draw_predictions(3),
        draw_predictions(30, name="蜂 $\\no{}$ \n" + "long " * 9),
        draw_predictions(101, images=2000),
        make_predictions([], [], ("ants", "bees")),
    ],
    ids=["3", "30 with odd names", "101", "no images"],
)
def test_the_bars_are_written(predictions, tmp_path):
    draw_class_bars(predictions, tmp_path / "per_class.png", r"$\no formula$")
    assert 5_000 < (tmp_path / "per_class.png").stat().st_size < 1_000_000
