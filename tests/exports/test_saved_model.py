"""The SavedModel alone, as a server has it: plain TensorFlow, in a process without this package."""

import dataclasses
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.evaluate import evaluate_run
from keras_transfer.export import export_model
from keras_transfer.predict import predict_images
from keras_transfer.train import fine_tune


@pytest.fixture(scope="module")
def served(exported_run):
    return tf.saved_model.load(str(exported_run.exports / "saved_model/1"))


@pytest.mark.thorough
def test_it_loads_where_this_package_is_not_installed(exported_run, stripes):
    code = f"""
        import sys
        sys.modules["keras_transfer"] = sys.modules["keras"] = None
        import tensorflow as tf
        model = tf.saved_model.load({str(exported_run.exports / "saved_model/1")!r})
        content = open({str(stripes / "test/level/000.png")!r}, "rb").read()
        answer = model.signatures["serve_bytes"](bytes=tf.constant([content]))
        print(answer["top_classes"].numpy()[0][0].decode())
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() in ("level", "upright")


@pytest.mark.thorough
def test_encoded_images_get_the_probabilities_of_the_evaluation(served, exported_run, stripes):
    wanted = evaluate_run(exported_run)
    contents = [(stripes / path).read_bytes() for path in wanted.paths]
    answer = served.signatures["serve_bytes"](bytes=tf.constant(contents))
    np.testing.assert_allclose(answer["probabilities"], wanted.probabilities, atol=1e-5)
    best = wanted.probabilities.argmax(axis=1)
    names = [name.decode() for name in answer["top_classes"].numpy()[:, 0]]
    assert names == [wanted.class_names[index] for index in best]
    scores = answer["top_scores"].numpy()
    assert (scores[:, 0] >= scores[:, 1]).all()
    np.testing.assert_allclose(scores[:, 0], wanted.probabilities.max(axis=1), atol=1e-5)


@pytest.mark.thorough
def test_a_share_of_the_square_is_the_same_in_training_prediction_and_exports(
    tiny_config, stripes, tmp_path
):
    """The stripes are 32 pixels wide: a fraction that is forgotten somewhere changes them."""
    data = dataclasses.replace(tiny_config.data, crop_fraction=0.6, interpolation="bicubic")
    run = fine_tune(dataclasses.replace(tiny_config, data=data, output=tmp_path))
    export_model(run, ("saved_model", "tflite"))
    wanted = evaluate_run(run)
    files = [stripes / path for path in wanted.paths]
    alone = tmp_path / "alone.keras"
    shutil.copy(run.model_file, alone)
    arrays = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    for found in (
        predict_images(run, files),
        predict_images(run, arrays),
        predict_images(run, [Image.open(file) for file in files]),
        predict_images(alone, files),
        predict_images(run.exports / "saved_model", files),
        predict_images(run.exports / "model.tflite", files),
    ):
        np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)
    serve = tf.saved_model.load(str(run.exports / "saved_model/1")).signatures["serve_bytes"]
    answer = serve(bytes=tf.constant([file.read_bytes() for file in files]))
    np.testing.assert_allclose(answer["probabilities"], wanted.probabilities, atol=1e-5)


@pytest.mark.thorough
def test_a_corrupt_string_is_an_error_of_that_request(served, stripes):
    serve = served.signatures["serve_bytes"]
    good = (stripes / "test/level/000.png").read_bytes()
    with pytest.raises(tf.errors.InvalidArgumentError):
        serve(bytes=tf.constant([good, b"no image"]))
    assert serve(bytes=tf.constant([good]))["probabilities"].shape == (1, 2)


def test_uint8_and_float32_pixels_get_the_same_answer(served):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    integers = served.signatures["serve_uint8"](images=tf.constant(pixels))
    floats = served.signatures["serving_default"](images=tf.constant(pixels, tf.float32))
    np.testing.assert_array_equal(integers["probabilities"], floats["probabilities"])
