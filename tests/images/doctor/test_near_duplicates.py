import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.splits.row_groups import group_rows, link_equal
from keras_transfer.images.doctor import near_duplicates
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.images.doctor.near_duplicates import link_alike
from keras_transfer.pretrain.formula_pictures import draw_pictures


@pytest.fixture
def pictures():
    return [Image.fromarray(pixels) for pixels in draw_pictures(0, range(6), 200)]


@pytest.fixture
def folder(tmp_path, pictures):
    """Return a set with the first five pictures in a/ and another in b/."""
    for name in "ab":
        (tmp_path / name).mkdir()
    for index, picture in enumerate(pictures[:5]):
        picture.save(tmp_path / f"a/{index}.png")
    pictures[5].save(tmp_path / "b/5.png")
    return tmp_path


def find_pairs(folder):
    examples = read_examples(str(folder), DataConfig())
    pairs = link_alike(examples, inspect_files(examples))
    return sorted(tuple(sorted(examples.paths[pair].tolist())) for pair in pairs)


CHANGES = {
    "smaller": lambda image: image.resize((90, 90)),
    "larger": lambda image: image.resize((330, 330)),
    "another shape": lambda image: image.resize((210, 190)),
    "a little brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.05),
}


@pytest.mark.parametrize("change", CHANGES)
def test_copies_resized_and_encoded_anew_are_found(folder, pictures, change):
    for index, picture in enumerate(pictures[:5]):
        CHANGES[change](picture).save(folder / f"b/{index}.jpg", quality=60)
    assert find_pairs(folder) == [(f"a/{index}.png", f"b/{index}.jpg") for index in range(5)]


RED = Image.new("RGB", (200, 200), "red")
FADE = Image.new("L", (200, 200), 150)
OTHERS = {
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "another crop": lambda image: image.crop((40, 40, 200, 200)),
    "other colours": lambda image: Image.composite(
        image, Image.new("RGB", (200, 200), "red"), FADE
    ),
    "negative": lambda image: Image.eval(image, lambda level: 255 - level),
}


@pytest.mark.parametrize("change", OTHERS)
def test_other_pictures_are_not_duplicates(folder, pictures, change):
    for index, picture in enumerate(pictures[:5]):
        OTHERS[change](picture).save(folder / f"b/{index}.png")
    assert find_pairs(folder) == []


def test_images_are_compared_as_a_person_sees_them(folder, pictures):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    pictures[0].transpose(Image.Transpose.ROTATE_90).save(folder / "b/0.jpg", exif=exif)
    assert find_pairs(folder) == [("a/0.png", "b/0.jpg")]


def test_small_images_and_digits_have_no_near_duplicates(folder, pictures):
    for name in ("b/small.png", "b/small.jpg"):
        pictures[0].resize((63, 80)).save(folder / name)
    assert find_pairs(folder) == []
    pictures[0].resize((64, 80)).save(folder / "b/large.png")
    assert find_pairs(folder) == [("a/0.png", "b/large.png")]
    assert find_pairs("digits") == []


def test_equal_files_are_no_near_duplicates_and_count_once(folder, pictures):
    (folder / "b/0.png").write_bytes((folder / "a/0.png").read_bytes())
    assert find_pairs(folder) == []
    pictures[0].save(folder / "b/0.jpg")
    assert find_pairs(folder) == [("a/0.png", "b/0.jpg")]


def find_groups(root):
    """Return the sets of names that show the same."""
    examples = read_examples(str(root), DataConfig())
    inspection = inspect_files(examples)
    links = np.concatenate([link_alike(examples, inspection), link_equal(inspection.sha256)])
    groups = group_rows(links, len(examples.paths))
    return [examples.paths[groups == group].tolist() for group in np.unique(groups)]


def test_images_without_contrast_are_told_by_their_shade(tmp_path, monkeypatch):
    monkeypatch.setattr(near_duplicates, "ROWS", 7)  # less than there are
    for name in "ab":
        (tmp_path / name).mkdir()
        for level in range(100, 200, 10):  # all have the same hash
            Image.new("L", (80, 80), level).save(tmp_path / name / f"{level}.png")
            Image.new("L", (90, 90), level).save(tmp_path / name / f"{level}x.png")
    found = [{path[2:5] for path in paths} for paths in find_groups(tmp_path)]
    assert sorted(found, key=min) == [{str(level)} for level in range(100, 200, 10)]


@pytest.mark.thorough
def test_groups_do_not_depend_on_names(tmp_path, pictures):
    """Of three shades only neighbours look alike; whichever comes first, they are one group."""
    found = []
    for order in itertools.permutations(range(3)):
        root = tmp_path / "".join(map(str, order))
        for name in "ab":
            (root / name).mkdir(parents=True)
        for picture, image in enumerate(pictures):
            for shade, place in enumerate(order):
                changed = ImageEnhance.Brightness(image).enhance((0.8, 0.9, 1.0)[shade])
                changed.save(root / f"a/{place}-{picture}.png")
        (root / "b/other.png").write_bytes((root / "a/0-0.png").read_bytes())
        found.append(sorted(len(group) for group in find_groups(root)))
    assert found == found[:1] * 6
    assert found[0][-1] >= 3


