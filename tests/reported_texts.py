"""A run of texts, some of them odd, with its reports; tests share it read-only."""

import csv

import pytest
from text_run import train_on, write_reviews

ODD = '<script>alert("odd")</script> & a $x^2$ film,\n\t映画 was good'
COUNT = 60


@pytest.fixture(scope="session")
def odd_reviews(tmp_path_factory):
    """Return a table of which every fourth text would be a script in a page."""
    file = write_reviews(tmp_path_factory.mktemp("reviews") / "reviews.csv", COUNT)
    with file.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    for number, row in enumerate(rows):
        if number % 4 == 0:
            row[0] = f"{ODD} {number}"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return file


@pytest.fixture(scope="session")
def reported_run(tiny_text_backbone, odd_reviews, drawn, tmp_path_factory):
    """Return a run of it."""
    with drawn():
        return train_on(odd_reviews, tmp_path_factory.mktemp("reported"))
