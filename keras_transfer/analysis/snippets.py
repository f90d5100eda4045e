"""Five lines of Python for each file of a run, which load it without this package."""

from collections.abc import Iterator

from keras_transfer.config import TrainConfig
from keras_transfer.run import Run

# data.resize -> the same with Pillow, to a level or two
SQUARES = {
    "crop": "ImageOps.fit(photo, ({size}, {size}), Image.Resampling.BILINEAR)",
    "pad": "ImageOps.pad(photo, ({size}, {size}), Image.Resampling.BILINEAR)",
    "stretch": "photo.resize(({size}, {size}), Image.Resampling.BILINEAR)",
}
PHOTO = """from PIL import Image, ImageOps
photo = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")
photo = {square}"""

KERAS = """import keras, numpy as np
{photo}
print(keras.models.load_model("model.keras").predict(np.float32([photo])))"""
SAVED_MODEL = """import tensorflow as tf
model = tf.saved_model.load("exports/saved_model/1")
photo = tf.constant([open("photo.jpg", "rb").read()])
answer = model.signatures["serve_bytes"](bytes=photo)
print(answer["top_classes"].numpy(), answer["top_scores"].numpy())"""
TFLITE = """import numpy as np, ai_edge_litert.interpreter as litert
{photo}
print(litert.Interpreter("exports/{file}").get_signature_runner()(images=np.{dtype}([photo])))"""
ONNX = """import numpy as np, onnxruntime as ort
{photo}
print(ort.InferenceSession("exports/{file}").run(None, {{"images": np.float32([photo])}}))"""


def list_snippets(run: Run, config: TrainConfig) -> Iterator[tuple[str, str]]:
    """Yield a title and the code for model.keras and each export that is there.

    Args:
        run: Its `exports` are looked at.
        config: Says how images become squares.
    """
    square = SQUARES[config.data.resize].format(size=config.data.image_size)
    photo = PHOTO.format(square=square)
    yield "Keras", KERAS.format(photo=photo)
    if (run.exports / "saved_model").is_dir():
        yield "TensorFlow (best classes of an encoded image)", SAVED_MODEL
    for file in sorted(run.exports.glob("*.tflite")):
        dtype = "uint8" if file.name == "model.int8.tflite" else "float32"
        title = "LiteRT" + (" (answers are 256ths)" if dtype == "uint8" else "")
        yield f"{title}, {file.name}", TFLITE.format(photo=photo, file=file.name, dtype=dtype)
    for file in sorted(run.exports.glob("*.onnx")):
        yield "ONNX Runtime", ONNX.format(photo=photo, file=file.name)
