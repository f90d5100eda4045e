"""How the configurations of a comparison compare with the best one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keras_transfer.compare.ranking.configurations import Configuration
from keras_transfer.evaluation.significance import compare_pair, correct_holm, flip_signs
from keras_transfer.training.plan.strategies import SCRATCH

LEVEL = 0.05  # a difference is called real below this corrected p-value


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a configuration compares with the best one."""

    is_best: bool
    p_value: float | None  # corrected; None: it is the best, or shares no seed with it
    gap: float | None  # mean accuracy that the best has more, over the seeds both have; or None
    negative_transfer: bool  # from_scratch is not worse

    @property
    def outcome(self) -> str:
        """best, worse (the difference is real), better, not told apart, or not compared."""
        if self.is_best:
            return "best"
        if self.p_value is None or self.gap is None:
            return "not compared"
        if self.p_value >= LEVEL:
            return "not told apart"
        return "worse" if self.gap > 0 else "better"

    @property
    def words(self) -> str:
        """The outcome as the table has it."""
        word = self.outcome + (" on the seeds both have" if self.outcome == "better" else "")
        return word + (", negative transfer" if self.negative_transfer else "")


def find_best(configurations: Sequence[Configuration]) -> Configuration:
    """Return the training of the highest mean accuracy on validation, of which no row is missing.

    If rows are missing of each, the best of all; the first of equals. Test plays no part. The
    baseline is what trainings are held against: it is the best only where none is finished.
    """
    trained = [each for each in configurations if not each.is_baseline] or configurations
    whole = [each for each in trained if len(each.runs) == each.planned]
    return max(whole or trained, key=lambda each: each.accuracy)


def compare_runs_with_best(configurations: Sequence[Configuration]) -> dict[str, float]:
    """Return for each run, by name, the p-value against the best configuration's of its seed.

    They are not corrected for being several. The best's own runs have none, and neither have those
    of a seed with which the best one failed. The baseline has no seed, and is compared with all.
    """
    best = find_best(configurations)
    rivals = dict(zip(best.seeds, best.right, strict=True))
    found = {
        each.runs[0]: flip_signs((best.right.mean(axis=0) - each.right[0])[:, None])[0]
        for each in configurations
        if each.is_baseline and each is not best
    }
    return found | {
        run: compare_pair(rivals[seed], right)
        for each in configurations
        if each is not best
        for run, seed, right in zip(each.runs, each.seeds, each.right, strict=True)
        if seed in rivals
    }


def judge(configurations: Sequence[Configuration]) -> list[Verdict]:
    """Return how each configuration compares with the best, over the seeds that both have.

    Each image counts by the share of seeds that were right on it. The p-values are corrected by
    Holm for all comparisons of the list. The best lacks no row and has the highest mean of all
    seeds, so one of which rows are missing can still be better on the seeds that both have.
    """
    best = find_best(configurations)
    gaps = {
        index: shares[0] - shares[1]
        for index, each in enumerate(configurations)
        if each is not best and (shares := share_seeds(best, each))
    }
    p_values = correct_holm(flip_signs(np.stack([*gaps.values()], axis=1))) if gaps else []
    corrected = dict(zip(gaps, p_values, strict=True))
    return [
        Verdict(
            is_best=each is best,
            p_value=corrected.get(index),
            gap=float(gaps[index].mean()) if index in gaps else None,
            negative_transfer=find_scratch(each, configurations) is not None,
        )
        for index, each in enumerate(configurations)
    ]


def find_scratch(
    configuration: Configuration, configurations: Sequence[Configuration]
) -> Configuration | None:
    """Return the `from_scratch` twin of a pretrained configuration, if it is not worse.

    The twin has all other settings in common, and at least the mean accuracy over the seeds that
    both have; without such a seed nothing is known.

    References:
        Z. Wang et al., "Characterizing and avoiding negative transfer", CVPR 2019.
    """
    if not configuration.pretrained:
        return None
    wanted = {**configuration.settings, "strategy": SCRATCH}
    for each in configurations:
        if each.settings != wanted or not (shares := share_seeds(each, configuration)):
            continue
        if (shares[0] - shares[1]).mean() > -1e-9:  # equal, but for rounding
            return each
    return None


def share_seeds(
    first: Configuration, second: Configuration
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return twice (n,) floats: how often each is right on an image, over the seeds both have.

    None: they have no seed in common. With the baseline, which has no seed, all count.
    """
    if first.is_baseline or second.is_baseline:
        return first.right.mean(axis=0), second.right.mean(axis=0)
    shared = [seed for seed in first.seeds if seed in second.seeds]
    if not shared:
        return None
    one, other = (
        each.right[[each.seeds.index(seed) for seed in shared]].mean(axis=0)
        for each in (first, second)
    )
    return np.asarray(one), np.asarray(other)
