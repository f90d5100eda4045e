"""What the doctor found, as data_report.json and as text."""

import textwrap
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings
from keras_transfer.data.modality import Modality
from keras_transfer.data.splits.row_groups import group_rows, link_equal
from keras_transfer.system.terminal.short_names import keep_end, keep_start
from keras_transfer.system.terminal.text_tables import draw_table

UNEVEN = 3  # times as many images in the largest class as in the smallest are worth a word

SHOWN = 10  # rows of a table on the screen; data_report.json has all
SHOWN_CLASSES = 12
WIDTH = 80  # letters of a line of text
NO_BREAK = "\xa0"
CUT = {"path": keep_end, "such as": keep_end, "reason": keep_start}  # in narrow tables

NOTHING: np.ndarray = np.empty(0, np.int64)

Report = dict[str, Any]


def build_report(
    examples: Examples,
    findings: Findings,
    near: np.ndarray,
    splits: np.ndarray,
    left_out: np.ndarray = NOTHING,
) -> Report:
    """Return the content of data_report.json.

    Args:
        examples: All files that were found.
        findings: What an inspection says of them.
        near: (m, 2) rows of images that look equal, as `link_alike` returns them.
        splits: (n,) of str, the split of each image, "" for those without.
        left_out: Labels of classes that are not learned.

    Returns:
        `images`, the number of files; `classes`, the usable images of each class, and
        `left_out_classes` of those that are not learned; `splits`, those of each class in each
        split; what `findings` measured, such as `short_side`; `unusable`,
        path and reason; `odd`, path and kind; `dropped`, path and given split of usable images that
        training does not use; `duplicates`, groups of usable images with equal bytes (exact), or
        that look equal (near). The numbers of `classes`, `left_out_classes` and `unusable` add up
        to `images`.
    """
    usable, names, paths = findings.usable, examples.class_names, examples.paths
    gone = {names[label] for label in left_out}
    counts = _count(examples.labels[usable], names)
    return {
        "images": len(paths),
        "classes": _without(counts, gone),
        "left_out_classes": {name: count for name, count in counts.items() if name in gone},
        "splits": {
            split: _without(_count(examples.labels[usable & (splits == split)], names), gone)
            for split in SPLITS
            if split in splits
        },
        **findings.measure(),
        "unusable": [
            {"path": str(paths[row]), "reason": str(findings.reasons[row])}
            for row in np.flatnonzero(~usable)
        ],
        "odd": [
            {"path": str(paths[row]), "kind": kind}
            for row in np.flatnonzero(findings.odd != "")
            for kind in findings.odd[row].split(", ")
        ],
        "dropped": [
            {"path": str(paths[row]), "split": str(examples.splits[row])}
            for row in np.flatnonzero(usable & (splits == "") & (splits != examples.splits).any())
        ],
        "duplicates": _list_duplicates(examples, findings, splits, near),
    }


def _list_duplicates(
    examples: Examples, findings: Findings, splits: np.ndarray, near: np.ndarray
) -> list[dict[str, Any]]:
    """Return the groups of usable examples that are equal, or look equal."""
    return [
        {
            "kind": kind,
            "paths": [str(examples.paths[row]) for row in rows],
            "splits": [str(splits[row]) for row in rows],
            "labels": [examples.class_names[examples.labels[row]] for row in rows],
        }
        for kind, rows in _find_groups(np.where(findings.usable, findings.sha256, ""), near)
    ]


def list_leaks(report: Report) -> list[dict[str, Any]]:
    """Return the duplicates of a report that are in several splits."""
    return [group for group in report["duplicates"] if len({*group["splits"]} - {""}) > 1]


def list_mislabelled(report: Report) -> list[dict[str, Any]]:
    """Return the duplicates of a report that have several labels."""
    return [group for group in report["duplicates"] if len({*group["labels"]}) > 1]


def describe_report(report: Report, modality: Modality) -> str:
    """Return what `check` prints: classes, sizes, what is wrong, what is odd, and a verdict."""
    noun = modality.noun
    parts = [
        _draw_classes(report, noun),
        modality.say_sizes(report),
        _draw_unusable(report["unusable"], noun),
        _draw_odd(report["odd"], noun),
        _draw_duplicates(report["duplicates"], noun),
        _say_verdict(report, noun),
    ]
    return "\n".join(part for part in parts if part)


def say_classes(counts: Mapping[str, int]) -> str:
    """Return the first classes and how many images each has, in lines of 80 letters."""
    named = [f"{name} ({count:,})" for name, count in counts.items()]
    # a name and its count stay in one line: no blank but those behind commas may be a line's end
    words = (
        name_some(named, most=SHOWN_CLASSES).replace(" ", NO_BREAK).replace(f",{NO_BREAK}", ", ")
    )
    text = textwrap.fill(
        f"{count_of(len(named), 'class')}: {words}",
        WIDTH,
        subsequent_indent="  ",
        break_on_hyphens=False,
    )
    return text.replace(NO_BREAK, " ")


