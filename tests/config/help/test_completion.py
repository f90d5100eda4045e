"""The scripts that complete words at TAB, run by their shells."""

import shutil
import subprocess

import pytest

from keras_transfer.__main__ import VERBS, call_verb, find_parser
from keras_transfer.config.help.completion import SHELLS
from keras_transfer.config.help.described_options import describe_options
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.strategies import STRATEGIES

WORKS = """
source {script}
COMP_WORDS=({words}) COMP_CWORD=$(({count} - 1))
{function}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Write the script of each shell; return its path by the shell."""
    folder = tmp_path_factory.mktemp("completion")
    with pytest.MonkeyPatch.context() as patch:
        for shell in SHELLS:
            printed = []
            patch.setattr("keras_transfer.__main__.print_text", printed.append)
            assert call_verb(["--completion", shell]) == 0
            (folder / shell).write_text(printed[0], encoding="utf-8")
    return {shell: folder / shell for shell in SHELLS}


@pytest.fixture
def complete(scripts):
    """Return what bash offers at the end of some words."""
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")

    def offer(*words):
        function = "_keras_transfer" if words[0] == "keras-transfer" else "_keras_transfer_python"
        quoted = " ".join(f"'{word}'" for word in words)
        text = WORKS.format(
            script=scripts["bash"], words=quoted, count=len(words), function=function
        )
        done = subprocess.run(
            ["bash", "--norc", "-c", text], capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return done.stdout.split()

    return offer


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_its_script(shell, scripts):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [shell, "-n", scripts[shell]], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_has_every_option_of_every_verb_and_no_open_place(shell, scripts):
    text = scripts[shell].read_text("utf-8")
    assert "@" not in text.replace('"$@"', "")
    for verb in VERBS:
        for option in describe_options(find_parser(verb)):
            if not option.is_positional:
                assert option.name in text


def test_bash_offers_verbs_options_and_values(complete):
    assert complete("keras-transfer", "") == [*VERBS, "--help", "--version", "--completion"]
    assert complete("keras-transfer", "tr") == ["train"]
    assert complete("keras-transfer", "train", "--finetune.ba") == ["--finetune.batch_norm"]
    assert complete("keras-transfer", "train", "--backbone", "") == [*BACKBONES]
    assert complete("keras-transfer", "train", "--weights", "b") == ["bundled"]
    assert complete("keras-transfer", "train", "--precision", "=", "f") == ["float32"]
    assert complete("keras-transfer", "train", "--precision", "=") == [
        *("auto", "float32", "mixed_float16", "mixed_bfloat16")
    ]


def test_bash_offers_the_sections_of_help(complete):
    assert complete("keras-transfer", "train", "--help", "fine") == ["finetune"]
    assert complete("keras-transfer", "check", "--help", "") == ["all", "data"]
    assert complete("keras-transfer", "evaluate", "--help", "") == []


def test_bash_leaves_files_to_bash(complete):
    assert complete("keras-transfer", "train", "--dataset", "") == []
    assert complete("keras-transfer", "train", "--quiet", "") == []
    assert complete("keras-transfer", "predict", "--top", "3", "") == []
    assert complete("keras-transfer", "train", "--backbone", "vgg16", "") == []


def test_bash_goes_on_with_lists(complete):
    offered = complete("keras-transfer", "compare", "--strategies", "full", "")
    assert offered == [*STRATEGIES, "auto"]
    assert "onnx" in complete("keras-transfer", "export", "RUN", "--formats", "tflite", "")


@pytest.mark.parametrize("python", ["python", "python3", ".venv/bin/python"])
def test_bash_completes_modules_that_python_runs(complete, python):
    assert complete(python, "-m", "keras_transfer.tr") == ["keras_transfer.train"]
    assert complete(python, "-m", "keras_transfer.train", "--see") == ["--seed"]
    assert complete(python, "-m", "keras_transfer", "ev") == ["evaluate"]
    assert complete(python, "-m", "keras_transfer", "evaluate", "--split", "v") == ["validation"]
    assert complete(python, "-m", "pip", "ins") == []
    assert complete(python, "script.py", "--se") == []


def test_a_shell_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="Unknown shell 'tcsh'"):
        call_verb(["--completion", "tcsh"])
