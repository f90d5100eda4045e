"""The rooms of the package: what a reader may count on who knows nothing but the file names."""

import importlib
import re
from collections import Counter
from pathlib import Path

import keras_transfer

PACKAGE = Path(keras_transfer.__file__).parent
ROOT = Path(__file__).parents[1]
CONTRIBUTING = ROOT / ".github/CONTRIBUTING.md"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted({file.parent for file in MODULES} - {PACKAGE})
VERBS = {
    *("check", "clean", "compare", "embed", "estimate", "evaluate", "explain", "export", "predict"),
    *("pretrain", "report", "review", "train", "zeroshot"),
}
MODALITIES = {"images", "texts"}
EMPTY_WORDS = {"utils", "util", "helpers", "common", "misc", "base", "core", "tools", "shared"}


def test_no_folder_has_more_than_eleven_files():
    counts = Counter(file.parent for file in MODULES)
    assert {folder.name: count for folder, count in counts.items() if count > 11} == {}


def test_no_file_has_more_than_300_lines():
    texts = {file.relative_to(PACKAGE): file.read_text("utf-8") for file in MODULES}
    lines = {file.as_posix(): len(text.splitlines()) for file, text in texts.items()}
    assert {name: count for name, count in lines.items() if count > 300} == {}


def test_the_top_level_is_the_verbs_that_a_user_types():
    files = [file.stem for file in PACKAGE.glob("*.py")]
    rooms = [file.parent.name for file in PACKAGE.glob("*/__main__.py")]
    assert sorted([*files, *rooms]) == sorted([*VERBS, "__init__", "__main__"])


def test_no_name_of_a_verb_hides_a_module_of_its_room():
    for file in PACKAGE.glob("*/__main__.py"):
        room = importlib.import_module(f"keras_transfer.{file.parent.name}")
        modules = {each.stem for each in file.parent.glob("[!_]*.py")}
        hidden = [name for name, value in vars(room).items() if name in modules and callable(value)]
        assert hidden == [], room.__name__


def test_names_of_modules_are_their_own_and_say_something():
    # The modalities have files of the same names: their folders tell them apart.
    same = ("__init__", "__main__", "modality")
    places = [file.relative_to(PACKAGE) for file in MODULES if file.stem not in same]
    for room in MODALITIES:
        others = MODALITIES - {room}
        counts = Counter(each.stem for each in places if each.parts[0] not in others)
        assert [name for name, count in counts.items() if count > 1] == []
    assert EMPTY_WORDS & {*(each.stem for each in places), *(room.name for room in ROOMS)} == set()


def test_every_room_says_what_it_is_for():
    for room in ROOMS:
        assert (room / "__init__.py").read_text("utf-8").startswith('"""'), room.name


def test_the_table_of_rooms_is_true():
    text = CONTRIBUTING.read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z_/]+)/` \| (\d+) \|", text, re.MULTILINE))
    found = {room.relative_to(PACKAGE).as_posix(): str(len([*room.glob("*.py")])) for room in ROOMS}
    assert rows == found


def test_every_place_to_edit_exists():
    named = re.findall(r"`([\w/]+/[\w]+\.py|__main__\.py)`", CONTRIBUTING.read_text("utf-8"))
    assert len(named) > 12
    for path in named:
        assert (PACKAGE / path).is_file() or (ROOT / path).is_file(), path
