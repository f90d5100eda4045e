"""The card of a run: what it says, and that every snippet in it runs."""

import re
import shutil
import subprocess
import sys

import numpy as np

from keras_transfer.evaluate import evaluate_run


def read_snippets(run):
    return re.findall(
        r"^(.*?):\n\n```python\n(.*?)```", run.model_card_file.read_text(), re.M | re.S
    )


def test_the_card_of_a_training_names_what_it_was_made_from(finished_run):
    text = finished_run.model_card_file.read_text()
    metrics = finished_run.metrics()
    low, high = metrics["splits"]["test"]["accuracy_interval"]
    for words in (
        "tiny",
        "level, upright",
        "32 x 32 pixels",
        f"{low:.3f} - {high:.3f}",
        "| level | 40 | 12 | 12 |",
        "| all classes | 80 | 24 | 24 |",
        "random",
        "Phase `finetune`: 3 epochs",
        "## Limits",
    ):
        assert words in text
    assert "## Exports" not in text
    assert len(read_snippets(finished_run)) == 1


def test_each_snippet_has_five_lines_and_gives_the_runs_answer(exported_run, stripes, tmp_path):
    found = read_snippets(exported_run)
    assert len(found) == 7  # model.keras, the SavedModel, four TFLite files, ONNX
    wanted = evaluate_run(exported_run)
    run = shutil.copytree(exported_run.path, tmp_path / "run")
    shutil.copy(stripes / wanted.paths[0], run / "photo.jpg")
    for title, code in found:
        assert len(code.splitlines()) == 5
        ended = subprocess.run(
            [sys.executable, "-c", 'import sys; sys.modules["keras_transfer"] = None\n' + code],
            cwd=run,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, title + ended.stderr
        printed = re.findall(r"\[([^][]*)\]", ended.stdout)[-1]
        numbers = np.array(printed.replace(",", " ").split(), float)
        if "int8" in title and "dynamic" not in title:
            numbers = numbers / 256
        best = sorted(wanted.probabilities[0])
        np.testing.assert_allclose(sorted(numbers), best, atol=0.05, err_msg=title)
