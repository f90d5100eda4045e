import json
import re
import zipfile

import h5py
import keras
import pytest
from made_networks import SIDE, build_cnn, build_features

from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.own_network.network_files import find_network, open_network
from keras_transfer.models.own_network.own_rows import read_network
from keras_transfer.models.own_network.plain_classes import list_foreign
from keras_transfer.system.errors import ConfigError

layers = keras.layers


def refusal(file):
    with pytest.raises(ConfigError) as error:
        find_backbone(f"file:{file}", anew=True)
    assert "\n" not in str(error.value)
    return str(error.value)


def change_config(file, change):
    """Write a .keras file anew with another config.json."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = change(members["config.json"].decode()).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.fixture
def file(tmp_path):
    build_cnn()[0].save(tmp_path / "mine.keras")
    return tmp_path / "mine.keras"


# What is no network


def test_a_file_that_is_not_there_names_close_ones(file):
    said = refusal(file.with_name("mime.keras"))
    assert "which is not there. Did you mean 'mine.keras'?" in said


def test_files_of_weights_are_to_be_given_as_weights(tmp_path):
    build_features().save_weights(tmp_path / "mine.weights.h5")
    advice = "a file of weights, which holds no network. Give it with --weights."
    assert advice in refusal(tmp_path / "mine.weights.h5")
    (tmp_path / "mine.weights.h5").rename(tmp_path / "mine.h5")
    assert advice in refusal(tmp_path / "mine.h5")


@pytest.mark.thorough
def test_other_files_are_named(file, tmp_path):
    (tmp_path / "mine.onnx").write_bytes(b"onnx")
    assert "an ONNX model" in refusal(tmp_path / "mine.onnx")
    (tmp_path / "mine.h5").write_bytes(b"<html>")
    assert "a web page" in refusal(tmp_path / "mine.h5")
    assert f"{tmp_path}: a file of another kind" in refusal(tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_damaged_file_is_refused_in_a_line(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert "must be a model that Keras saved whole" in refusal(file)


def test_numbers_in_other_files_are_refused(tmp_path):
    build_cnn()[0].save(tmp_path / "mine.h5")
    with h5py.File(tmp_path / "mine.h5", "a") as stream:
        stream["away"] = h5py.ExternalLink("other.h5", "/")
    assert "must keep its numbers in itself" in refusal(tmp_path / "mine.h5")


# What could run


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_lambda_is_refused(tmp_path, suffix):
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(2, 3)(layers.Lambda(lambda x: x / 255, name="scale")(inputs))
    keras.Model(inputs, x).save(tmp_path / f"mine{suffix}")
    assert "with Lambda 'scale'" in refusal(tmp_path / f"mine{suffix}")


def test_classes_of_others_are_refused_even_if_registered_here(tmp_path):
    @keras.saving.register_keras_serializable("mine")
    class Own(layers.Layer):
        def call(self, x):
            return x

    try:
        inputs = keras.Input((SIDE, SIDE, 3))
        keras.Model(inputs, layers.Conv2D(2, 3)(Own()(inputs))).save(tmp_path / "mine.keras")
        assert "with mine>Own" in refusal(tmp_path / "mine.keras")
    finally:
        keras.saving.get_custom_objects().pop("mine>Own")


@pytest.mark.parametrize(
    "part",
    [
        {"module": "keras.utils", "class_name": "get_file", "config": {}, "registered_name": None},
        {"module": "os", "class_name": "system", "config": {}},
        {"module": "builtins", "class_name": "function", "config": "exec"},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "there"}},
        {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc"}},
        {"class_name": "TFOpLambda", "config": {"name": "tf.math.add"}},
        {"class_name": "__lambda__", "config": {"value": "code"}},
        {"class_name": "__typespec__", "module": "os", "config": []},
        {"module": "keras.layers", "class_name": "Dense", "registered_name": "x>Dense"},
        {"module": "keras.src.saving.serialization_lib", "class_name": "SafeModeScope"},
        {"class_name": ["Dense"], "config": {}},
    ],
    ids=lambda part: str(part["class_name"]),
)
def test_whatever_is_not_a_plain_part_of_keras_is_found(part):
    config = {"class_name": "Functional", "config": {"layers": [{"kwargs": [part]}]}}
    assert len(list_foreign(config)) == 1
    assert list_foreign({"class_name": "Functional", "compile_config": part}) == []


def test_a_foreign_activation_is_refused(file):
    def change(text):
        foreign = {"class_name": "function", "module": "mine", "config": "steal"}
        return re.sub('"activation": "softmax"', f'"activation": {json.dumps(foreign)}', text)

    change_config(file, change)
    assert "with function steal" in refusal(file)


def test_what_a_model_was_compiled_with_is_not_looked_at(tmp_path):
    def own_loss(truth, answer):
        return answer

    model, features = build_cnn()
    for each in (model, features):
        each.compile("adam", own_loss)
    inputs = keras.Input((SIDE, SIDE, 3))
    outer = keras.Model(inputs, layers.GlobalAveragePooling2D()(features(inputs)))
    outer.compile("adam", own_loss)
    outer.save(tmp_path / "mine.keras")
    assert open_network(find_network(str(tmp_path / "mine.keras"))).count_params()


# What cannot be a backbone


def list_unfit():
    image, grey = keras.Input((SIDE, SIDE, 3)), keras.Input((SIDE, SIDE, 1))
    first, other = keras.Input((3, SIDE, SIDE)), keras.Input((SIDE, SIDE, 3))
    several = layers.TimeDistributed(keras.Sequential([layers.Conv1D(2, 3)]), name="odd")
    convolution = layers.Conv2D(3, 3, padding="same", name="twice")
    return {
        "one of grey images": keras.Model(grey, layers.Conv2D(2, 3)(grey)),
        "other channels, \\(3, 32, 32\\)": keras.Model(first, layers.Conv2D(2, 3)(first)),
        "2 inputs and 1 outputs": keras.Model([image, other], layers.Add()([image, other])),
        "1 inputs and 2 outputs": keras.Model(
            image, [layers.Conv2D(2, 3)(image), layers.Flatten()(image)]
        ),
        "convolution or attention": keras.Model(image, layers.Dense(2)(layers.Flatten()(image))),
        "wrap single.*'odd', TimeDistributed of Sequential": keras.Model(image, several(image)),
        "'twice' at several": keras.Model(image, convolution(convolution(image))),
    }


@pytest.mark.parametrize("words", list_unfit())
def test_networks_that_see_no_colour_image_or_nothing_are_refused(words, tmp_path):
    list_unfit()[words].save(tmp_path / "mine.keras")
    with pytest.raises(ConfigError, match=words):
        read_network(tmp_path / "mine.keras")
