"""What is said of the configurations of a comparison: names, cells of a table, sentences."""

from collections import Counter
from collections.abc import Iterator, Sequence

from keras_transfer.compare.columns import BASELINE, COLUMNS
from keras_transfer.compare.ranking.configurations import Configuration, Lost, is_baseline
from keras_transfer.compare.ranking.verdicts import (
    LEVEL,
    Verdict,
    find_best,
    find_scratch,
    judge,
    share_seeds,
)
from keras_transfer.config.messages import count_of

NAMED = 4  # configurations that are named in a sentence
METHOD = (  # noun: of one example
    f"Real is a difference with p below {LEVEL:g}: the sign of each {{noun}}'s mean difference "
    "over seeds is flipped at random (McNemar's test, for several seeds), corrected by Holm. "
    "Validation also chose the epochs and what is called best, so it flatters the best; test "
    "chose nothing."
)

# How the baseline compares with the best training -> what that says of the training.
BASELINE_WORDS = {
    "worse": "what was learned elsewhere helps here",
    "not told apart": "that the training is better cannot be told from chance",
    "better": "what was learned elsewhere does not help here, the plain model is really better",
}

TARGET_CHOSE_NOTHING = (
    "target is accuracy on labelled images of the domain that was adapted to. It chose nothing: "
    "the best one is the best on validation images of the source, and may not be the best there."
)


def name_configuration(
    configuration: Configuration, configurations: Sequence[Configuration]
) -> str:
    """Return what tells a configuration from the others: the settings that differ."""
    if configuration.is_baseline:
        return f"{configuration.settings['backbone']} {BASELINE}"
    clear = [each.column for each in COLUMNS.values() if each.kind is str]  # words, not numbers
    values = configuration.settings
    return ", ".join(
        values[name] if name in clear else f"{name.rpartition('.')[2]} {values[name]}"
        for name in find_varying(configurations)
    )


def find_varying(configurations: Sequence[Configuration | Lost]) -> list[str]:
    """Return the settings that are not the same in all trainings, or just the strategy.

    Where there is a baseline the strategy is among them: it says which row that is.
    """
    names = configurations[0].settings
    trained = [each for each in configurations if not is_baseline(each.settings)]
    shown = {"strategy"} if len(trained) < len(configurations) else set()
    shown |= {name for name in names if len({each.settings[name] for each in trained}) > 1}
    return [name for name in names if name in shown] or ["strategy"]


def head_columns(varying: Sequence[str]) -> list[str]:
    """Return the last words of the names of settings, where they tell them apart."""
    last = [name.rpartition(".")[2] for name in varying]
    return [name if last.count(end) > 1 else end for name, end in zip(varying, last, strict=True)]


def say_setting(each: Configuration | Lost, name: str) -> str:
    """Return a setting, and behind the strategy auto what it came to."""
    if is_baseline(each.settings) and name == "strategy":
        return f"{BASELINE} ({each.settings['backbone']})"
    chosen = "/".join(each.strategies) if isinstance(each, Configuration) else ""
    is_auto = name == "strategy" and each.settings[name] == "auto" and chosen not in ("", "auto")
    return f"auto ({chosen})" if is_auto else each.settings[name]


def say_seeds(each: Configuration | Lost) -> str:
    """Return how many of its rows are finished: 3, or 2 of 3."""
    missing = len(each.missing)
    return f"{each.planned - missing} of {each.planned}" if missing else str(each.planned)


def say_verdict(each: Configuration, verdict: Verdict) -> str:
    """Return how a configuration compares with the best, and which of its rows are missing."""
    words = verdict.outcome if each.is_baseline else verdict.words
    return ", ".join([words, *_count_missing(each)])


def say_lost(each: Lost) -> str:
    """Return why there is nothing of a configuration: failed, or 1 failed, 2 waiting."""
    states = {row.state for row in each.missing}
    return states.pop() if len(states) == 1 else ", ".join(_count_missing(each))


def _count_missing(each: Configuration | Lost) -> list[str]:
    states = Counter(row.state for row in each.missing)
    return [f"{count} {state}" for state, count in states.items()]


