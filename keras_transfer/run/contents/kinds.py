"""What the JSON files of a run must hold, as far as the program reads it."""

from typing import Any, Literal, NotRequired, TypedDict

from keras_transfer.run.contents.check_content import Count, Positive, Share

Split = Literal["train", "validation", "test"]
# of the arrays of the activation cache: a file may be called by it
ArrayName = Literal[
    "train_pooled",
    "validation_pooled",
    "target_pooled",
    "train_activations",
    "validation_activations",
    "target_activations",
]


class Scores(TypedDict):
    """What was measured on a split."""

    images: Positive
    accuracy: Share
    accuracy_interval: tuple[Share, Share]
    macro_f1: Share
    expected_calibration_error: float


class Splits(TypedDict):
    """Scores by split."""

    validation: Scores
    test: NotRequired[Scores]
    target: NotRequired[Scores]  # labelled images of the domain it was adapted to


class Gap(TypedDict):
    """How far apart two domains are."""

    mmd: float | None
    p_value: float | None
    proxy_a_distance: float | None
    neighbour_accuracy: float | None
    source_images: Count
    target_images: Count


class Adapted(TypedDict):
    """What came of adapting to another domain."""

    method: str
    images: Count
    strength: NotRequired[float]
    unadapted_accuracy: NotRequired[Share]
    before: NotRequired[Gap]
    after: NotRequired[Gap]


class PhaseSummary(TypedDict):
    """How a phase went."""

    epochs: Positive
    best_epoch: Positive
    validation_accuracy: Share
    highest_validation_accuracy: NotRequired[Share]  # not in earlier versions' runs
    last_validation_accuracy: Share
    seconds: float


class Calibration(TypedDict):
    """What scaling by a temperature did to a split."""

    temperature: float
    before: float
    after: float


class Parameters(TypedDict):
    """How many numbers a model has."""

    total: Count
    trainable: Count


class CacheUse(TypedDict):
    """What was made of the activation cache."""

    reused: NotRequired[bool]


class Seconds(TypedDict):
    """Where the time went."""

    total: float


class GivenParts(TypedDict):
    """given_parts.json."""

    callbacks: NotRequired[str]
    augmentation: NotRequired[str]
    head: NotRequired[str]
    loss: NotRequired[str]


class Metrics(TypedDict):
    """metrics.json."""

    backbone: str
    backbone_sha256: NotRequired[str]  # of a user's file
    weights_origin: NotRequired[str]  # source and licence of a preset
    strategy: NotRequired[str]
    weights: str
    weights_sha256: str | None
    kept_phase: str
    cache: NotRequired[CacheUse]
    given: NotRequired[GivenParts]
    parameters: Parameters
    phases: dict[str, PhaseSummary]
    splits: Splits
    calibration: NotRequired[dict[Split, Calibration]]
    adapt: NotRequired[Adapted]
    left_out: NotRequired[dict[Split, Count]]
    seconds: Seconds


class Unusable(TypedDict):
    """A file that was left out."""

    path: str
    reason: str


class Odd(TypedDict):
    """A file that is unusual."""

    path: str
    kind: str


class Duplicates(TypedDict):
    """Files that are equal, or look so."""

    kind: str
    paths: list[str]
    splits: list[str]
    labels: list[str]


class ShortSide(TypedDict):
    """Pixels of the short sides of the images."""

    smallest: Count


class DataReport(TypedDict):
    """data_report.json."""

    images: Count
    splits: dict[Split, dict[str, Count]]
    short_side: NotRequired[ShortSide]  # of images
    unusable: list[Unusable]
    odd: list[Odd]
    dropped: list[Any]
    duplicates: list[Duplicates]


class Reference(TypedDict):
    """What parity.json says of the run's own model."""

    images: Positive
    accuracy: Share
    accuracy_interval: tuple[Share, Share]
    expected_calibration_error: float


class Checked(TypedDict):
    """What parity.json says of an artefact."""

    file: str
    signature: str
    images: Count
    reason: str
    temperature: float
    sha256: NotRequired[str]
    max_difference: NotRequired[float]
    mean_difference: NotRequired[float]
    agreement: NotRequired[Share]
    accuracy: NotRequired[Share]
    accuracy_interval: NotRequired[tuple[Share, Share]]
    expected_calibration_error: NotRequired[float]
    size_bytes: NotRequired[Count]
    latency_ms: NotRequired[float]
    load_seconds: NotRequired[float]


class Parity(TypedDict):
    """parity.json."""

    reference: Reference
    artefacts: list[Checked]


class CoverageLimits(TypedDict):
    """From which probability on a class belongs to a set."""

    limit: Share
    class_limits: NotRequired[list[Share]]  # where a class has enough images


class Answered(TypedDict):
    """What comes of answering only where the best class is probable enough."""

    threshold: Share
    images: Positive
    answered: Positive
    right: Count


class ExportDecision(TypedDict):
    """What decision.json says of an export."""

    coverage: dict[str, CoverageLimits]
    answer_at_accuracy: dict[str, Answered]


class Decision(TypedDict):
    """exports/decision.json."""

    class_names: list[str]
    files: dict[str, ExportDecision]


class Environment(TypedDict):
    """environment.json."""

    packages: dict[str, str | None]


class Tracking(TypedDict):
    """tracking.json: what the log of another tool has of the run."""

    logger: str
    id: str
    epochs: int


class PlanFormat(TypedDict):
    """What plan.json of any version holds."""

    format: int


class PlannedWeights(TypedDict):
    """Where the weights of a run came from."""

    kind: Literal["imagenet", "bundled", "preset", "none", "file"]
    sha256: str | None
    warning: str | None


class PlannedCache(TypedDict):
    """What a run keeps."""

    cuts: dict[str, Count]
    views: Positive | None
    layout: dict[ArrayName, tuple[list[Positive], Literal["float16", "float32"]]]


class Plan(TypedDict):
    """plan.json."""

    given: dict[str, Any]
    settings: dict[str, Any]
    strategy_reason: NotRequired[str]
    network_sha256: NotRequired[str]  # of a preset's configuration or a user's file
    weights: PlannedWeights
    cache: PlannedCache
