"""The row of a comparison of texts that is no training."""

import csv
import os
import shutil
import sys
from pathlib import Path

import pytest

from keras_transfer.compare import compare_runs, row_training
from keras_transfer.compare.baseline.baseline_row import add_baseline
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.grid import read_grid
from keras_transfer.compare.ranking.configurations import read_configurations
from keras_transfer.compare.ranking.verdicts import compare_runs_with_best, judge
from keras_transfer.compare.reports.comparison_answer import answer_comparison
from keras_transfer.compare.reports.comparison_figure import build_comparison
from keras_transfer.compare.reports.comparison_table import describe_comparison
from keras_transfer.compare.results_csv import Results
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table

FAKE = Path(__file__).parents[1] / "fake_train.py"
ROW = "tfidf-baseline"


def write_texts(file, count=60):
    """Write texts of which one word in three decides, a third of them for validation."""
    rows = [("text", "label", "split")]
    for index in range(count):
        label = ("bad", "good")[index % 2]
        split = ("train", "validation", "test")[index // 2 % 3]
        rows.append((f"the film {index} was {label} and number {index * 7}", label, split))
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return file


def settings_of(folder, **changes):
    return {
        "dataset": str(write_texts(folder / "reviews.csv")),
        "backbone": "tiny_text",
        "weights": "none",
        "output": str(folder),
        "name": "all",
        "quiet": True,
        "data": {"modality": "text"},  # pretended trainings leave the settings as they are
    } | changes


@pytest.fixture(scope="module")
def compared(tmp_path_factory, tiny_text_backbone):
    """Return a comparison whose trainings are pretended and whose baseline is not."""
    folder = tmp_path_factory.mktemp("compared")
    lists = {"strategies": ["full", "partial"], "seeds": [0, 1]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_training, "COMMAND", (str(FAKE),))
        return compare_runs(**settings_of(folder), **lists)


@pytest.fixture
def begun(tmp_path):
    """Return a function that says which rows a comparison of a data set has."""

    def begin(**settings):
        return add_baseline(read_grid(settings_of(tmp_path) | settings).rows())

    return begin


@pytest.mark.thorough
def test_texts_have_one_row_for_all_seeds(compared):
    table = compared.results()
    assert table["strategy"] == ["full", "full", "partial", "partial", "baseline"]
    assert table["status"] == ["finished"] * 5
    cells = {name: values[-1] for name, values in table.items()}
    assert cells["backbone"] == "tfidf"
    assert cells["run"] == f"runs/{ROW}"
    assert cells["seed"] == cells["augmentation"] == ""
    # the word is in every text: each is right
    assert cells["validation_accuracy"] == cells["test_accuracy"] == "1"
    assert float(cells["validation_accuracy_low"]) == pytest.approx(0.839, abs=0.001)  # of 20
    assert int(cells["trainable_parameters"]) > 2
    assert 0 < float(cells["p_value"]) <= 1
    if sys.platform == "linux":
        assert float(cells["peak_memory_mb"]) > 10


@pytest.mark.thorough
def test_its_predictions_are_of_the_splits_of_the_comparison(compared):
    run = Run(compared.runs / ROW)
    assert run.split_file.read_bytes() == compared.split_file.read_bytes()
    split, said = read_table(compared.split_file), run.predictions_table()
    for name in ("validation", "test"):
        paths = [p for p, s in zip(split["path"], split["split"], strict=True) if s == name]
        assert sorted(paths) == sorted(
            p for p, s in zip(said["path"], said["split"], strict=True) if s == name
        )
    assert {*said["split"]} == {"validation", "test"}


def test_it_stands_in_table_words_figure_and_page(compared):
    found = read_configurations(compared.results_file)
    text = describe_comparison(found, judge(found))
    assert "Backbone: tiny_text" in text
    assert any(line.split()[:2] == ["baseline", "(tfidf)"] for line in text.splitlines())
    plain, trained = "tfidf baseline has 1.000 (1.000 on test)", "full 0.925 (1.000 on test)"
    assert f"Against the baseline: {plain}, {trained}: that the training" in text
    assert "by these 20 texts" in text
    figure = build_comparison(found, compared.path)
    assert "20 validation texts" in figure.get_suptitle()
    names = [words.get_text() for words in figure.legends[0].get_texts()]
    assert names == ["full (best)", "partial", "tfidf baseline"]
    assert "baseline (tfidf)" in compared.report_file.read_text("utf-8")
    assert "4 of 4 trainings finished" in compared.report_file.read_text("utf-8")


def test_scripts_are_told_of_it(compared, tmp_path):
    copy = Comparison(shutil.copytree(compared.path, tmp_path / "copy"))
    rows = add_baseline(copy.read_grid().rows())
    answer = answer_comparison(copy, Results(copy, rows))
    assert answer["best"]["settings"]["strategy"] == "full"
    assert answer["configurations"][-1]["settings"]["backbone"] == "tfidf"
    assert answer["configurations"][-1]["seeds"] == []


def test_it_is_compared_over_all_seeds_of_the_best(compared):
    best, _, baseline = found = read_configurations(compared.results_file)
    assert judge(found)[2].gap == pytest.approx(best.accuracy - baseline.accuracy)
    assert compare_runs_with_best(found)[f"runs/{ROW}"] == pytest.approx(
        float(compared.results()["p_value"][-1]), abs=1e-4
    )


def test_a_comparison_that_goes_on_keeps_it(compared, tmp_path, fake_train, monkeypatch):
    copy = Comparison(shutil.copytree(compared.path, tmp_path / "copy"))
    file = Run(copy.runs / ROW).metrics_file
    os.utime(file, (1, 1))
    monkeypatch.setattr(row_training, "BASELINE_COMMAND", ("-c", "raise SystemExit('no')"))
    Run(copy.runs / "tiny_text-full-standard-linear-0").metrics_file.unlink()
    again = compare_runs(resume=copy.path)
    assert again.results()["status"] == ["finished"] * 5
    assert file.stat().st_mtime == 1


@pytest.mark.thorough
def test_one_that_was_not_finished_begins_anew(compared, tmp_path):
    copy = Comparison(shutil.copytree(compared.path, tmp_path / "copy"))
    Run(copy.runs / ROW).metrics_file.unlink()
    assert compare_runs(resume=copy.path).results()["status"] == ["finished"] * 5


def test_one_that_fails_is_a_row_with_its_reason(
    tmp_path, tiny_text_backbone, fake_train, monkeypatch
):
    monkeypatch.setattr(row_training, "BASELINE_COMMAND", ("-c", "raise SystemExit('no')"))
    compared = compare_runs(**settings_of(tmp_path))
    assert compared.results()["status"][0] == "finished"
    assert compared.results()["status"][1].startswith("failed: no")


def test_it_is_not_counted_as_a_training(compared):
    log = compared.log_file.read_text("utf-8")
    assert "Comparison of 4 trainings and a baseline" in log


def test_images_have_none(begun, stripes):
    rows = begun(dataset=str(stripes), backbone="mobilenetv3small", data={"modality": "auto"})
    assert [row.is_baseline for row in rows] == [False]


def test_lists_over_other_settings_leave_it_one_row(begun):
    rows = begun(grid={"finetune.learning_rate": [1e-4, 1e-5]}, seeds=[0, 1])
    assert [row.is_baseline for row in rows] == [False] * 4 + [True]
    assert [*rows[-1].values] == [*rows[0].values]
    assert rows[-1].values["finetune.learning_rate"] is None


def test_a_folder_that_is_asked_for_by_name_is_no_run(compared):
    assert isinstance(compared, Comparison)
    with pytest.raises(ValueError, match="must hold config"):
        Run.open(compared.runs / ROW)
