import hashlib
import os
import shutil
import warnings

import numpy as np
import pytest
from labelled import load_examples
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.images.decoding import pillow_decoding
from keras_transfer.images.doctor import inspection as doctor
from keras_transfer.images.doctor.inspection import inspect_files


def inspect(root):
    examples = load_examples(str(root), DataConfig())
    return examples, inspect_files(examples)


def reasons(root):
    examples, inspection = inspect(root)
    return dict(zip(examples.paths.tolist(), inspection.reasons.tolist(), strict=True))


def test_good_images_are_hashed_and_without_reason(make_tree):
    root = make_tree("a/1.jpg", "a/2.png", "b/3.webp", "b/4.gif", "b/5.bmp", "b/6.tiff", "b/7.avif")
    examples, inspection = inspect(root)
    assert inspection.reasons.tolist() == [""] * 7
    for path, digest in zip(examples.paths, inspection.sha256, strict=True):
        assert digest == hashlib.sha256((root / path).read_bytes()).hexdigest()


def test_files_that_pillow_cannot_load_are_named_with_the_reason(make_tree):
    root = make_tree("a/good.png", "b/good.png", "b/big.jpg")
    (root / "a/empty.jpg").touch()
    (root / "a/page.jpg").write_text("<html>")
    (root / "a/gone.jpg").symlink_to(root / "nowhere.jpg")
    whole = (root / "b/big.jpg").read_bytes()
    (root / "b/half.jpg").write_bytes(whole[: len(whole) - 20])
    found = reasons(root)
    assert found.pop("b/half.jpg").startswith("OSError: image file is truncated")
    assert found == {
        "a/empty.jpg": "the file is empty",
        "a/gone.jpg": "the file cannot be read: No such file or directory",
        "a/good.png": "",
        "a/page.jpg": "of the format HTML, which is not read",
        "b/big.jpg": "",
        "b/good.png": "",
    }


def test_unreadable_file_has_no_hash_and_an_unusable_one_has(make_tree):
    root = make_tree("a/good.png", "b/good.png")
    (root / "a/bad.jpg").write_bytes(b"x")
    (root / "b/gone.jpg").symlink_to(root / "nowhere.jpg")
    _, inspection = inspect(root)
    assert inspection.sha256[0] == hashlib.sha256(b"x").hexdigest()
    assert inspection.sha256[2] == ""


