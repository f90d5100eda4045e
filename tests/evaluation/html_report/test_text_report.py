"""What the reports of a run of texts show and say."""

import json
import re
import shutil

import pytest
from PIL import Image

from keras_transfer.report import report_on
from keras_transfer.run.run_directory import Run

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def page(reported_run):
    return reported_run.report_file.read_text("utf-8")


def read_examples(page):
    found = re.search(r'<script type="application/json" id="images">(.*?)</script>', page, re.S)
    return json.loads(found[1])


def test_texts_are_shown_as_text_and_never_act(page):
    assert '<script>alert("odd")' not in page
    assert "alert(&#34;odd&#34;)" in page
    shown = read_examples(page)["images"]
    assert any(each["text"].startswith('<script>alert("odd")') for each in shown)
    assert all("picture" not in each for each in shown)


def test_the_page_and_the_card_speak_of_texts_only(page, reported_run):
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.S)
    words = re.sub(r"<[^>]+>", " ", body)
    assert "The worst texts" in words or "The least certain texts" in words
    card = reported_run.model_card_file.read_text("utf-8")
    assert card.count("A text classifier") == 1
    for said in (words, card):
        assert not re.search(r"\b(images?|pixels?|pictures?)\b", said)


def test_words_of_the_worst_texts_say_what_they_add(page):
    assert len(re.findall(r'<figure class="weighed">', page)) > 3
    weights = re.findall(r'<span class="word (for|against)"[^>]*title="([+-])', page)
    assert weights
    assert {sign == "+" for side, sign in weights if side == "for"} <= {True}
    assert {sign == "-" for side, sign in weights if side == "against"} <= {True}


def test_a_later_report_lacks_texts_that_have_changed(reported_run, odd_reviews, drawn, tmp_path):
    table = odd_reviews.read_bytes()
    copy = Run(shutil.copytree(reported_run.path, tmp_path / "run"))
    try:
        odd_reviews.write_bytes(table.replace(b"alert", b"other"))
        with drawn():
            shown = read_examples(report_on(copy.path).read_text("utf-8"))["images"]
    finally:
        odd_reviews.write_bytes(table)
    before = read_examples(reported_run.report_file.read_text("utf-8"))["images"]
    lost = {each["path"] for each in before if "alert" in each["text"]}
    assert lost
    assert {each["path"] for each in shown if not each["text"]} == lost


def test_the_figure_of_the_worst_texts_has_letters(reported_run):
    with Image.open(reported_run.figures / "top_losses.png") as figure:
        colours = figure.convert("L").getextrema()
    assert colours[0] < 60
