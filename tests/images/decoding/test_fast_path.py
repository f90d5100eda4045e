"""Plain files go around Python in every stream, decoding runs ahead, and lost files are named."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.images.batches import ImageData
from keras_transfer.images.decoding import graph_decoding
from keras_transfer.images.decoding.graph_decoding import decode_square
from keras_transfer.images.image_split import Split

STREAMS = {
    "training": lambda data: data.training_batches("frozen", 1),
    "clean": lambda data: data.clean_batches("train"),
    "views": lambda data: data.view_batches(3),
}
PLAIN = np.arange(14) % 2 == 0


@pytest.fixture
def make_data(tmp_path):
    """Return a function that makes 14 pictures; every other has a palette, so it is not plain."""
    for index, plain in enumerate(PLAIN):
        noise = np.random.default_rng(index).integers(0, 256, (30, 40, 3), dtype=np.uint8)
        mode = "RGB" if plain else "P"
        Image.fromarray(noise).convert(mode).save(tmp_path / f"{index:02}.png")
    paths = np.array([f"{index:02}.png" for index in range(14)])

    def make(plain=None, repeat=1, batch_size=5, image_size=32):
        labels = np.arange(14 * repeat) % 3
        return ImageData(
            root=tmp_path,
            class_names=("a", "b", "c"),
            splits={"train": Split(paths=np.tile(paths, repeat), labels=labels, plain=plain)},
            image_size=image_size,
            batch_size=batch_size,
            preparation=Preparation(),
            augmentation=AUGMENTATIONS["strong"],
            seed=0,
        )

    return make


@pytest.fixture
def decoded(monkeypatch):
    """Return the list of the files that Pillow decodes, in the order in which it does."""
    names = []

    def note(content, file, **settings):
        names.append(Path(file.decode()).name)
        return decode_any(content, file, **settings)

    decode_any = graph_decoding._decode_any
    monkeypatch.setattr(graph_decoding, "_decode_any", note)
    return names


@pytest.mark.parametrize("stream", STREAMS)
def test_plain_files_go_without_python_and_each_other_file_through_it_once(
    make_data, decoded, stream
):
    assert sum(1 for _ in STREAMS[stream](make_data(PLAIN))) == (9 if stream == "views" else 3)
    assert sorted(decoded) == [f"{index:02}.png" for index in range(1, 14, 2)]


@pytest.mark.parametrize("stream", STREAMS)
def test_plain_files_give_the_batches_that_pillow_gives(make_data, stream):
    fast, slow = (list(STREAMS[stream](make_data(plain))) for plain in (PLAIN, None))
    fast, slow = (list(map(tf.nest.flatten, batches)) for batches in (fast, slow))
    sizes = [5] * 6 + [4] * 3 if stream == "views" else [5, 5, 4]
    assert [len(images) for images, *_ in fast] == sizes
    for one, other in zip(fast, slow, strict=True):
        for part, other_part in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, other_part)


def test_decoding_views_runs_ahead_of_the_model_but_not_far(make_data, decoded):
    batches = iter(make_data(repeat=8, batch_size=1).view_batches(200))
    next(batches)
    for _ in range(1000):
        time.sleep(0.02)
        if len(decoded) > 8:
            break
    assert 8 < len(decoded) < 60
    time.sleep(0.2)
    assert len(decoded) < 60


@pytest.mark.parametrize(("side", "batch", "ahead"), [(224, 32, 8), (600, 32, 7), (2000, 64, 1)])
def test_batches_wait_as_bytes_and_large_ones_in_small_number(
    make_data, monkeypatch, side, batch, ahead
):
    waiting = []
    prefetch = tf.data.Dataset.prefetch

    def note(self, size, **options):
        waiting.append((size, self.element_spec))
        return prefetch(self, size, **options)

    monkeypatch.setattr(tf.data.Dataset, "prefetch", note)
    make_data(image_size=side, batch_size=batch).clean_batches("train")
    size, (_, pixels, _) = waiting[0]
    assert (size, pixels.dtype) == (ahead, tf.uint8)


def decode_one(file, plain):
    dataset = tf.data.Dataset.from_tensors(str(file))
    return next(iter(dataset.map(lambda file: decode_square(file, 32, Preparation(), plain))))


@pytest.mark.thorough
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("left", [0, 1, 200, None])
def test_a_file_that_is_gone_or_cut_off_is_named(tmp_path, kind, left, plain):
    file, stream = tmp_path / "é 蜂", io.BytesIO()
    Image.effect_noise((64, 64), 90).save(stream, kind)
    if left is not None:
        file.write_bytes(stream.getvalue()[:left])
    with pytest.raises(tf.errors.OpError, match="é 蜂"):
        decode_one(file, plain)


@pytest.mark.parametrize("plain", [False, True])
def test_a_file_that_is_no_longer_an_image_is_named(tmp_path, plain):
    (tmp_path / "page.jpg").write_text("<html>")
    with pytest.raises(tf.errors.OpError, match=r"page\.jpg can no longer be read as an image"):
        decode_one(tmp_path / "page.jpg", plain)
