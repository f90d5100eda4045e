"""Images unlike the training images, as predict and evaluate say of them."""

import csv
import io
import json
import shutil

import numpy as np
import pytest
from json_answers import read_answer
from PIL import Image

import keras_transfer as kt
from keras_transfer import evaluate, predict
from keras_transfer.evaluation.certainty.neighbour_files import read_unusual
from keras_transfer.evaluation.certainty.neighbours import UNUSUAL_SHARE
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def folder(stripes, tmp_path):
    """An image like the training images, one that is not, and a broken one."""
    (tmp_path / "photos").mkdir()
    shutil.copy(stripes / "train/level/000.png", tmp_path / "photos/a.png")
    noise = np.random.default_rng(0).integers(0, 2, (40, 40, 3), dtype=np.uint8) * 255
    Image.fromarray(noise).save(tmp_path / "photos/b.png")
    (tmp_path / "photos/broken.png").write_bytes(b"no image")
    return tmp_path / "photos"


def test_unlike_images_are_flagged_in_two_columns_and_counted(finished_run, folder, capsys, caplog):
    caplog.set_level("INFO")
    assert predict.main([str(finished_run.path), str(folder), "--unusual", "--coverage", ".8"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [*rows[0]][-4:] == ["set", "unusual", "unusual_share", "error"]
    assert [row["unusual"] for row in rows] == ["", "yes", ""]
    assert float(rows[0]["unusual_share"]) > UNUSUAL_SHARE >= float(rows[1]["unusual_share"])
    assert rows[2]["unusual_share"] == ""
    assert "1 of 2 images is unlike the training images" in caplog.text


def test_the_model_file_in_its_run_answers_as_the_run(finished_run, stripes, capsys):
    shares = read_unusual(finished_run)
    words = [str(finished_run.model_file), str(stripes / "test"), "--unusual", "--json"]
    assert predict.main(words) == 0
    images = read_answer("predict", capsys.readouterr().out)["images"]
    said = {path[len(str(stripes)) + 1 :]: each for each in images for path in [each["path"]]}
    assert len(said) == 24
    for path, each in said.items():
        assert each["unusual_share"] == pytest.approx(shares[path], abs=1.5 / 80)
        assert each["unusual"] == (each["unusual_share"] <= UNUSUAL_SHARE)


def test_an_unusable_file_is_neither(finished_run, folder, capsys):
    predict.main([str(finished_run.path), str(folder), "--unusual", "--json"])
    broken = read_answer("predict", capsys.readouterr().out)["images"][2]
    assert (broken["unusual"], broken["unusual_share"]) == (None, None)


def test_nothing_is_said_of_it_where_nobody_asked(finished_run, folder, capsys):
    predict.main([str(finished_run.path), str(folder)])
    assert "unusual" not in capsys.readouterr().out


def test_a_notebook_names_the_images_that_are_unusual(finished_run, folder):
    run = kt.Run(finished_run.path)
    shown = run.predict(folder, unusual=True)._repr_html_()
    assert "unlike the training images: 1" in shown
    assert shown.count(">unusual</th>") == shown.count(">yes</td>") == 1
    assert "unusual" not in run.predict(folder)._repr_html_()


def test_parquet_holds_shares_as_numbers(finished_run, folder, tmp_path):
    pyarrow = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "found.parquet"
    predict.main([str(finished_run.path), str(folder), "--unusual", "--output", str(file)])
    table = pyarrow.read_table(file)
    assert str(table.schema.field("unusual_share").type) == "double"
    assert table["unusual"].to_pylist() == ["", "yes", None]


@pytest.mark.parametrize("name", ["model.tflite", "model.onnx", "saved_model", "copy/model.keras"])
def test_what_carries_probabilities_only_is_refused_before_it_is_loaded(name, tmp_path):
    message = rf"`unusual` needs a run directory.*Received: {tmp_path / name}\. Ask the run"
    with pytest.raises(ConfigError, match=message):
        predict.main([str(tmp_path / name), "image.png", "--unusual"])
    with pytest.raises(ConfigError, match=message):
        kt.predict_images(tmp_path / name, "image.png", unusual=True)


def test_another_network_in_a_run_is_not_taken_for_its_model(run_copy, folder):
    run_copy.neighbours_file.unlink()
    other = run_copy.path / "other.keras"
    shutil.copy(run_copy.model_file, other)
    with pytest.raises(ConfigError, match=r"the model\.keras in it.*Received: .*other\.keras"):
        predict.main([str(other), str(folder), "--unusual"])
    assert not run_copy.neighbours_file.exists()
    assert predict.main([str(run_copy.model_file), str(folder), "--unusual"]) == 0


@pytest.mark.thorough
def test_an_evaluation_measures_how_many_are_flagged(finished_run, stripes, tmp_path, capsys):
    shares = [share for path, share in read_unusual(finished_run).items() if "test/" in path]
    flagged = np.mean(np.array(shares) <= UNUSUAL_SHARE)
    words = [str(finished_run.path), "--output", str(tmp_path / "out"), "--unusual"]
    evaluate.main([*words, "--json"])
    unusual = read_answer("evaluate", capsys.readouterr().out)["unusual"]
    assert unusual["limit"] == UNUSUAL_SHARE
    assert unusual["flagged"] == pytest.approx(flagged, abs=1.5 / 24)
    assert unusual["flagged_interval"][0] <= unusual["flagged"] <= unusual["flagged_interval"][1]
    evaluate.main(words)
    shown = capsys.readouterr().out
    assert f"Unlike the training images: {unusual['flagged']:.3f} of 24 images" in shown


def test_an_evaluation_of_foreign_images_flags_them(finished_run, tmp_path, capsys):
    random = np.random.default_rng(0)
    for name in ("level", "upright"):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for index in range(5):
            noise = random.integers(0, 2, (40, 40, 3), dtype=np.uint8) * 255
            Image.fromarray(noise).save(tmp_path / "noise" / name / f"{index}.png")
    words = ["--dataset", str(tmp_path / "noise"), "--output", str(tmp_path / "out")]
    evaluate.main([str(finished_run.path), *words, "--unusual", "--json"])
    assert json.loads(capsys.readouterr().out)["unusual"]["flagged"] == 1.0


def test_views_are_not_compared():
    with pytest.raises(ConfigError, match=r"`tta` must be 1 with .*--unusual"):
        evaluate.main(["nowhere", "--unusual", "--tta", "2"])


def test_python_code_gets_shares_and_flags(finished_run, folder):
    run = kt.Run.open(finished_run.path)
    found = run.predict(folder, unusual=True)
    assert found.unusual.tolist() == [False, True, False]
    assert np.isnan(found.unusual_share).tolist() == [False, False, True]
    frame = found.to_frame()
    assert [*frame][3:6] == ["unusual", "unusual_share", "error"]
    assert "unlike the training images: 1" in repr(found)
    same = kt.predict_images(run, folder, unusual=True)
    np.testing.assert_array_equal(same.unusual_share, found.unusual_share)


def test_flags_that_nobody_asked_for_are_refused(finished_run, folder):
    found = kt.Run.open(finished_run.path).predict(folder / "a.png")
    assert found.unusual_share is None
    with pytest.raises(ConfigError, match="Predict with unusual=True"):
        _ = found.unusual
    assert "unusual" not in [*found.to_frame()]


def test_the_model_card_says_how_many_are_flagged(finished_run):
    shares = read_unusual(finished_run)
    flagged = sum(share <= UNUSUAL_SHARE for path, share in shares.items() if "val/" in path)
    card = finished_run.model_card_file.read_text("utf-8")
    assert "`predict --unusual` says which images are unlike" in card
    assert f"{flagged} of 24 validation images and " in card
