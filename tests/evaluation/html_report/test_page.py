"""A page: what is filled in stays text, and it asks nothing of anybody."""

import base64
import hashlib
import re

import jinja2
import pytest
from made_pages import HOSTILE, copy_run, read_images, report

from keras_transfer.evaluation.html_report.page import render_page, say_share


def test_a_name_that_is_used_and_not_given_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        render_page("run.html")


def test_a_share_is_said_in_percent():
    assert say_share(0.9216) == "92.2 %"
    assert [say_share(share) for share in (0, 1)] == ["0 %", "100 %"]
    assert say_share(0.9999) == "more than 99.9 %"
    assert say_share(0.0001) == "less than 0.1 %"


@pytest.fixture(scope="module")
def hostile_page(unsure_run, tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("hostile") / "<b>run & more"
    with drawn():
        return report(copy_run(unsure_run, folder, HOSTILE))


@pytest.mark.thorough
def test_names_that_are_html_stay_text(hostile_page):
    for name in HOSTILE:
        assert name not in hostile_page
    assert "&lt;img src=x onerror=alert(1)&gt;" in hostile_page
    assert "<b>run" not in hostile_page
    assert read_images(hostile_page)["names"] == list(HOSTILE)


def test_only_the_script_of_the_page_may_run(hostile_page):
    scripts = re.findall(r"<script>(.*?)</script>", hostile_page, re.S)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in hostile_page
    assert "default-src 'none'" in hostile_page
    assert hostile_page.count("<script") == 2  # and the data, which nobody runs


def test_nothing_is_loaded_from_elsewhere(hostile_page):
    without = re.sub(r"data:image/jpeg;base64,[\w+/=]+", "", hostile_page)
    assert not re.search(r"""(src|href)=["']?(?!#|"|data:)\w""", without.replace("src=x", ""))
    assert "url(" not in without.replace("url(#plot", "")
    assert "@import" not in without
