import pytest

import keras_transfer as kt
from keras_transfer.config.help.foreign_words import FOREIGN
from keras_transfer.python_api.arguments.setting_names import refuse_unknown

RATE = "frozen={'learning_rate': …} or finetune={'learning_rate': …}"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("backbon", "Did you mean 'backbone'?"),
        ("learning_rate", f"Did you mean {RATE}?"),
        ("lr", f"Did you mean {RATE}?"),
        ("dropout", "Did you mean head={'dropout': …}?"),
        ("arch", "Did you mean 'backbone'?"),
        ("finetune.learning_rat", "Did you mean 'finetune.learning_rate'"),
        ("zzzz", "See help(keras_transfer.TrainConfig)."),
        (3, "See help(keras_transfer.TrainConfig)."),
    ],
)
def test_a_name_that_is_no_setting_gets_the_one_that_is_meant(name, hint):
    with pytest.raises(kt.ConfigError) as caught:
        refuse_unknown([name])
    assert str(caught.value).startswith(f"Unknown setting {name!r}. {hint}")


def test_settings_and_their_dotted_names_are_taken():
    refuse_unknown(["backbone", "epochs", "data", "finetune.learning_rate", "own"], own=["own"])


def test_every_word_of_other_programs_leads_to_a_setting():
    for word in FOREIGN:
        with pytest.raises(kt.ConfigError, match="Did you mean"):
            refuse_unknown([word])
