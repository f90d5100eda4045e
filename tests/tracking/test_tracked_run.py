import pytest

from keras_transfer.run.run_files import COMPARISON_FILE
from keras_transfer.tracking.tracked_run import TrackedRun


def test_run_is_told_from_its_files(finished_run):
    tracked = TrackedRun(finished_run)
    steps = list(tracked.epochs(3))
    assert [(step, phase) for step, phase, _ in steps] == [(4, "finetune"), (5, "finetune")]
    assert steps[0][2]["phase"] == 2
    results = tracked.results()
    assert results["validation/images"] == 24
    assert results["parameters/total"] > results["parameters/trainable"] > 0
    assert tracked.files()[0].name == "model.keras"
    assert (tracked.group, tracked.name) == ("", finished_run.path.name)
    assert tracked.experiment == finished_run.path.parent.name


def test_rate_that_is_yet_to_be_found_is_no_parameter(run_copy):
    config = run_copy.config_file.read_text()
    run_copy.config_file.write_text(config.replace("learning_rate: 0.03", "learning_rate: auto"))
    parameters = TrackedRun(run_copy).parameters()
    assert "frozen.learning_rate" not in parameters
    assert parameters["finetune.learning_rate"] == pytest.approx(0.01)


def test_row_of_a_comparison_names_it(run_copy, tmp_path):
    (tmp_path / "out/compare/runs").mkdir(parents=True)
    (tmp_path / "out/compare" / COMPARISON_FILE).touch()
    run_copy.path = run_copy.path.rename(tmp_path / "out/compare/runs/row")
    tracked = TrackedRun(run_copy)
    assert (tracked.experiment, tracked.group, tracked.name) == ("out", "compare", "row")
