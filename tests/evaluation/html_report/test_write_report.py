"""report.html of a real run."""

import re
import shutil

import numpy as np
import pytest
from made_pages import copy_run, read_images, report

from keras_transfer.config.yaml_files import dump_config
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.system.files.atomic_files import read_table, write_table, write_text


@pytest.fixture(scope="module")
def unsure_page(unsure_run, tmp_path_factory, drawn):
    with drawn():
        return report(copy_run(unsure_run, tmp_path_factory.mktemp("report") / "run"))


def test_a_training_leaves_a_report_of_its_test_images(finished_run):
    page = finished_run.report_file.read_text("utf-8")
    found = read_images(page)
    assert found["total"] == len(found["images"]) == 24
    assert all(each["picture"].startswith("data:image/jpeg") for each in found["images"])
    assert "What follows is about the test images" in page


@pytest.mark.thorough
def test_the_images_of_the_page_are_those_of_the_predictions(unsure_page, unsure_run):
    test = read_run_predictions(unsure_run).select("test")
    found = read_images(unsure_page)
    wrong = {*test.paths[test.truth != test.prediction]}
    assert wrong
    assert found["wrong"] == len(wrong)
    shown = [each for each in found["images"] if each["truth"] != each["said"]]
    assert {each["path"] for each in shown} == wrong
    assert sum(found["counts"].values()) == found["total"] == len(test)
    chances = test.truth_probability[[each["row"] for each in found["images"]]]
    assert (np.diff(chances) >= 0).all()


@pytest.mark.thorough
def test_the_worst_images_have_heat_for_what_they_were_taken_for_and_for_what_they_are(unsure_page):
    figures = re.findall(r'<figure><div class="tiles">(.*?)</figure>', unsure_page, re.S)
    assert len(figures) == 12
    wrong = [each for each in figures if 'class="wrong"' in each]
    assert wrong
    assert all(each.count("<img") == 3 for each in wrong)
    assert all(each.count("<img") == 2 for each in figures if each not in wrong)


def test_every_section_that_the_page_leads_to_is_there(unsure_page):
    places = re.findall(r'<a href="#(\w+)">', unsure_page)
    assert len(places) == 9
    assert all(f'id="{place}"' in unsure_page for place in places)


def test_without_its_images_a_report_has_its_numbers(unsure_run, tmp_path, drawn, caplog):
    run = copy_run(unsure_run, tmp_path / "run")
    config = load_run_config(run)
    write_text(run.config_file, dump_config(config).replace(config.dataset, str(tmp_path / "no")))
    with drawn():
        page = report(run)
    assert "The report has no images" in caplog.text
    assert {each["picture"] for each in read_images(page)["images"]} == {""}
    assert "None of the images can be read" in page
    assert 'id="matrix"' in page


def test_an_image_that_has_changed_is_not_shown(unsure_run, stripes, tmp_path, drawn):
    run = copy_run(unsure_run, tmp_path / "run")
    moved = shutil.copytree(stripes, tmp_path / "stripes")
    config = load_run_config(run)
    write_text(run.config_file, dump_config(config).replace(config.dataset, str(moved)))
    shutil.copy(moved / "test/level/001.png", moved / "test/level/000.png")
    with drawn():
        found = read_images(report(run))["images"]
    assert [each["path"] for each in found if not each["picture"]] == ["test/level/000.png"]


def test_a_model_that_cannot_be_opened_leaves_the_heat_out_and_says_why(
    unsure_run, tmp_path, drawn
):
    run = copy_run(unsure_run, tmp_path / "run")
    run.model_file.write_bytes(b"damaged")
    with drawn():
        page = report(run)
    assert "model.keras" in page.partition('id="worst"')[2].partition("</p>")[0]
    figures = re.findall(r'<figure><div class="tiles">(.*?)</figure>', page, re.S)
    assert {each.count("<img") for each in figures} == {1}


@pytest.mark.thorough
def test_images_unlike_the_training_images_are_named(unsure_run, tmp_path, drawn):
    run = copy_run(unsure_run, tmp_path / "run")
    test = read_run_predictions(run).select("test")
    shares = [0.9] * len(test)
    shares[3], shares[7] = 0.05, 0.0
    rows = zip(test.paths, test.splits, shares, strict=True)
    write_table(run.unusual_file, ("path", "split", "share"), rows)
    with drawn():
        page = report(run)
    found = read_images(page)
    flagged = {each["path"] for each in found["images"] if each["unusual"]}
    assert flagged == {*test.paths[[3, 7]]}
    assert found["unusual"] == 2
    thumbs = page.partition("<h3>Unlike the training images</h3>")[2].partition("</section>")[0]
    assert re.findall(r'data-row="(\d+)"', thumbs) == ["7", "3"]
    right = int((test.truth == test.prediction)[[3, 7]].sum())
    assert f"here 2 of 24 do, and {right} of the 2 are right" in thumbs
    assert "The most distant ones:" not in thumbs
    shares[:20] = [0.01] * 20
    rows = zip(test.paths, test.splits, shares, strict=True)
    write_table(run.unusual_file, ("path", "split", "share"), rows)
    with drawn():
        page = report(run)
    thumbs = page.partition("<h3>Unlike the training images</h3>")[2].partition("</section>")[0]
    assert thumbs.count("data-row") == 12
    assert "here 20 of 24 do" in thumbs
    assert "The most distant ones:" in thumbs
    run.unusual_file.unlink()
    with drawn():
        assert "Unlike the training images</h3>" not in report(run)


def test_the_threshold_is_chosen_on_validation_and_judged_on_test(unsure_run, tmp_path, drawn):
    run = copy_run(unsure_run, tmp_path / "run")
    table = read_table(run.predictions_file)
    first, second = run.class_names()
    rows = []
    for row in zip(*table.values(), strict=True):
        path, split, truth, *_ = row
        other = second if truth == first else first
        said = truth if split == "validation" else other  # all right there, all wrong here
        rows.append(
            [path, split, truth, said, *(0.9 if n == said else 0.1 for n in (first, second))]
        )
    write_table(run.predictions_file, list(table), rows)
    with drawn():
        page = report(run)
    assert "it answers 100 % of them, and 0 % of these are right" in page
    assert "0 % of 24 test images are right" in page
