"""Which epoch of a phase is the best one, and which phase is kept."""

from collections.abc import Mapping, Sequence


def find_best_epoch(accuracies: Sequence[float], losses: Sequence[float]) -> int:
    """Return the best epoch of a phase, counted from 0; the first of equals.

    Validation accuracy decides; among equals, which small validation splits have many of, the
    lower validation loss. A loss that is not a number is the worst.

    Args:
        accuracies: Of each epoch, share of the validation images that were right, in [0, 1].
        losses: Of each epoch, mean cross-entropy over the validation images.
    """
    ranks = [rank_epoch(*pair) for pair in zip(accuracies, losses, strict=True)]
    return ranks.index(max(ranks))


def rank_epoch(accuracy: float, loss: float) -> tuple[float, float]:
    """Return a key that grows with the quality of an epoch; see `find_best_epoch`."""
    worst = float("-inf")
    return (accuracy if accuracy == accuracy else -1.0, -loss if loss == loss else worst)


def find_kept_phase(accuracies: Mapping[str, float]) -> str:
    """Return the phase whose best weights a run keeps.

    A later phase is kept unless its accuracy is below that of the phase kept so far: on equal
    accuracy it has seen more, and which of two equal losses is lower says little on a small split.

    Args:
        accuracies: Of each phase, in the order they ran, the validation accuracy of its best epoch.
    """
    kept, *later = accuracies
    for phase in later:
        if not accuracies[phase] < accuracies[kept]:
            kept = phase
    return kept
