"""Folders that are splits by their names and by what they hold: train/, NAME_test/, fold1/."""

import logging
from collections.abc import Iterable
from pathlib import Path

from keras_transfer.config.split_names import SPLIT_WORDS, SPLITS
from keras_transfer.data.sources.class_names import spell
from keras_transfer.data.sources.folders.folder_tree import (
    ClassFolder,
    Layout,
    Tree,
    join,
    refuse_both,
    say_table,
)
from keras_transfer.data.sources.folders.folder_words import (
    FOLD,
    HELD_OUT,
    PLAIN_WORDS,
    UNLABELLED,
    FolderName,
    drop_split_word,
    list_words,
    read_name,
)
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

Names = dict[str, FolderName]


def find_splits(tree: Tree, folders: list[str], sure: bool) -> Layout | None:
    """Return the layout of folders that are splits; None: there are none.

    Args:
        tree: Of the data set.
        folders: Of its top level.
        sure: Whether the user says that a split word in a name makes a split.

    Raises:
        ConfigError: They may be splits or classes, or a split is missing or there twice.
    """
    read = {folder: name for folder in folders if (name := read_name(folder))}
    within = _unwrap(tree, read)
    classes = {folder: tree.list_folders(path) for folder, path in within.items()}
    plain = {tuple(list_words(folder)) for folder in folders if folder not in read}
    meant = {
        folder: name
        for folder, name in read.items()
        if sure or _is_meant(folder, read, classes) or (classes[folder] and name.rest in plain)
    }
    names = _choose_plainest(meant)
    others = [folder for folder in folders if folder not in names]
    if not names and len(read) == len(folders) and any(classes.values()):
        _refuse_unrelated(tree.root, read)
    if not any(classes[folder] for folder in names):
        return _judge_flat(tree, folders, names, sure)
    if not {"train", FOLD} & {names[folder].split for folder in names if classes[folder]}:
        return _find_classes_beside(tree, others, names, within, sure)
    if others and {name.split for name in names.values()} == {"train"} and not sure:
        raise ConfigError(
            f"A folder must hold either classes or splits. Received: {join(folders)} in "
            f"{tree.root}. Move the other folders away, or, if train/ is a class as well, add "
            "--data.layout classes."
        )
    roles = assign_roles(tree.root, names)
    if not sure:
        _refuse_unlike(tree.root, roles, classes)
    if others:
        logger.warning("Ignored beside the splits in %s: %s.", tree.root, join(others))
    _tell_splits(roles, within, names)
    found = [
        ClassFolder(f"{within[folder]}/{name}", name, split)
        for folder, split in roles.items()
        for name in classes[folder]
    ]
    return Layout(found, [within[folder] for folder in roles])


def assign_roles(where: Path, names: Names) -> dict[str, str]:
    """Return the split of each folder; of folds the last is test and the one before validation.

    Raises:
        ConfigError: Two folders are the same split.
    """
    plain = {folder: name.split for folder, name in names.items() if name.split != FOLD}
    held_out = "validation" if "test" in plain.values() else "test"
    roles = {f: held_out if split == HELD_OUT else split for f, split in plain.items()}
    folds = sorted(names.keys() - plain.keys(), key=_number_of)
    if len(set(roles.values())) < len(roles):
        raise ConfigError(
            f"Each split must have one folder. Received: {join(list(names))} in {where}. "
            "Join or rename them, or, if these are classes, add --data.layout classes."
        )
    free = [split for split in ("test", "validation") if split not in roles.values()]
    for split in free[: max(0, len(folds) - 1)]:
        roles[folds.pop()] = split
    return {fold: "train" for fold in folds} | roles


def _unwrap(tree: Tree, read: Names) -> dict[str, str]:
    """Return the folder in each that holds the classes: seg_train/seg_train, or test/images.

    A lone folder is no class if its name says the same split or nothing, and no other split has it.
    """
    found = {folder: folder for folder in read}
    for folder, name in read.items():
        inner = tree.list_folders(folder)
        if len(inner) != 1 or tree.list_files(folder):
            continue
        word, words = read_name(inner[0]), list_words(inner[0])
        bare = (word and word.split == name.split) or (words and PLAIN_WORDS.issuperset(words))
        if bare and not any({*inner} < {*tree.list_folders(other)} for other in read):
            found[folder] = f"{folder}/{inner[0]}"
    return found


def _choose_plainest(names: Names) -> Names:
    """Return the names without those that say what a plainer one says: train before train_old."""

    def rank(folder: str) -> int:
        return 0 if folder.lower() in SPLIT_WORDS else 1 if not names[folder].rest else 2

    best: dict[str, int] = {}
    for folder, name in names.items():
        best[name.split] = min(rank(folder), best.get(name.split, 2))
    left_out = {UNLABELLED, FOLD if "train" in best else ""}
    return {
        folder: name
        for folder, name in names.items()
        if name.split not in left_out and (name.split == FOLD or rank(folder) == best[name.split])
    }


def _is_meant(folder: str, read: Names, classes: dict[str, list[str]]) -> bool:
    """Return whether a folder with a split word may be a split: no other word says what it shows.

    Or another folder differs in that word only (seg_train, seg_test), or holds the same folders.
    """
    name, own = read[folder], _spell_all(classes[folder])
    neighbours = [(other, classes[f]) for f, other in read.items() if f != folder]
    if name.split == FOLD:
        return any(other.split == FOLD and other.rest == name.rest for other, _ in neighbours)
    return not name.rest or any(
        other.split != name.split
        and (
            (other.rest == name.rest and "train" in (other.split, name.split))
            or (own and own == _spell_all(found))
        )
        for other, found in neighbours
    )


