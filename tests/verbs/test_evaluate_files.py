"""Where evaluate leaves its tables and figures."""

import errno
import json
import shutil

import pytest
from fake_runs import write_table

from keras_transfer.evaluate import _parse, main
from keras_transfer.evaluation.reports import evaluation_files
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table

FIGURES = {"per_class.png", "confusion_matrix.png", "top_losses.png"}
FILES = FIGURES | {"per_class.csv", "confusion_matrix.csv", "evaluation.json"}


@pytest.fixture
def evaluate(run_copy, capsys):
    """Return a function that evaluates a copy of the run: its last line."""

    def evaluate(*words):
        assert main([str(run_copy.path), *map(str, words)]) == 0
        shown = capsys.readouterr().out
        assert "Sets for" not in shown  # nobody asked
        assert "\n\nWritten: " not in shown
        return shown.splitlines()[-1]

    return evaluate


def list_names(folder):
    return {path.name for path in folder.iterdir()}


def test_the_tables_and_figures_of_the_run_are_those_that_it_had(run_copy, evaluate):
    files = [run_copy.per_class_file, run_copy.confusion_file]
    files += [run_copy.figures / name for name in FIGURES]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    assert evaluate().endswith(f"and figures in {run_copy.path}")
    after = [file.read_bytes() for file in files]
    assert [len(content) > 0 for content in after] == [True] * 5
    tables = list(map(read_table, files[:2]))
    assert tables[1]["split"] == ["validation"] * 2 + ["test"] * 2
    assert after[:2] == before[:2]
    assert not run_copy.evaluations.exists()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (["--split", "validation"], "validation"),
        (["--tta", "2"], "test-tta2"),
    ],
)
def test_other_images_or_views_do_not_change_what_the_run_holds(run_copy, evaluate, words, folder):
    before = {path: path.read_bytes() for path in run_copy.path.rglob("*") if path.is_file()}
    place = run_copy.evaluations / folder
    assert evaluate(*words).endswith(f" in {place}")
    assert list_names(place) == FILES
    assert {*read_table(place / "per_class.csv")["split"]} == {folder.split("-")[0]}
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.thorough
def test_another_data_set_has_a_folder_of_its_name_and_one_of_the_same_name_another(
    run_copy, evaluate, stripes, tmp_path
):
    first, second = tmp_path / "a/my photos", tmp_path / "b/my photos"
    for place in (first, second):
        shutil.copytree(stripes / "test", place)
    folder = run_copy.evaluations / "my_photos-test"
    assert evaluate("--dataset", first).endswith(f" in {folder}")
    content = json.loads((folder / "evaluation.json").read_text())
    assert content["dataset"] == str(first)
    assert content["images"] == 24
    assert content["accuracy"] == run_copy.metrics()["splits"]["test"]["accuracy"]
    assert evaluate("--dataset", second).endswith("evaluations/my_photos-test-2")
    assert evaluate("--dataset", first).endswith(f" in {folder}")
    assert list_names(run_copy.evaluations) == {"my_photos-test", "my_photos-test-2"}


def test_two_evaluations_at_once_have_a_folder_each(run_copy, tmp_path):
    predictions = read_run_predictions(run_copy).select("test")
    both = [
        evaluation_files.Evaluation(
            run=run_copy, predictions=predictions, root=tmp_path, dataset=str(tmp_path / place)
        )
        for place in ("a/photos", "b/photos")
    ]
    folders = list(map(evaluation_files._choose_folder, both))  # neither has written so far
    assert [folder.name for folder in folders] == ["photos-test", "photos-test-2"]


@pytest.mark.thorough
def test_an_evaluation_that_is_interrupted_can_be_written_anew(evaluate, monkeypatch, tmp_path):
    def interrupt(*words):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(evaluation_files, "write_class_tables", interrupt)
        with pytest.raises(KeyboardInterrupt):
            evaluate("--output", tmp_path / "out")
    assert evaluate("--output", tmp_path / "out").startswith("Written")


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("photos/val/", "photos-test"),
        ("hf:user/birds", "birds-test"),
        ("data/labels.csv", "labels-test"),
        ("鳥/蜂", "蜂-test"),
    ],
)
def test_the_folder_is_named_after_the_data_set(run_copy, dataset, name):
    predictions = read_run_predictions(run_copy).select("test")
    done = evaluation_files.Evaluation(
        run=run_copy, predictions=predictions, root=run_copy.path, dataset=dataset
    )
    assert evaluation_files._name_folder(done) == name


def test_output_is_a_folder_of_the_users_and_is_written_anew(run_copy, evaluate, tmp_path):
    folder = tmp_path / "my/results"
    for _ in range(2):
        assert evaluate("--output", folder, "--top_losses", "3").endswith(f" in {folder}")
    assert list_names(folder) == FILES
    assert not run_copy.evaluations.exists()


def test_output_may_be_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert _parse(["RUN", "--output=~/results"]).output == tmp_path / "results"


def test_a_folder_with_something_else_is_refused_before_the_work(run_copy, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_transfer.evaluate._evaluate", lambda *words: pytest.fail("worked"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/per_class.csv").write_text("mine")
    for place in (tmp_path / "mine", tmp_path / "mine/per_class.csv", run_copy.path):
        with pytest.raises(ConfigError, match="`output` must be a new folder"):
            main([str(run_copy.path), "--output", str(place)])
    with pytest.raises(ConfigError, match="`top_losses` must be a whole number"):
        main([str(run_copy.path), "--top_losses", "0"])


@pytest.mark.thorough
def test_a_run_that_cannot_be_written_is_evaluated_all_the_same(
    run_copy, evaluate, monkeypatch, tmp_path
):
    def refuse(predictions, folder):
        if folder == run_copy.path:
            raise OSError(errno.EROFS, "Read-only file system", str(folder))

    monkeypatch.setattr(evaluation_files, "write_class_tables", refuse)
    line = evaluate()
    assert line.startswith("Nothing was written, --output FOLDER writes elsewhere: ")
    assert "Read-only file system" in line
    assert evaluate("--output", tmp_path / "out").startswith("Written")
    monkeypatch.setattr(evaluation_files, "draw_answers", lambda *words: (tmp_path / "x/y").touch())
    with pytest.raises(ConfigError, match="`output` must be a folder that can be written"):
        evaluate("--output", tmp_path / "out")


def test_figures_that_lead_elsewhere_are_not_written(run_copy, evaluate, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(run_copy.figures)
    run_copy.figures.symlink_to(tmp_path / "elsewhere")
    assert evaluate().startswith("Nothing was written")
    assert list_names(tmp_path / "elsewhere") == set()


def test_lost_images_leave_the_figures_of_the_run_as_they_are(run_copy, evaluate):
    table = run_copy.predictions_table()
    rows = list(zip(*table.values(), strict=True))
    lost = next(row for row in rows if row[1] == "test")
    gone = ("gone.png", *lost[1:])
    write_table(run_copy.predictions_file, list(table), [*rows, gone])
    assert evaluate().endswith("evaluations/test")


def test_a_run_without_its_predictions_gets_a_folder(run_copy, evaluate):
    run_copy.predictions_file.unlink()
    assert evaluate().endswith("evaluations/test")
