import shutil

import numpy as np
import pytest
from answers import answer, draw_predictions

from keras_transfer.evaluation.reports.summary import (
    describe_predictions,
    measure_run,
    summarize_run,
)
from keras_transfer.run.history import HISTORY_COLUMNS, read_history
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_json


@pytest.mark.parametrize(("kept", "shown"), [(21, True), (22, False)])
def test_recall_of_each_class_is_shown_where_one_has_over_three_times_the_images(
    finished_run, tmp_path, kept, shown
):
    """Of the whole data set, though the classes of the test split have the same size."""
    run = Run(shutil.copytree(finished_run.path, tmp_path / "run"))
    header, *rows = run.split_file.read_text().splitlines()
    level = [row for row in rows if ",level," in row]
    upright = [row for row in rows if ",upright," in row]
    assert len(level) == len(upright) == 64
    run.split_file.write_text("\n".join([header, *level, *upright[:kept]]) + "\n")
    assert ("look at the recall of each: " in summarize_run(run)) is shown


@pytest.mark.parametrize(
    ("notebook", "words"), [(True, "run.evaluate()"), (False, "python -m keras_transfer.evaluate ")]
)
def test_what_to_do_next_is_said_in_the_words_of_the_place(
    finished_run, monkeypatch, notebook, words
):
    monkeypatch.setattr("keras_transfer.evaluation.reports.summary.is_notebook", lambda: notebook)
    *_, following, last = summarize_run(finished_run).splitlines()
    assert following == f"Next: {words}" + ("" if notebook else str(finished_run.path))
    assert last == f"Report: {finished_run.path / 'report.html'}"


def test_a_report_that_is_not_there_is_not_named(run_copy):
    run_copy.report_file.unlink()
    assert summarize_run(run_copy).splitlines()[-1].startswith("Next: ")


@pytest.mark.parametrize(("earlier", "said"), [(0.944, True), (0.917, False)])
def test_it_is_explained_why_a_phase_of_a_lower_accuracy_is_kept(run_copy, earlier, said):
    metrics = run_copy.metrics()
    metrics["kept_phase"], metrics["splits"]["validation"]["images"] = "finetune", 36
    for name, accuracy in ("frozen", earlier), ("finetune", 0.917):
        metrics["phases"][name]["validation_accuracy"] = accuracy
    write_json(run_copy.metrics_file, metrics)
    line = "36 validation images cannot tell 0.917 of finetune from 0.944 of frozen: the later "
    assert (line in summarize_run(run_copy)) is said


@pytest.mark.parametrize(("images", "left"), [(36, [2, 1]), (0, [1, 1])])
def test_the_metrics_name_the_epochs_that_training_chose(run_copy, images, left):
    """By the images it knew of: none where a run of an earlier version went on."""
    rows = ("frozen", 1, 0.944), ("frozen", 2, 0.917), ("finetune", 1, 0.75)
    columns = zip(*([*row[:2], 0.1, 1, 1, 1, row[2], 1] for row in rows), strict=True)
    table = {name: [*map(str, cells)] for name, cells in zip(HISTORY_COLUMNS, columns, strict=True)}
    history = read_history(table, images)
    phases = measure_run(run_copy, history)["phases"]
    assert [phase["best_epoch"] for phase in phases.values()] == left


@pytest.mark.parametrize(("classes", "shown"), [(10, False), (11, True)])
def test_top5_is_said_of_more_than_ten_classes(run_copy, classes, shown):
    names = ["level", "upright", *map(str, range(classes - 2))]
    run_copy.class_names_file.write_text("\n".join(names) + "\n")
    metrics = run_copy.metrics()
    for scores in metrics["splits"].values():
        scores["top5_accuracy"] = 0.987
    write_json(run_copy.metrics_file, metrics)
    text = summarize_run(run_copy)
    assert ("top-5" in text) is shown
    assert ("0.987" in text) is shown
    assert ("top-5 accuracy" in describe_predictions(draw_predictions(classes))) is shown


def test_the_pairs_confused_most_and_the_weakest_classes_are_named():
    counts = np.diag([50] * 12)
    counts[4, 7], counts[7, 4] = 25, 3
    counts[range(11), range(1, 12)] += 1
    text = describe_predictions(answer(counts, [f"class_{index}" for index in range(12)]))
    pairs = text.split("Confused most:")[1].split("Lowest F1")[0].splitlines()
    rows = [line.split() for line in pairs if "class_" in line]
    assert len(rows) == 10
    assert rows[:2] == [["class_4", "class_7", "25", "0.329"], ["class_7", "class_4", "3", "0.056"]]
    lowest = text.split("Lowest F1: ")[1].splitlines()[0].split(", ")
    assert [each.split()[0] for each in lowest[:2]] == ["class_4", "class_7"]
    assert len(lowest) == 5


def test_nothing_is_said_of_confusions_where_there_are_none():
    text = describe_predictions(answer([[3, 0], [0, 3]], ["a", "b"]))
    assert "Confused" not in text
    assert "Lowest" not in text


def test_classes_as_weak_as_the_last_that_is_named_are_counted():
    counts = np.diag([3] * 4 + [0] * 8)
    counts[range(4, 12), 0] = 1
    text = describe_predictions(answer(counts, [f"class_{index}" for index in range(12)]))
    assert (
        text.split("Lowest F1: ")[1].splitlines()[0].endswith("class_8 0.00 and 3 more with 0.00")
    )
