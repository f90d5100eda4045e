"""A text encoder that trains in half a second, as a preset of KerasHub with its tokenizer."""

import csv
import dataclasses
import random
import string

import pytest

from keras_transfer.models.backbones.backbone_table import BACKBONES

SIGNS = string.ascii_lowercase + string.digits
WORDS = ["the", "this", "film", "was", "good", "bad", "very", "not", "nice", "dull", "and"]
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *WORDS,
    *SIGNS,
    *(f"##{sign}" for sign in SIGNS),
    *".,!?'-",
]
MOST_TOKENS = 64


def write_text_preset(folder, family="Bert", **changes):
    """Write two layers of width 16 with a tokenizer that knows every word of small letters.

    Args:
        folder: Gets the preset.
        family: Bert, DistilBert or Electra, whose tokenizers are alike.
        changes: Of its configuration.
    """
    import keras
    import keras_hub

    keras.utils.set_random_seed(0)  # else what a training comes to is of the run's chance
    config = {
        "vocab_size" if family == "Electra" else "vocabulary_size": len(VOCABULARY),
        "num_layers": 2,
        "num_heads": 2,
        "hidden_dim": 16,
        "intermediate_dim": 32,
        "max_sequence_length": MOST_TOKENS,
    }
    backbone = getattr(keras_hub.models, f"{family}Backbone")(**config | changes)
    backbone.save_to_preset(str(folder))
    tokenizer = getattr(keras_hub.tokenizers, f"{family}Tokenizer")
    tokenizer(vocabulary=VOCABULARY, lowercase=True).save_to_preset(str(folder))
    return backbone


def write_reviews(file, count, seed=0):
    """Write a .csv of texts that praise or blame, one of which in ten with the other's word."""
    draw = random.Random(seed)
    with open(file, "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["text", "label"])
        for row in range(count):
            praise = row % 2 == 0
            word = ("good", "nice") if praise != (draw.random() < 0.1) else ("bad", "dull")
            others = draw.choices(
                ["the", "this", "film", "was", "very", "and"], k=draw.randint(2, 9)
            )
            draw.shuffle(others := [*others, draw.choice(word), str(row)])
            table.writerow([" ".join(others), "praise" if praise else "blame"])


def make_tiny_text_row(folder, pooling="mean"):
    """Return the row of a preset, of which something else is taken than it says."""
    from keras_transfer.models.build_model import build_backbone
    from keras_transfer.models.graphs.describe_graph import describe_graph
    from keras_transfer.models.hub.hub_rows import describe_preset

    row = describe_preset(str(folder))
    preset = dataclasses.replace(row.preset, pooling=pooling)
    row = dataclasses.replace(row, preset=preset, use="tests")
    return describe_graph(row, build_backbone(row, 0))


@pytest.fixture(scope="session")
def tiny_text_backbone(tmp_path_factory):
    """Put a text encoder of two layers into BACKBONES, as `tiny_text`; its row is handed out."""
    pytest.importorskip("keras_hub", reason="needs the extra [text]")
    pytest.importorskip("tensorflow_text", reason="needs the extra [text]")
    folder = tmp_path_factory.mktemp("tiny_text")
    write_text_preset(folder)
    BACKBONES["tiny_text"] = make_tiny_text_row(folder)
    yield BACKBONES["tiny_text"]
    del BACKBONES["tiny_text"]
