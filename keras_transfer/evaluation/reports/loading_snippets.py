"""Five lines of Python for each file of a run, which load it without this package."""

import json
from collections.abc import Iterator
from pathlib import Path

from keras_transfer.config.pixels.preparation import find_preparation
from keras_transfer.config.pixels.value_range import parse_range
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_directory import Run

# data.resize -> the same with Pillow, to a level or two
SQUARES = {
    "crop": """side = min(photo.size); x, y = (photo.width - side) // 2, (photo.height - side) // 2
photo = photo.crop((x, y, x + side, y + side)).resize(({whole}, {whole}), {kind}){centre}""",
    "pad": "w, h = (max(1, round(side * {size} / max(photo.size))) for side in photo.size)"
    "; x, y = {size} - w, {size} - h\n"
    "photo = PIL.ImageOps.expand(photo.resize((w, h), {kind}), "
    "(x // 2, y // 2, x - x // 2, y - y // 2))",
    "stretch": "photo = photo.resize(({size}, {size}), {kind})",
}
OPEN = """import PIL.Image, PIL.ImageOps, numpy as np, {runtime}
photo = PIL.ImageOps.exif_transpose(PIL.Image.open("photo.jpg")).convert("RGB")
{square}
"""

# instead of its end where `data.value_range` is a pair
SHADES = """
v = (np.array(photo, float) - {low}) / ({high} - {low})  # gray of more than 8 bits
photo = PIL.Image.fromarray(np.uint8(np.round(255 * np.clip(v, 0, 1)))).convert("RGB")"""

KERAS = """print(keras.models.load_model("model.keras").predict(np.float32([photo])))"""
SAVED_MODEL = """import tensorflow as tf
model = tf.saved_model.load("exports/saved_model/1")
photo = tf.constant([open("photo.jpg", "rb").read()])
answer = model.signatures["serve_bytes"](bytes=photo)
print(answer["top_classes"].numpy(), answer["top_scores"].numpy())"""
TFLITE = "print(litert.Interpreter({path}).get_signature_runner()(images=np.float32([photo])))"
INT8 = """model = litert.Interpreter({path})
scale, zero = model.get_input_details()[0]["quantization"]
photo = np.clip(np.round(np.array(photo) / scale + zero), 0, 255)
print(model.get_signature_runner()(images=np.uint8([photo])))"""
ONNX = """print(ort.InferenceSession({path}).run(None, {{"images": np.float32([photo])}}))"""

# Token ids of a sentence. A WordPiece tokenizer needs no TensorFlow.
WORD_PIECES = """import numpy as np, {runtime}, tokenizers
words = tokenizers.BertWordPieceTokenizer({vocabulary}, {options})
words.enable_truncation({length})
ids = np.int32([words.encode("A sentence.").ids])
"""
# KerasHub knows all, and needs tensorflow-text
ANY_TOKENS = """import keras_hub, numpy as np, {runtime}
words = keras_hub.tokenizers.Tokenizer.from_preset({folder})
ids = np.int32(words({text}))[:{room}]
ids = np.int32([[words.{begin}_token_id, *ids, words.{end}_token_id]])
"""
SENTENCE = '"A sentence."'
# ALBERT's words are of small letters without accents.
SMALL = """import unicodedata
small = unicodedata.normalize("NFKD", {text}).lower()
small = "".join(each for each in small if unicodedata.category(each) != "Mn")
"""
TOKENS_KERAS = """print(keras.models.load_model("model.keras").predict(ids))"""
TOKENS_TFLITE = "print(litert.Interpreter({path}).get_signature_runner()(token_ids=ids))"
TOKENS_ONNX = """print(ort.InferenceSession({path}).run(None, {{"token_ids": ids}}))"""
TEXT_SAVED_MODEL = """import tensorflow as tf, tensorflow_text  # the operations of its tokenizer
model = tf.saved_model.load("exports/saved_model/1")
answer = model.signatures["serving_default"](text=tf.constant(["A sentence."]))
print(answer["top_classes"].numpy(), answer["top_scores"].numpy())"""

RUNTIMES = {  # ending of an export -> what runs it
    "": "TensorFlow Serving, TensorFlow",
    ".tflite": "LiteRT (ai_edge_litert)",
    ".onnx": "ONNX Runtime (onnxruntime)",
}


