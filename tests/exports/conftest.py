"""A model that this program did not write."""

import pytest
import tensorflow as tf


@pytest.fixture(scope="session")
def foreign(tmp_path_factory):
    """A TFLite file that takes two images at a time, in [0, 1]."""

    def classify(images):
        return tf.nn.softmax(tf.reduce_mean(images, [1, 2]))

    spec = tf.TensorSpec((2, 8, 8, 3), tf.float32)
    graph = tf.function(classify, input_signature=[spec]).get_concrete_function()
    file = tmp_path_factory.mktemp("foreign") / "m.tflite"
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module())
    file.write_bytes(converter.convert())
    return file
