"""Callbacks that Python code gives are told of both phases, and may end them."""

import csv
import dataclasses
import json

import keras
import numpy as np
import pytest

from keras_transfer.run.load_settings import load_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.train import fine_tune
from keras_transfer.training.given.given_parts import GivenParts


class Note(keras.callbacks.Callback):
    """Notes what it is told."""

    def __init__(self):
        super().__init__()
        self.begun, self.epochs, self.rates, self.answers = [], [], [], []

    def on_train_begin(self, logs=None):
        self.begun.append((self.params["phase"], self.params["epochs"], self.params["steps"]))

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)
        self.rates.append(float(self.model.optimizer.learning_rate))
        images = np.zeros((1, 32, 32, 3), np.float32)
        self.answers.append(self.model.predict(images, verbose=0).shape)
        logs.clear()  # what the program measured is its own


@pytest.fixture(scope="module")
def told(tiny_config, tmp_path_factory):
    """A run with callbacks, what one of them noted, and their files."""
    folder, note = tmp_path_factory.mktemp("told"), Note()
    callbacks = [
        keras.callbacks.CSVLogger(folder / "log.csv"),
        keras.callbacks.ModelCheckpoint(folder / "{epoch}.keras", monitor="val_accuracy"),
        keras.callbacks.EarlyStopping("val_accuracy", patience=50),
        note,
    ]
    return fine_tune(tiny_config, GivenParts(callbacks=callbacks)), note, folder


@pytest.mark.thorough
def test_they_are_told_of_all_epochs_in_a_row_with_the_whole_model(told):
    run, note, _ = told
    assert note.begun == [("frozen", 2, 5), ("finetune", 5, 5)]
    assert note.epochs == [0, 1, 2, 3, 4]
    rates = [float(cell) for cell in run.history_table()["learning_rate"]]
    assert np.all(np.array(note.rates) <= 1.001 * np.array(rates))  # of the step to come
    assert note.answers == [(1, 2)] * 5


@pytest.mark.thorough
def test_they_change_no_number(told, finished_run):
    run, _, _ = told
    assert run.predictions_file.read_bytes() == finished_run.predictions_file.read_bytes()
    assert run.history_table()["val_loss"] == finished_run.history_table()["val_loss"]


@pytest.mark.thorough
def test_the_log_of_keras_holds_both_phases(told):
    run, _, folder = told
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == list("01234")
    losses = [f"{float(row['loss']):.6g}" for row in rows]
    assert losses == run.history_table()["loss"]


@pytest.mark.thorough
def test_a_saved_model_is_whole_and_needs_nothing_of_ours(told):
    _, _, folder = told
    model = keras.models.load_model(folder / "1.keras")
    assert (model.input_shape, model.output_shape) == ((None, 32, 32, 3), (None, 2))
    assert not model.compiled


class StopAt(keras.callbacks.Callback):
    """Ends a phase."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch in (0, 3)


@pytest.mark.thorough
def test_one_may_end_a_phase(tiny_config, tmp_path):
    config = dataclasses.replace(tiny_config, output=tmp_path)
    run = fine_tune(config, GivenParts(callbacks=[StopAt()]))
    assert run.history_table()["phase"] == ["frozen", "finetune", "finetune", "finetune"]
    log = run.log_file.read_text()
    assert log.count("A callback asked for it") == 2
    assert "StopAt. What they know is not kept" in log
    assert run.given_parts() == {"callbacks": "StopAt"}


class Fail(keras.callbacks.Callback):
    """A user's mistake."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 3:
            raise KeyError("of the user")


@pytest.mark.thorough
def test_after_a_fault_of_theirs_the_run_goes_on(tiny_config, tmp_path, finished_run):
    config = dataclasses.replace(tiny_config, output=tmp_path)
    with pytest.raises(KeyError, match="of the user"):
        fine_tune(config, GivenParts(callbacks=[Fail()]))
    (path,) = tmp_path.iterdir()
    assert f"fine_tune(resume={str(path)!r}, …)" in Run(path).log_file.read_text()
    note = Note()
    run = fine_tune(load_config(resume=str(path)), GivenParts(callbacks=[note]))
    assert note.epochs == [3, 4]
    assert run.predictions_file.read_bytes() == finished_run.predictions_file.read_bytes()
    assert json.loads(run.given_parts_file.read_text()) == {"callbacks": "Fail"}


def test_what_the_program_does_itself_is_refused():
    for callback, advice in (
        (keras.callbacks.ReduceLROnPlateau(), "optimizer.schedule"),
        (keras.callbacks.LearningRateScheduler(lambda epoch: 1.0), "optimizer.schedule"),
        (keras.callbacks.BackupAndRestore("x"), "resume=RUN"),
        (keras.callbacks.SwapEMAWeights(), "optimizer.ema"),
    ):
        with pytest.raises(ConfigError, match=rf"{type(callback).__name__}\. .*{advice}"):
            GivenParts(callbacks=[callback])


def test_what_is_no_callback_is_refused():
    with pytest.raises(ConfigError, match=r"Did you mean EarlyStopping\(\)\?"):
        GivenParts(callbacks=[keras.callbacks.EarlyStopping])
    with pytest.raises(ConfigError, match="Derive a class"):
        GivenParts(callbacks=[print])
    assert len(GivenParts(callbacks=keras.callbacks.TerminateOnNaN()).callbacks) == 1
    assert GivenParts(callbacks=None).callbacks == ()