def list_snippets(run: Run, config: TrainConfig) -> Iterator[tuple[str, str]]:
    """Yield a title and the code for model.keras and each export that is there.

    Args:
        run: Its `exports` are looked at.
        config: Says how images become squares, and numbers shades, or how long a text may be.
    """
    if config.data.modality == "text":
        yield from _list_text_snippets(run, config)
        return
    opening = OPEN
    if limits := parse_range(config.data.value_range):
        shades = SHADES.format(low=limits[0], high=limits[1])
        opening = OPEN.replace('.convert("RGB")', shades)
    square = _make_square(config.data)
    yield "Keras", opening.format(runtime="keras", square=square) + KERAS
    if (run.exports / "saved_model").is_dir():
        yield "TensorFlow (best classes of an encoded image)", SAVED_MODEL
    for file in sorted(run.exports.glob("*.tflite")):
        whole = file.name == "model.int8.tflite"
        title = "LiteRT" + (" (answers are 256ths)" if whole else "")
        code = opening.format(runtime="ai_edge_litert.interpreter as litert", square=square)
        yield f"{title}, {file.name}", code + (INT8 if whole else TFLITE).format(path=_quote(file))
    for file in sorted(run.exports.glob("*.onnx")):
        code = opening.format(runtime="onnxruntime as ort", square=square)
        yield "ONNX Runtime", code + ONNX.format(path=_quote(file))


def _list_text_snippets(run: Run, config: TrainConfig) -> Iterator[tuple[str, str]]:
    length = int(config.data.sequence_length or 0)
    yield "Keras", _make_tokens(run, "", length, "keras") + TOKENS_KERAS
    if (run.exports / "saved_model").is_dir():
        yield "TensorFlow, with tensorflow-text (best classes of a text)", TEXT_SAVED_MODEL
    for file in sorted(run.exports.glob("*.tflite")):
        opening = _make_tokens(run, "exports/", length, "ai_edge_litert.interpreter as litert")
        yield f"LiteRT, {file.name}", opening + TOKENS_TFLITE.format(path=_quote(file))
    for file in sorted(run.exports.glob("*.onnx")):
        opening = _make_tokens(run, "exports/", length, "onnxruntime as ort")
        yield "ONNX Runtime", opening + TOKENS_ONNX.format(path=_quote(file))


def _make_tokens(run: Run, place: str, length: int, runtime: str) -> str:
    """Return the lines that make token ids of a sentence, as the run's tokenizer does.

    Args:
        run: Its tokenizer is looked at.
        place: Of the folder `tokenizer`, relative to that of the run.
        length: Most ids of a text.
        runtime: To be imported.
    """
    said = json.loads((run.tokenizer / "tokenizer.json").read_text(encoding="utf-8"))
    kind, settings = str(said["class_name"]), said["config"]
    folder = f"{place}{run.tokenizer.name}"
    if settings.get("suffix_indicator") == "##":
        flags = (f"{name}={bool(settings[name])}" for name in ("lowercase", "strip_accents"))
        vocabulary = repr(f"{folder}/assets/tokenizer/vocabulary.txt")
        options = ", ".join(flags)
        return WORD_PIECES.format(
            runtime=runtime, vocabulary=vocabulary, options=options, length=length
        )
    begin, end = ("start", "end") if "Roberta" in kind else ("cls", "sep")
    small = kind == "AlbertTokenizer"
    lines = ANY_TOKENS.format(
        runtime=runtime,
        folder=repr(folder),
        text="small" if small else SENTENCE,
        room=length - 2,
        begin=begin,
        end=end,
    )
    return (SMALL.format(text=SENTENCE) if small else "") + lines


def _make_square(data: DataConfig) -> str:
    """Return the lines that make the square, by resolved settings."""
    assert data.image_size is not None
    size, whole = data.image_size, find_preparation(data).resized_side(data.image_size)
    start = (whole - size) // 2
    centre = f".crop(({start}, {start}, {start + size}, {start + size}))" if whole > size else ""
    kind = f"PIL.Image.{data.interpolation.upper()}"
    return SQUARES[data.resize].format(size=size, whole=whole, kind=kind, centre=centre)


def say_runtime(file: Path) -> str:
    """Return what runs an export."""
    return RUNTIMES[file.suffix]


def _quote(export: Path) -> str:
    """Return where an export is, as Python writes it: no name can be code."""
    return repr(f"exports/{export.name}")
