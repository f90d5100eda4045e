"""Commands as scripts call them: `--quiet` and `--json`, whose objects docs/schemas describes."""

import shutil
import subprocess
import sys

import pytest
from json_answers import ANSWERS, read_answer

from keras_transfer import check, evaluate, export, predict, train
from keras_transfer.config.command_line import run_command
from keras_transfer.evaluation.metrics import score
from keras_transfer.evaluation.reports import leave_reports
from keras_transfer.system.errors import ConfigError


def train_words(config, folder, *more):
    """Return the options that train as the tiny configuration does."""
    options = {
        "backbone": "tiny",
        "dataset": config.dataset,
        "weights": "none",
        "output": folder,
        "data.image_size": 32,
        "data.batch_size": 16,
        "frozen.epochs": 1,
        "frozen.learning_rate": 0.03,
        "finetune.epochs": 0,
    }
    return [*(f"--{name}={value}" for name, value in options.items()), *map(str, more)]


def interrupt(*parts):
    raise KeyboardInterrupt


@pytest.mark.thorough
def test_train_prints_the_path_of_its_run_alone(tiny_config, tmp_path, capsys):
    words = train_words(tiny_config, tmp_path, "--name", "new", "--quiet")
    assert train.main([*words, "--assert_accuracy_at_least", "1"]) in (0, 1)
    shown = capsys.readouterr()
    assert shown.out == f"{tmp_path / 'new'}\n"
    assert not [line for line in shown.err.splitlines() if not line.startswith(("WARN", "error"))]


