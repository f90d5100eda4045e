"""What a graph holds is read from its file, and nothing of it runs."""

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.exports.loaders import load_artefact
from keras_transfer.exports.reading.contents import describe_contents, list_reaching
from keras_transfer.system.errors import ConfigError


def save(folder, classify):
    module = tf.Module()
    module.scale = tf.Variable(1 / 255)  # so that it has weights to save

    def answer(images):
        return {"answer": classify(tf.reduce_mean(images, [1, 2]) * module.scale)}

    spec = tf.TensorSpec((None, 8, 8, 3), tf.float32, name="images")
    module.answer = tf.function(answer, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures=module.answer)
    return folder


def test_operations_on_files_are_named_however_deep_they_are(tmp_path):
    written = tmp_path / "written"

    @tf.function
    def write(mean):
        tf.io.write_file(str(written), "x")
        return tf.nn.softmax(mean)

    def classify(mean):
        return tf.cond(tf.reduce_sum(mean) >= 0, lambda: write(mean), lambda: mean)

    folder = save(tmp_path / "model", classify)
    assert list_reaching(folder) == ["WriteFile"]
    with pytest.raises(ConfigError, match=r"not standard: WriteFile. Add --trust"):
        load_artefact(folder)
    assert not written.exists()


def test_python_and_checkpoints_within_an_answer_are_named(tmp_path):
    def classify(mean):
        read = tf.raw_ops.RestoreV2(
            prefix="secret", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
        )
        called = tf.numpy_function(lambda mean: mean, [mean], tf.float32)
        return tf.ensure_shape(called + read[0], (None, 3))

    assert list_reaching(save(tmp_path / "model", classify)) == ["PyFunc", "RestoreV2"]


def test_a_plain_model_holds_nothing_odd_but_asks_for_trust(tmp_path):
    folder = save(tmp_path / "model", tf.nn.softmax)
    assert list_reaching(folder) == []  # though every file has functions that keep its weights
    with pytest.raises(ConfigError, match="none of which is known to reach beyond the model"):
        load_artefact(folder)


def test_our_own_exports_hold_nothing_odd(exported_run):
    assert list_reaching(exported_run.exports / "saved_model/1") == []
    for name in ("model.onnx", "model.int8.tflite", "saved_model/1"):
        assert "none of which" in describe_contents(exported_run.exports / name)


def write_onnx(file, *nodes, location=None):
    onnx = pytest.importorskip("onnx", reason="needs the extra [onnx]")
    shape, kind = ["n", 3, 8, 8], onnx.TensorProto.FLOAT
    tensors = []
    if location:
        tensor = onnx.numpy_helper.from_array(np.zeros(3, np.float32), "weights")
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)
        tensors.append(tensor)
    values = [onnx.helper.make_tensor_value_info(name, kind, shape) for name in ("x", "y")]
    made = [onnx.helper.make_node(name, ["x"], ["y"], domain=domain) for name, domain in nodes]
    graph = onnx.helper.make_graph(made, "graph", values[:1], values[1:], tensors)
    file.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    return file


@pytest.mark.parametrize("location", ["/etc/passwd", "../numbers", "link/numbers"])
@pytest.mark.parametrize("trust", [False, True])
def test_numbers_outside_the_folder_of_an_onnx_file_are_refused(tmp_path, location, trust):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/link").symlink_to(tmp_path)
    file = write_onnx(tmp_path / "model/m.onnx", ("Relu", ""), location=location)
    with pytest.raises(ConfigError, match=f"whose 'weights' is in {location}"):
        load_artefact(file, trust)


def test_numbers_within_the_folder_and_operations_of_others(tmp_path):
    file = write_onnx(tmp_path / "m.onnx", ("Relu", ""), location="numbers")
    assert describe_contents(file).startswith("1 kinds of operations, none")
    file = write_onnx(tmp_path / "m.onnx", ("Relu", ""), ("Run", "shell"))
    assert describe_contents(file).endswith("not standard: shell.Run")