def test_images_that_pillow_only_warns_of_are_usable_and_no_warning_leaks(make_tree, monkeypatch):
    root = make_tree("a/1.png", "b/1.png")
    Image.new("1", (100, 60)).save(root / "b/large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)  # 6,000 pixels: a warning, not an error
    filters = list(warnings.filters)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert set(reasons(root).values()) == {""}
    assert seen == []
    assert warnings.filters == filters


def test_decompression_bombs_are_unusable(make_tree, monkeypatch):
    root = make_tree("a/1.png", "b/1.png")
    Image.new("1", (100, 60)).save(root / "b/bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    assert reasons(root)["b/bomb.png"].startswith("DecompressionBombError")


def test_jpegs_are_refused_exactly_where_a_full_load_refuses(make_tree):
    root = make_tree("a/1.png", "b/1.png")
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    images = {"rgb": Image.fromarray(noise), "gray": Image.fromarray(noise).convert("L")}
    images["cmyk"] = images["rgb"].convert("CMYK")
    for name, image in images.items():
        for progressive in (False, True):
            file = root / f"a/{name}{progressive:d}.jpg"
            image.save(file, progressive=progressive)
            whole = file.read_bytes()
            for cut in (*range(2, len(whole), len(whole) // 12), len(whole) - 2, len(whole) - 1):
                file.with_name(f"{file.stem}-{cut}.jpg").write_bytes(whole[:cut])
    found = reasons(root)
    expected = {path: _is_loaded(root / path) for path in found}
    assert {path: not reason for path, reason in found.items()} == expected
    assert sum(expected.values()) >= 8  # the whole ones
    assert len(expected) - sum(expected.values()) >= 60


def test_pngs_are_refused_exactly_where_a_full_load_refuses(make_tree):
    root, random = make_tree("a/1.png", "b/1.png"), np.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 256, (4, 3, 3), dtype=np.uint8))
    for mode in ("RGB", "L", "P", "RGBA"):
        file = root / f"a/{mode}.png"
        noise.convert(mode).save(file)
        whole = file.read_bytes()
        for place in range(8, len(whole)):
            damaged = bytearray(whole)
            damaged[place] ^= random.integers(1, 256)
            file.with_name(f"{mode}-{place}-changed.png").write_bytes(damaged)
            file.with_name(f"{mode}-{place}-cut.png").write_bytes(whole[:place])
    found = reasons(root)
    expected = {path: _is_loaded(root / path) for path in found}
    assert {path: not reason for path, reason in found.items()} == expected
    assert 50 < sum(expected.values()) < len(expected) - 50


def test_plain_files_are_told_by_their_content(make_tree):
    root = make_tree("a/1.jpg", "a/2.png", "a/3.gif", "a/4.webp", "b/1.jpg", "b/2.png")
    (root / "a/1.jpg").rename(root / "a/1.png")
    (root / "a/3.gif").rename(root / "a/3.jpg")
    Image.open(root / "b/1.jpg").convert("CMYK").save(root / "b/1.jpg")
    Image.open(root / "b/2.png").convert("P").save(root / "b/2.png")
    (root / "b/3.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    examples, inspection = inspect(root)
    assert inspection.plain.dtype == bool
    assert dict(zip(examples.paths.tolist(), inspection.plain.tolist(), strict=True)) == {
        "a/1.png": True,
        "a/2.png": True,
        "a/3.jpg": False,
        "a/4.webp": False,
        "b/1.jpg": False,
        "b/2.png": False,
        "b/3.jpg": False,
    }


def _is_loaded(file):
    try:
        with Image.open(file) as image:
            image.load()
    except Exception:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "kind", "options", "expected"),
    [
        ("1.jpg", "RGB", {}, ""),
        ("1.png", "L", {}, ""),
        ("1.mpo", "RGB", {"format": "JPEG"}, ""),
        ("1.png", "RGB", {"format": "JPEG"}, "wrong extension"),
        ("1", "RGB", {"format": "PNG"}, "wrong extension"),
        ("1.jpg", "CMYK", {}, "CMYK"),
        ("1.png", "RGBA", {}, "alpha"),
        ("1.png", "P", {"transparency": 3}, "alpha"),
        ("1.png", "I;16", {}, "16-bit"),
        ("1.tiff", "I;16", {}, "16-bit"),
        ("1.tiff", "F", {}, "32-bit"),
        ("1.tiff", "RGB", {"save_all": True, "append_images": "another"}, ""),
        (".1.png", "RGB", {}, "hidden"),
        ("1.gif", "P", {"save_all": True, "append_images": "another"}, "animated"),
        (".1.jpg", "RGBA", {"format": "PNG"}, "wrong extension, alpha, hidden"),
    ],
)
def test_odd_files_are_named_by_kind(make_tree, name, kind, options, expected):
    root = make_tree("a/good.png", "b/good.png")
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    if "append_images" in options:
        options = options | {"append_images": [image.rotate(90).convert("P")]}
    if kind in ("I;16", "F"):
        image = Image.fromarray(noise[..., 0].astype(np.uint16 if kind == "I;16" else np.float32))
    else:
        image = image.convert(kind)
    image.save(root / "a" / name, **options)
    examples, inspection = inspect(root)
    odd = dict(zip(examples.paths.tolist(), inspection.odd.tolist(), strict=True))
    assert odd == {"a/good.png": "", "b/good.png": "", f"a/{name}": expected}
    assert set(inspection.reasons) == {""}


def test_16_bit_colours_are_odd(shared_data, make_tree):
    root = make_tree("a/1.png", "b/1.png")
    for name in ("tiff_16bit_RGB.tiff", "apng_mode_16bit.png"):
        shutil.copy(shared_data / "odd_images" / name, root / "a")
    examples, inspection = inspect(root)
    odd = dict(zip(examples.paths.tolist(), inspection.odd.tolist(), strict=True))
    assert odd["a/tiff_16bit_RGB.tiff"] == "16-bit"
    assert odd["a/apng_mode_16bit.png"] == "animated, alpha, 16-bit"


def test_sizes_are_those_that_a_person_sees(make_tree):
    root = make_tree("a/1.png", "b/1.png")
    image = Image.new("RGB", (900, 200))
    image.save(root / "a/long.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(root / "a/turned.jpg", exif=exif)
    image.save(root / "a/turned.tiff", exif=exif)
    examples, inspection = inspect(root)
    rows = {path: row for row, path in enumerate(examples.paths.tolist())}
    assert inspection.sizes[rows["a/long.jpg"]].tolist() == [900, 200]
    assert inspection.odd[rows["a/long.jpg"]] == "elongated"
    assert inspection.sizes[rows["a/turned.jpg"]].tolist() == [200, 900]
    assert inspection.odd[rows["a/turned.jpg"]] == "elongated, rotated by EXIF"
    assert inspection.sizes[rows["a/turned.tiff"]].tolist() == [200, 900]
    assert inspection.odd[rows["a/turned.tiff"]] == "elongated, rotated by EXIF"


def test_an_image_is_tiny_where_most_are_not(make_tree):
    root = make_tree("a/1.png", "b/1.png")
    assert set(inspect(root)[1].odd) == {""}  # all are
    for index in range(4):
        Image.new("RGB", (80, 80), (index, 0, 0)).save(root / f"a/large{index}.png")
    assert sorted(inspect(root)[1].odd)[-2:] == ["tiny", "tiny"]


def test_pipes_and_very_large_files_are_not_read(make_tree):
    root = make_tree("a/1.png", "b/1.png")
    os.mkfifo(root / "a/pipe.jpg")
    with (root / "b/film.jpg").open("wb") as stream:
        stream.truncate(2**31)  # takes no room
    found = reasons(root)
    assert found["a/pipe.jpg"] == "not a file"
    assert found["b/film.jpg"] == "larger than 1 GiB"


def test_progress_is_said(make_tree, monkeypatch, caplog):
    root = make_tree("a/1.png", "b/1.png")
    monkeypatch.setattr(doctor, "PAUSE", 0)
    caplog.set_level("INFO")
    inspect(root)
    assert caplog.messages == ["Inspected 1 of 2 files", "Inspected 2 of 2 files"]


def test_every_file_is_read_once(make_tree, monkeypatch):
    root = make_tree(*(f"{name}/{k}.png" for name in "ab" for k in range(5)))
    opened = []
    builtin = open

    def count(file, mode):
        opened.append(os.path.relpath(file, root))
        return builtin(file, mode)

    monkeypatch.setattr(pillow_decoding, "open", count, raising=False)
    monkeypatch.setattr(doctor, "BLOCK", 3)
    examples, inspection = inspect(root)
    assert sorted(opened) == examples.paths.tolist()
    assert len(set(inspection.sha256)) == 10


def test_odd_images_are_refused_exactly_as_their_table_says(shared_data, tmp_path, make_tree):
    root = make_tree("plain/1.png")
    shutil.copytree(shared_data / "odd_images", root / "odd")
    expected = set()
    for line in (root / "odd/README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 5 and "FAILS" in cells[5]:
            expected.add(f"odd/{cells[1]}")
    assert len(expected) >= 15
    found = reasons(root)
    assert {path for path, reason in found.items() if reason} == expected
    assert len(found) == 61


def test_a_short_side_that_all_images_have_is_said_once():
    names = "smallest", "quarter", "median", "three_quarters", "largest"
    same = {"short_side": dict.fromkeys(names, 48), "values": {}}
    assert doctor.say_sizes(same) == "Short side of every image: 48 pixels"
    mixed = {"short_side": dict(zip(names, (8, 48, 48, 48, 90), strict=True)), "values": {}}
    assert doctor.say_sizes(mixed).startswith(
        "Short side in pixels: 8 to 90, half of them 48 to 48"
    )
