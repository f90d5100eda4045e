"""Killed at any moment, by any signal, and gone on with."""

import os
import signal
import time

import numpy as np
import pytest
from forks import Forker
from killing import check_kills, start_command
from PIL import Image
from tiny_presets import write_resnet, write_vit
from tiny_text_backbone import write_reviews, write_text_preset

from keras_transfer.run.run_directory import Run


@pytest.fixture(scope="module")
def forker(tmp_path_factory):
    forker = Forker(tmp_path_factory.mktemp("forker"))
    yield forker
    forker.close()


@pytest.fixture
def words(stripes, tmp_path):
    """Return the options of a short training of the tiny backbone, and a run's name to add."""
    return [
        *("--backbone", "tiny", "--weights", "none", "--dataset", str(stripes)),
        *("--image_size", "32", "--batch_size", "16", "--output", str(tmp_path)),
        *("--frozen.learning_rate", "0.03", "--finetune.learning_rate", "0.01"),
        "--finetune.locked_layers=block2",
        *("--frozen.epochs", "8", "--finetune.epochs", "8"),
    ]


@pytest.mark.parametrize(
    ("cache", "kills"),
    [
        pytest.param("auto", 4, marks=pytest.mark.thorough),
        *(pytest.param(cache, 20, marks=pytest.mark.slow) for cache in ("auto", "off")),
    ],
)
def test_a_run_killed_at_random_moments_ends_as_a_whole_one(cache, kills, forker, words, tmp_path):
    check_kills(forker.start, [*words, "--cache.mode", cache], tmp_path, kills)


@pytest.mark.slow  # test_given_runs has one that is interrupted
def test_a_run_with_given_parts_that_is_killed_ends_as_a_whole_one(forker, words, tmp_path):
    check_kills(forker.start, ["--given", *words], tmp_path, 4)
    told = [int(line) for line in (tmp_path / "told.txt").read_text().split()]
    assert told[:16] == [*range(16)]  # of the whole run; then those of the killed ones
    assert {*range(16)} <= {*told[16:]}


@pytest.mark.slow  # as long as those on texts, which are presets, too
@pytest.mark.parametrize(
    ("write", "strategy"), [(write_vit, "two_phase"), (write_resnet, "gradual")]
)
def test_a_killed_run_of_a_preset_ends_as_a_whole_one(write, strategy, forker, stripes, tmp_path):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    write(tmp_path / "preset")
    words = [
        *("--backbone", f"hub:{tmp_path / 'preset'}", "--dataset", str(stripes)),
        *("--output", str(tmp_path), "--strategy", strategy, "--batch_size", "16"),
        *("--frozen.epochs", "4", "--finetune.epochs", "6"),
    ]
    check_kills(forker.start, words, tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "cache"), [("two_phase", "auto"), ("gradual", "off")])
def test_a_killed_run_on_texts_ends_as_a_whole_one(strategy, cache, forker, tmp_path):
    pytest.importorskip("tensorflow_text", reason="needs the extra [text]")
    write_text_preset(tmp_path / "preset")
    write_reviews(tmp_path / "reviews.csv", 120)
    words = [
        *("--backbone", f"hub:{tmp_path / 'preset'}", "--dataset", str(tmp_path / "reviews.csv")),
        *("--output", str(tmp_path), "--strategy", strategy, "--cache.mode", cache),
        *("--batch_size", "8", "--frozen.epochs", "4", "--finetune.epochs", "6"),
        *("--finetune.locked_layers", "layer_2"),
    ]
    check_kills(forker.start, words, tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["align", "adabn", "dann"])
def test_a_killed_run_across_two_domains_ends_as_a_whole_one(
    method, forker, words, stripes, tmp_path
):
    for file in (stripes / "val").rglob("*.png"):
        other = tmp_path / "other" / file.parent.name / file.name
        other.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - np.asarray(Image.open(file))).save(other)
    adapted = ["--adapt.target", str(tmp_path / "other"), "--adapt.method", method]
    short = ["--frozen.epochs", "3", "--finetune.epochs", "5"]
    check_kills(forker.start, [*words, *adapted, *short], tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["auto", "off"])
def test_photographs_and_a_real_backbone(cache, shared, tmp_path):
    """20 kills of commands; `killing.py` prints the same as a table."""
    weights = next(shared.glob("weights/mobilenet_v3_small*.h5"))
    words = [
        *("--backbone", "mobilenetv3small", "--weights", str(weights)),
        *("--dataset", str(shared / "data/pizza_steak_sushi"), "--output", str(tmp_path)),
        *("--cache.mode", cache, "--frozen.epochs", "10", "--finetune.epochs", "10"),
    ]
    check_kills(start_command, words, tmp_path, 20)


def wait_for(run, line, process):
    until = time.monotonic() + 60
    while not (run.log_file.exists() and line in run.log_file.read_text()):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [(signal.SIGTERM, 143, "Data: "), (signal.SIGINT, 130, "finetune epoch  1")],
)
def test_a_signal_ends_a_run_with_the_command_to_go_on(
    number, code, moment, forker, words, tmp_path
):
    long = ("--finetune.epochs", "99", "--optimizer.patience", "0")  # not done before we look
    process = forker.start([*words, *long, "--name", "run", "--quiet"])
    run = Run(tmp_path / "run")
    wait_for(run, moment, process)
    os.kill(process.pid, number)
    assert process.wait() == code
    assert f"Go on with: python -m keras_transfer.train --resume {run.path}" in process.read()
    assert "Traceback" not in process.read()
    assert not run.lock_file.exists()
    assert not run.metrics_file.exists()