@pytest.mark.thorough
def test_train_prints_what_its_files_hold(tiny_config, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train.main([*train_words(tiny_config, "runs", "--name", "new"), "--json"]) == 0
    shown = capsys.readouterr()
    answer = read_answer("train", shown.out)
    run = train.Run.open(answer["run"])
    assert run.path == tmp_path / "runs/new"
    assert answer["metrics"] == run.metrics()
    assert answer["files"]["model"] == str(run.model_file)
    assert {*map(str, run.path.iterdir())} == {*answer["files"].values()}
    assert "Next: python -m keras_transfer.evaluate" in shown.err


@pytest.mark.thorough
def test_a_run_that_is_gone_on_with_answers_and_a_finished_one_is_refused(
    tiny_config, tmp_path, capsys, monkeypatch
):
    words = train_words(tiny_config, tmp_path, "--name", "new")
    with monkeypatch.context() as patch:
        patch.setattr(leave_reports, "leave_reports", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train.main([*words, "--json"])
    assert capsys.readouterr().out == ""
    resume = ["--resume", str(tmp_path / "new"), "--json"]
    assert train.main(resume) == 0
    answer = read_answer("train", capsys.readouterr().out)
    assert answer["metrics"]["phases"]["frozen"]["epochs"] == 1
    with pytest.raises(ConfigError, match="a run that is not finished"):
        train.main(resume)
    assert capsys.readouterr().out == ""


def test_evaluate_prints_the_scores_of_the_run(run_copy, capsys):
    assert evaluate.main([str(run_copy.path), "--json", "--split", "validation"]) == 0
    answer = read_answer("evaluate", capsys.readouterr().out)
    wanted = run_copy.metrics()["splits"]["validation"]
    assert answer["accuracy_interval"] == wanted.pop("accuracy_interval")
    assert {name: answer[name] for name in wanted} == pytest.approx(wanted, abs=1e-5)
    assert [row["support"] for row in answer["per_class"]] == [12, 12]
    assert [row["class"] for row in answer["per_class"]] == ["level", "upright"]


@pytest.mark.thorough
def test_an_answer_is_printed_where_the_accuracy_is_too_low(unsure_run, stripes, tmp_path, capsys):
    other = tmp_path / "other/upright"
    shutil.copytree(stripes / "test/upright", other)
    run = shutil.copytree(unsure_run.path, tmp_path / "run")  # it is written into
    words = [str(run), "--dataset", str(other.parent)]
    floor = ["--assert_accuracy_at_least", "1"]
    code = evaluate.main([*words, "--json", *floor])
    shown = capsys.readouterr()
    answer = read_answer("evaluate", shown.out)
    assert answer["dataset"] == str(other.parent)
    assert answer["accuracy"] == score(evaluate.evaluate_run(*words[::2]))["accuracy"]
    assert (code, shown.err.count("error: ")) == ((0, 0) if answer["accuracy"] == 1 else (1, 1))


def test_predict_prints_every_image_and_why_one_is_unusable(
    finished_run, stripes, tmp_path, capsys, caplog
):
    good = shutil.copy(stripes / "test/level/000.png", tmp_path / "\u202egood.png")
    words = [str(finished_run.path), str(good), str(tmp_path / "gone.png"), "--json"]
    assert predict.main([*words, "--top", "2", "--threshold", "1"]) == 0
    answer = read_answer("predict", capsys.readouterr().out)
    first, second = answer["images"]
    assert (first["path"], first["prediction"], first["error"]) == (str(good), "unsure", None)
    assert [each["class"] for each in first["top"]] == ["level", "upright"]
    assert first["probability"] == first["top"][0]["probability"]
    assert second["prediction"] is second["probability"] is None
    assert second["error"] == "the file cannot be read: No such file or directory"
    assert second["top"] == []
    assert "gone.png is unusable: the file cannot be read" in caplog.text
    with pytest.raises(ConfigError, match="IMAGES must name files that exist"):
        predict.main([*words[:1], *words[2:]])
    assert capsys.readouterr().out == ""


def test_predict_writes_a_table_beside_its_answer(finished_run, stripes, tmp_path, capsys):
    words = [str(finished_run.path), str(stripes / "test/level/000.png"), "--json", "--quiet"]
    assert predict.main([*words, "--output", str(tmp_path / "found.csv")]) == 0
    assert len(read_answer("predict", capsys.readouterr().out)["images"]) == 1
    assert "level" in (tmp_path / "found.csv").read_text()


def test_quiet_predictions_are_alone(finished_run, stripes, caplog, capsys):
    with caplog.at_level("WARNING"):
        words = [str(finished_run.path), str(stripes / "test/level/000.png"), "--quiet"]
        assert predict.main(words) == 0
    assert capsys.readouterr().out.startswith("path,prediction,probability,error\n")
    assert caplog.text == ""


def test_check_prints_its_report_and_a_verdict(stripes, tmp_path, capsys):
    assert check.main([str(stripes), "--json"]) == 0
    answer = read_answer("check", capsys.readouterr().out)
    assert (answer["ok"], answer["refusal"], answer["images"]) == (True, "", 128)
    broken = shutil.copytree(stripes, tmp_path / "broken")
    (broken / "train/level/000.png").write_bytes(b"no image")
    shutil.copy(broken / "train/level/001.png", broken / "val/level/copy.png")
    assert check.main([str(broken), "--json"]) == 1
    answer = read_answer("check", capsys.readouterr().out)
    assert answer["ok"] is False
    assert [each["path"] for each in answer["unusable"]] == ["train/level/000.png"]
    assert len(answer["duplicates"]) == 1


def test_check_prints_why_training_refuses_a_data_set(make_tree, capsys):
    folder = make_tree("cats/1.png", "cats/2.png", "dogs/1.png")
    assert check.main([str(folder), "--json"]) == 1
    answer = read_answer("check", capsys.readouterr().out)
    assert answer["refusal"]
    assert answer["ok"] is False


@pytest.mark.thorough
def test_export_prints_the_rows_that_it_wrote(exported_run, monkeypatch, capsys):
    report = exported_run.parity()
    files = {row["file"] for row in report["artefacts"]}
    monkeypatch.setattr(export, "export_model", lambda *words: report)
    words = [str(exported_run.path), "--formats", "saved_model", "onnx"]
    assert export.main([*words, "--json"]) == 0
    answer = read_answer("export", capsys.readouterr().out)
    assert {row["file"] for row in answer["artefacts"]} == {"saved_model", "model.onnx"} < files
    assert all(row["accepted"] for row in answer["artefacts"])
    assert answer["artefacts"][-1]["path"] == str(exported_run.exports / "model.onnx")
    assert export.main([*words, "--quiet"]) == 0
    names = capsys.readouterr().out.splitlines()
    assert names == [str(exported_run.exports / name) for name in ("saved_model", "model.onnx")]


def test_export_says_which_files_were_refused(exported_run, monkeypatch, capsys):
    report = exported_run.parity()
    (row,) = [each for each in report["artefacts"] if each["file"] == "model.onnx"]
    reason = "a probability differs by 1.0e-01, more than 1e-04"
    report["artefacts"].append(row | {"file": "model.onnx.failed", "reason": reason})
    unmeasured = ("file", "sha256", "signature", "images", "reason", "temperature")
    lost = {name: row[name] for name in unmeasured} | {"file": "model.tflite.failed", "reason": "?"}
    report["artefacts"].append(lost)
    monkeypatch.setattr(export, "export_model", lambda *words: report)
    words = [str(exported_run.path), "--formats", "onnx", "tflite"]
    assert export.main([*words, "--json"]) == 1
    shown = capsys.readouterr()
    rows = {row["file"]: row for row in read_answer("export", shown.out)["artefacts"]}
    assert [row["accepted"] for row in rows.values()] == [False, False]
    assert rows["model.onnx.failed"]["reason"] == reason
    assert shown.err.count("was not accepted") == 2
    assert export.main([*words, "--quiet"]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verb", ANSWERS)
def test_a_wrong_word_is_one_line_on_standard_error(verb, capsys, monkeypatch):
    words = {"check": ["nowhere"], "train": ["--dataset", "nowhere"], "compare": ["--seeds", "x"]}
    command = __import__(f"keras_transfer.{verb}", fromlist=["main"]).main
    given = [*words.get(verb, ["nowhere", *["x.png"] * (verb == "predict")]), "--json"]
    monkeypatch.setattr(sys, "argv", [verb, *given])
    with pytest.raises(SystemExit) as ended:
        run_command(command)
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (2, "")
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("verb", ANSWERS)
def test_json_stands_alone(verb):
    command = __import__(f"keras_transfer.{verb}", fromlist=["main"]).main
    with pytest.raises(ConfigError, match=r"`json` must stand alone\. Received: 'true'\."):
        command(["--json=true"])


@pytest.mark.parametrize(
    ("redirection", "code"), [(">&-", 74), ("> /dev/full", 74), ("| true", 141)]
)
def test_an_answer_that_nobody_reads_is_an_error_like_other_output(stripes, redirection, code):
    call = f'"$0" -m keras_transfer.check "$1" --json {redirection}; exit "${{PIPESTATUS[0]}}"'
    words = ["bash", "-c", call, sys.executable, str(stripes)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
