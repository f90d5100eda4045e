import base64
import re

import numpy as np
import pytest

import keras_transfer as kt


@pytest.fixture(scope="module")
def seen(finished_run, stripes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    odd = folder / "<img src=x onerror=alert(1)>.png"
    odd.write_bytes((stripes / "test/level/000.png").read_bytes())
    broken = folder / "broken.png"
    broken.write_bytes(b"nothing")
    return kt.Run.open(finished_run.path).explain([odd, broken, np.zeros((40, 60), np.uint8)])


def test_explanations_are_a_sequence_of_images_with_their_heat(seen):
    assert len(seen) == 3
    assert seen.heat.shape == (3, 32, 32)
    assert np.isnan(seen.heat[1]).all()
    assert np.nanmax(seen.heat) <= 1
    assert seen.reasons.tolist() == ["", "of no known image format", ""]
    assert seen.names[2] == "array 2"
    assert seen[0].overlay.shape == (32, 32, 3)
    assert seen[0].classes[0].class_name == seen[0].prediction == seen.prediction[0]
    assert isinstance(seen[:2], kt.Explanations)
    assert len(seen[:2]) == 2


def test_a_notebook_shows_the_pictures_and_names_stay_text(seen):
    shown = seen._repr_html_()
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', shown)
    assert [base64.b64decode(each)[:2] for each in pictures] == [b"\xff\xd8"] * 2
    assert "<img src=x" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "of no known image format" in shown
    assert repr(seen).startswith("Explanations of 3 images\n")


def test_pictures_are_saved(seen, tmp_path):
    files = seen.save(tmp_path / "heat")
    assert sorted(files) == sorted((tmp_path / "heat").iterdir())
    assert len(files) == 2


@pytest.mark.thorough
def test_without_images_those_of_the_run_are_explained(finished_run):
    run = kt.Run.open(finished_run.path)
    found = run.explain(class_name="level", count=2)
    assert [one.class_name for each in found for one in each.classes] == ["level", "level"]
    assert {each.truth for each in found} <= {"level", "upright"}
    with pytest.raises(kt.ConfigError, match="Did you mean 'level'"):
        run.explain(class_name="levels")
    with pytest.raises(kt.ConfigError, match="`count` must be"):
        run.explain(count=2.5)
