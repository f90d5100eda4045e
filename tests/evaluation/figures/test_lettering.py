import logging
import shutil
import warnings

import matplotlib
import numpy as np
import pytest
from PIL import Image

from keras_transfer.evaluation.figures import lettering
from keras_transfer.evaluation.figures.canvas import create_figure, write_figure
from keras_transfer.evaluation.figures.lettering import label_classes, warn_of_missing


@pytest.fixture
def install(monkeypatch):
    """Return a function that says which fonts this machine has, as family → its letters."""

    def install(**families):
        lettering._choose_families.cache_clear()
        found = {name: set(letters) for name, letters in families.items()}
        monkeypatch.setattr(lettering, "_search_fonts", lambda letters: found)

    yield install
    lettering._choose_families.cache_clear()


def read_texts(figure):
    return [text for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def test_classes_without_a_font_are_named_by_their_line(install, caplog):
    install(Serif="犬")
    names = ["cat", "猫", "犬", "été", "🫏"]
    assert label_classes(names, 20) == ["cat", "#2", "犬", "été", r"\U0001facf"]
    with caplog.at_level(logging.WARNING):
        warn_of_missing(names)
    assert "1 class " in caplog.text
    assert "the letters of 猫." in caplog.text
    caplog.clear()
    warn_of_missing(["cat", "犬", "قطة"])
    assert caplog.text == ""


def test_few_fonts_are_taken_and_those_without_serifs_first(install):
    install(**{"A Serif": "猫犬", "B Sans": "猫犬", "C Sans": "고양이", "D Sans": "猫"})
    assert lettering.find_fonts("猫犬 고양이 cat") == (("C Sans", "B Sans"), frozenset())


def test_texts_of_the_usual_font_search_no_others(install, monkeypatch):
    monkeypatch.setattr(lettering, "_search_fonts", lambda letters: pytest.fail("searched"))
    assert label_classes(["été", "Ελλάδα", "قطة", "a→b", "\x1b", "\u200d"], 20)[0] == "été"


def test_every_text_of_a_figure_gets_the_fonts_and_dots_where_none_has_the_letters(
    install, tmp_path, caplog
):
    install(**{"DejaVu Serif": "猫"})
    figure = create_figure(4, 3, "猫 犬犬.jpg")
    axes = figure.subplots()
    axes.set_xticks([0, 1], ["猫", "cat"])
    axes.set_ylabel("猫")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_figure(figure, tmp_path / "figure.png")
    assert figure.get_suptitle() == "猫 ….jpg"
    families = {text.get_text(): text.get_fontfamily() for text in read_texts(figure)}
    for name in ("猫", "猫 ….jpg"):
        assert families[name] == [*matplotlib.rcParams["font.family"], "DejaVu Serif"]
    assert "DejaVu Serif" not in families["cat"]
    assert caplog.text == ""


@pytest.mark.parametrize("name", ["$x$", "a_b", "_hidden", "\x1b[31m", " ", "x" * 200, "قطة"])
def test_names_are_drawn_in_a_line_that_fits(name, tmp_path):
    figure = create_figure(6, 2, f"{name}: images")
    axes = figure.subplots()
    axes.set_yticks([0], label_classes([name], 20), parse_math=False)
    write_figure(figure, tmp_path / "figure.png")
    pixels = np.array(Image.open(tmp_path / "figure.png").convert("L"))
    assert pixels[:, :2].min() == 255
    assert pixels[:, -2:].min() == 255
    shown = axes.get_yticklabels()[0].get_text()
    assert shown.strip("\u2068\u2069").isprintable()
    assert shown.strip()


def test_an_arabic_name_does_not_turn_the_numbers_beside_it(tmp_path):
    first, second = label_classes(["قطة", "كلب"], 20)
    figure = create_figure(6, 2, "قطة_run")
    figure.text(0.1, 0.5, f"{first} 70% {second} 30%\ncat")
    write_figure(figure, tmp_path / "figure.png")
    title, label = (text.get_text() for text in read_texts(figure)[::-1])
    assert {title, label} == {
        "\u200e\u2068قطة\u2069 70% \u2068كلب\u2069 30%\ncat",
        "\u200eقطة_run",
    }


def test_a_font_that_matplotlib_has_not_listed_yet_is_found(monkeypatch, tmp_path):
    source = matplotlib.font_manager.findfont("DejaVu Serif")
    new = tmp_path / "new.ttf"
    shutil.copy(source, new)
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    manager = matplotlib.font_manager.fontManager
    others = [entry for entry in manager.ttflist if entry.name != "DejaVu Serif"]
    monkeypatch.setattr(manager, "ttflist", others)
    files = [str(new), str(tmp_path / "broken.ttf")]
    monkeypatch.setattr(matplotlib.font_manager, "findSystemFonts", lambda: files)
    found = lettering._search_fonts(frozenset("→猫"))
    assert found["DejaVu Serif"] == {"→"}
    assert not [name for name in found if name.startswith("Last Resort")]
