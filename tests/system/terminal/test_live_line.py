"""What is left on a terminal after a bar: each line that was printed, and nothing of the bar."""

import os
import re
import signal
import subprocess
import sys

import pytest

pytest.importorskip("pyte", reason="pyte plays the terminal")
pytest.importorskip("termios", reason="there are no pseudo-terminals here")

from pseudo_terminal import run_in_terminal

LONG = "word-" * 30 + "end"
SCRIPT = """
import logging, os, pathlib, sys, time, warnings
from keras_transfer.config.command_line import run_command
from keras_transfer.system.logs import logging_to, print_logs
from keras_transfer.system.terminal.live_line import live_line

def command(words):
    print_logs()
    other = logging.getLogger("other")  # as TensorFlow's: it keeps the stream it found
    other.addHandler(logging.StreamHandler())
    other.propagate = False
    with logging_to(pathlib.Path(words[0]), quiet=False):
        log = logging.getLogger("keras_transfer")
        log.info("before")
        with live_line("finetune", 20, 32, False) as step:
            for number in range(20):
                time.sleep(0.12)
                step()
                if number % 8 == 4:
                    log.info("epoch %d", number)
                    log.info("{LONG}")
                    other.warning("another log")
                    warnings.warn("careful", stacklevel=1)
                    print("printed")
                    print("error", file=sys.stderr)
                if number == 4 and "STAY" in os.environ:
                    pathlib.Path(os.environ["STAY"]).touch()
                    time.sleep(600)
        log.info("after")
    return 0

warnings.simplefilter("always")
warnings.formatwarning = lambda message, *words: f"warning: {message}\\n"
run_command(command)
""".replace("{LONG}", LONG)
PRINTED = [LONG, "another log", "warning: careful", "printed", "error"]
LEFT = ["before", "epoch 4", *PRINTED, "epoch 12", *PRINTED, "after"]


def join_lines(lines, columns):
    """Undo the breaks that the terminal makes in lines that fill it."""
    joined = ""
    for line in lines:
        joined += line if len(line) == columns else line + "\n"
    return joined.splitlines()


def run_bar(log, columns, watch=None, **variables):
    return run_in_terminal([sys.executable, "-c", SCRIPT, str(log)], columns, variables, watch)


def list_bars(terminal, encoding="utf-8"):
    """Return the states of the bar that were written, whether or not one of us looked in time."""
    return re.findall("finetune[^\r\n\x1b]*", terminal.raw.decode(encoding))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("columns", "variables"), [(120, {"COLORFGBG": "0;15"}), (60, {"TERM": "linux"})]
)
def test_a_bar_leaves_each_line_whole_and_nothing_of_itself(tmp_path, columns, variables):
    """Nor has it a colour that could vanish."""

    def watch(terminal, process):
        colours.update(terminal.colours)

    colours = set()
    terminal = run_bar(tmp_path / "log", columns, watch, **variables)
    assert colours == {("default", "default")}
    bars = list_bars(terminal)
    assert (terminal.code, terminal.shows_cursor) == (0, True)
    assert join_lines(terminal.lines, columns) == LEFT
    assert terminal.raw.count(LONG.encode()) == 2  # one line still, for who copies it
    assert len(set(bars)) > 3  # the first, two below what is printed, and the last
    assert {len(bar) for bar in bars} <= {*range(columns + 1)}
    assert bars[-1].split()[-3:] == ["examples/s", "0:00", "left"]


@pytest.mark.thorough
@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"JPY_PARENT_PID": "1"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_no_bar(tmp_path, variables):
    """A notebook's `!command` has one of the second kind: each state of a bar would stay."""
    terminal = run_bar(tmp_path / "log", 80, **variables)
    assert b"\x1b" not in terminal.raw
    assert b"finetune" not in terminal.raw
    assert join_lines(terminal.lines, 80) == LEFT


@pytest.mark.thorough
def test_an_encoding_without_lines_gets_a_bar_of_hyphens(tmp_path):
    terminal = run_bar(tmp_path / "log", 80, PYTHONIOENCODING="latin-1")
    assert " ----" in list_bars(terminal, "latin-1")[-1]
    assert join_lines(terminal.lines, 80) == LEFT


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_takes_the_bar_away_and_leaves_the_cursor(tmp_path, number, code):
    def watch(terminal, process):
        if not sent and stays.exists() and "finetune" in "".join(terminal.lines[-1:]):
            sent.append(os.kill(process, number))

    sent, stays = [], tmp_path / "stays"  # it has printed all of its lines
    terminal = run_bar(tmp_path / "log", 80, watch, STAY=str(stays))
    assert (terminal.code, terminal.shows_cursor) == (code, True)
    lines = join_lines(terminal.lines, 80)
    assert lines[-1] == "interrupted"
    assert lines[:-1] == ["before", "epoch 4", *PRINTED]


@pytest.mark.thorough
def test_errors_that_go_to_a_file_do_not_go_to_the_terminal(tmp_path):
    errors = tmp_path / "errors"
    command = ["sh", "-c", f'"$0" -c "$1" {tmp_path / "log"} 2> {errors}', sys.executable, SCRIPT]
    terminal = run_in_terminal(command)
    outs = [line for line in LEFT if line not in ("another log", "warning: careful", "error")]
    assert join_lines(terminal.lines, 80) == outs
    assert errors.read_text() == "another log\nwarning: careful\nerror\n" * 2


def test_a_pipe_gets_the_lines_only(tmp_path):
    words = [sys.executable, "-c", SCRIPT, str(tmp_path / "log")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    outs = [line for line in LEFT if line not in ("another log", "warning: careful", "error")]
    assert done.stdout.splitlines() == outs
