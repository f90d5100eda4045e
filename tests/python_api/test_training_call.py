import dataclasses
import inspect

import pytest

import keras_transfer as kt
from keras_transfer import train
from keras_transfer.config.layers import SHORT_OPTIONS


@pytest.fixture
def asked(monkeypatch, finished_run):
    """Return the settings of the trainings that were asked for; none is done."""
    found = []
    monkeypatch.setattr(train, "fine_tune", lambda *words: found.append(words[0]) or finished_run)
    return found


@pytest.fixture
def given(monkeypatch, finished_run):
    """Return the settings and the parts of the trainings that were asked for; none is done."""
    found = []
    monkeypatch.setattr(train, "fine_tune", lambda *words: found.append(words) or finished_run)
    return found


def test_keywords_are_what_the_command_takes(asked, tmp_path):
    run = kt.fine_tune(
        tmp_path,
        backbone="mobilenetv3small",
        epochs=5,
        image_size=96,
        finetune={"learning_rate": 1e-4},
        head=kt.HeadConfig(dropout=0.5),
        precision="float32",
        **{"data.resize": "pad"},
    )
    assert isinstance(run, kt.Run)
    assert asked == [
        kt.load_config(
            dataset=tmp_path,
            backbone="mobilenetv3small",
            epochs=5,
            finetune={"learning_rate": 1e-4},
            head={"dropout": 0.5},
            precision="float32",
            data={"image_size": 96, "resize": "pad"},
        )
    ]
    kt.fine_tune("photos", "resnet50")
    assert asked[-1] == kt.load_config(dataset="photos", backbone="resnet50")


def test_objects_travel_beside_the_settings(given):
    import keras

    def double(features):
        return features

    callback = keras.callbacks.TerminateOnNaN()
    words = {"callbacks": [callback], "loss": "categorical_crossentropy", "head": double}
    kt.fine_tune("digits", **words, class_weight={0: 2}, data=kt.DataConfig(image_size=32))
    ((config, parts),) = given
    assert (parts.callbacks, parts.loss, parts.head) == ((callback,), words["loss"], double)
    assert config.head == kt.HeadConfig()
    assert config.data == kt.DataConfig(image_size=32, class_weight={"0": 2.0})
    with pytest.raises(kt.ConfigError, match="`callbacks` must be Keras callbacks"):
        kt.fine_tune(callbacks=[3])


def test_what_is_not_given_is_as_the_config_has_it(asked, write_yaml):
    config = kt.TrainConfig(seed=3, frozen=kt.FrozenConfig(epochs=7))
    kt.fine_tune(config)
    kt.fine_tune(config=config)
    assert asked == [config, config]
    kt.fine_tune(config, seed=4, frozen={"learning_rate": 0.1})
    changed = kt.FrozenConfig(epochs=7, learning_rate=0.1)
    assert asked[-1] == dataclasses.replace(config, seed=4, frozen=changed)
    kt.fine_tune("photos", config=write_yaml("seed: 3\ndataset: digits\n"))
    assert asked[-1] == kt.load_config(seed=3, dataset="photos")


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        ([], {"backbon": "resnet50"}, "Unknown setting 'backbon'. Did you mean 'backbone'?"),
        ([], {"backbone": "resnet5"}, "Unknown backbone 'resnet5'. Did you mean 'resnet50'"),
        ([], {"lr": 1}, "Unknown setting 'lr'. Did you mean frozen={'learning_rate': …}"),
        ([], {"finetune": {"learning_rat": 1}}, "Unknown setting 'finetune.learning_rat'"),
        ([], {"finetune": 3}, "`finetune` must be a section of settings"),
        ([], {"epochs": "five"}, "`epochs` must be a whole number"),
        ([], {"config": 3}, "`config` must be a TrainConfig or the path of a YAML file"),
        ([kt.TrainConfig()], {"config": kt.TrainConfig()}, "`config` must be given once"),
        (["digits", "resnet50", 3], {}, "at most 2 arguments without a name. Received: 3"),
        (["no_such_folder"], {}, "`dataset` must be a folder"),
    ],
)
def test_wrong_arguments_are_config_errors(arguments, settings, said, tmp_path):
    with pytest.raises(kt.ConfigError) as caught:
        kt.fine_tune(*arguments, output=tmp_path, quiet=True, **settings)
    assert said in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_every_keyword_is_a_setting_and_is_explained():
    own = {"config", "settings", "callbacks", "augmentation", "loss", "class_weight"}
    settings = {each.name for each in dataclasses.fields(kt.TrainConfig)}
    parameters = {*inspect.signature(kt.fine_tune).parameters}
    assert parameters - own <= settings | {*SHORT_OPTIONS}
    for name in parameters:
        assert f"        {name}: " in kt.fine_tune.__doc__.replace("**", ""), name


def test_an_interrupted_run_goes_on(asked, finished_run, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("seed: 5\n")
    kt.fine_tune(resume=run)
    assert asked == [kt.load_config(resume=run)]
    assert asked[0].seed == 5
