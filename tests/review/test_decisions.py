"""What people do to label_review.csv, and what becomes of it."""

import csv

import numpy as np
import pytest
from reviews import make_examples, review

from keras_transfer.review.decisions import read_decisions
from keras_transfer.review.review_table import COLUMNS, list_columns, write_review
from keras_transfer.system.errors import ConfigError

EXAMPLES = make_examples([0, 0, 1, 1])
SUSPECTS = review(EXAMPLES, [0.9, 0.8, 0.3, 0.4]).suspects  # ants/0, ants/1, bees/2, bees/3 …


@pytest.fixture
def table(tmp_path):
    """Return a function that saves the table with some cells changed, as a program would."""

    def save(*changes, without=(), encoding="utf-8-sig", **dialect):
        columns = {name: [*cells] for name, cells in list_columns(SUSPECTS).items()}
        for path, column, value in changes:
            columns[column][columns["path"].index(path)] = value
        columns = {name: cells for name, cells in columns.items() if name not in without}
        with (tmp_path / "table.csv").open("w", encoding=encoding, newline="") as stream:
            writer = csv.writer(stream, **dialect)
            writer.writerows([[*columns], *zip(*columns.values(), strict=True)])
        return tmp_path / "table.csv"

    return save


def decide(path, word):
    return path, "decision", word


@pytest.mark.parametrize("word", ["yes", "YES", "y", "x", "ok", "bees"])
def test_a_yes_takes_what_is_suggested_and_other_rows_stay(table, word):
    found = read_decisions(table(decide("ants/0.jpg", word)), EXAMPLES)
    assert found.labels.tolist() == [1, 0, 1, 1]
    assert not found.removed.any()
    assert found.undecided == 3


def test_a_suggestion_can_be_written_anew(table):
    found = read_decisions(
        table(decide("ants/0.jpg", "yes"), ("ants/0.jpg", "suggested", "ants")), EXAMPLES
    )
    assert found.labels.tolist() == EXAMPLES.labels.tolist()


def test_an_image_can_be_removed_and_kept(table):
    words = [decide("ants/0.jpg", "remove"), decide("bees/2.jpg", "no")]
    found = read_decisions(table(*words), EXAMPLES)
    assert found.removed.tolist() == [True, False, False, False]
    assert found.labels.tolist() == EXAMPLES.labels.tolist()


def test_without_the_column_every_row_that_is_left_is_a_yes(table):
    file = table(without=["decision"])
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:2]), "utf-8")
    first = SUSPECTS.paths[0]
    found = read_decisions(file, EXAMPLES)
    assert EXAMPLES.paths[found.labels != EXAMPLES.labels].tolist() == [first]


@pytest.mark.parametrize(
    "saved",
    [
        {"delimiter": ";"},
        {"delimiter": "\t", "encoding": "utf-16"},
        {"quoting": csv.QUOTE_ALL, "encoding": "utf-8"},
        {"without": ["probability", "reason"]},
    ],
)
def test_programs_for_tables_save_in_their_own_ways(table, saved):
    found = read_decisions(table(decide("ants/0.jpg", "yes"), **saved), EXAMPLES)
    assert found.labels.tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([decide("ants/0.jpg", "bee")], "a class of the data set. Received: 'bee' for ants/0.jpg."),
        ([decide("ants/0.jpg", "bee")], "Did you mean 'bees'?"),
        (
            [decide("ants/0.jpg", "yes"), ("ants/0.jpg", "suggested", "wasp")],
            "`suggested` must be a class of the data set. Received: 'wasp' for ants/0.jpg.",
        ),
        ([("ants/0.jpg", "path", "ants/9.jpg")], "one of the data set. Received: ants/9.jpg"),
        (
            [("ants/0.jpg", "label", "bees"), decide("ants/0.jpg", "yes")],
            "Received: bees for ants/0.jpg, which is ants there (1 of 4 rows differ)",
        ),
        ([], "must decide something. Received: 4 rows without a decision"),
    ],
)
def test_what_does_not_fit_the_data_set_is_refused_in_one_line(table, changes, said):
    with pytest.raises(ConfigError) as caught:
        read_decisions(table(*changes), EXAMPLES)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_decisions_on_one_image_are_refused(table):
    file = table(decide("ants/0.jpg", "yes"))
    row = next(line for line in file.read_text("utf-8").splitlines() if "yes" in line)
    with file.open("a") as stream:
        stream.write(row + "\n")
    assert read_decisions(file, EXAMPLES).labels.tolist() == [1, 0, 1, 1]
    with file.open("a") as stream:
        stream.write(row.replace("yes", "remove") + "\n")
    with pytest.raises(ConfigError, match=r"one decision. Received: several for ants/0.jpg"):
        read_decisions(file, EXAMPLES)


@pytest.mark.parametrize(
    ("lost", "said"), [("path", "without path"), ("suggested", "without suggested")]
)
def test_a_table_of_something_else_is_refused(table, lost, said):
    with pytest.raises(ConfigError, match=f"must have the columns path, label.*{said}"):
        read_decisions(table(without=[lost]), EXAMPLES)


@pytest.mark.parametrize(
    ("given", "said"), [("gone.csv", "which is no file"), (7, "columns such as a DataFrame's")]
)
def test_what_is_no_table_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        read_decisions(given, EXAMPLES)


def test_classes_go_before_words_with_a_warning(caplog):
    examples = make_examples([0, 1], ("no", "yes"))
    table = {"path": ["no/0.jpg", "yes/1.jpg"], "label": ["no", "yes"]}
    table |= {"suggested": ["yes", "no"], "decision": ["yes", "yes"]}
    assert read_decisions(table, examples).labels.tolist() == [1, 1]
    assert "'yes' is the class of that name" in caplog.text


def test_numbers_that_a_program_rewrote_are_the_classes_they_were():
    examples = make_examples([0, 1], ("007", "010"))
    table = {"path": ["007/0.jpg"], "label": ["7"], "suggested": ["10"], "decision": ["yes"]}
    assert read_decisions(table, examples).labels.tolist() == [1, 1]


def test_columns_of_a_data_frame_are_a_table():
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    frame = pandas.DataFrame({name: cells for name, cells in list_columns(SUSPECTS).items()})
    frame["decision"] = frame["decision"].replace("", np.nan)
    frame.loc[frame["path"] == "ants/0.jpg", "decision"] = "yes"
    assert read_decisions(frame, EXAMPLES).labels.tolist() == [1, 0, 1, 1]


HOSTILE = ["=cmd|' /C calc'!A0", "-1+1", "<img src=x onerror=…>", 'a"b,c;d', "@x", "Ü ö"]


def test_odd_names_come_back_as_they_were_and_no_program_computes_them(tmp_path):
    paths = [f"{name}/1.jpg" for name in HOSTILE] + ["two\nlines/1.jpg"]
    names = [*HOSTILE, "last"]
    examples = make_examples(range(7), names, paths)
    table = tmp_path / "table.csv"
    found = review(make_examples([0] * 7, names, paths), [0.9] * 7)
    write_review(found, table)
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [*rows[0]] == [*COLUMNS]
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    frame = {name: [row[name] for row in rows] for name in COLUMNS}
    frame["decision"] = ["yes"] * 7
    decided = read_decisions(frame, make_examples([0] * 7, names, paths))
    assert decided.labels.tolist() == [1] * 7
    assert len(examples.paths) == 7
