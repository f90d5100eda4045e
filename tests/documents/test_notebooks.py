"""The lessons as files; `--nbmake` executes them, and their last code cells hold the claims."""

import re
from pathlib import Path

import nbformat
import pytest

import keras_transfer as kt

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
LESSONS = sorted(FOLDER.glob("*.ipynb"))
SECTIONS = ("**Question.**", "## Figure", "## What was seen", "## Exercise")


@pytest.fixture(params=LESSONS, ids=lambda file: file.stem)
def lesson(request):
    return request.param


def read_cells(lesson, kind):
    cells = nbformat.read(lesson, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == kind]


def test_lessons_are_numbered_from_one():
    assert [file.name[:3] for file in LESSONS] == [f"{i:02}_" for i in range(1, len(LESSONS) + 1)]
    assert LESSONS


def test_lesson_is_valid_and_small(lesson):
    nbformat.validate(nbformat.read(lesson, as_version=nbformat.NO_CONVERT))
    assert lesson.stat().st_size < 500_000  # GitHub shows larger ones badly


def test_lesson_asks_shows_answers_and_sets_an_exercise(lesson):
    text = "\n".join(cell.source for cell in read_cells(lesson, "markdown"))
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)
    # what makes the executed notebook fail when its text is no longer true
    assert read_cells(lesson, "code")[-1].source.count("assert ") >= 3


def test_lesson_uses_the_public_names_only(lesson):
    code = "\n".join(cell.source for cell in read_cells(lesson, "code"))
    assert "keras_transfer" not in code.replace("import keras_transfer as kt", "")
    assert set(re.findall(r"\bkt\.(\w+)", code)) <= set(kt.__all__)


def test_committed_outputs_are_of_one_clean_run(lesson):
    cells = read_cells(lesson, "code")
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert [o for o in outputs if "image/png" in o.get("data", {})]


def test_numbers_in_the_text_are_those_of_the_committed_run(lesson):
    """The first accuracy with its interval under "What was seen" stands in an output."""
    text = next(c.source for c in read_cells(lesson, "markdown") if "## What was seen" in c.source)
    accuracy, low, high = re.search(r"(0\.\d{3}) \[(0\.\d{3}), (0\.\d{3})\]", text).groups()
    outputs = [output for cell in read_cells(lesson, "code") for output in cell.outputs]
    printed = "".join(output.get("text", "") for output in outputs)
    assert re.search(rf"{accuracy} .*{low} to {high}", printed)
