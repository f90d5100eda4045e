import dataclasses
import hashlib
import re
import shutil

import h5py
import numpy as np
import pytest
from tiny_presets import write_fnet

from keras_transfer.models.hub import hub_presets as module
from keras_transfer.models.hub import preset_sources
from keras_transfer.models.hub.hub_presets import open_preset, require_hub
from keras_transfer.system.errors import ConfigError

pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")

NAME = "vit_base_patch16_224_imagenet"
ADDRESS = "hf://somebody/tiny_vit"
pytestmark = pytest.mark.usefixtures("no_network")


@pytest.fixture
def named(monkeypatch):
    """KerasHub's list, whatever version of a preset its own version names."""
    import keras_hub

    address = f"kaggle://keras/vit/keras/{NAME}/4"
    monkeypatch.setitem(keras_hub.models.Backbone.presets[NAME], "kaggle_handle", address)


def refusal(call, *words):
    with pytest.raises(ConfigError) as error:
        call(*words)
    assert "\n" not in str(error.value)
    return str(error.value)


# What a preset is


def test_a_folder_says_what_it_is_and_where_from(vit):
    preset = open_preset(str(vit))
    assert (preset.name, preset.source) == (str(vit), str(vit))
    assert (preset.backbone, preset.kind) == ("ViTBackbone", "image")
    assert preset.config["hidden_dim"] == 8
    weights = (vit / "model.weights.h5").read_bytes()
    assert preset.weights_sha256 == hashlib.sha256(weights).hexdigest()
    assert preset.licence == f"unknown: see {vit}"
    with pytest.raises(dataclasses.FrozenInstanceError):
        preset.name = "another"


def test_folders_are_found_by_relative_paths_and_from_home(vit, monkeypatch):
    monkeypatch.chdir(vit.parent)
    monkeypatch.setenv("HOME", str(vit.parent))
    assert open_preset("vit").source == open_preset("~/vit").source == str(vit)


@pytest.mark.thorough
@pytest.mark.parametrize("load_weights", [True, False])
def test_the_backbone_has_the_presets_weights_if_wanted(vit, load_weights):
    import keras

    keras.utils.set_random_seed(1)  # with that of all tests, random weights would be those stored
    backbone = open_preset(str(vit)).load_backbone(load_weights=load_weights)
    with h5py.File(vit / "model.weights.h5") as stored:
        kernels = []
        stored.visititems(
            lambda name, each: kernels.append(each[()]) if hasattr(each, "shape") else None
        )
    wanted = next(each for each in kernels if each.shape == (16, 16, 3, 8))
    found = next(np.array(w) for w in backbone.weights if w.shape == wanted.shape)
    assert np.array_equal(found, wanted) == load_weights


def test_the_backbone_can_take_another_size(vit):
    backbone = open_preset(str(vit)).load_backbone(load_weights=False, image_shape=(48, 48, 3))
    assert backbone.input_shape[1:3] == (48, 48)


def test_the_converter_prepares_images_as_the_preset_says(vit):
    converter = open_preset(str(vit)).load_image_converter()
    assert converter.image_size == (32, 32)
    found = np.array(converter(np.full((1, 32, 32, 3), 255.0, "float32")))
    assert found == pytest.approx(np.ones_like(found), abs=1e-5)


def test_a_model_card_states_the_licence(folder):
    (folder / "README.md").write_text("---\nlibrary_name: keras-hub\nlicense: mit\n---\nA model.\n")
    assert open_preset(str(folder)).licence == "mit"


@pytest.mark.thorough
def test_weights_in_several_files_are_hashed_together(folder, vit):
    import keras_hub

    shutil.rmtree(folder)
    backbone = keras_hub.models.Backbone.from_preset(str(vit))
    backbone.save_to_preset(str(folder), max_shard_size=2.4e-5)
    preset = open_preset(str(folder))
    again = preset.load_backbone()
    assert all(map(np.array_equal, again.get_weights(), backbone.get_weights()))
    next(folder.glob("model_*.h5")).unlink()
    assert "must have the file model_0000" in refusal(open_preset, str(folder))


# What is kept of the hubs


def keep_at_kaggle(vit, tmp_path, files, version="4"):
    """Write what kagglehub keeps of single files, as KerasHub asks for them."""
    model = tmp_path / "kagglehub/models/keras/vit/keras" / NAME
    for file in files:
        for made in (model / version / file, model / ".complete" / version / f"{file}.complete"):
            made.parent.mkdir(parents=True, exist_ok=True)
            made.touch()
        shutil.copy(vit / file, model / version / file)


