import base64
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import keras_transfer as kt
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.exports.exporters import FORMATS
from keras_transfer.run import run_directory


@pytest.fixture
def copy(run, tmp_path):
    """A run that a test may write into."""
    return kt.Run(shutil.copytree(run.path, tmp_path / "run"))


def test_the_model_is_one_of_keras_and_loaded_once(run, stripes):
    import keras

    assert isinstance(run.model, keras.Model)
    assert run.model is run.model
    pixels = np.asarray(Image.open(stripes / "test/level/000.png").resize((32, 32)), np.float32)
    answer = run.model.predict(pixels[None], verbose=0)
    assert answer.shape == (1, 2)
    np.testing.assert_allclose(answer, run.predict(pixels).probabilities, atol=1e-5)


def test_predict_takes_files_arrays_and_pictures(run, stripes, monkeypatch):
    files = [stripes / "test/level/000.png", stripes / "test/upright/000.png"]
    wanted = kt.predict_images(run, files)
    monkeypatch.setattr("keras_transfer.exports.loaders.load_artefact", None)  # loaded already
    run.predict(files[0])
    found = [
        run.predict(files),
        run.predict([np.asarray(Image.open(file)) for file in files]),
        run.predict([Image.open(file) for file in files]),
    ]
    for each in found:
        assert isinstance(each, kt.ImagePredictions)
        np.testing.assert_allclose(each.probabilities, wanted.probabilities, atol=1e-6)


def test_history_is_numbers(run, with_and_without_pandas):
    history = run.history()
    assert list(history) == list(run.history_table())
    assert list(history["phase"]) == ["frozen"] * 2 + ["finetune"] * 3
    assert list(history["epoch"]) == [1, 2, 1, 2, 3]
    assert np.asarray(history["val_loss"]).dtype == np.float64


def test_predictions_are_numbers_and_names(run, with_and_without_pandas):
    found = run.predictions()
    assert list(found) == list(run.predictions_table())
    assert len(found) == 48
    assert set(found["prediction"]) == {"level", "upright"}
    both = np.asarray(found["probability_level"]) + np.asarray(found["probability_upright"])
    np.testing.assert_allclose(both, 1, atol=1e-5)


def test_split_lists_every_image(run, with_and_without_pandas):
    split = run.split()
    assert list(split) == ["path", "sha256", "class", "split"]
    assert sorted(set(split["split"])) == ["test", "train", "validation"]
    assert len(split) == 128


def test_freeze_table_says_what_learned(run, with_and_without_pandas):
    table = run.freeze_table()
    assert list(table) == ["phase", "layer", "block", "trainable", "learning_rate", "batch_norm"]
    in_frozen = np.array(table["phase"]) == "frozen"
    learns, rates = np.array(table["trainable"]), np.array(table["learning_rate"])
    assert set(np.array(table["block"])[in_frozen & learns]) == {"head"}
    assert (np.isnan(rates) == ~learns).all()
    assert learns[~in_frozen].sum() > learns[in_frozen].sum()


def test_per_class_is_of_a_split(run, with_and_without_pandas):
    table = run.per_class()
    assert list(table) == ["class", "precision", "recall", "F1", "support"]
    assert list(table["class"]) == list(run.class_names())
    assert list(table["support"]) == [12, 12]
    assert list(run.per_class("validation")["support"]) == [12, 12]
    with pytest.raises(kt.ConfigError, match=r"Unknown split 'tset'\. Did you mean 'test'\?"):
        run.per_class("tset")


def test_evaluate_and_export_are_those_of_the_package(run, stripes, monkeypatch):
    found = run.evaluate(split="validation")
    assert found.accuracy() == run.metrics()["splits"]["validation"]["accuracy"]
    other = run.evaluate(stripes / "test")
    assert len(other) == 24
    asked = []
    monkeypatch.setattr(
        "keras_transfer.python_api.verb_functions.export_model", lambda *words: asked.append(words)
    )
    run.export("tflite", calibrate=True)
    run.export()
    assert [words[1:4] for words in asked] == [
        ("tflite", None, True),
        (FORMATS, None, False),
    ]


