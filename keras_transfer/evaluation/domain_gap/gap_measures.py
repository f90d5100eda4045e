"""The distance of two domains in feature space: MMD, proxy A-distance, neighbours across."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.evaluation.certainty.neighbours import scale_features
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.adaptation.methods import WIDTHS

MOST = 1000  # images a domain: a kernel matrix of 2,000 rows takes 32 MB, and chance is below .01
PERMUTATIONS = 499  # the least p-value is .002
REGULARIZATION = 100.0  # of a linear classifier on features with a standard deviation of 1


@dataclass(frozen=True)
class DomainGap:
    """How far apart two domains are; None is what too few images cannot tell."""

    mmd: float | None
    """Squared maximum mean discrepancy, unbiased: about 0 where nothing differs, at most 2."""
    p_value: float | None
    """Share of random divisions of all images whose MMD is as large, in (0, 1]."""
    proxy_a_distance: float | None
    """In [0, 2]: 0 where a linear classifier guesses the domain, 2 where it is always right."""
    neighbour_accuracy: float | None
    """Share of target images whose nearest source image is of their class; None without labels."""
    source_images: int
    """Images of the source that were measured."""
    target_images: int
    """Images of the target that were measured."""

    def as_json(self) -> dict[str, Any]:
        """Return the numbers under their names."""
        return asdict(self)

    def describe(self, when: str = "", noun: str = "image") -> str:
        """Return the numbers in one line of words; `when` says when they were measured."""
        parts = []
        if self.mmd is not None:
            parts.append(f"MMD {round(self.mmd, 3) + 0:.3f} (p {self.p_value:.3f})")
        if self.proxy_a_distance is not None:
            parts.append(f"A-distance {self.proxy_a_distance:.2f} of 2")
        found = [", ".join(parts)] if parts else []
        if self.neighbour_accuracy is not None:
            found.append(
                f"nearest neighbours across domains right for {self.neighbour_accuracy:.2f}"
            )
        examples = f"{self.source_images:,} and {self.target_images:,} {noun}s"
        return (
            f"Domain gap{when and ' '}{when}: {'; '.join(found) or 'cannot be told'} ({examples})"
        )


def measure_gap(
    source: np.ndarray,
    target: np.ndarray,
    *,
    source_labels: np.ndarray | None = None,
    target_labels: np.ndarray | None = None,
    seed: int = 0,
) -> DomainGap:
    """Measure how far apart two domains are; the order of the channels makes no difference.

    Args:
        source: (n, channels) finite features.
        target: (m, channels) finite features of the same network.
        source_labels: (n,) integers. None: unknown.
        target_labels: (m,) integers that mean the same classes as those of the source.
        seed: Of the images drawn, at most 1,000 of each domain, and of divisions.

    Raises:
        ConfigError: A domain is empty, their channels differ, or a feature is not a number.

    References:
        A. Gretton et al., "A Kernel Two-Sample Test", JMLR 2012.
        S. Ben-David et al., "Analysis of Representations for Domain Adaptation", NIPS 2006.
        M. Long et al., "Learning Transferable Features with Deep Adaptation Networks", ICML 2015:
        several widths.
    """
    _check(source, target)
    rows, others = draw_rows(len(source), MOST, seed), draw_rows(len(target), MOST, seed + 1)
    first, second = _sort_channels(source[rows], target[others])
    random = np.random.default_rng(seed)
    mmd, p_value = _test_means(first, second, random)
    accuracy = None
    if source_labels is not None and target_labels is not None:
        labels = np.asarray(source_labels)[rows], np.asarray(target_labels)[others]
        accuracy = _score_neighbours(first, second, *labels)
    return DomainGap(
        mmd=mmd,
        p_value=p_value,
        proxy_a_distance=_separate_domains(first, second, random),
        neighbour_accuracy=accuracy,
        source_images=len(first),
        target_images=len(second),
    )


def draw_rows(count: int, most: int, seed: int) -> np.ndarray:
    """Return at most so many of `count` rows, in order, drawn by the seed."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def _check(source: np.ndarray, target: np.ndarray) -> None:
    shapes = f"{source.shape} and {target.shape}"
    if source.ndim != 2 or target.ndim != 2 or source.shape[1:] != target.shape[1:]:
        raise ConfigError(
            f"Two domains must have features of the same channels. Received: {shapes}. Compute "
            "both with one network."
        )
    if not source.size or not target.size:
        raise ConfigError(
            f"Two domains must have at least one example each. Received: features {shapes}."
        )
    if wrong := sum(int((~np.isfinite(each).all(axis=1)).sum()) for each in (source, target)):
        raise ConfigError(
            "Features must be finite numbers. Received: some that are not, of "
            f"{count_of(wrong, 'example')}. Choose other weights."
        )


