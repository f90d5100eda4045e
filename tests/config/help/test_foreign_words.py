"""Options by the names of other programs."""

import pytest

from keras_transfer import evaluate, export, predict, train
from keras_transfer.__main__ import VERBS, find_parser
from keras_transfer.config.help.foreign_words import ANSWERS, FOREIGN, MAIN_SETTING
from keras_transfer.config.layers import SECTIONS
from keras_transfer.run.load_settings import load_config
from keras_transfer.system.errors import ConfigError


def list_options(verb):
    return {o[2:] for action in find_parser(verb)._actions for o in action.option_strings}


def refuse(main, *words):
    with pytest.raises(ConfigError) as caught:
        main([*words])
    return str(caught.value)


def test_what_the_words_mean_are_options_and_the_words_are_none():
    options = list_options("train")
    assert {name for meant in FOREIGN.values() for name in meant} <= options
    assert not FOREIGN.keys() & options
    assert MAIN_SETTING.keys() == SECTIONS.keys()
    assert set(MAIN_SETTING.values()) <= options


@pytest.mark.parametrize("verb", ANSWERS)
def test_answers_are_about_options_that_a_verb_lacks(verb):
    assert verb in VERBS
    assert not ANSWERS[verb].keys() & list_options(verb)


RATES = "'--frozen.learning_rate' or '--finetune.learning_rate'"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--learning_rate", "1e-3"], RATES),
        (["--lr=1e-3"], RATES),
        (["--lr0", "1e-3"], RATES),
        (["--batch", "8"], "'--batch_size'"),
        (["--batch-size", "8"], "'--batch_size'"),
        (["--imgsz", "224"], "'--image_size'"),
        (["--model", "resnet50"], "'--backbone'"),
        (["--num_epochs", "3"], "'--epochs'"),
        (["--freeze", "3"], "'--finetune.locked_layers'"),
        (["--dropout", "0.5"], "'--head.dropout'"),
        (["--patience", "3"], "'--optimizer.patience'"),
        (["--data", "photos"], "'--dataset photos'"),
        (["--optimizer", "adam"], "'--optimizer.name adam'"),
        (["--augment", "strong"], "'--augment.preset strong'"),
        (["epochs=3"], "'--epochs'"),
        (["--hepl"], "'--help'"),
        (["--device", "0"], "Choose GPUs by the environment variable CUDA_VISIBLE_DEVICES."),
    ],
)
def test_train_says_what_a_foreign_word_is_here(words, hint):
    said = refuse(train.main, *words)
    assert said.endswith(hint if hint.endswith(".") else f"Did you mean {hint}?")


def test_a_data_set_without_its_option_is_recognised(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert refuse(train.main, "photos").endswith("Did you mean '--dataset photos'?")


@pytest.mark.parametrize(
    ("main", "words", "hint"),
    [
        (evaluate.main, ["RUN", "--weights", "x"], "The run stands without an option: RUN."),
        (evaluate.main, ["--run", "RUN", "RUN"], "The run stands without an option: RUN."),
        (predict.main, ["RUN", "x", "--conf", "0.5"], "Did you mean '--threshold'?"),
        (predict.main, ["RUN", "x", "--source", "x"], "MODEL IMAGES."),
        (export.main, ["RUN", "--half"], "Write --formats tflite --tflite float16."),
        (export.main, ["RUN", "--format", "onnx"], "Did you mean '--formats'?"),
        (evaluate.main, [], "Example: python -m keras_transfer.evaluate saved_models/RUN"),
    ],
)
def test_other_verbs_say_what_to_write(main, words, hint):
    assert refuse(main, *words).endswith(hint)


def test_foreign_words_are_known_in_files_and_from_python():
    with pytest.raises(ConfigError, match=r"Did you mean 'batch_size'\?"):
        load_config(batch=3)
    with pytest.raises(ConfigError, match=r"Did you mean 'optimizer\.name'\?"):
        load_config(optimizer="adam")
