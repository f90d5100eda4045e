"""The SavedModel alone, as a server has it: plain TensorFlow, in a process without this package."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.evaluate import evaluate_run


@pytest.fixture(scope="module")
def served(exported_run):
    return tf.saved_model.load(str(exported_run.exports / "saved_model/1"))


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
