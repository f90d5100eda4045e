"""The page of a comparison in a real browser, without a network."""

import pytest
from fake_runs import write_comparison

from keras_transfer.compare.reports.comparison_page import write_comparison_page

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "/far/away/" + "a-long-folder-name/" * 6 + "model.h5"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """Return the page of 13 configurations with long and hostile names, one of which failed."""
    rows = [
        ("full", backbone, 0, [index < 60 + 3 * place for index in range(100)], source, patience)
        for place, (backbone, source, patience) in enumerate(
            (backbone, source, patience)
            for backbone in ("mobilenetv3small", "efficientnetb0")
            for source in (HOSTILE, LONG, "b")
            for patience in (0, 5)
        )
    ]
    rows.append(("full", "resnet50", 0, f"failed: {HOSTILE}", LONG, 0))
    others = {"regularize.source": [HOSTILE, LONG, "b"], "optimizer.patience": [0, 5]}
    path = tmp_path_factory.mktemp("browser") / "many"
    comparison = write_comparison(path, rows, others)
    (path / "runs/mobilenetv3small #0/report.html").write_text("<p>a run")
    return write_comparison_page(comparison)


@pytest.fixture
def open_page(browser, page_file):
    """Return a function that opens it; whatever it complains of or asks for fails the test."""
    contexts, noted = [], []

    def show(**options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: noted.append(message.text))
        page.on("pageerror", lambda error: noted.append(str(error)))
        page.on("dialog", lambda dialog: noted.append(dialog.message))
        page.goto(page_file.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert noted == []


def read_ranks(page):
    return page.locator("table.rows tbody tr").evaluate_all(
        "rows => rows.map((row) => row.cells[0].textContent.trim())"
    )


def test_a_heading_sorts_by_keyboard_and_rows_without_a_number_come_last(open_page):
    page = open_page()
    ranks = [str(rank) for rank in range(1, 13)]
    assert read_ranks(page) == [*ranks, ""]
    page.get_by_role("button", name="validation").focus()
    page.keyboard.press("Enter")
    assert read_ranks(page) == [*ranks[::-1], ""]
    page.keyboard.press("Enter")
    assert read_ranks(page) == [*ranks, ""]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_itself_does_not_scroll_sideways(open_page, width):
    page = open_page(viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_sheet_of_paper_is_wide_enough(open_page):
    page = open_page(viewport={"width": 718, "height": 1000})  # A4 without its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == 718


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_line_is_told_from_the_ground(open_page, scheme):
    page = open_page(color_scheme=scheme)
    shades = page.evaluate(
        """() => {
          const options = { willReadFrequently: true };
          const canvas = document.createElement("canvas").getContext("2d", options);
          const read = (colour) => {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
              .map((part) => (part / 255) ** 2.2);
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
          };
          const lines = [...document.querySelectorAll(".chart .line")];
          return [getComputedStyle(document.body).backgroundColor,
                  ...lines.map((line) => getComputedStyle(line).stroke)].map(read);
        }"""
    )
    ground, *lines = shades
    assert len(lines) == 12
    contrast = [(max(ground, each) + 0.05) / (min(ground, each) + 0.05) for each in lines]
    assert min(contrast) > 2


def test_a_seed_leads_to_its_run(open_page):
    page = open_page()
    page.get_by_role("link", name="The run of seed 0").click()
    assert page.inner_text("p") == "a run"


def test_names_that_are_html_are_shown_as_they_are(open_page):
    page = open_page()
    assert HOSTILE in page.locator("table.rows").inner_text()
    assert page.locator("img").count() == 0
