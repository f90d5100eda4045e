"""Large images are decoded one after the other, small ones together."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding import decoding_memory, pillow_decoding
from keras_transfer.images.decoding.decoding_memory import MemoryGate
from keras_transfer.images.doctor import file_facts
from keras_transfer.images.prediction_inputs import stream_pixels


def count_together(gate, sizes):
    """Return how many bytes were held at once, at most, by as many threads as there are sizes."""
    held, most, lock = 0, 0, threading.Lock()

    def work(size):
        nonlocal held, most
        with gate.hold(size):
            with lock:
                held += size
                most = max(most, held)
            time.sleep(0.02)
            with lock:
                held -= size

    with ThreadPoolExecutor(len(sizes)) as threads:
        list(threads.map(work, sizes))
    return most


def test_no_more_is_held_than_fits():
    assert 20 <= count_together(MemoryGate(100), [20] * 8) <= 100


def test_one_that_does_not_fit_passes_alone():
    assert count_together(MemoryGate(100), [500, 500, 500]) == 500


def test_threads_that_come_together_share_what_is_free(monkeypatch):
    monkeypatch.setattr(decoding_memory, "free_memory", lambda: time.sleep(0.02) or 400)
    monkeypatch.setattr(decoding_memory, "LEAST", 1)
    assert count_together(MemoryGate(), [90] * 6) == 90


def test_an_error_lets_go():
    gate = MemoryGate(100)
    for _ in range(3):
        try:
            with gate.hold(90):
                raise OSError
        except OSError:
            pass
    assert count_together(gate, [90]) == 90


def test_large_images_are_decoded_and_made_small_one_by_one(tmp_path, monkeypatch):
    files = [tmp_path / f"{number}.png" for number in range(4)]
    for number, file in enumerate(files):
        Image.new("RGBA", (300, 200), (number, 0, 0)).save(file)
    monkeypatch.setattr(decoding_memory, "GATE", MemoryGate(1))
    monkeypatch.setattr(pillow_decoding, "LARGE", 1000)
    inside, most, lock, shapes = 0, 0, threading.Lock(), []
    true = pillow_decoding.show_image

    def watch(image, *others):
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with lock:
            inside -= 1
        return true(image, *others)

    monkeypatch.setattr(pillow_decoding, "show_image", watch)
    monkeypatch.setattr(file_facts, "show_image", watch)
    load = pillow_decoding.load_picture

    def keep_shape(*arguments):
        picture = load(*arguments)
        shapes.append(picture.pixels.shape)
        return picture

    monkeypatch.setattr("keras_transfer.images.prediction_inputs.load_picture", keep_shape)
    ((pixels, reasons),) = stream_pixels([str(file) for file in files], 40, Preparation(), 8)
    assert reasons == [""] * 4
    assert shapes == [(40, 40, 3)] * 4  # the whole image does not leave the gate
    assert pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    with ThreadPoolExecutor(4) as threads:
        facts = list(threads.map(file_facts.inspect_file, map(str, files)))
    assert [(each.width, each.reason) for each in facts] == [(300, "")] * 4
    assert most == 1


@pytest.mark.thorough
def test_a_large_image_gives_the_pixels_of_every_other(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (90, 70, 4), dtype=np.uint8)).save(tmp_path / "a.png")
    found = []
    for large in (1, 10**6):
        monkeypatch.setattr(pillow_decoding, "LARGE", large)
        for preparation in (
            *(Preparation(resize=resize) for resize in ("crop", "pad", "stretch")),
            Preparation(crop_fraction=0.8, interpolation="bicubic"),
        ):
            ((pixels, _),) = stream_pixels([str(tmp_path / "a.png")], 32, preparation, 8)
            found.append(pixels)
    np.testing.assert_array_equal(found[:4], found[4:])