def test_plot_returns_files_where_there_is_no_notebook(run):
    files = run.plot()
    assert files[0] == run.figures / "learning_curves.png"
    assert sorted(files) == sorted(run.figures.glob("*.png"))
    assert run.plot("confusion_matrix") == [run.figures / "confusion_matrix.png"]
    with pytest.raises(kt.ConfigError, match="Did you mean 'learning_curves'"):
        run.plot("learning_curve")


def test_plot_shows_figures_in_a_notebook(run, cell):
    shown = cell("get_ipython().kernel = True\nrun.plot()", run=run)
    pictures = [output.data["image/png"] for output in shown.outputs]
    curves = (run.figures / "learning_curves.png").read_bytes()
    assert len(pictures) == len(list(run.figures.glob("*.png")))
    assert base64.b64decode(pictures[0]) == curves


def test_report_makes_the_page_anew(copy, drawn):
    copy.report_file.unlink()
    with drawn():
        assert copy.report() == copy.report_file
    assert copy.report_file.is_file()


def test_a_run_without_figures_says_so(copy):
    shutil.rmtree(copy.figures)
    with pytest.raises(kt.ConfigError, match="figures of a run must be there"):
        copy.plot()
    assert "<img" not in copy._repr_html_()


def test_it_says_itself_in_three_lines(run, copy):
    lines = repr(run).splitlines()
    assert len(lines) == 3
    assert lines[0] == f"Run({str(run.path)!r})"
    assert lines[1] == "two_phase tiny, 2 classes, weights of phase finetune kept"
    assert lines[2].startswith("test accuracy 1.000 (95 % interval ")
    copy.metrics_file.unlink()
    assert repr(copy).splitlines()[1:] == ["not finished"]
    assert "metrics.json" in copy._repr_html_()
    assert "must hold config.yaml" in repr(kt.Run(copy.path / "none"))


def test_a_notebook_shows_verdict_splits_curves_and_place(run):
    shown = run._repr_html_()
    assert "<b>test accuracy 1.000" in shown
    assert "validation" in shown
    assert 'src="data:image/png;base64,' in shown
    assert str(run.path) in shown
    assert str(run.report_file) in shown
    assert len(shown) < 100_000


def test_a_cell_shows_the_curves_once(run, monkeypatch):
    assert "<img" in run._repr_html_()
    monkeypatch.setattr("keras_transfer.python_api.finished_run.is_shown", lambda file: True)
    shown = run._repr_html_()  # as after a training in the same cell
    assert "<img" not in shown
    assert "accuracy" in shown


def test_names_of_classes_and_folders_stay_text(copy):
    hostile = copy.path.rename(copy.path.with_name("<b>run\x1b[31m"))
    metrics = json.loads((hostile / "metrics.json").read_text())
    (hostile / "metrics.json").write_text(json.dumps(metrics | {"backbone": "<script>"}))
    shown = kt.Run(hostile)._repr_html_()
    assert "<script" not in shown
    assert "<b>run" not in shown
    assert "\x1b" not in shown


def test_completion_shows_what_a_person_may_want(run):
    names = dir(run)
    assert {"model", "predict", "history", "plot", "metrics", "class_names", "path"} <= {*names}
    machinery = {"stopwatch", "hold", "release", "recording", "finish", "clear", "lock_file"}
    assert not machinery & {*names}
    assert [name for name in names if not hasattr(kt.Run, name) and name != "path"] == []


def test_it_is_a_run_directory_wherever_the_program_takes_one(run, tmp_path):
    assert isinstance(run, run_directory.Run)
    assert isinstance(kt.Run.open(run.path), kt.Run)
    with pytest.raises(kt.ConfigError, match=r"Unknown argument 'imgs' of predict\."):
        run.predict(imgs=3)
    with pytest.raises(kt.ConfigError, match="did not finish"):
        kt.Run.open(run_directory.Run.create(TrainConfig(output=tmp_path)).path)
