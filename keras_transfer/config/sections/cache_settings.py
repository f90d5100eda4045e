"""The section `cache`: work on locked layers, done once."""

from dataclasses import dataclass
from typing import Literal

from keras_transfer.config.validation import check_types, is_count, require

MOST_VIEWS = 10_000
MOST_GB = 10**6


@dataclass(frozen=True, kw_only=True)
class CacheConfig:
    """Work on locked layers, done once instead of in every epoch; the same but for rounding."""

    mode: Literal["auto", "on", "off"] = "auto"
    """auto: what locked layers give is kept, but not under heavy augmentation: strong, RandAugment,
    mixes. on: there as well, but for mixes. off: it is computed again in every epoch."""
    views: int | str = "auto"
    """Augmented versions of each image, which the epochs take in turn; fewer where they do not fit.
    auto: 2, or 1 without augmentation. fresh: a new one in every epoch, never kept; so it always
    is under heavy augmentation unless `mode` is on, and where every layer learns. Measured on 250
    to 1,200 images: 2, 4 and 8 views end within a point on average, fresh ones 1 to 3 above."""
    memory_gb: float | str = "auto"
    """Memory that prepared examples and activations may take, in 10**9 bytes. auto: a quarter of
    what is free."""
    disk_gb: float | str = "auto"
    """Disk that they may take where memory is too small, in 10**9 bytes; with `reuse`, all runs
    together. auto: a quarter of what is free."""
    reuse: bool = False
    """Keep the activations on disk for later runs on the same examples, backbone and augmentation,
    as compare does unless told otherwise; `python -m keras_transfer.clean` removes them."""

    def __post_init__(self) -> None:
        check_types(self, "cache")
        views = self.views
        fits = is_count(views, most=MOST_VIEWS) or views in ("auto", "fresh")
        require(fits, "cache.views", f"from 1 to {MOST_VIEWS:,}, 'auto' or 'fresh'", views)
        endless = self.mode == "on" and views == "fresh"
        require(not endless, "cache.views", "a number where cache.mode is on", views)
        for name in ("memory_gb", "disk_gb"):
            size = getattr(self, name)
            fits = 0 <= size <= MOST_GB if isinstance(size, float) else size == "auto"
            require(fits, f"cache.{name}", f"a number from 0 to {MOST_GB:,}, or 'auto'", size)
