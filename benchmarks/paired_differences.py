"""What a benchmark's paired trainings say: the file of results, differences, Markdown tables.

`defaults.py` runs the trainings.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.evaluation.significance import flip_signs

TODAY = "today"  # the candidate that the others are measured against
DRAWS = 4_000
KINDS = {"selected": "weights the run keeps", "last": "last epoch"}


class Job(NamedTuple):
    """One training."""

    candidate: str
    backbone: str
    data: str
    seed: int


class Difference(NamedTuple):
    """How much more often a candidate is right than today's defaults."""

    mean: float
    low: float
    high: float
    p: float


# (backbone, set) -> (seeds, images) float: candidate minus today, 1, 0 or -1
Judged = Mapping[tuple[str, str], np.ndarray]


def difference(judged: Judged) -> Difference:
    """Return the mean difference, its 95 % interval, and a p-value.

    Sets and backbones are fixed and count the same, however many images they have. The interval is
    over what could have been otherwise: a bootstrap that draws seeds (of each set and backbone on
    their own) and test images (of each set, the same ones for all of its seeds and backbones) with
    replacement. The p-value is that of random signs, a test image with all of its seeds and
    backbones being one unit.

    Args:
        judged: Candidate minus today, 1, 0 or -1 for each seed and image.
    """
    random, names = np.random.default_rng(0), sorted({name for _, name in judged})
    means, units = np.zeros(DRAWS), []
    for name in names:
        cells = [cell for (_, own), cell in judged.items() if own == name]
        images, share = cells[0].shape[1], 1 / (len(names) * len(cells))
        drawn = random.multinomial(images, np.full(images, 1 / images), DRAWS) / images
        for cell in cells:
            seeds = len(cell)  # one backbone may have more than another
            chosen = random.multinomial(seeds, np.full(seeds, 1 / seeds), DRAWS) / seeds
            means += share * ((drawn @ cell.T) * chosen).sum(axis=1)
        units.append(share * sum(cell.mean(axis=0) for cell in cells) / images)
    low, high = np.quantile(means, (0.025, 0.975))
    each = np.concatenate(units)
    p = flip_signs(each[:, None] / np.abs(each).max())[0] if each.any() else 1.0
    return Difference(float(each.sum()), float(low), float(high), p)


def read_results(file: Path) -> dict[Job, dict[str, Any]]:
    """Return the lines of the file of results; half a line of a killed run is left out."""
    found = {}
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[Job(*(record[field] for field in Job._fields))] = record
    return found


def list_values(found: Mapping[Job, Any], field: str) -> list[Any]:
    """Return the values that a field of the trainings has, in the order of the file."""
    return list(dict.fromkeys(getattr(job, field) for job in found))


def pair(found: Mapping[Job, Mapping[str, Any]], name: str, kind: str) -> dict[Any, np.ndarray]:
    """Return candidate minus today, for each backbone and set the seeds that both have."""
    cells = {}
    for backbone, data in dict.fromkeys((job.backbone, job.data) for job in found):
        seeds = sorted(list_values(found, "seed"))
        both = [[Job(who, backbone, data, seed) for who in (name, TODAY)] for seed in seeds]
        rows = [[found[job] for job in jobs] for jobs in both if all(job in found for job in jobs)]
        assert len({each["images"] for row in rows for each in row}) <= 1, (name, data)
        if rows:
            cells[backbone, data] = np.stack(
                [_read(theirs, kind) - _read(ours, kind) for theirs, ours in rows]
            )
    return cells


def _read(record: Mapping[str, Any], kind: str) -> np.ndarray:
    return np.array([*record[kind]], float)


def print_results(found: Mapping[Job, Mapping[str, Any]]) -> None:
    """Print a table of accuracies, and one of differences for each kind of weights."""
    names, sets = list_values(found, "candidate"), list_values(found, "data")
    seeds = sorted(list_values(found, "seed"))
    print(f"Accuracy on test images, means of seeds {seeds}: selected weights / last epoch.\n")
    print("| candidate | backbone |", " | ".join(sets), "| mean | seconds | processor |")
    print("| --- | --- |" + " ---: |" * (len(sets) + 3))
    for name in names:
        for backbone in dict.fromkeys(job.backbone for job in found if job.candidate == name):
            print(f"| {name} | {backbone} |", " | ".join(_list_scores(found, name, backbone)), "|")
    for kind, words in KINDS.items():
        print(f"\nDifference from {TODAY}, {words}, in points, with 95 % intervals.\n")
        print("| candidate | backbones | all sets | p |", " | ".join(sets), "|")
        print("| --- | --- | ---: | ---: |" + " ---: |" * len(sets))
        for name in names:
            for row in () if name == TODAY else _list_differences(pair(found, name, kind), sets):
                print(f"| {name} |", " | ".join(row), "|")


def _list_scores(found: Mapping[Job, Mapping[str, Any]], name: str, backbone: str) -> Iterator[str]:
    rows = {job: line for job, line in found.items() if job[:2] == (name, backbone)}
    scores: dict[str, list[float]] = {kind: [] for kind in KINDS}
    sets = list_values(found, "data")
    for data in sets:
        own = [line for job, line in rows.items() if job.data == data]
        for kind, means in scores.items():
            means += [np.mean([_read(line, kind).mean() for line in own])] if own else []
        yield " / ".join(f"{means[-1]:.3f}" for means in scores.values()) if own else ""
    whole = all(len(means) == len(sets) for means in scores.values())
    yield " / ".join(f"**{np.mean(means):.3f}**" for means in scores.values()) if whole else ""
    for clock in ("wall", "processor"):
        yield f"{np.mean([line[clock] for line in rows.values()]):.1f}"


def _list_differences(cells: Judged, sets: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a candidate: all backbones, then each where there are several."""
    backbones = list(dict.fromkeys(backbone for backbone, _ in cells))
    groups = [backbones, *([each] for each in backbones if len(backbones) > 1)]
    for group in groups if backbones else ():
        chosen = {key: cell for key, cell in cells.items() if key[0] in group}
        whole = difference(chosen)
        row = [" + ".join(group), _say(whole), f"{whole.p:.3f}"]
        for name in sets:
            own = {key: cell for key, cell in chosen.items() if key[1] == name}
            row.append(_say(difference(own)) if own else "")
        yield row


def _say(found: Difference) -> str:
    mean, low, high = (f"{100 * number:+.1f}" for number in found[:3])
    mark = "**" if found.low > 0 or found.high < 0 else ""
    return f"{mark}{mean}{mark} ({low} to {high})"
