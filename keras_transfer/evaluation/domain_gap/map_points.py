"""Where the images of a map are: t-SNE of their features, of few and of equal ones, too."""

import numpy as np

from keras_transfer.system.errors import ConfigError

CHANNELS = 50  # principal components that t-SNE is made of, as its authors have it
PERPLEXITY = 30.0
STEPS = 500  # half of them spread the clusters; twice as many look the same
LEAST = 5  # images that t-SNE can place; fewer stand at their principal components


def place_points(features: np.ndarray) -> np.ndarray:
    """Return a place in the plane for each image, (n, 2) float64.

    Args:
        features: (n, channels) finite; from them alone t-SNE begins, so nothing is drawn by chance.

    Raises:
        ConfigError: A feature is not a number.
    """
    if not np.isfinite(features).all():
        raise ConfigError(
            "Features must be finite numbers. Received: some that are not. Choose other weights."
        )
    reduced = _find_components(np.asarray(features, np.float64))
    begin = reduced[:, :2]
    spread = begin[:, 0].std() if len(begin) else 0.0
    if len(features) < LEAST or spread == 0:
        return begin
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    model = TSNE(
        perplexity=perplexity,
        init=(begin / spread * 1e-4).astype(np.float32),
        max_iter=STEPS,
    )
    # its steps are so short that several threads wait for one another: on busy cores for minutes
    with threadpool_limits(1):
        return np.asarray(model.fit_transform(reduced.astype(np.float32)), np.float64)


def _find_components(features: np.ndarray) -> np.ndarray:
    """Return the first principal components, (n, at least 2)."""
    centred = features - features.mean(axis=0) if len(features) else features
    if centred.shape[0] < centred.shape[1]:  # of the smaller of the two products
        values, left = np.linalg.eigh(centred @ centred.T)
        found = left * np.sqrt(np.maximum(values, 0))
    else:
        found = centred @ np.linalg.eigh(centred.T @ centred)[1]
    found = found[:, ::-1][:, :CHANNELS]
    return np.pad(found, ((0, 0), (0, max(0, 2 - found.shape[1]))))
