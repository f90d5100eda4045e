"""Five lines of Python for each file of a run, which load it without this package."""

from collections.abc import Iterator
from pathlib import Path

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_directory import Run

# data.resize -> the same with Pillow, to a level or two
SQUARES = {
    "crop": """side = min(photo.size); x, y = (photo.width - side) // 2, (photo.height - side) // 2
photo = photo.crop((x, y, x + side, y + side)).resize(({size}, {size}), PIL.Image.BILINEAR)""",
    "pad": "w, h = (max(1, round(side * {size} / max(photo.size))) for side in photo.size)"
    "; x, y = {size} - w, {size} - h\n"
    "photo = PIL.ImageOps.expand(photo.resize((w, h), PIL.Image.BILINEAR), "
    "(x // 2, y // 2, x - x // 2, y - y // 2))",
    "stretch": "photo = photo.resize(({size}, {size}), PIL.Image.BILINEAR)",
}
OPEN = """import PIL.Image, PIL.ImageOps, numpy as np, {runtime}
photo = PIL.ImageOps.exif_transpose(PIL.Image.open("photo.jpg")).convert("RGB")
{square}
"""

KERAS = """print(keras.models.load_model("model.keras").predict(np.float32([photo])))"""
SAVED_MODEL = """import tensorflow as tf
model = tf.saved_model.load("exports/saved_model/1")
photo = tf.constant([open("photo.jpg", "rb").read()])
answer = model.signatures["serve_bytes"](bytes=photo)
print(answer["top_classes"].numpy(), answer["top_scores"].numpy())"""
TFLITE = (
    """print(litert.Interpreter({path}).get_signature_runner()"""
    """(images=np.{dtype}([photo])))"""
)
ONNX = """print(ort.InferenceSession({path}).run(None, {{"images": np.float32([photo])}}))"""


def list_snippets(run: Run, config: TrainConfig) -> Iterator[tuple[str, str]]:
    """Yield a title and the code for model.keras and each export that is there.

    Args:
        run: Its `exports` are looked at.
        config: Says how images become squares.
    """
    square = SQUARES[config.data.resize].format(size=config.data.image_size)
    yield "Keras", OPEN.format(runtime="keras", square=square) + KERAS
    if (run.exports / "saved_model").is_dir():
        yield "TensorFlow (best classes of an encoded image)", SAVED_MODEL
    for file in sorted(run.exports.glob("*.tflite")):
        dtype = "uint8" if file.name == "model.int8.tflite" else "float32"
        title = "LiteRT" + (" (answers are 256ths)" if dtype == "uint8" else "")
        code = OPEN.format(runtime="ai_edge_litert.interpreter as litert", square=square)
        yield f"{title}, {file.name}", code + TFLITE.format(path=_quote(file), dtype=dtype)
    for file in sorted(run.exports.glob("*.onnx")):
        code = OPEN.format(runtime="onnxruntime as ort", square=square)
        yield "ONNX Runtime", code + ONNX.format(path=_quote(file))


def _quote(export: Path) -> str:
    """Return where an export is, as Python writes it: no name can be code."""
    return repr(f"exports/{export.name}")
