"""Which layers of a file are those of a backbone, alone or within a larger model.

A layer is found by its name and the shapes of its weights. Where a file has no names, or other
ones, and for names that Keras gave by a counter, it is found by order and shapes. Either way the
layers must follow each other as in the backbone, with no other between them: else a file of
ResNet101 would pass for ResNet50.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from keras_transfer.models.weights.file_contents import Layer, split_counter
from keras_transfer.models.weights.foreign_files import OTHER_FILE

RIGHT_BACKBONE = (
    "Choose the backbone they belong to with --backbone, or another file with --weights."
)
ALONE = (
    "Save the right one alone, by save_weights('backbone.weights.h5'), and give that file "
    "with --weights."
)


class _Model:
    """A model in a file: the whole or a nested one, with all layers within it."""

    def __init__(self, path: tuple[str, ...], found: Sequence[Layer], legacy: bool) -> None:
        self.depth, self.legacy = len(path), legacy
        self.layers = [layer for layer in found if layer.places[: self.depth] == path]

    def find_named(self, wanted: Layer) -> list[Layer]:
        """Return the layers of that name; in a legacy file models may stand before it."""
        full = self._by_name.get("/".join(wanted.names), [])
        return full or (self._by_name.get(wanted.name, []) if self.legacy else [])

    @cached_property
    def _by_name(self) -> dict[str, list[Layer]]:
        index: dict[str, list[Layer]] = {}
        for layer in self.layers:
            names = [*(layer.names[-1].split("/") if self.legacy else layer.names[self.depth :])]
            for start in range(len(names) if self.legacy else 1):
                index.setdefault("/".join(names[start:]), []).append(layer)
        return index

    def find_alike(self, kinds: tuple[str, ...], by_name: bool) -> list[Layer]:
        """Return the layers in order that are of these kinds, as far as the file tells.

        Args:
            kinds: Classes of a wanted layer and of the models that it is in.
            by_name: Whether only layers count that are named by a counter.
        """
        if not self.legacy:
            alike = [layer for layer in self.layers if self._list_kinds(layer) == kinds]
            return [each for each in alike if not by_name or _is_counted(each, self.depth)]
        name = re.compile(rf"(.*/)?{re.escape(kinds[-1])}(_\d+)?", re.DOTALL)
        return [each for each in self.layers if not by_name or name.fullmatch(each.names[-1])]

    def find_strangers(self, fit: Sequence[Layer]) -> list[Layer]:
        """Return the layers that stand between those of a fit."""
        strangers, groups = [], dict.fromkeys(map(self._list_kinds, fit))
        chosen = {layer.arrays for layer in fit}
        for kinds in groups:
            several = [layer for layer in self.layers if self._list_kinds(layer) == kinds]
            places = [i for i, layer in enumerate(several) if layer.arrays in chosen]
            between = several[places[0] : places[-1] + 1]
            strangers += [layer for layer in between if layer.arrays not in chosen]
        return strangers

    def _list_kinds(self, layer: Layer) -> tuple[str, ...]:
        """Return what the order of layers is known within: a class, or all of a legacy file."""
        return () if self.legacy else list_kinds(layer.places[self.depth :])


def find_fits(wanted: Sequence[Layer], found: Sequence[Layer], legacy: bool) -> list[list[Layer]]:
    """Return each choice of layers of a file that fills a backbone: one, if all is well.

    Args:
        wanted: Layers of the backbone in order, as in a file of Keras 3 that holds it alone.
        found: Layers of the file.
        legacy: Whether that has the legacy format.
    """
    for by_name in (True, False):
        fits: list[list[Layer]] = []
        around: set[tuple[str, ...]] = set()  # models around one that fits
        for path in _list_paths(found):
            model = _Model(path, found, legacy)
            if path in around or len(model.layers) < len(wanted):
                continue
            if several := [*_fit(wanted, model, by_name)]:
                fits += several
                around |= {path[:end] for end in range(len(path))}
        if fits:
            return fits
    return []


def explain_misfit(
    wanted: Sequence[Layer], found: Sequence[Layer], legacy: bool, name: str
) -> tuple[str, str]:
    """Return what a file holds in which `find_fits` found nothing, and what to do.

    Args:
        wanted: As there.
        found: As there.
        legacy: As there.
        name: Name of the backbone.
    """
    if not found:
        return "no layers with weights", OTHER_FILE
    explicit = [layer for layer in wanted if not _is_counted(layer)]

    def count_named(model: _Model) -> tuple[int, int]:
        own = sum(len(layer.places) == model.depth + 1 for layer in model.layers)
        return sum(bool(model.find_named(each)) for each in explicit), own

    model = max((_Model(path, found, legacy) for path in _list_paths(found)), key=count_named)
    if 2 * count_named(model)[0] > len(explicit):
        pairs = [(layer, next(iter(model.find_named(layer)), None)) for layer in explicit]
        strangers = model.find_strangers([each for _, each in pairs if each])
    else:
        pairs, strangers = [*_pair_by_order(wanted, model)], []
    for layer, other in pairs:
        if other is None or other.shapes != layer.shapes:
            return _say_difference(layer, other, name), RIGHT_BACKBONE
    if strangers:
        return _say_difference(None, strangers[0], name), RIGHT_BACKBONE
    return f"the layers of {name} in another order, or some of them twice", ALONE


def explain_choice(wanted: Sequence[Layer], fits: Sequence[list[Layer]]) -> tuple[str, str]:
    """Return that a backbone is in a file more than once, and what to do."""
    layer, one, two = next(
        (layer, one, two)
        for layer, one, two in zip(wanted, *fits[:2], strict=True)
        if one.arrays != two.arrays
    )
    return f"two that fit: {_say_path(one)} and {_say_path(two)} could be its {layer.name}", ALONE


def list_kinds(places: Sequence[str]) -> tuple[str, ...]:
    """Return the classes at these places, without the counters."""
    return tuple(split_counter(place)[0] for place in places)


def _list_paths(found: Sequence[Layer]) -> list[tuple[str, ...]]:
    """Return where the models in a file are, wherever something has parts; the top comes last."""
    paths = {layer.places[:end] for layer in found for end in range(len(layer.places))}
    return sorted(paths, key=lambda path: (-len(path), path))


def _is_counted(layer: Layer, depth: int = 0) -> bool:
    """Return whether Keras named a layer, or a model that it is in, by a counter of the process."""
    pairs = zip(layer.places[depth:], layer.names[depth:], strict=True)
    return any(
        not name or split_counter(name)[0] == split_counter(place)[0] for place, name in pairs
    )


def _fit(wanted: Sequence[Layer], model: _Model, by_name: bool) -> Iterator[list[Layer]]:
    chosen: dict[tuple[str, ...], Layer] = {}
    loose: dict[tuple[str, ...], list[Layer]] = {}
    for layer in wanted:
        if by_name and not _is_counted(layer):
            named = model.find_named(layer)
            if len(named) != 1 or named[0].shapes != layer.shapes:
                return
            chosen[layer.places] = named[0]
        else:
            group = () if model.legacy and not by_name else list_kinds(layer.places)
            loose.setdefault(group, []).append(layer)
    slides = (_slide(several, model, by_name) for several in loose.values())
    for choice in itertools.product(*slides):
        fit = chosen | {layer.places: each for part in choice for layer, each in part}
        found = [fit[layer.places] for layer in wanted]
        if not model.find_strangers(found):
            yield found


def _slide(
    wanted: Sequence[Layer], model: _Model, by_name: bool
) -> list[list[tuple[Layer, Layer]]]:
    """Return where layers of one kind fit into a row of layers, one after the other."""

    def is_alike(layer: Layer, other: Layer) -> bool:
        named = [] if by_name or _is_counted(layer) else model.find_named(layer)
        return layer.shapes == other.shapes and (not named or other in named)

    row = model.find_alike(list_kinds(wanted[0].places), by_name)
    starts = range(len(row) - len(wanted) + 1)
    parts = ([*zip(wanted, row[start:], strict=False)] for start in starts)
    return [part for part in parts if all(is_alike(*pair) for pair in part)]


def _pair_by_order(wanted: Sequence[Layer], model: _Model) -> Iterator[tuple[Layer, Layer | None]]:
    rows: dict[tuple[str, ...], Iterator[Layer]] = {}
    for layer in wanted:
        kinds = list_kinds(layer.places)
        row = rows.setdefault(
            () if model.legacy else kinds, iter(model.find_alike(kinds, by_name=False))
        )
        yield layer, next(row, None)


def _say_difference(layer: Layer | None, other: Layer | None, name: str) -> str:
    """Name a layer of the backbone, or one of the file, that the other lacks or has otherwise."""
    pairs = itertools.zip_longest(other.shapes if other else (), layer.shapes if layer else ())
    there, here = next((pair for pair in pairs if pair[0] != pair[1]), (None, None))
    named = layer or other
    assert named is not None
    first = f"{named.name}, " if layer is None or other is None else f"{other.name}, "
    again = f"{layer.name}, " if layer and other and layer.name != other.name else ""
    return (
        f"another network; first layer that differs: {first}{_say_shape(there)} in the file, "
        f"{again}{_say_shape(here)} in {name}"
    )


def _say_shape(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else str(shape)


def _say_path(layer: Layer) -> str:
    return "/".join(name or place for name, place in zip(layer.names, layer.places, strict=True))
