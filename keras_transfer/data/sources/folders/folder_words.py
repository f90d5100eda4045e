"""What the name of a folder says: a split, a fold, a pile of images, or nothing of that."""

import re
import unicodedata
from typing import NamedTuple

from keras_transfer.config.split_names import SPLIT_WORDS

FOLD = "fold"  # stands where a split would: which one it is depends on its neighbours
HELD_OUT = "held out"  # test, or validation where another folder is the test
UNLABELLED = "unlabelled"  # no split

WORDS = SPLIT_WORDS | {
    **{"trainval": "train", "entrenamiento": "train", "trainings": "train"},
    **{"treino": "train", "treinamento": "train", "entrainement": "train", "entraînement": "train"},
    **{"addestramento": "train", "训练": "train", "训练集": "train", "訓練": "train"},
    **{"学習": "train", "обучение": "train", "validação": "validation", "validacao": "validation"},
    **{"验证": "validation", "验证集": "validation", "検証": "validation", "teste": "test"},
    **{"测试": "test", "测试集": "test", "テスト": "test", "тест": "test"},
    **{"dev": "validation", "validate": "validation", "validierung": "validation"},
    **{"validierungs": "validation", "validacion": "validation", "validación": "validation"},
    **{"tests": "test", "holdout": "test", "heldout": "test", "prueba": "test", "pruebas": "test"},
    **{"eval": HELD_OUT, "evaluate": HELD_OUT, "evaluation": HELD_OUT},
    **{"fold": FOLD, "folds": FOLD, "kfold": FOLD},
    **{"unlabelled": UNLABELLED, "unlabeled": UNLABELLED},
}

# Words that say nothing about what an image shows.
PLAIN_WORDS = {
    *("set", "sets", "data", "dataset", "datasets", "daten", "split", "sample", "samples"),
    *("image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos"),
    *("folder", "folders", "file", "files", "part", "parts", "batch", "chunk", "bilder"),
    *("jpg", "jpeg", "png", "final", "new", "my", "the"),
}
PILES = PLAIN_WORDS - {"final", "new", "my", "the", "sample", "samples"}  # "pile" of a whole set

# Adjectives and names of things as well: a folder of that name may be a class like its neighbours.
COMMON_WORDS = {"valid", "dev", "eval", "evaluate", "evaluation", "validate"}


class FolderName(NamedTuple):
    """What the name of a folder says."""

    split: str  # train, validation, test, HELD_OUT, FOLD or UNLABELLED
    rest: tuple[str, ...]  # the other words; those of PLAIN_WORDS and numbers left out
    common: bool  # whether the word is one of COMMON_WORDS, too


def read_name(name: str) -> FolderName | None:
    """Return what split a whole word of a name says; None: no word does, or several do."""
    words = [part for word in list_words(name) for part in _divide(word)]
    found = {WORDS[word] for word in words if word in WORDS}
    if found == {"train", "validation"}:  # "train_val", to be divided
        found = {"train"}
    if len(found) != 1:
        return None
    split = found.pop()
    if split == FOLD and not any(word.isdecimal() for word in words):  # of paper, perhaps
        return None
    rest = tuple(w for w in words if w not in WORDS and w not in PLAIN_WORDS and not w.isdecimal())
    return FolderName(split, rest, any(word in COMMON_WORDS for word in words))


def list_words(name: str) -> list[str]:
    """Return the words and numbers of a name in lower case: "trainSet_01" is train, set, 01."""
    return [word.lower() for word in _find_words(name)]


def drop_split_word(name: str) -> str:
    """Return what a name says besides its split: "black_cat_train" is "black_cat"."""
    words = [word for word in _find_words(name) if not word.isdecimal()]
    divider = re.search(r"[\W_]", name)
    rest = [word for word in words if not read_name(word) and word.lower() not in PLAIN_WORDS]
    return (divider[0] if divider else " ").join(rest)


def are_piles(names: list[str]) -> bool:
    """Return whether names tell parts of one set apart and nothing else: images_1, images_2."""
    words = [list_words(name) for name in names]
    shared = set(words[0]).intersection(*words[1:]) if len(names) > 1 else set()
    apart = {word for each in words for word in each if word not in shared}
    says_pile = all(PILES & {*each} for each in words)
    return says_pile and all(word in PILES or word.isdecimal() for word in apart)


def _find_words(name: str) -> list[str]:
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])", " ", name)
    return re.findall(r"[^\W\d_]+|\d+", name)


def _divide(word: str) -> list[str]:
    """Return "trainset" as train, set: a word of a split and one that says nothing."""
    for end in PLAIN_WORDS:
        if word.endswith(end) and word.removesuffix(end) in WORDS:
            return [word.removesuffix(end), end]
    return [word]
