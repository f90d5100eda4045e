import dataclasses
import time
from types import SimpleNamespace
from typing import get_args, get_type_hints

import pytest

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_files import COMPARISON_FILE
from keras_transfer.system import packages
from keras_transfer.system.errors import ConfigError
from keras_transfer.tracking.loggers import LOGGERS, check_logger
from keras_transfer.tracking.mlflow_logger import open_mlflow
from keras_transfer.tracking.tracked_run import TrackedRun
from keras_transfer.tracking.tracker import Tracker

# what the packages themselves do wrong
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(params=LOGGERS)
def name(request):
    package = LOGGERS[request.param].package
    if package:
        pytest.importorskip(package, reason=f"needs the extra {request.param}")
    return request.param


def test_the_setting_names_the_rows_of_the_table():
    assert get_args(get_type_hints(TrainConfig)["logger"]) == ("none", *LOGGERS)


@pytest.mark.thorough
def test_each_store_holds_settings_epochs_results_figures_and_the_model(
    name, run_copy, store, read_back
):
    tracker = Tracker(run_copy, name)
    tracker.begin()
    tracker.end(finished=True)
    found, history = read_back(name, run_copy), run_copy.history_table()
    assert found["parameters"]["backbone"] == "tiny"
    assert found["parameters"]["finetune.epochs"] == "3"
    assert "output" not in found["parameters"]
    steps, losses = zip(*found["epochs"], strict=True)
    assert [*map(int, steps)] == [1, 2, 3, 4, 5]  # both phases in one row
    assert [*map(float, losses)] == pytest.approx([*map(float, history["val_loss"])])
    accuracy = run_copy.metrics()["splits"]["test"]["accuracy"]
    assert float(found["results"]["test/accuracy"]) == pytest.approx(accuracy)
    assert "model.keras" in found["files"]
    figures = {figure.name for figure in run_copy.figures.glob("*.png")}
    assert len(figures) > 2
    assert figures <= set(found["files"])
    assert found["names"] in (("", ""), (store.name, "run"))
    assert found.get("status") in (None, "FINISHED")


@pytest.mark.thorough
def test_a_resumed_run_goes_on_with_its_log_and_has_each_epoch_once(
    name, run_copy, store, read_back
):
    lines = run_copy.history_file.read_text().splitlines(keepends=True)
    metrics = run_copy.metrics_file.read_bytes()
    run_copy.metrics_file.unlink()
    run_copy.history_file.write_text("".join(lines[:3]))
    tracker = Tracker(run_copy, name)
    tracker.begin()
    run_copy.history_file.write_text("".join(lines[:4]))
    tracker.tell_epochs()
    tracker.end(finished=False)
    assert len(read_back(name, run_copy)["epochs"]) == 3
    run_copy.history_file.write_text("".join(lines[:5]))  # kept, but killed before it was told
    resumed = Tracker(run_copy, name)
    resumed.begin()
    assert resumed.told == 4
    run_copy.history_file.write_text("".join(lines))
    resumed.tell_epochs()
    run_copy.metrics_file.write_bytes(metrics)
    resumed.end(finished=True)
    found = read_back(name, run_copy)
    assert [int(step) for step, _ in found["epochs"]] == [1, 2, 3, 4, 5]
    assert "test/accuracy" in found["results"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_rows_of_a_comparison_are_runs_of_one_group(name, run_copy, store, read_back):
    pytest.importorskip(LOGGERS[name].package, reason=f"needs the extra {name}")
    folder = store / "outputs/compare-1"
    (folder / "runs").mkdir(parents=True)
    (folder / COMPARISON_FILE).touch()
    run_copy.path = run_copy.path.rename(folder / "runs/full-0")
    tracker = Tracker(run_copy, name)
    tracker.begin()
    tracker.end(finished=True)
    found = read_back(name, run_copy)
    assert (found["names"], found["group"]) == (("outputs", "full-0"), "compare-1")


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_names_that_the_environment_gives_win(name, run_copy, store, read_back, monkeypatch):
    pytest.importorskip(LOGGERS[name].package, reason=f"needs the extra {name}")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    tracker = Tracker(run_copy, name)
    tracker.begin()
    tracker.end(finished=True)
    assert read_back(name, run_copy)["names"] == ("mine", "run")


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb"])
def test_missing_package_is_said_before_a_run_is_made(name, tmp_path, monkeypatch):
    from keras_transfer.train import fine_tune

    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"--logger {name}, {name} must .*\[{name}\]'"):
        fine_tune(TrainConfig(logger=name, output=tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()
    check_logger(TrainConfig(logger="csv"))


def test_the_old_setting_means_the_logger():
    assert TrainConfig(tensorboard=True) == TrainConfig(logger="tensorboard")
    changed = dataclasses.replace(TrainConfig(tensorboard=True), logger="none")
    assert changed.logger == "none"
    with pytest.raises(ConfigError, match="tensorboard where `tensorboard` is true"):
        TrainConfig(tensorboard=True, logger="csv")


@pytest.fixture
def client(monkeypatch):
    """Put a client in the place of MLflow's that has the experiment 7 once one is to be made."""
    mlflow = pytest.importorskip("mlflow", reason="needs the extra mlflow")
    made = SimpleNamespace(uri=None, experiments=[], found=None)

    def create_experiment(name, artifacts):
        made.experiments.append((name, artifacts))
        made.found = SimpleNamespace(experiment_id="7")
        if made.late:
            raise mlflow.exceptions.MlflowException("it exists")
        return "7"

    made.late, made.create_experiment = False, create_experiment
    made.get_experiment_by_name = lambda name: made.found
    made.create_run = lambda number, **words: SimpleNamespace(info=SimpleNamespace(run_id=number))
    monkeypatch.setattr(mlflow, "MlflowClient", lambda uri: vars(made).update(uri=uri) or made)
    return made


def test_mlflow_keeps_its_store_beside_the_runs_unless_another_is_named(
    client, store, run_copy, monkeypatch
):
    tracked = TrackedRun(run_copy)
    open_mlflow(tracked)
    assert (client.uri, client.experiments) == (None, [(tracked.experiment, None)])
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    client.found = None
    log = open_mlflow(tracked)
    folder = run_copy.path.parent
    assert client.uri == f"sqlite:///{folder}/mlflow.db"
    assert client.experiments[1:] == [(tracked.experiment, (folder / "mlartifacts").as_uri())]
    assert client.uri in log.place


def test_rows_that_begin_at_once_share_the_experiment_that_one_of_them_makes(
    client, store, run_copy
):
    client.late = True
    assert open_mlflow(TrackedRun(run_copy)).id == "7"


@pytest.mark.thorough
def test_all_parts_of_a_run_that_wandb_keeps_off_line_are_named(run_copy, store):
    pytest.importorskip("wandb", reason="needs the extra wandb")
    places = []
    for _ in range(2):
        tracker = Tracker(run_copy, "wandb")
        tracker.begin()
        places.append(tracker.log.place)
        tracker.end(finished=False)
        time.sleep(1.1)  # the folder is called by the second
    parts = sorted(map(str, run_copy.wandb.glob("offline-run-*")))
    assert len(parts) == 2
    assert places[0].endswith(f"wandb sync {parts[0]}")
    assert places[1].endswith(f" {parts[0]} {parts[1]}")
