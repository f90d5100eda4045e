"""Models of others run in a process of their own, which ends with them and with its limits."""

import gc
import os
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.exports.loaders import load_artefact
from keras_transfer.exports.reading import confinement
from keras_transfer.exports.reading.confinement import Confinement
from keras_transfer.system.errors import ConfigError

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)


@pytest.mark.thorough
def test_a_trusted_model_answers_from_its_process_which_ends_with_it(foreign, caplog):
    with pytest.raises(ConfigError, match="Add --trust"):
        load_artefact(foreign)
    artefact = load_artefact(foreign, trust=True)
    assert "cropped to squares, in RGB and their pixels in [0, 255]" in caplog.text
    assert (artefact.image_size, artefact.classes) == (8, 3)
    assert artefact.usage.class_names == ("0", "1", "2")
    means = PIXELS.astype(np.float32).mean(axis=(1, 2))
    wanted = tf.nn.softmax(means).numpy()
    np.testing.assert_allclose(artefact.classify(PIXELS), wanted, atol=1e-5)
    process = artefact.classify.__self__.process
    assert process.returncode is None
    del artefact
    gc.collect()
    assert process.returncode is not None


def test_a_model_that_takes_its_process_down_is_named(foreign):
    confined = Confinement(foreign)
    confined.read_facts()
    os.kill(confined.process.pid, signal.SIGSEGV)
    with pytest.raises(ConfigError, match=r"m.tflite must .* its process ended with SIGSEGV"):
        confined.classify(PIXELS)


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("PATIENCE", 0.0, "must answer within 0 seconds. Received: nothing"),
        ("free_memory", lambda: 2, "must run in half of the free memory, 1 bytes"),
    ],
)
def test_time_and_memory_are_limited(foreign, monkeypatch, limit, value, message):
    monkeypatch.setattr(confinement, limit, value)
    confined = Confinement(foreign)
    with pytest.raises(ConfigError, match=message):
        confined.read_facts()
    assert confined.process.returncode is not None


def test_a_model_that_does_not_load_is_named_once(tmp_path):
    (tmp_path / "m.tflite").write_bytes(b"\x10\0\0\0TFL3" + bytes(40))
    with pytest.raises(ConfigError, match=r"m.tflite must be a whole model"):
        load_artefact(tmp_path / "m.tflite", trust=True)


def test_our_own_exports_run_in_this_process(exported_run, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_transfer.exports.loaders.Confinement", None)
    for name in ("saved_model", "model.tflite", "model.onnx"):
        assert load_artefact(exported_run.exports / name).notes == ()
    shutil.copy(exported_run.exports / "model.onnx", tmp_path)  # without its parity.json
    with pytest.raises(ConfigError, match="Add --trust"):
        load_artefact(tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["endless", "growing"])
def test_a_graph_that_does_not_end_or_grows_is_stopped(tmp_path, monkeypatch, kind):
    def classify(images):
        first = tf.fill([1_000_000], tf.reduce_sum(images))
        grow = (lambda each: tf.concat([each, each], 0)) if kind == "growing" else tf.sin
        shape = [tf.TensorShape([None])]
        last = tf.while_loop(lambda each: True, lambda each: (grow(each),), [first], shape)
        return {"answer": tf.nn.softmax(tf.reduce_mean(images, [1, 2]) + tf.reduce_sum(last))}

    module = tf.Module()
    spec = tf.TensorSpec((None, 8, 8, 3), tf.float32, name="images")
    module.answer = tf.function(classify, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path), signatures=module.answer)
    artefact = load_artefact(tmp_path, trust=True)
    confined = artefact.classify.__self__
    if kind == "endless":
        monkeypatch.setattr(confinement, "PATIENCE", 5)
        monkeypatch.setattr(confinement, "PER_IMAGE", 0)
        message = "must answer within 5 seconds"
    else:
        confined.memory = confined._used() + 500_000_000
        message = "must run in half of the free memory"
    with pytest.raises(ConfigError, match=message):
        artefact.classify(PIXELS)
