"""Files of other formats are named, and nothing of their readers runs."""

import ast
import io
import os
from pathlib import Path

import numpy as np
import pytest
from labelled import load_examples
from PIL import Image

import keras_transfer
from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.images.decoding.image_formats import explain_unknown, open_image
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.images.drawing import draw_image
from keras_transfer.images.prediction_inputs import list_words, stream_pixels

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.fixture
def started(tmp_path, monkeypatch):
    """A Ghostscript that leaves a file whenever it is started."""
    program, mark = tmp_path / "bin/gs", tmp_path / "started"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)  # what an earlier search has found
    return mark


def test_postscript_in_an_image_file_starts_no_program(make_tree, started):
    root = make_tree("a/1.png", "b/1.png")
    (root / "a/photo.jpg").write_bytes(POSTSCRIPT)
    inspection = inspect_files(load_examples(str(root), DataConfig()))
    assert not started.exists()
    reason = "of the format EPS, which is not read"
    assert inspection.reasons.tolist() == ["", reason, ""]
    _, sources = list_words([str(root / "a/photo.jpg")])
    (_, reasons), *_ = stream_pixels(sources, 32, Preparation(), 8)
    assert reasons == [reason]
    assert draw_image(root / "a/photo.jpg", 20) is None
    assert not started.exists()


def test_one_function_opens_all_images():
    found = set()
    for file in Path(keras_transfer.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Image.open"):
                found.add(file.stem)
    assert found == {"image_formats"}


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM", "ICO", "TGA", "JPEG2000"]
)
def test_usual_formats_are_opened(kind):
    stream = io.BytesIO()
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(stream, kind)
    with open_image(io.BytesIO(stream.getvalue())) as image:
        assert image.format == kind
        image.load()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!doctype html>", "of the format HTML, which is not read"),
        (b"%PDF-1.7", "of the format PDF, which is not read"),
        (bytes(128) + b"DICM", "of the format DICOM, which is not read"),
        (b"SIMPLE  =", "of the format FITS, which is not read"),
        (b"\0\0\0\x18ftypheic", "of the format HEIC: install pillow-heif to read it"),
        (
            b"\x89PNG\r\n\x1a\n",
            "of the format PNG, damaged or of a kind that Pillow does not read",
        ),
        (b"words", "of no known image format"),
        (b"x", "of no known image format"),
    ],
)
def test_what_is_not_read_is_named(content, reason):
    assert explain_unknown(content) == reason
