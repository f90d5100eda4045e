"""report.html in a real browser, without a network."""

import re

import pytest
from made_pages import HOSTILE, copy_run, read_images, report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(unsure_run, tmp_path_factory, drawn):
    """Return the report of a run whose classes have hostile names."""
    run = copy_run(unsure_run, tmp_path_factory.mktemp("browser") / "run", HOSTILE)
    with drawn():
        report(run)
    return run.report_file


@pytest.fixture
def open_report(browser, page_file):
    """Return a function that opens the report; whatever it complains of or asks for is noted."""
    contexts, noted = [], []

    def note(page):
        page.on("console", lambda message: noted.append(message.text))
        page.on("pageerror", lambda error: noted.append(str(error)))
        page.on("dialog", lambda dialog: noted.append(dialog.message))
        page.on("request", lambda asked: asked.url.startswith("data:") or noted.append(asked.url))

    def open_page(**options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        note(page)
        page.goto(page_file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert set(noted) == {page_file.as_uri()}


def count_images(page):
    return page.locator("#thumbs figure img").count()


def test_a_click_on_each_cell_shows_as_many_images_as_it_says(open_report):
    page = open_report()
    cells = page.locator("#matrix button")
    assert cells.count() >= 3
    for cell in cells.all():
        cell.click()
        assert count_images(page) == int(cell.inner_text())
        assert cell.get_attribute("aria-pressed") == "true"
    assert page.locator("#matrix button[aria-pressed=true]").count() == 1


def test_the_page_begins_with_the_wrong_images_and_shows_what_is_asked_for(open_report, page_file):
    page, known = open_report(), read_images(page_file.read_text("utf-8"))
    assert count_images(page) == known["wrong"] > 0
    page.get_by_role("button", name="The least certain ones").click()
    assert count_images(page) == known["total"] == 24
    captions = page.locator("#thumbs figcaption").all_inner_texts()
    shares = [float(re.search(r" (\d\.\d{3})\b", caption)[1]) for caption in captions]
    assert shares == sorted(shares)
    assert page.locator("#gallery-title").inner_text().endswith("24 images")
    page.locator("#class-table .link").first.click()
    assert count_images(page) == 12


def test_names_that_are_html_are_shown_as_they_are(open_report):
    page = open_report()
    text = page.locator("body").inner_text()
    assert all(name in text for name in HOSTILE)
    assert page.locator("img[src=x]").count() == 0


def test_arrows_move_between_numbers_and_enter_shows_their_images(open_report):
    page = open_report()
    first = page.locator("#matrix button").first
    first.focus()
    assert page.locator("#matrix button[tabindex='0']").count() == 1
    page.keyboard.press("ArrowDown")
    focused = page.locator("#matrix button:focus")
    assert focused.get_attribute("data-show").startswith("1,")
    page.keyboard.press("Enter")
    assert count_images(page) == int(focused.inner_text())
    for _ in range(5):  # at the edge one stays
        page.keyboard.press("ArrowDown")
    assert page.locator("#matrix button:focus").count() == 1


def test_a_heading_sorts_the_classes_both_ways(open_report):
    page = open_report()
    head = page.locator("#class-table th", has_text="recall").first
    cells = page.locator("#class-table tbody td:nth-child(4)")
    orders = []
    for _ in range(2):
        head.locator("button").click()
        orders.append([float(text) for text in cells.all_inner_texts()])
    assert orders[0] == sorted(orders[0]) == orders[1][::-1]
    assert head.get_attribute("aria-sort") == "descending"


def test_a_phone_scrolls_in_one_direction_only(open_report):
    page = open_report(viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_it_is_dark_where_the_browser_is(open_report):
    colours = [
        open_report(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert colours == ["rgb(255, 255, 255)", "rgb(21, 24, 28)"]


def test_print_has_what_is_folded_on_the_screen(open_report):
    page = open_report()
    assert page.locator("#settings details[open]").count() == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