def _judge_flat(tree: Tree, folders: list[str], names: Names, sure: bool) -> Layout | None:
    """Judge folders with split words that hold no class folders; None: these words are classes."""
    others = [folder for folder in folders if folder not in names]
    if names and not others:
        if found := _read_pairs(tree, names):
            return found
        raise ConfigError(
            "A folder of splits must hold train/ with class folders, such as train/cats/1.jpg. "
            f"Received: {tree.root} with {join(folders)} without any.{say_table(tree.root)} "
            "If these are the classes, add --data.layout classes."
        )
    if sure and names:
        logger.warning("Not used, since they are no classes: %s.", join(list(names)))
        return Layout([ClassFolder(name, name, "") for name in others], [""])
    read = {folder: name for folder in folders if (name := read_name(folder))}
    paired = [folder for folder in names if names[folder].rest]
    odd = [f for f, n in read.items() if not n.rest and n.split not in ("train", FOLD)]
    odd = paired or [folder for folder in odd if not read[folder].common]
    if odd and (paired or len(folders) - len(odd) > 1):
        rest = [folder for folder in folders if folder not in odd]
        readings = f"{join(odd)} may hold a class, or images without labels"
        refuse_both(tree.root, join([*rest, *odd]), readings)
    return None


def _read_pairs(tree: Tree, names: Names) -> Layout | None:
    """Return the layout of folders that say class and split: cats_train, cats_test, dogs_train."""
    splits: dict[tuple[str, ...], set[str]] = {}
    for name in names.values():
        splits.setdefault(name.rest, set()).add(name.split)
    first, *rest = splits.values()
    full = sum(map(len, splits.values())) == len(names) and all(each == first for each in rest)
    if not rest or not full or () in splits or not {"train"} < first or FOLD in first:
        return None
    found: list[ClassFolder] = []
    for words in splits:
        own = {folder: name for folder, name in names.items() if name.rest == words}
        roles, class_name = assign_roles(tree.root, own), drop_split_word(min(own))
        found += [ClassFolder(folder, class_name, split) for folder, split in roles.items()]
    logger.info("Class and split are in the names of the folders: %s.", join([*names]))
    return Layout(found, [""])


def _find_classes_beside(
    tree: Tree, others: list[str], names: Names, within: dict[str, str], sure: bool
) -> Layout:
    """Return the layout of cats/, dogs/ and test/ with cats/ and dogs/ in it, or of test/ alone."""
    classes = _spell_all(name for folder in names for name in tree.list_folders(within[folder]))
    if others and not (sure or classes <= _spell_all(others)):
        raise ConfigError(
            "A folder of splits must hold train/ with class folders, such as train/cats/1.jpg. "
            f"Received: {tree.root} with {join([*others, *names])}. Add train/, or, if these are "
            "classes, --data.layout classes."
        )
    roles = assign_roles(tree.root, names)
    held_out = [
        ClassFolder(f"{within[folder]}/{name}", name, split)
        for folder, split in roles.items()
        for name in tree.list_folders(within[folder])
    ]
    said = "; ".join(f"{split} is {within[folder]}/" for folder, split in roles.items())
    if others:
        logger.info("Splits are folders: %s; train is the classes beside.", said)
    found = [ClassFolder(name, name, "train") for name in others]
    return Layout(found + held_out, ["", *(within[folder] for folder in roles)])


def _refuse_unlike(root: Path, roles: dict[str, str], classes: dict[str, list[str]]) -> None:
    """Refuse splits that are not called what all call them, unless they hold the same classes."""
    if all(folder.lower() in SPLIT_WORDS for folder in roles):
        return
    learned = _spell_all(n for f, split in roles.items() if split == "train" for n in classes[f])
    for folder in roles:
        if lacking := [name for name in classes[folder] if spell(name) not in learned]:
            readings = f"by their names they are splits, but {folder}/ alone holds {join(lacking)}"
            refuse_both(root, join(list(roles)), readings)


def _refuse_unrelated(root: Path, read: Names) -> None:
    """Refuse folders that all have split words, but neither one name nor the same classes."""
    if {"train"} < {name.split for name in read.values()}:
        refuse_both(root, join(list(read)), "their names say splits, but they hold other folders")


def _tell_splits(roles: dict[str, str], within: dict[str, str], names: Names) -> None:
    """Say which folder is which split, where that needs more than reading its name."""
    if all(within[folder].lower() in SPLIT_WORDS for folder in roles):
        return
    named = {s: [within[f] for f, split in roles.items() if split == s] for s in SPLITS}
    said = "; ".join(f"{split} is {join(found)}" for split, found in named.items() if found)
    logger.info("Splits are folders: %s.", said)
    if folds := sum(name.split == FOLD for name in names.values()):
        logger.info("This is one division of %d folds, no cross-validation.", folds)


def _spell_all(names: Iterable[str]) -> set[str]:
    """Return names as they are compared."""
    return {spell(name) for name in names}


def _number_of(folder: str) -> int:
    return int([word for word in list_words(folder) if word.isdecimal()][-1])