def _count(labels: np.ndarray, names: Sequence[str]) -> dict[str, int]:
    return dict(zip(names, np.bincount(labels, minlength=len(names)).tolist(), strict=True))


def _without(counts: dict[str, int], names: Collection[str]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name not in names}


def _find_groups(sha256: np.ndarray, near: np.ndarray) -> list[tuple[str, list[int]]]:
    """Return kind and rows of each group of duplicates, in the order of the first."""
    equal = link_equal(sha256)
    exact = group_rows(equal, len(sha256))
    alike = group_rows(np.concatenate([equal, near]), len(sha256))
    linked = np.isin(alike, alike[near.ravel()])
    found = [("exact", rows) for rows in _split_rows(exact, np.unique(equal))]
    found += [("near", rows) for rows in _split_rows(alike, np.flatnonzero(linked))]
    return sorted(found, key=lambda group: group[1][0])


def _split_rows(groups: np.ndarray, rows: np.ndarray) -> list[list[int]]:
    """Return the given rows, ascending, one list for each of their groups."""
    order = rows[np.argsort(groups[rows], kind="stable")]
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    return [part.tolist() for part in np.split(order, ends) if len(part)]


def name_unit(noun: str) -> str:
    """Return what holds an example: images are files, whatever is in them."""
    return "file" if noun == "image" else noun


def say_alike(noun: str) -> str:
    """Return what near copies do."""
    return "look alike" if noun == "image" else "are much alike"


def _draw_classes(report: Report, noun: str) -> str:
    splits = report["splits"]
    columns = ["class", f"{noun}s", *(splits if len(splits) > 1 else [])]
    rows = [
        (name, count, *(part[name] for part in splits.values() if len(splits) > 1))
        for name, count in report["classes"].items()
    ]
    title = f"{count_of(report['images'], name_unit(noun))} in {count_of(len(rows), 'class')}"
    lines = [_draw(columns, rows, title, SHOWN_CLASSES)]
    if gone := report["left_out_classes"]:
        lines.append(f"Left out: {say_classes(gone)}")
    for split, part in splits.items():
        if lacking := [name for name, count in part.items() if not count]:
            lines.append(f"No {noun} in {split}: {name_some(lacking, most=2)}")
    counts = report["classes"].values()
    if max(counts) > UNEVEN * min(counts):
        lines.append(
            f"The largest class has {count_of(max(counts), noun)}, the smallest "
            f"{min(counts):,}: "
            "see --data.class_weight auto"
        )
    return "\n".join(lines)


def _draw_unusable(unusable: list[dict[str, str]], noun: str) -> str:
    rows = [(entry["path"], entry["reason"]) for entry in unusable]
    return _draw(("path", "reason"), rows, f"Unusable {name_unit(noun)}s: {len(rows):,}")


def _draw_odd(odd: list[dict[str, str]], noun: str) -> str:
    paths: dict[str, list[str]] = defaultdict(list)
    for entry in odd:
        paths[entry["kind"]].append(entry["path"])
    rows = [(kind, len(found), name_some(found, most=2)) for kind, found in sorted(paths.items())]
    return _draw(("kind", f"{noun}s", "such as"), rows, "Odd, but used")


def _draw_duplicates(duplicates: list[dict[str, Any]], noun: str) -> str:
    # what is wrong first
    order = sorted(duplicates, key=lambda group: -len({*group["splits"]}) - len({*group["labels"]}))
    rows = [
        (
            group["kind"],
            len(group["paths"]),
            name_some(sorted({*group["splits"]} - {""}, key=SPLITS.index)),
            name_some(sorted({*group["labels"]}), most=2),
            name_some(group["paths"], most=2),
        )
        for group in order
    ]
    columns = "kind", f"{noun}s", "splits", "classes", "such as"
    exact = sum(kind == "exact" for kind, *_ in rows)
    groups = count_of(exact, "group")
    title = f"Duplicates: {groups} of equal {name_unit(noun)}s, {len(rows) - exact:,} that "
    title += say_alike(noun)
    return _draw(columns, rows, title)


def _say_verdict(report: Report, noun: str) -> str:
    unusable, refusal = len(report["unusable"]), report.get("refusal", "")
    leaks, mislabelled = len(list_leaks(report)), len(list_mislabelled(report))
    lines = [f"\nTraining refuses this data set. {refusal}"] if refusal else []
    if unusable + leaks + mislabelled:
        unit = f"unusable {name_unit(noun)}"
        lines.append(
            f"\nWrong: {count_of(unusable, unit)}, {count_of(leaks, 'group')} of "
            f"duplicates in several splits, {mislabelled:,} with several classes."
        )
    return "\n".join(lines) or "\nNothing is wrong."


def _draw(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str, shown: int = SHOWN
) -> str:
    """Return a table of the first rows; no rows, no table."""
    if not rows:
        return ""
    more = f"\n  … and {len(rows) - shown:,} more" if len(rows) > shown else ""
    return f"\n{title}\n{draw_table(columns, rows[:shown], cut=CUT)}{more}"
