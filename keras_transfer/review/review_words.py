"""What a review, and what is decided in it, look like on a terminal and as JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.data.examples import Examples
from keras_transfer.review.decisions import Decisions
from keras_transfer.review.label_quality.suspects import LabelReview
from keras_transfer.system.terminal.short_names import keep_end, keep_start
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import quote_word, show_name

SHOWN = 10  # rows of a table
CUT = {"path": keep_end, "reason": keep_start, "text": keep_start}


def describe_review(review: LabelReview) -> str:
    """Return the first suspects as a table, how many there are, and who could not be judged."""
    suspects, unjudged = review.suspects, review.unjudged
    lines = [f"Label suspects: {len(suspects):,} of {count_of(len(review), review.noun)}"]
    if copies := int(suspects.copies.sum()):
        lines[0] += f", {copies:,} of them copies with different labels"
    if len(suspects):
        rows = zip(
            suspects.paths[:SHOWN].tolist(),
            [suspects.class_names[label] for label in suspects.labels[:SHOWN]],
            [suspects.class_names[label] for label in suspects.suggested[:SHOWN]],
            [None if np.isnan(share) else float(share) for share in suspects.probability[:SHOWN]],
            _list_reasons(suspects)[:SHOWN],
            strict=True,
        )
        last = "reason" if suspects.contents is None else "text"
        columns = "path", "label", "suggested", "probability", last
        drawn = draw_table(
            columns, rows, cut=CUT, drop=(last, "probability"), where="in label_review.csv"
        )
        lines += [drawn]
        lines += [f"  … and {len(suspects) - SHOWN:,} more"] if len(suspects) > SHOWN else []
        lines += ["Suspects are worth a look, not wrong: the first ones are the likeliest."]
    if len(unjudged):
        names = name_some([review.class_names[label] for label in np.unique(unjudged.labels)])
        examples = count_of(len(unjudged), review.noun)
        lines += [f"Not judged: {examples} of classes that have too few: {names}"]
    return "\n".join(lines)


def _list_reasons(suspects: LabelReview) -> list[str]:
    """Return what the last column says: the reason, or the text, which says more."""
    if suspects.contents is None:
        return [str(reason) for reason in suspects.reasons]
    return [" | ".join(" ".join(text.split()) for text in row) for row in suspects.contents]


def describe_files(table: Path, sheet: Path | None, dataset: str, given: Sequence[str] = ()) -> str:
    """Return where the files of a review are, and what to do with them.

    Args:
        table: label_review.csv.
        sheet: label_review.png, if there is one.
        dataset: As it was given.
        given: Words of the command line that say how it is read.
    """
    names = f"{table.name} and {sheet.name}" if sheet else table.name
    written = f"Written: {names} in {show_name(str(table.parent))}"
    if not sheet:
        return written
    words = "Next: write yes, a class or remove into its column decision, then"
    place = " ".join([quote_word(dataset), *map(quote_word, given), "--apply", quote_word(table)])
    return f"{written}\n{words}\n  python -m keras_transfer.review {place}"


def answer_review(review: LabelReview) -> dict[str, Any]:
    """Return the suspects and what was looked at, as `--json` prints it."""
    suspects, names = review.suspects, review.class_names
    counts = np.bincount(review.labels, minlength=len(names)).tolist()
    columns = zip(
        suspects.paths.tolist(),
        suspects.labels.tolist(),
        suspects.suggested.tolist(),
        suspects.probability.tolist(),
        suspects.label_probability.tolist(),
        suspects.reasons.tolist(),
        suspects.copies.tolist(),
        strict=True,
    )
    return {
        "images": len(review),
        "classes": dict(zip(names, counts, strict=True)),
        "unjudged": review.unjudged.paths.tolist(),
        "suspects": [
            {
                "path": path,
                "label": names[label],
                "suggested": names[suggested],
                "probability": probability,
                "label_probability": own,
                "reason": reason,
                "is_copy": is_copy,
            }
            for path, label, suggested, probability, own, reason, is_copy in columns
        ],
    }


def list_changes(examples: Examples, decisions: Decisions) -> list[dict[str, str]]:
    """Return the images that get another label, and both labels."""
    names = examples.class_names
    changed = np.flatnonzero((decisions.labels != examples.labels) & ~decisions.removed)
    return [
        {
            "path": str(examples.paths[row]),
            "before": names[examples.labels[row]],
            "label": names[decisions.labels[row]],
        }
        for row in changed
    ]


def describe_changes(examples: Examples, decisions: Decisions) -> str:
    """Return the first changes as a table, and how many there are of each kind."""
    changes, removed = list_changes(examples, decisions), examples.paths[decisions.removed]
    lines = [f"Labels changed: {len(changes):,} of {count_of(len(examples.paths), examples.noun)}"]
    if changes:
        rows = [tuple(change.values()) for change in changes[:SHOWN]]
        lines += [draw_table(("path", "before", "label"), rows, cut=CUT)]
        lines += [f"  … and {len(changes) - SHOWN:,} more"] if len(changes) > SHOWN else []
    if len(removed):
        lines += [f"Removed from the table: {len(removed):,}, {name_some(removed.tolist())}"]
    if decisions.undecided:
        rows_are = count_of(decisions.undecided, "row", "rows")
        lines += [f"Without a decision: {rows_are}, whose labels stay"]
    return "\n".join(lines)


def answer_changes(
    examples: Examples, decisions: Decisions, file: Path, options: list[str]
) -> Mapping[str, Any]:
    """Return what was decided and where it is, as `--json` prints it."""
    return {
        "labels": file.absolute(),
        "options": options,
        "images": len(examples.paths) - int(decisions.removed.sum()),
        "changed": list_changes(examples, decisions),
        "removed": examples.paths[decisions.removed].tolist(),
        "undecided": decisions.undecided,
    }
