"""The order in which labels are doubted, and why."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.row_groups import group_rows, link_equal


@dataclass(frozen=True, kw_only=True)
class LabelReview:
    """Every example whose label was looked at, in columns of n, the most doubtful first."""

    root: Path
    """Folder that the paths are relative to."""
    class_names: tuple[str, ...]
    """Label names in index order."""
    paths: np.ndarray
    """(n,) of str, '/'-separated."""
    labels: np.ndarray
    """(n,) of int64: the class that an image has."""
    suggested: np.ndarray
    """(n,) of int64: the class that it seems to be, which may be its own."""
    label_probability: np.ndarray
    """(n,) floats in [0, 1]: of the label; NaN where the image cannot be judged."""
    probability: np.ndarray
    """(n,) floats in [0, 1]: of what is suggested; NaN as above."""
    reasons: np.ndarray
    """(n,) of str objects: what speaks against the label, or "" where nothing does."""
    copies: np.ndarray
    """(n,) of bool: whether there is a copy of it with another label."""
    contents: np.ndarray | None = None
    """(n, k) of str objects: the texts of each example; None: they are images."""

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: np.ndarray | slice) -> "LabelReview":
        """Return the images in these rows."""
        columns: dict[str, Any] = {
            field.name: getattr(self, field.name)[rows]
            for field in dataclasses.fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return dataclasses.replace(self, **columns)

    @property
    def noun(self) -> str:
        """What an example is called."""
        return "image" if self.contents is None else "text"

    @property
    def suspects(self) -> "LabelReview":
        """The images with a reason to doubt their label."""
        return self.take(np.flatnonzero(self.reasons != ""))

    @property
    def unjudged(self) -> "LabelReview":
        """The images whose class has no others to compare them with."""
        return self.take(np.flatnonzero(np.isnan(self.label_probability)))


def rank_suspects(
    examples: Examples, sha256: np.ndarray, near: np.ndarray, probabilities: np.ndarray
) -> LabelReview:
    """Return the images by how doubtful their labels are.

    Copies with different labels come first, group by group, within each the ones that should
    change; then the others by self-confidence, the probability of their label.

    Args:
        examples: n of them.
        sha256: (n,) of str.
        near: (m, 2) rows of images that look equal.
        probabilities: (n, classes), as `predict_out_of_fold` returns them.

    References:
        Northcutt et al. 2021, Confident learning (self-confidence).
    """
    rows = np.arange(len(examples.paths))
    own = probabilities[rows, examples.labels]
    judged = ~np.isnan(own)
    suggested = np.where(judged, np.nan_to_num(probabilities).argmax(axis=1), examples.labels)
    reasons = np.full(len(rows), "", object)
    for row in np.flatnonzero(suggested != examples.labels):
        reasons[row] = f"the probability of its label is {own[row]:.3f}"
    first: list[int] = []
    for members in _list_conflicts(examples.labels, sha256, near, own):
        best = _choose_label(examples.labels[members], probabilities[members])
        suggested[members] = best
        members = members[np.argsort(examples.labels[members] == best, kind="stable")]
        for row in members:
            reasons[row] = _explain_copy(row, members, examples, sha256)
        first += members.tolist()
    order = np.argsort(np.where(judged, own, 2), kind="stable")
    others = order[~np.isin(order, first)]
    ranked = np.concatenate([np.array(first, np.int64), others])
    found = LabelReview(
        root=examples.root,
        class_names=examples.class_names,
        paths=examples.paths,
        labels=examples.labels,
        suggested=suggested,
        label_probability=own,
        probability=np.where(judged, probabilities[rows, suggested], np.nan),
        reasons=reasons,
        copies=np.isin(rows, first),
        contents=examples.contents,
    )
    return found.take(ranked)


def _list_conflicts(
    labels: np.ndarray, sha256: np.ndarray, near: np.ndarray, own: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield the rows of each group of copies with several labels, the most doubtful first."""
    groups = group_rows(np.concatenate([link_equal(sha256), near]), len(labels))
    pairs = np.unique(np.stack([groups, labels]), axis=1)[0]
    several = np.unique(pairs[1:][pairs[1:] == pairs[:-1]])
    doubt = np.where(np.isnan(own), 2, own)
    found = [np.flatnonzero(groups == group) for group in several]
    found = [rows[np.argsort(doubt[rows], kind="stable")] for rows in found]
    yield from sorted(found, key=lambda rows: doubt[rows[0]])


def _choose_label(labels: np.ndarray, probabilities: np.ndarray) -> int:
    """Return the label that most copies have; of equally many, the one that is more probable."""
    votes = np.bincount(labels, minlength=probabilities.shape[1])
    chances = np.nan_to_num(probabilities).mean(axis=0)
    return int(np.lexsort((chances, votes))[-1])


def _explain_copy(row: int, members: np.ndarray, examples: Examples, sha256: np.ndarray) -> str:
    """Say which copy of an image has another label."""
    rivals = members[examples.labels[members] != examples.labels[row]]
    equal = rivals[sha256[rivals] == sha256[row]]
    other = equal[0] if len(equal) else rivals[0]
    thing = "file" if examples.noun == "image" else examples.noun
    words = f"is the same {thing} as" if len(equal) else "looks like"
    return (
        f"{words} {examples.paths[other]}, which is {examples.class_names[examples.labels[other]]}"
    )
