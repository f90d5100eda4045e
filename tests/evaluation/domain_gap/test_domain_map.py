import numpy as np
import pytest
from matplotlib.collections import PathCollection

from keras_transfer.evaluation.domain_gap import domain_map
from keras_transfer.evaluation.domain_gap.domain_map import (
    MapPanel,
    build_domain_map,
    choose_colours,
    draw_domain_map,
)
from keras_transfer.evaluation.domain_gap.map_points import place_points
from keras_transfer.system.errors import ConfigError


def make_panel(classes, count=20, title="before", labelled=True):
    random = np.random.default_rng(0)
    labels = np.arange(count) % classes
    return MapPanel(
        title=title,
        features=(random.normal(size=(count, 6)) + 9 * np.eye(classes, 6)[labels]).astype("f4"),
        domains=np.arange(count) // (count // 2),
        labels=labels if labelled else None,
    )


def read_legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_points_have_the_colour_of_their_class_and_the_marker_of_their_domain():
    figure = build_domain_map([make_panel(3)], ["photo", "sketch"], ["a", "b", "c"], "t")
    filled, hollow = (
        each for each in figure.axes[0].get_children() if isinstance(each, PathCollection)
    )
    assert len(filled.get_offsets()) == len(hollow.get_offsets()) == 10
    assert len(filled.get_facecolors()) == 10
    assert len(hollow.get_facecolors()) == 0
    assert len(np.unique(filled.get_facecolors(), axis=0)) == 3
    np.testing.assert_allclose(filled.get_facecolors()[2], hollow.get_edgecolors()[1])  # class 2
    assert read_legend(figure) == ["photo", "sketch", " ", "a", "b", "c"]


def test_a_legend_names_some_of_many_classes_and_says_how_many_there_are():
    names = [f"class {index}" for index in range(101)]
    legend = read_legend(build_domain_map([make_panel(101, 202)], ["p", "s"], names, "t"))
    assert legend[3:] == [
        "101 classes by their order:",
        *(names[index] for index in range(0, 101, 25)),
    ]
    assert len(set(choose_colours(101))) == 101
    assert len(set(choose_colours(20))) == 20


def test_without_labels_colours_are_domains_and_images_of_no_known_class_are_gray():
    figure = build_domain_map([make_panel(3, labelled=False)], ["p", "s"], ["a"], "t")
    assert read_legend(figure) == ["p", "s"]
    panel = make_panel(3)
    panel.labels[10:] = -1
    figure = build_domain_map([panel], ["p", "s"], ["a", "b", "c"], "t")
    assert read_legend(figure)[-1] == "class unknown"


def test_a_panel_shows_as_many_images_of_each_domain(monkeypatch):
    monkeypatch.setattr(domain_map, "MOST", 8)
    figure = build_domain_map(
        [make_panel(3), make_panel(3, title="after")], ["p", "s"], ["a", "b", "c"], "t"
    )
    assert [axes.get_title() for axes in figure.axes] == ["before", "after"]
    for axes in figure.axes:
        found = [each for each in axes.get_children() if isinstance(each, PathCollection)]
        assert [len(each.get_offsets()) for each in found] == [4, 4]
        assert axes.get_xlabel() == "t-SNE of 8 of 20 images"


def test_places_keep_clusters_apart_and_come_again():
    panel = make_panel(2, 60)
    places = place_points(panel.features)
    np.testing.assert_array_equal(places, place_points(panel.features))
    nearest = [((places - each) ** 2).sum(1).argsort()[1] for each in places]
    assert (panel.labels[nearest] == panel.labels).mean() > 0.95


@pytest.mark.parametrize("count", [1, 2, 4, 5, 7])
@pytest.mark.parametrize("channels", [1, 3, 200])
def test_few_equal_and_constant_images_have_places(count, channels):
    drawn = np.random.default_rng(0).normal(size=(count, channels))
    for features in (drawn, np.ones((count, channels)), np.repeat(drawn[:1], count, axis=0)):
        places = place_points(features)
        assert places.shape == (count, 2)
        assert np.isfinite(places).all()


def test_features_that_are_no_numbers_are_refused():
    with pytest.raises(ConfigError, match="finite numbers"):
        place_points(np.array([[1.0], [np.nan]]))


def test_names_from_outside_are_drawn(tmp_path):
    names = ["蜂", r"$\no{}$", "\x1b[31m نملة"]
    panels = [make_panel(3), make_panel(3, title=r"$\title$")]
    draw_domain_map(panels, ["p\n", "s" * 99], names, tmp_path / "map.png", r"$\no formula$")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
