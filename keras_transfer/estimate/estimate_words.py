"""What an estimate says: a table for people, an object for scripts."""

from collections.abc import Sequence
from typing import Any

from keras_transfer.config.messages import count_of, say_bytes
from keras_transfer.estimate.forecast import Forecast, Limit
from keras_transfer.estimate.measured_costs import ImageCosts, as_numbers
from keras_transfer.models.cuts import POOLED
from keras_transfer.system.machine import count_cores
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.training.cost.training_cost import say_time
from keras_transfer.training.devices import devices

WORDS = {
    "rows": "rows: list, divide, record",
    "inspect": "inspection of the files",
    "cache": "locked layers, once",
    "evaluate": "validation and test",
}


def describe_forecasts(found: Sequence[Forecast], machines: int, limits: Sequence[Limit]) -> str:
    """Return the tables and what gives way first, as text."""
    shared = f"{count_of(machines, 'machine')}, where it divides"
    columns = ["pass", "from", shared, *(count_of(each.images, "image") for each in found)]
    rows: list[list[str]] = []
    for passes in zip(*(each.passes for each in found), strict=True):
        first = passes[0]
        name = WORDS.get(first.name, f"phase {first.name}, one machine")
        divides = "divided" if first.divides and machines > 1 else "one"
        times = [say_time(each.on(machines)) for each in passes]
        rows.append([name, first.origin, divides, *times])
    rows += [
        ["the training", "", "", *(say_time(each.seconds(machines)) for each in found)],
        ["the same, nothing kept", "", "one", *(say_time(each.streamed) for each in found)],
        ["predict or embed all", "measured", "divided" if machines > 1 else "one"]
        + [say_time(each.predict.on(machines)) for each in found],
        ["bytes: files", "measured", "", *(say_bytes(round(e.image_bytes)) for e in found)],
        ["bytes: activations", "computed", "", *(say_bytes(e.activation_bytes) for e in found)],
        ["memory for rows", "constant", "one", *(say_bytes(e.memory_bytes) for e in found)],
    ]
    lines = [
        describe_training(found[0]),
        "",
        draw_table(columns, rows),
        "",
        "What gives way first:",
    ]
    lines += [f"  {each.images:,} images: {each.name}; beyond, {each.then}" for each in limits]
    return "\n".join(lines)


def describe_training(found: Forecast) -> str:
    """Return in a line what is estimated, and of which machine."""
    training = found.training
    config, plan, layers = training.config, training.cache, training.backbone.layers
    phases = " + ".join(f"{each.epochs} {each.name}" for each in training.phases)
    kept = [
        "pooled" if cut == POOLED else f"after {layers[cut.layer - 1].name}"
        for cut in plan.kept_cuts()
    ]
    said = f"{count_of(plan.views or 0, 'view')} kept {' and '.join(kept)}" if kept else "none kept"
    device = "a GPU" if devices() else f"{count_of(count_cores(), 'core')}, all of them busy"
    return (
        f"{config.backbone}, batches of {training.data.batch_words}, {config.strategy}, epochs: "
        f"{phases}; {said}. A machine as this one: {device}"
    )


def answer_forecasts(
    found: Sequence[Forecast], machines: int, limits: Sequence[Limit], costs: ImageCosts
) -> dict[str, Any]:
    """Return what `--json` prints."""
    config = found[0].training.config
    return {
        "backbone": config.backbone,
        "strategy": config.strategy,
        "image_size": config.data.image_size,
        "machines": machines,
        "cores": count_cores(),
        "devices": devices(),
        "costs": as_numbers(costs),
        "sizes": [_answer(each, machines) for each in found],
        "limits": [
            {"name": each.name, "images": each.images, "then": each.then} for each in limits
        ],
    }


def _answer(found: Forecast, machines: int) -> dict[str, Any]:
    passes = [
        {
            "name": each.name,
            "seconds": each.on(machines),
            "divides": each.divides,
            "origin": each.origin,
        }
        for each in [*found.passes, found.predict]
    ]
    return {
        "images": found.images,
        "seconds": found.seconds(machines),
        "streamed_seconds": found.streamed,
        "passes": passes,
        "file_bytes": found.image_bytes,
        "activation_bytes": found.activation_bytes,
        "memory_bytes": found.memory_bytes,
    }