def say_p(p_value: float) -> str:
    """Return a p-value with three digits."""
    return "<.001" if p_value < 0.001 else f"{p_value:.3f}"


def say_best(configurations: Sequence[Configuration], lost: Sequence[Lost]) -> str:
    """Return which configuration is best, and of which it is."""
    best = find_best(configurations)
    planned: list[Configuration | Lost] = [*configurations, *lost]
    some = len(planned) > 1 and any(each.missing for each in planned)
    which = " of those of which no row is missing" if some and not best.missing else ""
    return f"Best on validation{which}: {name_configuration(best, configurations)}"


def say_differences(
    configurations: Sequence[Configuration], verdicts: Sequence[Verdict], lost: Sequence[Lost]
) -> str:
    """Return in a sentence for each outcome which configurations have it, but for the best."""
    if len(configurations) == 1:
        which = "Only one configuration is finished" if lost else "There is one configuration only"
        return f"{which}, so nothing is compared."
    size, noun = configurations[0].right.shape[1], configurations[0].noun
    names: dict[str, list[str]] = {}
    for each, verdict in zip(configurations, verdicts, strict=True):
        outcome = verdict.outcome
        if each.is_baseline and outcome == "better":
            outcome = "better baseline"
        names.setdefault(outcome, []).append(name_configuration(each, configurations))
    found = []
    if worse := names.get("worse"):
        found.append(f"Really worse: {_list(worse)}.")
    if better := names.get("better"):
        found.append(
            f"Really better on the seeds both have, but rows are missing: {_list(better)}."
        )
    if plain := names.get("better baseline"):
        found.append(f"Really better: {_list(plain)}.")
    if equal := names.get("not told apart"):
        found.append(f"{_count(equal)} cannot be told apart from it by these {size} {noun}s.")
    if apart := names.get("not compared"):
        found.append(f"{_count(apart)} cannot be compared with it: no seed is finished in both.")
    return " ".join(found)


def list_remarks(configurations: Sequence[Configuration]) -> Iterator[str]:
    """Yield what has to be known to read the table; nothing of a single configuration."""
    if len(configurations) == 1:
        return
    yield METHOD.format(noun=configurations[0].noun)
    if any(each.mean("target_accuracy") is not None for each in configurations):
        yield TARGET_CHOSE_NOTHING
    reused, runs = (
        sum(c.reused for c in configurations),
        sum(len(c.runs) for c in configurations if not c.is_baseline),
    )
    if reused:
        yield (
            f"{reused} of {runs} rows used activations that an earlier row or comparison had "
            "computed: alone they take longer."
        )
    yield from _compare_with_baseline(configurations)
    for each in configurations:
        twin = find_scratch(each, configurations)
        if twin and (shares := share_seeds(each, twin)):
            yield (
                f"Negative transfer: {name_configuration(each, configurations)} has "
                f"{shares[0].mean():.3f}, {name_configuration(twin, configurations)} "
                f"{shares[1].mean():.3f}: what was learned elsewhere does not help here."
            )


def _compare_with_baseline(configurations: Sequence[Configuration]) -> Iterator[str]:
    """Yield whether the best training is better than the baseline, if there are both."""
    best = find_best(configurations)
    for each, verdict in zip(configurations, judge(configurations), strict=True):
        if not each.is_baseline or verdict.is_best:
            continue
        name, trained = (name_configuration(one, configurations) for one in (each, best))
        numbers = f"{name} has {_say_accuracies(each)}, {trained} {_say_accuracies(best)}"
        yield f"Against the baseline: {numbers}: {BASELINE_WORDS[verdict.outcome]}."


def _say_accuracies(each: Configuration) -> str:
    test = each.mean("test_accuracy")
    return f"{each.accuracy:.3f}" + ("" if test is None else f" ({test:.3f} on test)")


def _list(names: Sequence[str]) -> str:
    return "; ".join(names) if len(names) <= NAMED else f"{len(names)} others"


def _count(names: Sequence[str]) -> str:
    return count_of(len(names), "other")
