"""Draws of labelled sentences, and the table of what was measured on them."""

import csv

import pytest
from benchmark_modules import load


@pytest.fixture(scope="module")
def text_labels():
    return load("text_labels")


SENTENCES = [("1" if row % 4 else "0", f"sentence {row}") for row in range(100)]  # 25 of class 0


@pytest.mark.parametrize("count", [8, 40, 100])
def test_each_class_has_its_share(text_labels, count):
    found = text_labels.draw(SENTENCES, count, 0)
    assert len({text for _, text in found}) == count
    assert sum(label == "0" for label, _ in found) == count // 4


def test_a_larger_draw_holds_the_smaller_and_seeds_differ(text_labels):
    few, many = (set(text_labels.draw(SENTENCES, count, 0)) for count in (8, 40))
    assert few < many
    assert few != set(text_labels.draw(SENTENCES, 8, 1))


def test_all_methods_get_the_same_table(text_labels, tmp_path):
    for name in ("train", "dev", "test"):
        lines = "".join(f"{label}\t{name} {text}\n" for label, text in SENTENCES)
        (tmp_path / f"{name}.tsv").write_text(lines)
    text_labels.write_set(tmp_path, "8", 0, tmp_path / "set.csv")
    with (tmp_path / "set.csv").open(newline="") as stream:
        rows = [*csv.DictReader(stream)]
    splits = [row["split"] for row in rows]
    assert {name: splits.count(name) for name in splits} == {
        "train": 8,
        "validation": 100,
        "test": 100,
    }
    assert all(row["text"].startswith(("train", "dev", "test")) for row in rows)


def test_what_was_measured_is_kept_and_shown_as_a_mean(text_labels, tmp_path):
    file = tmp_path / "results.csv"
    for seed, accuracy in enumerate([0.7, 0.8]):
        one = text_labels.Measured("200", "full", seed, accuracy, 1000, 10.0 + seed, 900.0)
        text_labels.keep(one, file)
    found = text_labels.read_results(file)
    assert [*found] == [("200", "full", 0), ("200", "full", 1)]
    row = [*text_labels.draw_rows([*found.values()])][-1]
    assert row == "| 200 | full | 0.750 | 0.722-0.776 | 0.700-0.800 | 10.5 | 900 |"
