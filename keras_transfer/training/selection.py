"""Which epoch of a phase is the best one; the training and the figures ask here."""


def rank_epoch(val_accuracy: float, val_loss: float) -> tuple[float, float]:
    """Return a key that grows with the quality of an epoch.

    Validation accuracy decides; among equals, which small validation splits have many of, the
    lower validation loss. A loss that is not a number is the worst.

    Args:
        val_accuracy: Share of the validation images that were right, in [0, 1].
        val_loss: Mean cross-entropy over the validation images.
    """
    return (val_accuracy, -val_loss if val_loss == val_loss else float("-inf"))


def keeps_later(earlier_accuracy: float, later_accuracy: float) -> bool:
    """Return whether a later phase replaces an earlier one, given their best validation accuracies.

    Equal accuracy keeps the later phase: it has seen more, and which of two equal losses is lower
    says little on a small split.
    """
    return not later_accuracy < earlier_accuracy
