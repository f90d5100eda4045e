import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from flat_classifier import NOT_FOR_IMAGES, FlatClassifier, draw_rows, replace_network
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import keras_transfer as kt
from keras_transfer.run.load_settings import load_config


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """Means of classes are trained in place of networks."""
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "runs").mkdir()
    replace_network(monkeypatch, tmp_path / "runs")


@pytest.fixture
def shades():
    """Thirty images, dark and bright ones, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 2
    return draw_rows(rng.normal(0, 1, (30, 5)) + 6 * labels[:, None]), labels


@pytest.mark.thorough
def test_scikit_learns_checks_are_passed(no_network):
    pytest.importorskip("sklearn", "1.6", reason="earlier checks take no list of those that fail")
    found = check_estimator(
        FlatClassifier(), expected_failed_checks=NOT_FOR_IMAGES, on_skip=None, on_fail=None
    )
    failed = {each["check_name"]: each["exception"] for each in found if each["status"] == "failed"}
    assert failed == {}
    assert {each["check_name"] for each in found if each["status"] == "xfail"} == {*NOT_FOR_IMAGES}
    assert sum(each["status"] == "passed" for each in found) > 35


def test_parameters_are_settings_and_go_on_to_clones():
    given = {"epochs": 2, "finetune__learning_rate": 1e-4, "augment": {"preset": "none"}}
    classifier = kt.ImageClassifier("tiny", random_state=3, **given)
    params = classifier.get_params()
    assert {name: params[name] for name in given} == given
    assert clone(classifier).get_params() == params
    assert "finetune__learning_rate=0.0001" in repr(classifier)
    classifier.set_params(finetune__learning_rate=3e-4, head__dropout=0.1)
    assert classifier.get_params()["head__dropout"] == 0.1


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("epoch", "epochs"),
        ("finetune__learningrate", "finetune__learning_rate"),
        ("seed", "random"),
    ],
)
def test_unknown_parameters_are_refused(name, hint):
    with pytest.raises(kt.ConfigError, match=f"Unknown parameter '{name}'.*{hint}"):
        kt.ImageClassifier(**{name: 1})
    with pytest.raises(kt.ConfigError, match=f"Unknown parameter '{name}'.*{hint}"):
        kt.ImageClassifier().set_params(**{name: 1})


def test_labels_come_back_as_they_were_given(no_network, shades):
    images, places = shades
    for labels in ([10, 2], [-1.0, 1.0], [False, True], ["Cat", "cat"], [" a", "a"], ["NA", "b"]):
        y = np.array(labels)[places]
        classifier = kt.ImageClassifier("tiny").fit(images, y)
        assert classifier.classes_.tolist() == sorted(labels)
        assert (classifier.predict(images) == y).all(), labels
        assert classifier.score(images, y) == 1
        best = classifier.predict_proba(images).argmax(1)
        assert (classifier.classes_[best] == y).all()


def test_a_search_goes_over_settings_in_a_pipeline(no_network, shades):
    images, y = shades
    steps = [("as it is", FunctionTransformer()), ("net", kt.ImageClassifier("tiny"))]
    search = GridSearchCV(Pipeline(steps), {"net__finetune__learning_rate": [1e-4, 1e-3]}, cv=2)
    search.fit(images, y)
    assert search.best_score_ == 1
    assert search.best_estimator_["net"].finetune__learning_rate == 1e-4


def test_the_network_is_in_the_pickle(no_network, shades):
    images, y = shades
    classifier = kt.ImageClassifier("tiny").fit(list(images), list(y))
    expected = classifier.predict_proba(images)
    copy = pickle.loads(pickle.dumps(classifier))
    shutil.rmtree(classifier.run_path_)
    assert np.array_equal(copy.predict_proba(images), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(copy)).predict_proba(images), expected)


def test_the_example_of_the_guide_runs(no_network, capsys):
    guide = (Path(__file__).parents[3] / "docs/scikit_learn.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    exec(example)
    assert capsys.readouterr().out.startswith("{'strategy': 'feature_extraction'} 0.")


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ("photos", ["a"], "must be a list of paths or of arrays. Received: 'photos'"),
        (5, [1], "must be a list"),
        (np.zeros((4, 8, 8)), None, "requires y to be passed"),
        (np.zeros((4, 8, 8)), [1, 2], "inconsistent numbers of samples"),
        (np.zeros((4, 8, 8)), [0.1, 0.2, 0.3, 0.5], "Unknown label type: continuous"),
        (np.zeros((4, 8, 8)), [1, 1, 1, 1], "at least two classes. Received: 1 class"),
        (np.zeros((4, 64)), [1, 2, 1, 2], r"reshape\(-1, 8, 8\)"),
        (["gone.png"] * 4, [1, 2, 1, 2], "must exist"),
    ],
)
def test_what_cannot_be_fitted_is_refused(no_network, X, y, message):
    with pytest.raises(ValueError, match=message):
        kt.ImageClassifier("tiny").fit(X, y)


def test_one_image_is_no_set_of_narrow_ones(no_network, shades):
    """It would have as many answers as it has rows."""
    images, y = shades
    classifier = kt.ImageClassifier("tiny").fit(images, y)
    assert classifier.predict(images[:1]).shape == (1,)
    for channels in (3, 4):
        with pytest.raises(kt.ConfigError, match=r"is one image\. Give X\[None\]"):
            classifier.predict(np.zeros((12, 8, channels), np.uint8))


def test_it_must_be_fitted_before_it_predicts():
    with pytest.raises(NotFittedError):
        kt.ImageClassifier().predict([np.zeros((8, 8), np.uint8)])


@pytest.fixture(scope="module")
def stripe_files(stripes):
    files = sorted(map(str, (stripes / "train").glob("*/*.png")))
    return files, [Path(file).parent.name for file in files]


@pytest.fixture
def tiny(tiny_backbone, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return kt.ImageClassifier(
        *["tiny"],
        **{"epochs": 1, "weights": "none", "image_size": 32, "batch_size": 16},
        frozen__learning_rate=0.03,
        output=tmp_path / "runs",
    )


def test_files_are_learned_and_their_run_is_there(tiny, stripe_files, stripes):
    files, labels = stripe_files
    tiny.set_params(random_state=np.random.RandomState(1)).fit(np.array(files)[:, None], labels)
    run = kt.Run.open(tiny.run_path_)
    config = load_config(run.config_file)
    assert config.seed == np.random.RandomState(1).randint(2**31 - 1)
    assert {*run.metrics()["splits"]} == {"validation"}
    proba = tiny.predict_proba(files[:4])
    assert np.allclose(proba.sum(1), 1)
    assert np.allclose(proba, kt.predict_images(run, files[:4]).probabilities)
    assert np.array_equal(pickle.loads(pickle.dumps(tiny)).predict_proba(files[:4]), proba)
    with pytest.raises(kt.ConfigError, match=r"must be readable. Received: gone.png"):
        tiny.predict([*files[:2], "gone.png"])
    with pytest.raises(kt.ConfigError, match="Every path must name one image"):
        tiny.predict([files[0], str(stripes / "val/level")])


@pytest.mark.thorough
def test_files_are_cross_validated_and_searched(tiny, stripe_files):
    files, labels = stripe_files
    search = GridSearchCV(tiny, {"strategy": ["feature_extraction", "two_phase"]}, cv=2)
    search.fit(files, labels)
    assert len([*tiny.output.iterdir()]) == 5
    assert search.best_score_ > 0.6
    again = cross_validate(clone(search.best_estimator_), files, labels, cv=2)
    assert np.isclose(again["test_score"].mean(), search.best_score_)
