import numpy as np
import pytest
from PIL import Image

from keras_transfer.system.errors import ConfigError

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")


def slices(*parts):
    return tf.data.Dataset.from_tensor_slices(parts)


def test_however_it_is_batched_and_shuffled_a_set_has_one_name(name, arrays):
    images, labels = arrays
    first = name(slices(images, labels))
    assert len(first.examples.paths) == 12
    one_hot = np.eye(3, dtype=np.float32)[labels]
    for same in (
        slices(images, labels).batch(5),
        slices(images, labels).batch(1),
        slices(images, labels).shuffle(12).batch(5),
        slices(images[..., None], one_hot),
        slices(images[..., None], one_hot).batch(4),
        tf.data.Dataset.from_tensor_slices({"image": images, "label": labels}).batch(5),
        slices(images, labels, np.ones(12)).batch(5),
    ):
        assert name(same).path == first.path


def test_equal_images_are_all_kept(name, arrays):
    images, labels = arrays
    twice = slices(np.concatenate([images] * 2), np.concatenate([labels] * 2))
    assert len(name(twice).examples.paths) == 24


def test_class_names_of_an_object_name_numbers_in_their_order(name, arrays):
    dataset = slices(*arrays)
    dataset.class_names = ["eel", "cat", "ant"]
    named = name(dataset)
    assert named.examples.class_names == ("eel", "cat", "ant")
    assert np.bincount(named.examples.labels).tolist() == [4, 4, 4]


def test_a_set_made_from_a_directory_is_read_from_its_files(name, files):
    paths, labels = files
    directory = keras.utils.image_dataset_from_directory
    named = name(directory(".", verbose=False))
    assert named.classes() == dict(zip(paths, labels, strict=True))
    other = name(directory(".", class_names=["dog", "cat"], verbose=False))
    assert other.examples.class_names == ("dog", "cat")
    both = directory(".", validation_split=0.5, subset="both", seed=0, verbose=False)
    assert name(both).count() == {"train": 3, "validation": 3}
    mapped = directory(".", image_size=(6, 8), verbose=False).map(lambda x, y: (x / 255, y))
    assert name(mapped).examples.class_names == ("0", "1")
    assert name(mapped).examples.value_range == "0.0,1.0"


def test_a_set_of_names_of_files_is_read_from_them(name, files):
    paths, labels = files
    named = name(slices(paths, labels).shuffle(6).batch(4))
    assert named.classes() == dict(zip(paths, labels, strict=True))


def test_an_image_goes_before_the_name_of_its_file(name, arrays):
    """Sets of TensorFlow Datasets hold both."""
    images, labels = arrays
    parts = {"image": images, "label": labels, "file_name": ["gone.jpg"] * 12}
    both = tf.data.Dataset.from_tensor_slices(parts)
    assert name(both).path == name(slices(images, labels)).path


def test_pillows_images_are_seen_as_files_of_them_are(name, arrays):
    """An array of one with a palette is of places in it, one of four inks looks like alpha."""

    class Pairs:
        def __init__(self, mode):
            self.mode = mode

        def __len__(self):
            return 3

        def __getitem__(self, index):
            colours = np.full((6, 5, 3), [[[200, 90, 40]]], np.uint8)
            colours[0, 0] = 80 * index
            return Image.fromarray(colours).convert(self.mode), index

    for mode in ("P", "CMYK", "RGB"):
        examples = name(Pairs(mode)).examples
        for path in examples.paths:
            with Image.open(examples.root / path) as image:
                assert np.abs(np.asarray(image)[3, 3].astype(int) - [200, 90, 40]).max() < 60, mode


def test_weights_of_images_are_said_to_be_left_out(name, arrays, caplog):
    images, labels = arrays
    name(slices(images, labels, np.ones(12)).batch(5))
    assert caplog.text.count("weights of examples, which are not taken") == 1


@pytest.mark.thorough
def test_what_never_ends_without_saying_so_is_refused(name, arrays, tmp_path):
    def draw():
        while True:
            yield from zip(*arrays, strict=True)

    spec = tf.TensorSpec((6, 5), tf.uint8), tf.TensorSpec((), tf.int64)
    endless = tf.data.Dataset.from_generator(draw, output_signature=spec)
    with pytest.raises(ConfigError, match=r"must end.*1,000 images so far, of which 12 differ"):
        name(endless)
    assert not [*(tmp_path / "cache").rglob("*.png")]


class Batches(keras.utils.PyDataset):
    class_names = ("eel", "cat", "ant")

    def __init__(self, images, labels, change=lambda batch: batch):
        super().__init__()
        self.parts = images, labels
        self.change = change

    def __len__(self):
        return 3

    def __getitem__(self, index):
        images, labels = (part[4 * index : 4 * index + 4] for part in self.parts)
        return self.change(images), labels


def test_a_py_dataset_is_read_batch_by_batch(name, arrays):
    named = name((Batches(*arrays), Batches(*arrays)))
    assert named.count() == {"train": 12, "validation": 12}
    assert named.examples.class_names == ("eel", "cat", "ant")


def test_any_sequence_of_pairs_is_read(name, arrays):
    class Pairs:
        def __len__(self):
            return 12

        def __getitem__(self, index):
            return arrays[0][index], arrays[1][index]

    assert name(Pairs()).path == name(slices(*arrays)).path


def test_floats_whose_first_images_are_dark_are_written_anew(name, arrays, caplog):
    images, labels = arrays
    floats = images.astype(np.float32)
    floats[0] /= 255
    named = name(slices(floats, labels).batch(3))
    assert named.examples.value_range is None
    written = [np.asarray(Image.open(named.examples.root / p)) for p in named.examples.paths]
    assert min(pixels.max() for pixels in written) <= 1  # as fractions it would be bright
    assert "1 of 12 images hold floats up to 1, others up to 25" in caplog.text


def test_what_is_random_is_said(name, arrays, caplog):
    rng = np.random.default_rng(0)
    noisy = Batches(*arrays, lambda batch: batch // 2 + rng.integers(0, 99, batch.shape, np.uint8))
    name(noisy)
    assert "others each time, as if it augments" in caplog.text
    caplog.clear()
    name(Batches(*arrays))
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: slices(x, y).repeat(), "must end.*Leave out repeat"),
        (lambda x, y: tf.data.Dataset.from_tensor_slices(x), r"must give \(image, label\)"),
        (lambda x, y: slices(x, {"a": y}), r"must give \(image, label\)"),
        (lambda x, y: tf.data.Dataset.from_tensor_slices({"u": x, "v": y}), "of u, v. Map it"),
        (lambda x, y: slices(x / 127.5 - 1, y), "before they were normalized"),
        (
            lambda x, y: slices([b"\xff\xd8\0", b"\xff\xd8\0\0"], ["a", "b"]),
            "the content of files. Map it with tf.io.decode_image",
        ),
        (lambda x, y: slices(x, y).take(0), "must hold images. Received: none"),
        (
            lambda x, y: slices(tf.ragged.constant([[[1, 2]], [[1, 2, 3]]]), [0, 1]).batch(2),
            "one size.*unbatch",
        ),
        (lambda x, y: slices(x, np.full((12, 3), 1 / 3)).batch(4), "mixup or smoothed"),
        # channels first, and one-hot
        (lambda x, y: slices(x.reshape(4, 3, 6, 5), np.eye(3)[[0, 1, 2, 0]]), "channels last"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(name, arrays, change, message):
    with pytest.raises(ConfigError, match=message):
        name(change(*arrays))
