"""model_card.md: what a run's model is, made from the run's files.

References:
    M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keras_transfer.config.messages import GIVEN_AS, count_of, name_some, say_interval
from keras_transfer.config.pixels.preparation import find_preparation
from keras_transfer.config.split_names import TARGET, choose_split
from keras_transfer.config.train_config import TrainConfig, WeightsWord
from keras_transfer.evaluation.reports.loading_snippets import list_snippets
from keras_transfer.evaluation.reports.markdown import draw_rows, escape, quote_code
from keras_transfer.evaluation.reports.parity_table import CLEAR, list_cells
from keras_transfer.evaluation.reports.summary import describe_adaptation
from keras_transfer.evaluation.reports.trust_section import describe_trust
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.freeze_boundary import describe_low_rank
from keras_transfer.models.model_file import OLDEST_KERAS
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_text
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.system.terminal.visible_text import quote_word

NEVER_TRAINED = "random: nobody has pretrained this network"
MANY = 20  # classes: more are counted rather than named
LIMITS_WORDS = {  # noun -> what has no class, what may differ
    "image": ("picture", "cameras, places or seasons"),
    "text": ("text", "authors, subjects or years"),
}
EXPORT_COLUMNS = (
    *("file", "images", "max", "mean", "same class", "accuracy", "95 % interval"),
    *("temperature", "calibration error", "MB", "ms", "passed"),
)


def write_model_card(run: Run, metrics: Mapping[str, Any]) -> None:
    """Write model_card.md anew, from what the run holds now.

    Args:
        run: Its config.yaml, class_names.txt, split.csv, data_report.json and, if there is one,
            parity.json are read.
        metrics: The content of metrics.json, which a run that is about to finish has not yet.
    """
    config, report = load_run_config(run), run.data_report()
    run.split_table()  # it is whole: the card holds its hash
    sections = [
        [f"# {escape(run.path.resolve().name)}", "", *_describe_task(config, run)],
        ["## Results", "", *_describe_results(run, metrics)],
        ["## Data", "", *_describe_data(config, run, report)],
        ["## Weights and settings", "", *_describe_settings(config, metrics)],
        ["## How to load it", "", *_describe_loading(config, run)],
        ["## When to trust it", "", *describe_trust(run)],
        ["## Limits", "", *_describe_limits(config, metrics, report)],
    ]
    if run.parity_file.exists():
        noun = choose_modality(config).noun
        exports = ["## Exports", "", *_describe_exports(run.parity(), noun)]
        sections.insert(4, exports)
    write_text(run.model_card_file, "\n\n".join("\n".join(part) for part in sections) + "\n")


def _describe_task(config: TrainConfig, run: Run) -> Iterator[str]:
    names, noun = run.class_names(), choose_modality(config).noun
    listed = name_some([*map(escape, names)], most=MANY)
    yield (
        f"{'An' if noun == 'image' else 'A'} {noun} classifier: {escape(config.backbone)} with a "
        f"new head, trained by keras_transfer (strategy {config.strategy})."
    )
    yield ""
    yield f"* It tells {len(names)} classes apart: {listed}."
    yield _describe_text_input(config) if noun == "text" else _describe_image_input(config)
    yield f"* Output: {len(names)} probabilities in the order of class_names.txt."
    known = "classes and the most tokens" if noun == "text" else "classes, size and resizing"
    yield (
        f"* model.keras opens with plain Keras {OLDEST_KERAS} or newer; its metadata.json names "
        f"{known}."
    )


def _describe_text_input(config: TrainConfig) -> str:
    return (
        "* Input: token ids, int32 (texts, length), up to "
        f"{config.data.sequence_length} of a text, by the tokenizer in `tokenizer/`, which also "
        "says what fills rows up at their end; the SavedModel takes texts as they are."
    )


def _describe_image_input(config: TrainConfig) -> str:
    size = config.data.image_size or 0
    whole = find_preparation(config.data).resized_side(size)
    cut = f" (short side to {whole}, then the centre)" if whole > size else ""
    resampling = f"antialiased {config.data.interpolation} resampling"
    return (
        f"* Input: raw RGB in [0, 255], {size} x {size} pixels, made by "
        f"`{config.data.resize}`{cut} with {resampling}; preprocessing is inside the model."
    )


def _describe_results(run: Run, metrics: Mapping[str, Any]) -> Iterator[str]:
    from keras_transfer.evaluation.metrics import says_top5

    noun = choose_modality(load_run_config(run)).noun
    top5 = ("top-5 accuracy",) if says_top5(run.class_names()) else ()
    yield from draw_rows(
        ("split", f"{noun}s", "accuracy", "95 % interval", *top5, "macro F1", "calibration error"),
        [
            (
                name,
                scores["images"],
                f"{scores['accuracy']:.3f}",
                say_interval(scores["accuracy_interval"]),
                *(f"{scores['top5_accuracy']:.3f}" for _ in top5),
                f"{scores['macro_f1']:.3f}",
                f"{scores['expected_calibration_error']:.3f}",
            )
            for name, scores in metrics["splits"].items()
        ],
    )
    yield ""
    yield from _describe_adaptation(run, metrics)
    yield "Intervals are Wilson's; calibration errors are expected calibration errors, 15 bins."
    yield "Validation chose the epoch, so its accuracy flatters a little."
    if run.per_class_file.exists():
        yield "Each class: per_class.csv. What it is taken for: confusion_matrix.csv."
    for name, count in metrics.get("left_out", {}).items():
        yield (
            f"{count} {name} {noun}s were gone or changed when this was measured, and do not count "
            "(data_report.json)."
        )
    for name, found in metrics.get("calibration", {}).items():
        yield (
            f"Calibrated by temperature {found['temperature']:.3f}, fitted on validation: error on "
            f"{name} {found['before']:.3f} before, {found['after']:.3f} after."
        )


def _describe_adaptation(run: Run, metrics: Mapping[str, Any]) -> Iterator[str]:
    if TARGET not in metrics["splits"] and "adapt" not in metrics:
        return
    yield f"Adapted to images of {quote_code(str(load_run_config(run).adapt.target))}:"
    yield ""
    for line in describe_adaptation(metrics):
        yield f"* {line}"
    if run.source_model_file.exists():
        yield (
            "* model.keras has the statistics of that domain, source_model.keras those of the "
            "domain it learned from; train, validation and test were measured with the latter."
        )
    yield ""


def _describe_data(config: TrainConfig, run: Run, report: Mapping[str, Any]) -> Iterator[str]:
    splits: Mapping[str, Mapping[str, int]] = report["splits"]
    names = run.class_names()
    noun = choose_modality(config).noun
    kind = "file" if noun == "image" else noun
    yield f"{quote_code(config.source)}, {count_of(report['images'], kind)}."
    yield ""
    yield from draw_rows(
        ("class", *splits),
        [(name, *(counts.get(name, 0) for counts in splits.values())) for name in names[:MANY]]
        + _count_others(names[MANY:], splits)
        + [("all classes", *(sum(counts.values()) for counts in splits.values()))],
    )
    yield ""
    if noun == "text":
        yield from (f"* {line}." for line in choose_modality(config).say_sizes(report).splitlines())
    yield f"* split.csv names every {noun} with its SHA-256 and its split."
    yield f"  SHA-256 of split.csv: `{hash_file(run.split_file)}`"
    yield (
        f"* {count_of(len(report['unusable']), f'unusable {kind}')}, "
        f"{count_of(len(report['odd']), 'finding')} of odd {kind}s, "
        f"{len(report['dropped'])} dropped as leaks, "
        f"{count_of(len(report['duplicates']), 'group')} of duplicates (data_report.json)."
    )


def _count_others(
    names: Sequence[str], splits: Mapping[str, Mapping[str, int]]
) -> list[tuple[str | int, ...]]:
    """Return a row of the classes that have none of their own, if there are any."""
    sums = (sum(counts.get(name, 0) for name in names) for counts in splits.values())
    return [(f"{len(names):,} more classes (split.csv)", *sums)] if names else []


def _describe_settings(config: TrainConfig, metrics: Mapping[str, Any]) -> Iterator[str]:
    kind, row = metrics["weights"], BACKBONES.get(config.backbone)
    origin = {
        WeightsWord.IMAGENET: f"ImageNet, {row.weights_origin if row else ''}",
        WeightsWord.PRESET: escape(metrics.get("weights_origin", "")),
        WeightsWord.BUNDLED: "bundled with keras_transfer, pretrained on pictures that formulas "
        "draw",
        "file": quote_code(metrics.get("weights_origin") or str(config.weights)),
        WeightsWord.NONE: "random" if row is None or row.has_weights else NEVER_TRAINED,
    }
    yield f"* Backbone's first weights: {origin.get(kind, kind)}"
    if metrics["weights_sha256"]:
        yield f"  (SHA-256 `{metrics['weights_sha256']}`)"
    if network := metrics.get("backbone_sha256"):
        yield (
            f"* The network is that in {quote_code(config.backbone.partition(':')[2])} without its "
            f"classifier, on `preprocess` {config.preprocess} pixels"
        )
        yield f"  (SHA-256 of the file `{network}`)"
    total, learned = metrics["parameters"]["total"], metrics["parameters"]["trainable"]
    yield f"* {total:,} parameters, {learned:,} learned in the last phase."
    if words := describe_low_rank(config):
        yield f"* The backbone learned by {words}, merged into its kernels."
    for name, phase in metrics["phases"].items():
        kept = ", kept" if name == metrics["kept_phase"] else ""
        yield (
            f"* Phase `{name}`: weights of epoch {phase['best_epoch']} of {phase['epochs']}, "
            f"validation accuracy {phase['validation_accuracy']:.3f}{kept}."
        )
    given = metrics.get("given", {})
    views = given.get("augmentation") or choose_modality(config).describe_views(config)
    for kind, name in given.items():
        yield f"* Given from Python, and not in config.yaml: {kind} {escape(name)}."
    yield (
        f"* Rates {config.frozen.learning_rate:g} and {config.finetune.learning_rate}, "
        f"`finetune.locked_layers` {config.finetune.locked_layers}, augmentation "
        f"{escape(views)}, batches of {config.data.batch_size}, "
        f"{config.precision}, seed {config.seed}."
    )
    yield "* config.yaml holds every setting and repeats the run; environment.json the versions."


def _describe_exports(parity: Mapping[str, Any], noun: str) -> Iterator[str]:
    reference = parity["reference"]
    asked = (
        "and `serve_bytes` over the files among them that TensorFlow decodes to the same pixels"
        if noun == "image"
        else "the SavedModel's `serving_default` over the texts, all else over their token ids"
    )
    yield (
        f"Each file ran in its own runtime over the {reference['images']} validation {noun}s, "
        f"{asked} "
        f"(model.keras: accuracy {reference['accuracy']:.3f}, calibration error "
        f"{reference['expected_calibration_error']:.3f}). `max` and `mean` are the largest and the "
        "mean difference of a probability from model.keras; `same class` counts where the two best "
        f"classes differ by more than {CLEAR:g}. A temperature other than 1 divides what "
        f"model.keras has before its softmax. `ms` is for one {noun}."
    )
    yield ""
    rows = [list_cells(row) for row in parity["artefacts"]]
    heads = [f"{noun}s" if name == "images" else name for name in EXPORT_COLUMNS]
    yield from draw_rows(
        heads, [tuple(cells.get(name, "") for name in EXPORT_COLUMNS) for cells in rows]
    )
    for row in parity["artefacts"]:
        if row["reason"]:
            yield f"\n{escape(row['file'])}: {escape(' '.join(row['reason'].split()))}."


def _describe_loading(config: TrainConfig, run: Run) -> Iterator[str]:
    name = quote_word(run.path.resolve().name)
    given = "photo.jpg" if choose_modality(config).noun == "image" else '"A sentence."'
    command = quote_code(f"python -m keras_transfer.predict {name} {given}")
    yield f"{command}, or in this folder:"
    for title, code in list_snippets(run, config):
        yield f"\n{escape(title)}:\n\n```python\n{code}\n```"


def _describe_limits(
    config: TrainConfig, metrics: Mapping[str, Any], report: Mapping[str, Any]
) -> Iterator[str]:
    noun = choose_modality(config).noun
    shown, others = LIMITS_WORDS[noun]
    yield f"* It always names one of its classes, also for a {shown} of none of them."
    yield (
        f"* It was measured on {noun}s like those it learned from; other {others} may be worse. "
        f"Measure them: `python -m keras_transfer.evaluate RUN --dataset {GIVEN_AS[noun]}`."
    )
    split = choose_split(metrics["splits"])
    scores = metrics["splits"][split]
    low, high = scores["accuracy_interval"]
    yield (
        f"* {scores['images']} {split} {noun}s leave the accuracy open between {low:.2f} and "
        f"{high:.2f}."
    )
    yield from choose_modality(config).list_limits(config, report)
