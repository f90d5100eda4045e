"""Which differences between models that saw the same images are real, and which may be chance."""

from collections.abc import Sequence

import numpy as np
import scipy.stats

DRAWS = 10_000
CELLS = 10_000_000  # numbers that are drawn at once, to bound the memory


def compare_pair(first: np.ndarray, second: np.ndarray) -> float:
    """Return the p-value of McNemar's exact test: two models are right equally often.

    Only the images count that one of them has right and the other wrong: of those, each model has
    a binomial share with probability 1/2 if they are equal.

    Args:
        first: (n,) bool, whether a model is right on each image.
        second: (n,) bool, the same of another model, images in the same order.

    Returns:
        In (0, 1]; 1 where no image tells them apart.

    References:
        Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
        percentages", Psychometrika 12 (1947).
        T. Dietterich, "Approximate statistical tests for comparing supervised classification
        learning algorithms", Neural Computation 10 (1998).
    """
    wins, losses = int((first & ~second).sum()), int((second & ~first).sum())
    if wins + losses == 0:
        return 1.0
    return float(scipy.stats.binomtest(wins, wins + losses).pvalue)


def flip_signs(differences: np.ndarray, seed: int = 0) -> list[float]:
    """Return for each column the p-value of a paired randomization test: its mean is 0.

    If two configurations are equal, the difference on an image is as likely to be the other way
    round. So the signs of all images are drawn 10,000 times; the p-value is the share of draws in
    which the mean is as far from 0 as the observed one. On differences of single runs (1, 0, -1)
    this is McNemar's exact test, but for the draws.

    Args:
        differences: (n, m) floats: of n images, how much more often one configuration is right
            than m others, in [-1, 1]; a mean over seeds keeps each image one row.
        seed: Of the draws.

    Returns:
        m numbers in (0, 1].

    References:
        R. A. Fisher, "The Design of Experiments" (1935), section 21.
        E. Edgington and P. Onghena, "Randomization Tests", 4th edition (2007).
        R. Dror et al., "The hitchhiker's guide to testing statistical significance in natural
        language processing", ACL 2018.
    """
    kept = differences[(differences != 0).any(axis=1)]  # the others stay what they are
    observed = np.abs(kept.sum(axis=0))
    random, extreme, left = np.random.default_rng(seed), np.zeros(differences.shape[1]), DRAWS
    while left:
        draws = min(left, max(1, CELLS // max(1, len(kept))))
        signs = np.where(random.random((draws, len(kept))) < 0.5, -1.0, 1.0)
        # rounding must not make a draw that is as far count as nearer
        extreme += (np.abs(signs @ kept) >= observed - 1e-9).sum(axis=0)
        left -= draws
    return [float(count + 1) / (DRAWS + 1) for count in extreme]


def correct_holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that hold for all of several comparisons at once.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none is below the one
    before. Rejecting those below 0.05 is wrong anywhere with a probability of 0.05 at most.

    References:
        S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
        Statistics 6 (1979).
    """
    corrected, running = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable").tolist()):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = running
    return corrected
