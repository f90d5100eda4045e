import importlib
import subprocess
import sys

import pytest

import keras_transfer
from keras_transfer.__main__ import VERBS, call_verb
from keras_transfer.config.help.foreign_words import FOREIGN_VERBS
from keras_transfer.system.errors import ConfigError


def run_python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", keras_transfer.__all__)
def test_every_public_name_is_there_and_documented(name):
    thing = getattr(keras_transfer, name)
    assert thing is not None
    assert thing.__doc__


def test_public_names_are_the_only_ones_shown():
    assert len(set(keras_transfer.__all__)) == len(keras_transfer.__all__)
    assert sorted(dir(keras_transfer)) == sorted(keras_transfer.__all__)


def test_names_that_are_not_public_are_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'fine_tun'"):
        keras_transfer.fine_tun  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    script = (
        "import sys; before = set(sys.modules); import keras_transfer as kt\n"
        "print({name.split('.')[0] for name in set(sys.modules) - before} & set(sys.argv[1:]))\n"
    )
    heavy = ["numpy", "keras", "tensorflow", "jsonargparse", "PIL", "sklearn", "matplotlib", "rich"]
    done = run_python("-c", script, *heavy)
    assert done.stdout == "set()\n", done.stderr


def test_settings_can_be_made_without_tensorflow():
    script = (
        "import sys, keras_transfer as kt\n"
        "kt.load_config(epochs=3); kt.BACKBONES; kt.Run; kt.fine_tune; kt.evaluate_run\n"
        "print({'keras', 'tensorflow', 'sklearn', 'matplotlib'} & set(sys.modules))\n"
    )
    done = run_python("-c", script)
    assert done.stdout == "set()\n", done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_a_module_with_a_main(verb):
    assert callable(importlib.import_module(f"keras_transfer.{verb}").main)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_the_program_lists_its_verbs(words):
    done = run_python("-m", "keras_transfer", *words)
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(VERBS)
    assert max(map(len, lines)) < 80


def test_a_verb_is_the_same_as_its_module():
    verb = run_python("-m", "keras_transfer", "train", "--print_config", "--seed", "7")
    module = run_python("-m", "keras_transfer.train", "--print_config", "--seed", "7")
    assert verb.stdout == module.stdout
    assert "seed: 7" in verb.stdout.splitlines()


def test_an_unknown_verb_is_answered_with_a_close_one():
    done = run_python("-m", "keras_transfer", "trian")
    assert done.returncode == 2
    assert done.stderr == "error: Unknown verb 'trian'. Did you mean 'train' or 'pretrain'?\n"


@pytest.mark.parametrize("word", FOREIGN_VERBS)
def test_verbs_of_other_programs_are_answered_with_ours(word):
    assert word not in VERBS
    with pytest.raises(ConfigError, match=f"Did you mean '{FOREIGN_VERBS[word]}'"):
        call_verb([word, "some/run"])
