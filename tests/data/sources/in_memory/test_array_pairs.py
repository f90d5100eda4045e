import numpy as np
import pytest
from PIL import Image

from keras_transfer.system.errors import ConfigError


def read(named):
    """Return the pixels of the images by their places, as they were written."""
    found = {}
    for path in named.examples.paths.tolist():
        with Image.open(named.examples.root / path) as image:
            found[int(path.rpartition("/")[2].removesuffix(".png"))] = np.asarray(image)
    return [found[place] for place in sorted(found)]


def test_arrays_become_files_named_by_their_places(name, arrays):
    images, labels = arrays
    named = name((images, labels))
    assert np.array_equal(read(named), images)
    places = {f"{label}/{place:06d}.png": str(label) for place, label in enumerate(labels)}
    assert named.classes() == places


def test_the_same_arrays_are_written_once(name, arrays):
    images, labels = arrays
    first = name((images, labels))
    file = first.examples.root / first.examples.paths[0]
    before = file.stat().st_mtime_ns
    for same in (
        (images.copy(), labels.tolist()),
        (images[..., None], labels[:, None]),
        (list(images), np.eye(3)[labels]),
        [*zip(images, labels.tolist(), strict=True)],
    ):
        assert name(same).path == first.path
    assert file.stat().st_mtime_ns == before
    assert name((images[::-1], labels[::-1])).path != first.path
    assert name((images, (labels + 1) % 3)).path != first.path


def test_damage_is_made_good(name, arrays, caplog):
    named = name(arrays)
    (named.examples.root / named.examples.paths[3]).write_bytes(b"")
    assert np.array_equal(read(name(arrays)), arrays[0])
    assert "made anew" in caplog.text


def test_images_of_several_sizes_and_kinds_are_a_list(name, arrays):
    images, _ = arrays
    given = [images[0], images[1, :4], np.stack([images[2]] * 3, -1), Image.fromarray(images[3])]
    found = read(name((given, ["a", "b", "a", "b"])))
    assert [image.shape for image in found] == [(6, 5), (4, 5), (6, 5, 3), (6, 5, 3)]
    assert np.array_equal(found[3][..., 0], images[3])


def test_names_of_classes_are_labels(name, arrays):
    images, labels = arrays
    named = name((images, np.array(["eel", "cat/dog", "ant"])[labels]))
    assert named.examples.class_names == ("ant", "cat/dog", "eel")
    assert "cat_dog/000001.png" in named.classes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y[:-1]), "one label. Received: 12 images and 11 labels"),
        (lambda x, y: (x[:0], y[:0]), "must hold images. Received: none"),
        (lambda x, y: x, "Received: numpy.ndarray of shape .12, 6, 5.. Labels are missing"),
        (lambda x, y: (x, y, np.ones(12)), "Weights of images are not taken"),
        (lambda x, y: (x, x), "Received: tuple"),
        (lambda x, y: zip(x, y, strict=True), "can be read only once"),
        (lambda x, y: (x.reshape(12, -1), y), r"Use images.reshape\(-1, height, width\)"),
        (lambda x, y: (np.stack([x] * 3, 1), y), "channels last"),
        (lambda x, y: (x / 127.5 - 1, y), "before they were normalized.*image 0"),
        (lambda x, y: [(x[0], 1), (x[1], 0), (x[2],)], r"must be \(image, label\)|Received: list"),
    ],
)
def test_what_is_no_set_of_images_is_refused_in_one_line(name, arrays, change, message):
    with pytest.raises(ConfigError, match=message) as error:
        name(change(*arrays))
    assert "\n" not in str(error.value)


def test_nothing_is_left_of_what_was_refused(name, arrays, tmp_path):
    images, labels = arrays
    broken = images.astype(np.float32)
    broken[7, 0, 0] = np.nan
    with pytest.raises(ConfigError, match=r"NaN.*image 7, counted from 0"):
        name((broken, labels))
    assert not [*(tmp_path / "cache").rglob("*.png")]
