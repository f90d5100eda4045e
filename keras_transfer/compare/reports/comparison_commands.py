"""What the page of a comparison says to type next."""

from typing import Any

from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.ranking.configurations import Configuration
from keras_transfer.config.messages import GIVEN_AS
from keras_transfer.system.terminal.visible_text import quote_word


def list_commands(comparison: Comparison, best: Configuration) -> dict[str, Any]:
    """Return what to type next; a baseline has no model to do anything with."""
    start = "python -m keras_transfer."
    anew = {"Make this page anew:": f"{start}report {quote_word(comparison.path)}"}
    if best.is_baseline:
        return {"first": None, "next": anew}
    run = comparison.path / _find_run(best)
    place = quote_word(run)
    others = GIVEN_AS[best.noun]
    models = {
        f"Classify new {best.noun}s with the best run:": f"{start}predict {place} {others}",
        "Write its model for servers and phones:": f"{start}export {place}",
    }
    first = f"{start}evaluate {place} --dataset {others}"
    return {"best_run": run.name, "first": first, "next": models | anew}


def _find_run(best: Configuration) -> str:
    """Return the run of a configuration that is right on most validation images."""
    return best.runs[int(best.right.mean(axis=1).argmax())]
