"""TensorFlow's own table in a TFLite file says how pixels are scaled."""

import flatbuffers
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from keras_transfer.exports.reading.runtimes import load_tflite
from keras_transfer.exports.reading.tflite_metadata import read_span

PIXELS = np.full((1, 8, 8, 3), [0, 51, 255], np.uint8)


def write_table(mean, deviation):
    """Return ModelMetadata with one NormalizationOptions for its one input."""
    builder = flatbuffers.Builder(0)

    def add_vector(values, add, size=4):
        builder.StartVector(size, len(values), 4)
        for value in reversed(values):
            add(value)
        return builder.EndVector()

    def add_table(fields, slots):
        builder.StartObject(slots)
        for slot, value in fields.items():
            builder.PrependUOffsetTRelativeSlot(slot, value, 0)
        return builder.EndObject()

    vectors = [add_vector(values, builder.PrependFloat32) for values in (mean, deviation)]
    options = add_table(dict(enumerate(vectors)), 2)
    builder.StartObject(2)
    builder.PrependUint8Slot(0, 1, 0)
    builder.PrependUOffsetTRelativeSlot(1, options, 0)
    table = builder.EndObject()
    for slot, slots in ((4, 7), (2, 9), (3, 8)):
        table = add_table({slot: add_vector([table], builder.PrependUOffsetTRelative)}, slots)
    builder.Finish(table, b"M001")
    return bytes(builder.Output())


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    spec = tf.TensorSpec((1, 8, 8, 3), tf.float32)
    graph = tf.function(lambda images: tf.nn.softmax(images[:, 0, 0]), [spec])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [graph.get_concrete_function()], tf.Module()
    )
    return converter.convert()


def add_table(model, table):
    """Return a TFLite model with the table of metadata `table`."""
    unpacked = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(table, np.uint8)
    entry.name, entry.buffer = b"TFLITE_METADATA", len(unpacked.buffers)
    unpacked.buffers.append(buffer)
    unpacked.metadata = [*(unpacked.metadata or []), entry]
    builder = flatbuffers.Builder(0)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("mean", "deviation", "black", "white"),
    [
        ([127.5], [127.5], [-1], [1]),
        ([0], [255], [0], [1]),
        ([123, 117, 104], [58, 57, 57], [-2.12, -2.05, -1.82], [2.28, 2.42, 2.65]),
    ],
)
def test_pixels_are_scaled_as_the_table_says(tmp_path, plain, mean, deviation, black, white):
    file = tmp_path / "m.tflite"
    file.write_bytes(add_table(plain, write_table(mean, deviation)))
    np.testing.assert_allclose(read_span(file), (black, white), atol=0.01)
    artefact = load_tflite(file)
    wanted = tf.nn.softmax((PIXELS[0, 0, 0] - np.array(mean)) / np.array(deviation))
    np.testing.assert_allclose(artefact.classify(PIXELS)[0], wanted, atol=1e-5)
    assert artefact.notes[0].endswith("cropped to squares, in RGB.")


def test_without_a_table_or_with_a_deviation_of_zero_nothing_is_said(tmp_path, plain):
    file = tmp_path / "m.tflite"
    file.write_bytes(plain)
    assert read_span(file) is None
    file.write_bytes(add_table(plain, write_table([0], [0])))
    assert read_span(file) is None
    assert load_tflite(file).notes[0].endswith("and their pixels in [0, 255].")