@pytest.mark.parametrize("damage", ["gone", "no image"])
def test_a_file_that_is_lost_after_its_inspection_has_no_duplicates(folder, pictures, damage):
    pictures[0].save(folder / "b/0.jpg")
    pictures[1].save(folder / "b/1.jpg")
    examples = read_examples(str(folder), DataConfig())
    inspection = inspect_files(examples)
    (folder / "a/0.png").unlink()
    if damage == "no image":
        (folder / "a/0.png").write_bytes(b"x")
    (link,) = link_alike(examples, inspection)
    assert sorted(examples.paths[link].tolist()) == ["a/1.png", "b/1.jpg"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(1, 60), st.integers(0, 10**6))
def test_the_index_groups_as_comparing_all_pairs_does(count, seed):
    random = np.random.default_rng(seed)
    looks = random.integers(0, 2**64, count, dtype=np.uint64)
    for _ in range(count):  # copies with up to 7 other bits
        bits = random.choice(64, random.integers(0, 8), replace=False).astype(np.uint64)
        changed = looks[random.integers(count)] ^ (np.uint64(1) << bits).sum(dtype=np.uint64)
        looks = np.append(looks, changed)
    looks = np.unique(looks)
    expected = [
        pair
        for pair in itertools.combinations(range(len(looks)), 2)
        if int(looks[pair[0]] ^ looks[pair[1]]).bit_count() <= 4
    ]
    found = group_rows(near_duplicates._link_looks(looks), len(looks))
    np.testing.assert_array_equal(found, group_rows(np.array(expected).reshape(-1, 2), len(looks)))


@pytest.mark.parametrize(("count", "parts"), [(100, 5), (10**6, 15), (10**8, 35)])
def test_hashes_that_differ_in_four_bits_share_a_band_of_any_index(count, parts):
    bands = near_duplicates.list_bands(count)
    assert len(bands) == parts
    random = np.random.default_rng(0)
    for _ in range(1000):
        changed = sum(1 << int(bit) for bit in random.choice(64, 4, replace=False))
        assert any(not changed & band for band in bands)


def test_a_large_index_groups_as_a_small_one(monkeypatch):
    random = np.random.default_rng(0)
    looks = random.integers(0, 2**64, 500, dtype=np.uint64)
    near = looks ^ np.uint64(1 << 40 | 3), looks[:9] ^ np.uint64(1 << 63)
    looks = np.unique(np.concatenate([looks, *near]))
    found = group_rows(near_duplicates._link_looks(looks), len(looks))
    monkeypatch.setattr(near_duplicates, "CROWD", 0.01)
    assert len(near_duplicates.list_bands(len(looks))) == 15
    again = group_rows(near_duplicates._link_looks(looks), len(looks))
    assert again.tolist() == found.tolist()
    assert len({*again.tolist()}) == 500


def test_rows_of_equal_keys_are_linked_to_the_first():
    links = link_equal(np.array(["b", "", "a", "b", "", "b"]))
    assert sorted(links.tolist()) == [[0, 3], [0, 5]]
    assert link_equal(np.array([], dtype=str)).shape == (0, 2)


def test_links_chain():
    groups = group_rows(np.array([[0, 3], [3, 5], [1, 2]]), 6)
    assert [groups.tolist().index(group) for group in groups] == [0, 1, 1, 0, 4, 0]


def test_planted_duplicates_are_found_and_the_untouched_set_has_none(shared_data, tmp_path):
    root = shared_data / "hymenoptera"
    assert find_pairs(root) == []
    assert find_pairs(shared_data / "pizza_steak_sushi") == []
    assert find_pairs(shared_data / "digits_mnist_mnistm/mnist") == []
    for split in ("train", "val"):
        for name in ("ants", "bees"):
            (tmp_path / split / name).mkdir(parents=True)
            for file in (root / split / name).iterdir():
                (tmp_path / split / name / file.name).symlink_to(file)
    chosen = sorted((root / "train").glob("*/*.jpg"))[::6][:40]
    for index, file in enumerate(chosen):
        image = Image.open(file).convert("RGB")
        copy = tmp_path / "val" / file.parent.name / f"copy-{file.name}"
        if index < 20:
            factor = (0.4, 0.7, 1.3, 0.5)[index % 4]
            image = image.resize([round(side * factor) for side in image.size])
        else:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        image.save(copy, quality=60)
    found = find_pairs(tmp_path)
    assert {train for train, _ in found} <= {f"train/{f.parent.name}/{f.name}" for f in chosen[:20]}
    assert len(found) >= 18
    assert all(copy.split("copy-")[1] == train.split("/")[2] for train, copy in found)
