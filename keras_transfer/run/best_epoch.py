"""Which epoch of a phase leaves its weights, and which phase is kept.

A validation split of 36 images tells accuracies apart by 5 points at best, so its highest one is
mostly luck, and luck comes early in a phase as well as late. The last epoch has learned most, at a
rate that has fallen. So a later epoch is preferred unless validation says that it is really worse.
"""

import math
from collections.abc import Mapping, Sequence

ROUNDING = 1e-6  # of accuracies, which history.csv has in six digits


def find_best_epoch(accuracies: Sequence[float], losses: Sequence[float], images: int = 0) -> int:
    """Return the epoch whose weights a phase leaves, counted from 0: the last as good as any.

    Args:
        accuracies: Of each epoch, share of the validation images that were right, in [0, 1].
        losses: Of each epoch, mean cross-entropy over the validation images.
        images: In validation; 0: not known, so the first of the best is returned.

    References:
        Breiman et al. 1984, Classification and regression trees (the rule of one standard error).
    """
    peak = find_peak(accuracies, losses)
    least = accept_from(accuracies[peak], images)
    later = zip(accuracies[peak:], losses[peak:], strict=True)
    good = [
        at for at, (accuracy, loss) in enumerate(later, peak) if accuracy >= least and loss == loss
    ]
    return max(good, default=peak) if images else peak


def find_peak(accuracies: Sequence[float], losses: Sequence[float]) -> int:
    """Return the epoch with the highest validation accuracy, counted from 0; the first of equals.

    Among equals, which small validation splits have many of, the lower validation loss decides. A
    loss that is not a number is the worst.
    """
    ranks = [rank_epoch(*pair) for pair in zip(accuracies, losses, strict=True)]
    return ranks.index(max(ranks))


def rank_epoch(accuracy: float, loss: float) -> tuple[float, float]:
    """Return a key that grows with the quality of an epoch; see `find_peak`."""
    worst = float("-inf")
    return (accuracy if accuracy == accuracy else -1.0, -loss if loss == loss else worst)


def accept_from(accuracy: float, images: int) -> float:
    """Return the lowest accuracy that is as good: one standard error below.

    The error is that of Agresti and Coull, which is above 0 for accuracies of 0 and 1 as well.

    Args:
        accuracy: On validation, in [0, 1].
        images: In validation; 0: not known, nothing below is as good.
    """
    if not images:
        return accuracy
    share = (accuracy * images + 2) / (images + 4)
    return accuracy - math.sqrt(share * (1 - share) / (images + 4)) - ROUNDING


def find_kept_phase(
    accuracies: Mapping[str, float], peaks: Mapping[str, float], images: int = 0
) -> str:
    """Return the phase whose weights a run keeps: the last one that is as good as those before.

    Args:
        accuracies: Of each phase, in the order they ran, the validation accuracy of the epoch
            whose weights it left.
        peaks: The highest one of each.
        images: In validation; 0: not known.
    """
    kept, *later = accuracies
    peak = peaks[kept]
    for phase in later:
        if not accuracies[phase] < accept_from(peak, images):
            kept = phase
        peak = max(peak, peaks[phase])
    return kept
