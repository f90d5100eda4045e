"""Reviews of labelled texts: suspects with their texts, and decisions as a table of texts."""

import csv
import random

import pytest

from keras_transfer.review import apply_review, review_labels

HEADER = ("text", "label")


@pytest.fixture(scope="module")
def reviewed(tiny_text_backbone, odd_reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reviewed") / "review"
    found = review_labels(odd_reviews, backbone="tiny_text", weights="none", output=folder)
    return found, folder


def read_rows(file):
    with file.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.thorough
def test_the_table_has_the_texts_of_the_suspects(reviewed, odd_reviews):
    review, folder = reviewed
    texts = [row["text"] for row in read_rows(odd_reviews)]
    rows = read_rows(folder / "label_review.csv")
    assert len(rows) == len(review.suspects)
    assert rows
    for row in rows:
        assert row["text"] == texts[int(row["path"].rpartition(":")[2]) - 1]
    assert (folder / "label_review.png").is_file()


@pytest.mark.thorough
def test_probabilities_are_those_of_their_own_rows(tiny_text_backbone, tmp_path):
    """Texts are batched by length, so that their order is another one."""
    draw, letters = random.Random(0), {"early": "abcdefgh", "late": "stuvwxyz"}
    rows = [
        (" ".join(draw.choices(letters[label], k=draw.randint(5, 20))), label)
        for label in [*letters] * 40
    ]
    (tmp_path / "lengths.csv").write_text("".join(map("{0[0]},{0[1]}\n".format, [HEADER, *rows])))
    review = review_labels(tmp_path / "lengths.csv", backbone="tiny_text", weights="none")
    assert (review.suggested == review.labels).mean() > 0.9


@pytest.mark.thorough
def test_decisions_become_a_table_of_texts(reviewed, odd_reviews, tmp_path):
    review, _ = reviewed
    path = str(review.paths[0])
    label, other = review.labels[0], 1 - review.labels[0]
    names = review.class_names
    table = {"path": [path], "label": [names[label]], "suggested": [names[other]]}
    file = apply_review(odd_reviews, table, tmp_path)
    before, after = read_rows(odd_reviews), read_rows(file)
    changed = int(path.rpartition(":")[2]) - 1
    assert [row["text"] for row in after] == [row["text"] for row in before]
    pairs = enumerate(zip(before, after, strict=True))
    assert [row for row, (a, b) in pairs if a["label"] != b["label"]] == [changed]
