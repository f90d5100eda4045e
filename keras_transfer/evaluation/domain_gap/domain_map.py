"""The map of domains: every image a point, colour for its class and marker for its domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from keras_transfer.config.messages import count_of
from keras_transfer.evaluation.domain_gap.gap_measures import draw_rows
from keras_transfer.evaluation.domain_gap.map_points import place_points
from keras_transfer.evaluation.figures.canvas import GRAY, create_figure, wrap_title, write_figure
from keras_transfer.evaluation.figures.lettering import isolate, label_classes, warn_of_missing
from keras_transfer.system.terminal.short_names import keep_end, shorten_all

MOST = 1000  # points of a panel: t-SNE of them takes seconds, and they still can be told apart
# M. Okabe and K. Ito, "Color Universal Design" (2008): told apart by colour-blind readers
FEW = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800")
NAMED = 20  # classes that a legend names; more colours nobody can tell apart
MARKERS = (("o", True), ("^", False), ("s", True), ("D", False), ("P", True), ("v", False))
SIDE = 5.2  # inches of a panel
LEGEND = 2.6  # inches beside the panels
LENGTH = 24  # columns of a name


@dataclass(frozen=True, kw_only=True, eq=False)
class MapPanel:
    """The points of one panel."""

    title: str
    """One line above the panel, such as "before"."""
    features: np.ndarray
    """(n, channels) finite."""
    domains: np.ndarray
    """(n,) integers from 0: index of each image's domain."""
    labels: np.ndarray | None = None
    """(n,) integers: index of the class, -1 where it is unknown. None: it is of no image."""
    noun: str = "image"
    """What a point stands for."""


def draw_domain_map(
    panels: Sequence[MapPanel],
    domain_names: Sequence[str],
    class_names: Sequence[str],
    file: Path,
    title: str,
    seed: int = 0,
) -> None:
    """Write a figure of one or more panels, each a t-SNE of at most 1,000 of its images.

    Args:
        panels: From left to right, such as before and after a training.
        domain_names: In index order.
        class_names: In index order; () without labels.
        file: PNG to write.
        title: One line above.
        seed: Of the images drawn.

    Raises:
        ConfigError: A feature is not a number.

    References:
        L. van der Maaten, G. Hinton, "Visualizing Data using t-SNE", JMLR 2008.
    """
    warn_of_missing(class_names)
    write_figure(build_domain_map(panels, domain_names, class_names, title, seed), file)


def build_domain_map(
    panels: Sequence[MapPanel],
    domain_names: Sequence[str],
    class_names: Sequence[str],
    title: str,
    seed: int = 0,
) -> Figure:
    """Return the figure of `draw_domain_map`."""
    figure = create_figure(SIDE * len(panels) + LEGEND, SIDE + 0.6, title)
    labelled = any(panel.labels is not None and (panel.labels >= 0).any() for panel in panels)
    groups = class_names if labelled else domain_names
    colours = choose_colours(len(groups))
    for axes, panel in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
        rows = _choose_rows(panel.domains, len(domain_names), seed)
        places = place_points(panel.features[rows])
        of = panel.labels if labelled else panel.domains
        shown = np.full(len(rows), -1) if of is None else of[rows]
        _draw_points(axes, places, panel.domains[rows], shown, colours)
        axes.set_title(wrap_title(panel.title, SIDE), fontsize=11, parse_math=False)
        left_out = len(panel.domains) - len(rows)
        of_all = f" of {len(panel.domains):,}" if left_out else ""
        axes.set_xlabel(f"t-SNE of {len(rows):,}{of_all} {panel.noun}s", fontsize=9)
    handles = _list_domains(domain_names, colours if not labelled else None)
    if labelled:
        unknown = any(panel.labels is None or (panel.labels < 0).any() for panel in panels)
        handles += _list_classes(class_names, colours, unknown)
    legend = figure.legend(handles=handles, loc="outside right center", fontsize=9, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def choose_colours(count: int) -> list[str]:
    """Return a colour for each of so many classes; of many, neighbours in the order look alike."""
    if count <= len(FEW):
        return list(FEW[:count])
    if count <= NAMED:
        found = matplotlib.colormaps["tab20"](np.arange(count))
    else:
        found = matplotlib.colormaps["turbo"](np.linspace(0.03, 0.97, count))  # ends are black
    return [*map(matplotlib.colors.to_hex, found)]


def _choose_rows(domains: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the images of a panel, of each domain at most its share of `MOST`."""
    each = [np.flatnonzero(domains == domain) for domain in range(count)]
    return np.concatenate([rows[draw_rows(len(rows), MOST // count, seed)] for rows in each])


def _draw_points(
    axes: Axes, places: np.ndarray, domains: np.ndarray, groups: np.ndarray, colours: list[str]
) -> None:
    """Draw the points of one panel, those of a domain above those of the one before."""
    shades = np.array([*colours, GRAY])[groups]  # -1: unknown
    for domain in np.unique(domains).tolist():
        rows = domains == domain
        marker, filled = MARKERS[domain % len(MARKERS)]
        axes.scatter(
            places[rows, 0],
            places[rows, 1],
            s=18,
            marker=marker,
            facecolors=shades[rows] if filled else "none",
            edgecolors="white" if filled else shades[rows],
            linewidths=0.3 if filled else 0.9,
            alpha=0.85,
        )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_box_aspect(1)
    axes.spines[:].set_color("#CCCCCC")


def _list_domains(names: Sequence[str], colours: list[str] | None) -> list[Line2D]:
    """Return the lines of the legend that say what a marker means."""
    found = []
    for domain, name in enumerate(shorten_all(names, LENGTH, keep_end)):
        marker, filled = MARKERS[domain % len(MARKERS)]
        colour = colours[domain] if colours else "#333333"
        found.append(_make_handle(isolate(name), marker, colour, filled))
    return found


def _list_classes(names: Sequence[str], colours: list[str], unknown: bool) -> list[Line2D]:
    """Return the lines of the legend that say what a colour means; of many classes, a few."""
    found = [_make_handle(" ", "", GRAY, True)]
    if len(names) > NAMED:
        found.append(
            _make_handle(count_of(len(names), "class") + " by their order:", "", GRAY, True)
        )
    shown = range(len(names))
    if len(names) > NAMED:
        shown = np.linspace(0, len(names) - 1, 5).round().astype(int).tolist()
    texts = label_classes(names, LENGTH)
    found += [_make_handle(texts[index], "o", colours[index], True) for index in shown]
    return found + ([_make_handle("class unknown", "o", GRAY, True)] if unknown else [])


def _make_handle(text: str, marker: str, colour: str, filled: bool) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markersize=6,
        markerfacecolor=colour if filled else "none",
        markeredgecolor=colour,
        label=text,
    )
