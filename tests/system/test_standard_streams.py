"""Standard streams that are closed, full, or of a reader that has enough."""

import io
import subprocess
import sys

import pytest

from keras_transfer.system.standard_streams import mend_streams

SCRIPT = """
import sys
from keras_transfer.config.command_line import run_command
def command(words):
    print("word" * int(words[0]))
    sys.stdin.read()
    return 0
run_command(command)
"""
LOGGING = """
import logging, pathlib, sys
from keras_transfer.config.command_line import run_command
from keras_transfer.system.logs import logging_to
def command(words):
    with logging_to(pathlib.Path(words[0]), quiet=False):
        logging.getLogger("keras_transfer").info("one")
        logging.getLogger("keras_transfer").info("two")
    return 0
run_command(command)
"""


def run(redirection, script=SCRIPT, word=1):
    command = f'"$0" -c "$1" {word} {redirection}'
    words = ["bash", "-c", command, sys.executable, script]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("length", [1, 100_000])
@pytest.mark.parametrize(
    ("redirection", "fault"), [("> /dev/full", "No space left"), (">&-", "a closed one")]
)
def test_lost_output_is_one_line_and_its_own_exit_code(redirection, fault, length):
    done = run(f"< /dev/null {redirection}", word=length)
    assert done.returncode == 74
    assert done.stderr.startswith("error: Standard output must be ")
    assert fault in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_closed_input_is_an_empty_one():
    done = run("<&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "word\n", "")


def test_closed_errors_do_not_end_in_the_first_file_that_is_opened(tmp_path):
    script = f"""
import sys, os
from keras_transfer.config.command_line import run_command
from keras_transfer.system.errors import ConfigError
def command(words):
    with open({str(tmp_path / "file")!r}, "w"):
        os.write(2, b"noise")
        raise ConfigError("it")
run_command(command)
"""
    done = run("2>&- < /dev/null", script)
    assert (done.returncode, done.stdout) == (2, "")
    assert (tmp_path / "file").read_text() == ""


def test_a_log_goes_on_where_the_screen_cannot_be_written(tmp_path):
    done = run("> /dev/full", LOGGING, tmp_path / "log")
    assert done.returncode == 74
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_reader_that_has_enough_ends_it_without_words():
    done = run("< /dev/null | true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (141, "")


def test_short_help_is_written_before_the_exit_code_is_known():
    done = run("--help > /dev/full", "from keras_transfer.clean import *; run_command(main)", "")
    assert done.returncode == 74


class Console(io.RawIOBase):
    """Like Windows' console: it takes letters, and no bytes that were written past it."""

    def __init__(self):
        self.written = b""

    def writable(self):
        return True

    def write(self, data):
        self.written += bytes(data)
        return len(data)


def test_a_console_that_is_no_file_is_kept_and_draws_what_it_can(monkeypatch):
    console = Console()
    stream = io.TextIOWrapper(io.BufferedWriter(console), encoding="cp437")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "__stdout__", stream)
    mend_streams()
    assert sys.stdout is stream
    print("── ━━ …", "été 猫", flush=True)
    assert console.written.decode("cp437").split() == ["──", "--", "...", "été", "?"]


def test_output_without_a_buffer_is_not_held_back():
    script = "from keras_transfer.system.standard_streams import mend_streams; mend_streams()\n"
    script += "import os; print('one'); os.write(1, b'two\\n')"
    done = subprocess.run([sys.executable, "-u", "-c", script], capture_output=True, check=True)
    assert done.stdout == b"one\ntwo\n"
