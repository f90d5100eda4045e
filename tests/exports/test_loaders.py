"""Every kind of file answers as the run's model, in its own runtime and nothing else."""

import subprocess
import sys
import zipfile

import numpy as np
import pytest

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.exports.loaders import load_artefact
from keras_transfer.exports.usage import Usage
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.model_file import read_notes
from keras_transfer.predict import predict_images
from keras_transfer.run.load_settings import load_config
from keras_transfer.system.errors import ConfigError

# file in `exports` -> how far its probabilities may be from the model's
FILES = {
    "saved_model": 1e-5,
    "saved_model/1": 1e-5,
    "model.tflite": 1e-5,
    "model.float16.tflite": 0.01,
    "model.dynamic_int8.tflite": 0.1,
    "model.int8.tflite": 0.1,
    "model.onnx": 1e-5,
}


@pytest.fixture(scope="module")
def pixels(stripes):
    from PIL import Image

    files = sorted((stripes / "test").rglob("*.png"))[::4]
    return np.array([np.asarray(Image.open(file).resize((32, 32))) for file in files])


@pytest.mark.parametrize("file", FILES)
def test_each_export_answers_as_the_run(exported_run, pixels, file):
    wanted = load_artefact(exported_run.path)
    found = load_artefact(exported_run.exports / file)
    usage = Usage(class_names=("level", "upright"), preparation=Preparation())
    assert (found.image_size, found.usage) == (wanted.image_size, wanted.usage) == (32, usage)
    reference = wanted.classify(pixels)
    assert np.ptp(reference[:, 0]) > 0.5  # the images are told apart
    for count in (len(pixels), 1, 3):  # any batch, one after the other
        np.testing.assert_allclose(
            found.classify(pixels[:count]), reference[:count], atol=FILES[file]
        )


def test_model_keras_alone_is_understood(finished_run, pixels, tmp_path):
    import shutil

    shutil.copy(finished_run.model_file, tmp_path / "alone.keras")
    beside = load_artefact(finished_run.model_file)
    alone = load_artefact(tmp_path / "alone.keras")
    assert (
        alone.usage
        == beside.usage
        == Usage(class_names=("level", "upright"), preparation=Preparation())
    )
    np.testing.assert_array_equal(beside.classify(pixels), alone.classify(pixels))


def test_the_file_says_how_images_become_what_it_takes(finished_run):
    said = read_notes(finished_run.model_file)
    assert said.pop("class_names") == ["level", "upright"]
    config = load_config(finished_run.config_file)
    assert said == choose_modality(config).describe_preparation(config)
    assert (said["image_size"], said["resize"], said["pixels"]) == (32, "crop", [0, 255])


def test_a_model_that_says_nothing_of_itself_is_said_to(finished_run, tmp_path, caplog):
    import keras

    keras.models.load_model(finished_run.model_file).save(tmp_path / "plain.keras")
    assert load_artefact(tmp_path / "plain.keras").usage.class_names == ("0", "1")
    (line,) = caplog.messages
    for part in ("neither its class names nor", "called 0 to 1", "cropped to squares"):
        assert part in line


@pytest.mark.parametrize("kind", ["sequential", "named", "listed"])
def test_keras_models_of_every_build_answer(tmp_path, pixels, kind):
    import keras

    images = keras.Input((32, 32, 3))
    pool, head = keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")
    answer = head(pool(images))
    model = {
        "sequential": lambda: keras.Sequential([keras.Input((32, 32, 3)), pool, head]),
        "named": lambda: keras.Model(images, {"probabilities": answer}),
        "listed": lambda: keras.Model([images], [answer]),
    }[kind]()
    model.save(tmp_path / "theirs.keras")
    wanted = keras.Model(images, answer)(pixels.astype(np.float32))
    found = load_artefact(tmp_path / "theirs.keras").classify(pixels)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_class_names_are_in_the_file_as_its_format_has_them(exported_run):
    import onnx

    for file in exported_run.exports.glob("*.tflite"):
        with zipfile.ZipFile(file) as attached:
            assert attached.read("labels.txt").decode() == "level\nupright\n"
    model = onnx.load(exported_run.exports / "model.onnx")
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert said["class_names"] == '["level", "upright"]'


def test_onnx_has_one_input_with_any_batch(exported_run):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported_run.exports / "model.onnx"))
    (images,), (answer,) = session.get_inputs(), session.get_outputs()
    assert (images.name, answer.name) == ("images", "probabilities")
    assert isinstance(images.shape[0], str)
    assert images.shape[1:] == [32, 32, 3]


def test_int8_takes_and_gives_bytes(exported_run):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(exported_run.exports / "model.int8.tflite"))
    assert interpreter.get_input_details()[0]["dtype"] == np.uint8
    assert interpreter.get_output_details()[0]["dtype"] == np.uint8


@pytest.mark.parametrize("file", ["model.tflite", "model.onnx"])
def test_tensorflow_is_not_loaded_for_other_runtimes(exported_run, file):
    code = (
        "import sys; from keras_transfer.exports.loaders import load_artefact; "
        f"load_artefact({str(exported_run.exports / file)!r}); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_no_model_is_refused(tmp_path, exported_run):
    with pytest.raises(ConfigError, match="which is not there"):
        load_artefact(tmp_path / "nothing.tflite")
    with pytest.raises(ConfigError, match="must be a run directory"):
        load_artefact(tmp_path)
    for suffix in ("keras", "tflite", "onnx"):
        (tmp_path / f"broken.{suffix}").write_bytes(b"broken")
        with pytest.raises(ConfigError, match="must be a whole model"):
            load_artefact(tmp_path / f"broken.{suffix}")


@pytest.mark.parametrize("shape", [(20, 40, 3), (None, None, 3), (32, 32, 1), (3, 32, 32)])
def test_models_that_take_no_squares_are_refused(tmp_path, shape):
    import keras

    images = keras.Input(shape)
    x = keras.layers.GlobalAveragePooling2D()(images)
    keras.Model(images, keras.layers.Dense(2, activation="softmax")(x)).save(tmp_path / "m.keras")
    with pytest.raises(ConfigError, match=r"must take \(batch, side, side, 3\)"):
        load_artefact(tmp_path / "m.keras")


def test_an_answer_that_is_no_probability_is_refused(tmp_path, stripes):
    import keras

    images = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(images)
    keras.Model(images, x).save(tmp_path / "logits.keras")
    with pytest.raises(ConfigError, match=r"must answer with probabilities in \[0, 1\]"):
        predict_images(tmp_path / "logits.keras", stripes / "test/level/000.png")


def test_a_file_that_failed_its_check_is_not_used(tmp_path):
    (tmp_path / "model.tflite.failed").touch()
    with pytest.raises(ConfigError, match="must have passed its check"):
        load_artefact(tmp_path / "model.tflite.failed")


def test_without_onnxruntime_the_command_that_installs_it_is_told(exported_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"pip install 'keras_transfer\[onnx\]'"):
        load_artefact(exported_run.exports / "model.onnx")
