"""Predictions in blocks, here or on a cluster: in order, or as parts of a folder that stay."""

import functools
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_transfer.cluster.block_engines import Answers, Engine, cut_blocks, order_answers
from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.cluster.input_hashes import hash_model, hash_sources
from keras_transfer.cluster.part_folder import name_part, opening_parts, reading_part
from keras_transfer.data.same_files.file_states import read_state
from keras_transfer.evaluation.blocks.sent_sources import list_seen, name_fully, spare_lost
from keras_transfer.evaluation.predict_output import (
    ImagePredictions,
    concatenate_predictions,
    open_table,
    read_parquet,
)
from keras_transfer.exports.loaders import load_artefact
from keras_transfer.exports.reading.classify_stream import classify_stream
from keras_transfer.exports.reading.unusual_images import judge_unusual
from keras_transfer.predict.said_rows import Asked, Said
from keras_transfer.system.load_tensorflow import import_tensorflow


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is predicted, by what and where."""

    model: Path
    """As `load_artefact` takes it."""
    trust: bool
    """As there."""
    model_files: Sequence[Path]
    """Files and folders of the model that its answers come from."""
    names: Sequence[str]
    """Of n examples."""
    sources: Sequence[Any]
    """What they come from, as `Modality.list_words` returns them."""
    engine: Engine
    """Where."""

    def classify(self, unusual: bool, done: Sequence[int] = ()) -> Answers:
        """Yield the number of each block that is not done, and its predictions."""
        model = str(self.model.absolute())
        sources = name_fully(self.sources)
        job = BlockJob(
            opening=functools.partial(open_classifier, model, self.trust, unusual),
            seen=(model, *list_seen(sources)),
            name=lambda item: str(item[0]),
        )
        blocks = cut_blocks(list(zip(self.names, sources, strict=True)), done)
        return self.engine.answer(job, blocks)


def open_classifier(
    model: str, trust: bool, unusual: bool
) -> Callable[[Sequence[Any], Mapping[int, str]], ImagePredictions]:
    """Load a model, and return what classifies a block of names and sources with it."""
    artefact = load_artefact(model, trust)
    import_tensorflow()  # it resizes, also where another runtime predicts
    artefact = judge_unusual(artefact) if unusual else artefact

    def answer(items: Sequence[Any], lost: Mapping[int, str]) -> ImagePredictions:
        names, sources = zip(*items, strict=True)
        batches = classify_stream(artefact, names, spare_lost(sources, lost))
        found = concatenate_predictions([said for _, said in batches])
        for place, reason in lost.items():
            found.reasons[place], found.probabilities[place] = reason, float("nan")
        return found

    return answer


def say_blocks(work: Work, asked: Asked, parts: Path | None) -> Generator[Said, None, None]:
    """Yield what is said of a block after the other.

    Args:
        work: What is predicted.
        asked: What is to be said.
        parts: Folder that each block leaves a part in; those that are there are not computed again,
            and come first. None: there are none, and blocks come in order.

    Raises:
        ConfigError: The folder has other parts or cannot be written, or the engine cannot be used.
    """
    if parts is None:
        for part in order_answers(work.classify(asked.unusual)):
            yield asked.say(asked.add_sets(part))
        return
    made_of = {
        "verb": "predict",
        "model": hash_model(work.model_files),
        "examples": len(work.names),
        "names and files": hash_sources(work.names, work.sources, read_state),
        "columns": asked.columns,
        "threshold": asked.threshold,
        "limits of sets": None if asked.limits is None else asked.limits.tolist(),
    }
    with opening_parts(parts, made_of) as done:
        for number in done:
            with reading_part(file := name_part(parts, number)):
                rows = read_parquet(file)
            yield Said(rows, [])
        for number, part in work.classify(asked.unusual, done):
            said = asked.say(asked.add_sets(part))
            with open_table(name_part(parts, number), asked.columns) as write:
                write(said.rows)
            yield said
