"""Damaged presets and those of strangers are refused before anything is built."""

import json
import shutil

import h5py
import numpy as np
import pytest
from tiny_presets import change_json

from keras_transfer.models.hub.hub_presets import open_preset
from keras_transfer.system.errors import ConfigError

pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")

pytestmark = pytest.mark.usefixtures("no_network")


def refusal(call, *words):
    with pytest.raises(ConfigError) as error:
        call(*words)
    assert "\n" not in str(error.value)
    return str(error.value)


# Damaged folders


@pytest.mark.parametrize("file", ["config.json", "image_converter.json"])
@pytest.mark.parametrize("content", ["", '{"module": ', "[]", "[" * 100_000])
def test_damaged_configurations_are_one_line(folder, file, content):
    (folder / file).write_text(content)
    assert "must be a JSON object" in refusal(open_preset, str(folder))


def test_truncated_weights_are_one_line(folder):
    file = folder / "model.weights.h5"
    file.write_bytes(file.read_bytes()[:3000])
    assert "must be a whole HDF5 file" in refusal(open_preset, str(folder))
    file.unlink()
    assert "must have the file model.weights.h5" in refusal(open_preset, str(folder))


def test_weights_of_another_network_are_one_line(folder):
    change_json(folder / "config.json", lambda config: config["config"].update(hidden_dim=16))
    assert "must fit one another" in refusal(open_preset(str(folder)).load_backbone)


def test_arguments_that_no_class_takes_are_one_line(folder):
    change_json(folder / "config.json", lambda config: config["config"].update(num_layers="many"))
    assert "ViTBackbone cannot be built" in refusal(open_preset(str(folder)).load_backbone)


def test_weights_that_lead_elsewhere_are_refused(folder, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["values"] = np.zeros(3)
    with h5py.File(folder / "model.weights.h5", "a") as weights:
        weights["led"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "values")
    assert "must keep its numbers in itself" in refusal(open_preset, str(folder))


def test_shards_outside_the_folder_are_refused(folder):
    (folder / "model.weights.h5").unlink()
    listed = {"weight_map": {"a": "../other.weights.h5"}}
    (folder / "model.weights.json").write_text(json.dumps(listed))
    assert "files of its own folder" in refusal(open_preset, str(folder))


# Folders of strangers


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"function": {"class_name": "__lambda__", "config": {"value": "4wEA"}}},
    "registered_name": None,
}
FOREIGN = [
    LAMBDA,
    {"module": "os", "class_name": "system", "config": "touch made", "registered_name": None},
    {"module": "keras_hub.evil", "class_name": "A", "config": {}, "registered_name": "evil>A"},
    {"module": "keras.layers", "class_name": "TFSMLayer", "config": {}, "registered_name": None},
    {"module": "keras", "class_name": "Sequential", "config": {}, "registered_name": "Sequential"},
    {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "f"},
    {"module": "keras", "class_name": "DTypePolicy", "config": {}, "registered_name": "evil>A"},
    {"class_name": "__lambda__", "config": {"value": "4wEA"}},
    {"module": "keras.src.saving", "class_name": "load", "config": {}, "registered_name": None},
]


@pytest.fixture
def registered():
    """A class that the user's own program registered under the name of one of KerasHub's."""
    import keras

    custom = keras.saving.get_custom_objects()
    custom["evil>A"] = custom["keras_hub>Evil"] = type("Evil", (keras.layers.Layer,), {})
    yield
    del custom["evil>A"], custom["keras_hub>Evil"]


@pytest.mark.thorough
@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("file", ["config.json", "image_converter.json", "task.json"])
@pytest.mark.parametrize("part", FOREIGN, ids=lambda part: part["class_name"])
def test_classes_of_others_are_refused_before_anything_is_built(folder, file, part, monkeypatch):
    import keras

    def build(*words, **more):
        pytest.fail("something was built")

    if file == "task.json":
        shutil.copy(folder / "config.json", folder / file)
    change_json(folder / file, lambda content: content["config"].update(name=[{"deep": part}]))
    monkeypatch.setattr(keras.saving, "deserialize_keras_object", build)
    assert "must name classes of KerasHub alone" in refusal(open_preset, str(folder))


@pytest.mark.usefixtures("registered")
def test_a_class_that_is_not_kerashubs_under_its_name_is_refused(folder):
    change_json(
        folder / "config.json", lambda content: content.update(registered_name="keras_hub>Evil")
    )
    assert "must name classes of KerasHub alone" in refusal(open_preset, str(folder))


def test_what_was_changed_after_a_preset_was_opened_is_looked_at_again(folder):
    preset = open_preset(str(folder))
    change_json(
        folder / "image_converter.json", lambda content: content["config"].update(name=LAMBDA)
    )
    assert "must name classes" in refusal(preset.load_image_converter)


def test_tokenizers_that_open_files_elsewhere_are_refused(folder):
    shutil.copy(folder / "image_converter.json", folder / "tokenizer.json")
    change_json(
        folder / "tokenizer.json",
        lambda content: content["config"].update(vocabulary="/etc/passwd"),
    )
    assert "must have its words in the preset's folder" in refusal(open_preset, str(folder))