def _sort_channels(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float64, channels in an order of their values, as sums depend on the order."""
    columns = np.concatenate([source, target]).astype(np.float64).T
    order = sorted(range(len(columns)), key=lambda channel: columns[channel].tobytes())
    both = np.ascontiguousarray(columns[order].T)
    return both[: len(source)], both[len(source) :]


def _test_means(
    source: np.ndarray, target: np.ndarray, random: np.random.Generator
) -> tuple[float | None, float | None]:
    """Return MMD² of Gaussian kernels, and its p-value by permutation."""
    if min(len(source), len(target)) < 2:
        return None, None  # there is no pair within a domain
    kernel = _compute_kernel(np.concatenate([source, target]))
    count = len(kernel)
    inside = np.zeros((count, 1 + PERMUTATIONS))  # which rows a division takes for the source
    inside[: len(source), 0] = 1
    for division in inside.T[1:]:
        division[random.permutation(count)[: len(source)]] = 1
    linked = kernel @ inside
    within = (inside * linked).sum(axis=0)
    across = linked.sum(axis=0) - within
    rest = kernel.sum() - within - 2 * across
    n, m = len(source), len(target)
    found = within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m)
    as_large = int((found[1:] >= found[0] - 1e-9).sum())  # rounding must not tell equals apart
    return float(found[0]), (1 + as_large) / (1 + PERMUTATIONS)


def _compute_kernel(features: np.ndarray) -> np.ndarray:
    """Return the mean of Gaussian kernels of all pairs, (n, n); 0 for a row with itself."""
    features = features - features.mean(axis=0)  # rounding is smaller around 0
    lengths = (features**2).sum(axis=1)
    squares = np.maximum(lengths[:, None] + lengths - 2 * features @ features.T, 0)
    np.fill_diagonal(squares, 0)
    mean = squares.sum() / (len(squares) * (len(squares) - 1))
    scaled = squares / max(mean, np.finfo(np.float64).tiny)
    kernel = np.mean([np.exp(-scaled / width) for width in WIDTHS], axis=0)
    np.fill_diagonal(kernel, 0)
    return np.asarray(kernel)


def _separate_domains(
    source: np.ndarray, target: np.ndarray, random: np.random.Generator
) -> float | None:
    """Return 2 (1 - 2 error) of a linear classifier that tells as many images of each apart.

    The error is that of ridge regression on each image by all others, which has a closed form.
    """
    from scipy.linalg import cholesky, solve_triangular

    least = min(len(source), len(target))
    if least < 2:
        return None
    both = [each[np.sort(random.permutation(len(each))[:least])] for each in (source, target)]
    features, domains = np.concatenate(both), np.repeat([-1.0, 1.0], least)
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    features = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    penalty = np.append(np.full(features.shape[1] - 1, REGULARIZATION), 0)
    factor = cholesky(features.T @ features + np.diag(penalty), lower=True)
    reduced = solve_triangular(factor, features.T, lower=True)  # (channels, images)
    leverage = (reduced**2).sum(axis=0)
    left_out = domains - (domains - reduced.T @ (reduced @ domains)) / (1 - leverage)
    error = (left_out * domains <= 0).mean()
    return max(0.0, float(2 * (1 - 2 * error)))  # worse than guessing is guessing


def _score_neighbours(
    source: np.ndarray, target: np.ndarray, source_labels: np.ndarray, target_labels: np.ndarray
) -> float:
    """Return the share of target images whose nearest source image, by cosine, has their label."""
    nearest = (scale_features(target) @ scale_features(source).T).argmax(axis=1)
    return float((source_labels[nearest] == target_labels).mean())
