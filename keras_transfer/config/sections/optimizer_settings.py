"""The section `optimizer`: how the weights are moved."""

from dataclasses import dataclass

from keras_transfer.config.validation import FASTEST, MOST, check_types, is_count, require


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """How the weights are moved, in every phase."""

    name: str = "adamw"
    """adam, adamw (Adam with decoupled weight decay), sgd and rmsprop (momentum 0.9), lion (needs a
    rate 3 to 10 times lower)."""
    weight_decay: float | str = "auto"
    """Decay relative to the learning rate, from 0; biases and normalisation are spared. auto: 0.01
    for adamw and lion, 0 for the others."""
    schedule: str = "auto"
    """constant: the peak rate throughout. cosine: from it to zero over the phase. linear: the same,
    evenly. cosine_restarts: three times, over 1/7, 2/7 and 4/7 of it. one_cycle: up for 30 % of it,
    then down. step: a tenth after a half, a hundredth after three quarters. exponential: evenly
    down to a hundredth. auto: cosine, and linear for texts."""
    warmup: float = 0.1
    """How long the rate climbs from zero to its peak: below 1 a share of the phase, from 1 on
    epochs. one_cycle has its own."""
    clip_norm: float | str = "auto"
    """Longest gradient over all weights together; longer ones are shortened to it. 0: none is.
    auto: 0, and 1 for texts."""
    accumulate: int = 1
    """Batches whose gradients are averaged for one update; on one device only."""
    ema: float = 0.0
    """Also average the weights over the batches, in [0, 1): 0.99 is over some 100. Each epoch
    the average is evaluated as well, and kept where it is better. 0: no average."""
    label_smoothing: float = 0.0
    """Probability mass taken from the true class and spread over all, in [0, 1)."""
    patience: int = 0
    """Epochs without a better validation result before a phase stops. 0: no early stopping."""

    def __post_init__(self) -> None:
        check_types(self, "optimizer")
        decay, share = self.weight_decay, self.label_smoothing
        fits = 0 <= decay <= FASTEST if isinstance(decay, float) else decay == "auto"
        require(fits, "optimizer.weight_decay", f"from 0 to {FASTEST:g}, or 'auto'", decay)
        fits = 0 <= self.warmup <= MOST
        require(fits, "optimizer.warmup", f"from 0 to {MOST:,}", self.warmup)
        clip = self.clip_norm
        fits = 0 <= clip <= MOST if isinstance(clip, int | float) else clip == "auto"
        require(fits, "optimizer.clip_norm", f"from 0 to {MOST:,}, or 'auto'", clip)
        fits = is_count(self.accumulate)
        require(fits, "optimizer.accumulate", f"from 1 to {MOST:,} batches", self.accumulate)
        require(0 <= self.ema < 1, "optimizer.ema", "in [0, 1)", self.ema)
        require(0 <= share < 1, "optimizer.label_smoothing", "in [0, 1)", share)
        fits = is_count(self.patience, 0)
        require(fits, "optimizer.patience", f"from 0 to {MOST:,} epochs", self.patience)