@pytest.mark.thorough
@pytest.mark.usefixtures("named")
def test_a_named_preset_works_from_kagglehubs_cache_off_line(vit, tmp_path):
    keep_at_kaggle(vit, tmp_path, ["config.json", "model.weights.h5", "image_converter.json"])
    preset = open_preset(NAME)
    assert preset.source == f"kaggle://keras/vit/keras/{NAME}/4"
    assert preset.licence == f"unknown: see https://kaggle.com/models/keras/vit/keras/{NAME}/4"
    assert preset.load_backbone().count_params() > 0
    assert preset.load_image_converter().image_size == (32, 32)
    assert preset.weights_sha256 == open_preset(str(vit)).weights_sha256


def test_of_an_address_without_version_the_newest_kept_one_is_used(vit, tmp_path):
    for version in ("9", "10"):
        keep_at_kaggle(vit, tmp_path, ["config.json"], version)
    preset = open_preset(f"kaggle://keras/vit/keras/{NAME}")
    assert preset.source.endswith("/10")
    assert preset.weights_sha256 is None
    assert "model.weights.h5 is not kept" in refusal(preset.load_backbone)


@pytest.mark.thorough
def test_an_address_of_hugging_face_works_from_its_cache_off_line(vit, tmp_path):
    model = tmp_path / "hub/models--somebody--tiny_vit"
    shutil.copytree(vit, model / "snapshots/c0ffee")
    (model / "refs").mkdir()
    (model / "refs/main").write_text("c0ffee")
    (model / "snapshots/c0ffee/README.md").write_text("---\nlicense: apache-2.0\n---\n")
    preset = open_preset(ADDRESS)
    assert (preset.source, preset.licence) == (ADDRESS, "apache-2.0")
    assert preset.load_backbone().count_params() > 0


@pytest.mark.usefixtures("named")
def test_what_is_not_kept_is_downloaded_file_by_file(vit, tmp_path, monkeypatch):
    import kagglehub

    asked = []

    def download(handle, file):
        asked.append(file)
        if not (vit / file).is_file():
            raise ValueError("404 Client Error: Not Found")
        keep_at_kaggle(vit, tmp_path, [file])
        return str(tmp_path / "kagglehub/models/keras/vit/keras" / NAME / "4" / file)

    monkeypatch.setattr(preset_sources, "find_fault", lambda url: "")
    monkeypatch.setattr(kagglehub, "model_download", download)
    preset = open_preset(NAME)
    assert asked == ["config.json"]  # its weights may be large
    assert preset.weights_sha256 is None
    whole = preset.fetch_weights()
    assert whole.weights_sha256 == open_preset(str(vit)).weights_sha256
    assert "must have the file tokenizer.json" in refusal(preset.load_tokenizer)


@pytest.mark.parametrize("name", [NAME, ADDRESS])
def test_without_network_one_line_says_what_is_not_kept(name):
    message = refusal(open_preset, name)
    assert "config.json is not kept, and no answer from https://" in message
    assert "(no route). Connect to the network" in message


def test_a_hub_that_refuses_is_one_line(monkeypatch):
    import kagglehub

    def refuse(handle, file):
        raise RuntimeError("403 Client Error.\nAgree to the terms.")

    monkeypatch.setattr(preset_sources, "find_fault", lambda url: "")
    monkeypatch.setattr(kagglehub, "model_download", refuse)
    assert "403 Client Error. Agree to the terms." in refusal(open_preset, NAME)


# Names and folders that are none


def test_an_unknown_name_is_told_the_close_ones():
    message = refusal(open_preset, "resnet_18_imagnet")
    assert "Did you mean 'resnet_18_imagenet'" in message


@pytest.mark.parametrize("name", ["./nowhere", "kaggle://keras/vit", "hf://a b", "gs://bucket/x"])
def test_what_is_no_preset_is_one_line(name):
    assert name in refusal(open_preset, name)


def test_the_option_that_was_used_is_named(tmp_path):
    message = refusal(lambda: open_preset(str(tmp_path), option="--backbone hub:…"))
    assert message.startswith("`--backbone hub:…` must be a folder that save_to_preset wrote.")


def test_a_preset_of_another_kind_is_named_before_any_download(tmp_path):
    write_fnet(tmp_path / "fnet")
    for name in ("f_net_base_en", str(tmp_path / "fnet")):
        message = refusal(open_preset, name)
        assert "of FNetBackbone, which is none of these here. Choose one such as" in message


def test_formats_of_others_are_named(folder):
    (folder / "config.json").write_text('{"layers": 18}')
    assert "in that of another program." in refusal(open_preset, str(folder))


def test_without_kerashub_one_line_says_how_it_is_had(monkeypatch):
    monkeypatch.setattr(module, "is_installed", lambda package: package != "keras_hub")
    message = refusal(require_hub, "--backbone hub:…")
    assert message == (
        "`--backbone hub:…` needs KerasHub. Received: no such package. "
        "Run: pip install 'keras_transfer[hub]'"
    )
    with pytest.raises(ConfigError, match=re.escape("pip install 'keras_transfer[hub]'")):
        open_preset("resnet_18_imagenet")
