import inspect

import numpy as np
import pytest

import keras_transfer as kt
from keras_transfer import check, compare, embed, evaluate, explain, export, predict, review
from keras_transfer.run import load_settings

VERBS = {
    "apply_review": review.apply_review,
    "check_dataset": check.check_dataset,
    "compare_runs": compare.compare_runs,
    "embed_images": embed.embed_images,
    "evaluate_run": evaluate.evaluate_run,
    "explain_images": explain.explain_images,
    "export_model": export.export_model,
    "load_config": load_settings.load_config,
    "predict_images": predict.predict_images,
    "review_labels": review.review_labels,
}


@pytest.mark.parametrize("name", VERBS)
def test_they_are_called_and_explained_as_those_of_the_verbs(name):
    assert inspect.signature(getattr(kt, name)) == inspect.signature(VERBS[name])
    assert getattr(kt, name).__doc__ == VERBS[name].__doc__


@pytest.mark.parametrize(
    ("name", "arguments", "settings", "said"),
    [
        ("check_dataset", [], {}, "`dataset` must be given. Received: nothing."),
        ("check_dataset", ["digits"], {"date": 1}, "Unknown argument 'date'"),
        ("embed_images", ["RUN"], {"splits": "test"}, "Did you mean 'split'?"),
        ("evaluate_run", ["RUN"], {"splits": "test"}, "Did you mean 'split'?"),
        ("evaluate_run", ["RUN"], {}, "A run directory must hold config.yaml"),
        ("explain_images", ["RUN"], {"classname": "a"}, "Did you mean 'class_name'?"),
        ("export_model", ["RUN"], {"format": "onnx"}, "Did you mean 'formats'?"),
        ("predict_images", ["RUN"], {}, "`images` must be given. Received: nothing."),
        ("predict_images", ["RUN", "a", 1, 2, 3], {}, "at most 4 arguments without a name"),
        ("compare_runs", [], {"strategis": ["full"]}, "Did you mean 'strategies'"),
        ("compare_runs", [], {"lr": 1}, "Did you mean frozen={'learning_rate': …}"),
        ("load_config", [], {"lr": 1}, "Did you mean frozen={'learning_rate': …}"),
        ("load_config", [1, 2], {}, "at most 1 argument without a name. Received: 2."),
    ],
)
def test_wrong_arguments_are_config_errors(name, arguments, settings, said):
    with pytest.raises(kt.ConfigError) as caught:
        getattr(kt, name)(*arguments, **settings)
    assert said in str(caught.value)


def test_what_they_return_is_taken_in_hand(run):
    found = kt.evaluate_run(run, split="validation")
    assert isinstance(found, kt.Predictions)
    assert set(found.truth) == {"level", "upright"}
    gray = np.zeros((40, 40), np.uint8)
    images = kt.predict_images(run, gray)
    assert isinstance(images, kt.ImagePredictions)
    assert images.prediction.tolist() == run.predict(gray).prediction.tolist()
    assert isinstance(kt.load_config(seed=3), kt.TrainConfig)


def test_settings_that_only_comparisons_have_are_taken(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        compare,
        "compare_runs",
        lambda *path, **words: asked.append(words) or kt.Comparison(path[0]),
    )
    words = {"seeds": [0], "grid": {}, "jobs": 2, "engine": "ray", "epochs": 1}
    assert isinstance(kt.compare_runs(tmp_path, **words), kt.Comparison)
    assert asked == [words]


def test_what_is_no_data_set_is_refused():
    with pytest.raises(kt.ConfigError, match="`dataset` must be a path"):
        kt.compare_runs(dataset=3)
