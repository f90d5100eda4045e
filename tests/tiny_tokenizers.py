"""Presets of text encoders with tokenizers of bytes and of SentencePiece."""

import io

SENTENCES = [
    "The film was good, and the music was nice.",
    "This story is dull; the cast was not good at all!",
    "Ein schöner Film, naïve Musik: très bon.",
    "映画はとても良かった。 Фильм был хорош.",
    "A set, an end, a cast, a song and no more?",
]
HARD = [
    "The film was good.",
    "Café, naïve?  Two spaces,\ttab\nand line",
    "good 😀👩‍👩‍👧 film, 日本の映画",
    "Фильм été ﬁne — “quoted”…",
    "",
    "   ",
    "\U0001f600",
    "good " * 400,
    "x" * 3000,
]
FAMILIES = ("Roberta", "XLMRoberta", "Albert", "DebertaV3")
# How SentencePiece numbers what is no word, as each family's makers had it.
MARKS = {
    "XLMRoberta": {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1},
    "Albert": {
        **{"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3},
        **{"pad_piece": "<pad>", "bos_piece": "[CLS]", "eos_piece": "[SEP]"},
        "user_defined_symbols": "[MASK]",
    },
    "DebertaV3": {
        **{"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3},
        **{"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
    },
}


def train_pieces(family):
    """Return a small SentencePiece model, as bytes."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=110,
        hard_vocab_limit=False,
        minloglevel=3,
        num_threads=1,
        **MARKS[family],
    )
    return model.getvalue()


def train_bytes():
    """Return a small vocabulary of bytes and what is merged, with RoBERTa's marks."""
    import json

    import tokenizers

    trained = tokenizers.ByteLevelBPETokenizer()
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator(
        SENTENCES * 20, vocab_size=330, special_tokens=marks, show_progress=False
    )
    model = json.loads(trained.to_str())["model"]
    return model["vocab"], [" ".join(each) for each in model["merges"]], trained


def make_tokenizer(family):
    """Return a small tokenizer of a family, one of KerasHub."""
    import keras_hub
    import tensorflow as tf

    make = getattr(keras_hub.tokenizers, f"{family}Tokenizer")
    made = make(*train_bytes()[:2]) if family == "Roberta" else make(train_pieces(family))
    made(tf.constant(["a"]))  # its tables, which it would make within a graph otherwise
    return made


def write_family(folder, family):
    """Write a preset of two layers with a small tokenizer of its kind."""
    import keras_hub

    tokenizer = make_tokenizer(family)
    backbone = getattr(keras_hub.models, f"{family}Backbone")(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=64,
        **({"embedding_dim": 8} if family == "Albert" else {}),
        **({"bucket_size": 8} if family == "DebertaV3" else {}),
    )
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
