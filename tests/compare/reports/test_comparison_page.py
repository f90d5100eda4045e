"""report.html of a comparison: what is best, what differs for real, where each run is."""

import html
import json
import re
from html.parser import HTMLParser

import pytest
from fake_runs import write_comparison

from keras_transfer import report
from keras_transfer.compare.reports.comparison_page import write_comparison_page
from keras_transfer.evaluation.html_report.charts import TOP
from keras_transfer.system.errors import ConfigError

HOSTILE = "<img src=x onerror=alert(1)>"
SMALL, OTHER = "mobilenetv3small", "mobilenetv2"
EMPTY = {"meta", "link", "path", "rect", "circle"}  # tags that have no end


def right(count, images=100):
    return [index < count for index in range(images)]


class Page(HTMLParser):
    """Tags with their attributes, the text of each row of the big table, and all text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.rows, self.text, self._is_row = [], [], "", False
        self.feed(re.sub(r"<(style|script)>.*?</\1>", "", source, flags=re.S))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "table":
            self._is_row = "rows" in (dict(attributes).get("class") or "").split()
        if tag == "tr" and self._is_row:
            self.rows.append([])
        if tag in ("td", "th") and self._is_row:
            self.rows[-1].append("")

    def handle_data(self, data):
        self.text += data
        if self._is_row and self.rows and self.rows[-1]:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    def handle_endtag(self, tag):
        self._is_row = self._is_row and tag != "table"

    def find(self, tag, **attributes):
        wanted = attributes.items()
        return [found for name, found in self.tags if name == tag and wanted <= found.items()]


def read(comparison):
    return Page(write_comparison_page(comparison).read_text("utf-8"))


def read_lines(comparison):
    """Return the lines at the top."""
    source = write_comparison_page(comparison).read_text("utf-8")
    verdict = source.partition('<div class="verdict">')[2].partition("</div>")[0]
    lines = re.findall(r"<li>(.*?)</li>", verdict, re.S)
    return [html.unescape(re.sub("<.*?>", "", line)) for line in lines]


@pytest.fixture
def three(tmp_path):
    """Two seeds of three strategies: the second is best, the third really worse."""
    shares = {"two_phase": (90, 92), "full": (93, 94), "from_scratch": (60, 64)}
    rows = [
        (strategy, SMALL, seed, right(share))
        for strategy, both in shares.items()
        for seed, share in enumerate(both)
    ]
    return write_comparison(tmp_path / "three", rows, frozen={"epochs": 7})


def test_the_first_lines_say_what_is_best_what_is_real_and_what_to_type_next(three):
    best, real, following = read_lines(three)
    assert best.startswith("Best on validation: full. 93.5 % of 100 images are right, mean over 2")
    assert "between 86.9 % and 96.9 %" in best
    assert best.endswith("Of the test images 93.5 %.")
    assert "Really worse: from_scratch." in real
    assert "1 other cannot be told apart from it by these 100 images." in real
    run = three.runs / f"{SMALL} #3"  # of the better seed
    assert f"python -m keras_transfer.evaluate '{run}' --dataset FOLDER" in following


def test_other_texts_are_said_to_be_a_table(tmp_path):
    rows = [("full", SMALL, 0, right(90))]
    made = write_comparison(tmp_path / "texts", rows)
    for file in made.runs.glob("*/metrics.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"noun": "text"}))
    said = read(made).text
    assert f"{SMALL} #0' --dataset TABLE" in said
    assert f"{SMALL} #0' TABLE" in said
    assert "FOLDER" not in said


def test_the_number_of_a_point_is_not_cut_off_where_all_is_right(tmp_path):
    made = write_comparison(tmp_path / "best", [("full", SMALL, 0, right(100))])
    (number,) = read(made).find("text", **{"class": "mark-name", "aria-hidden": "true"})
    assert float(number["y"]) >= TOP + 10


def test_the_table_has_a_row_a_configuration_the_most_accurate_first(three):
    heads, *rows = read(three).rows
    assert heads[:5] == ["rank", "strategy", "seeds", "validation", "95 % interval"]
    assert [row[:4] for row in rows] == [
        ["1", "full", "0 1", "0.935"],
        ["2", "two_phase", "0 1", "0.910"],
        ["3", "from_scratch", "0 1", "0.620"],
    ]
    verdicts = [row[heads.index("against the best")] for row in rows]
    assert verdicts == ["best", "not told apart", "worse"]
    assert [row[heads.index("seconds")] for row in rows] == ["35.0", "15.0", "55.0"]
    assert rows[2][heads.index("p")] == "<.001"


def test_seeds_lead_to_the_pages_of_their_runs_where_there_are_some(three):
    for run in sorted(three.runs.iterdir())[:2]:
        (run / "report.html").touch()
    links = [each["href"] for each in read(three).find("a") if each["href"].startswith("runs/")]
    assert links == [f"runs/{SMALL}%20%23{index}/report.html" for index in (0, 1)]


def test_files_beside_the_page_are_named_if_they_are_there(three):
    links = {each["href"] for each in read(three).find("a")}
    assert {"results.csv", "comparison.yaml"} < links
    assert "comparison.png" not in links


def test_settings_are_those_that_all_rows_share(three):
    page = read(three)
    assert re.search(r"frozen\.epochs\s*7", page.text)
    assert re.search(rf"backbone\s*{SMALL}", page.text)
    assert not re.search(r"\bseed\s*0", page.text)


def test_names_from_outside_stay_text(tmp_path):
    rows = [
        *(("full", SMALL, 0, right(90), HOSTILE), ("full", SMALL, 0, right(80), "b")),
        ("full", SMALL, 0, f"failed: {HOSTILE}", "c"),
    ]
    others = {"regularize.source": [HOSTILE, "b", "c"]}
    page = read(write_comparison(tmp_path / HOSTILE.replace("/", ""), rows, others))
    assert not page.find("img")
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert page.text.count(HOSTILE) >= 4  # heading, first line, table, legend, reason
    assert [each for tag, each in page.tags if tag == "script"] == []


def test_rows_that_failed_have_their_reason_and_the_command_to_go_on(tmp_path):
    rows = [
        *(("full", SMALL, 0, right(90)), ("full", SMALL, 1, "failed: no memory")),
        *(("two_phase", SMALL, 0, "failed: no disk"), ("two_phase", SMALL, 1, "failed: no disk")),
        *(("partial", SMALL, 0, right(80)), ("partial", SMALL, 1, right(80))),
    ]
    comparison = write_comparison(tmp_path / "some", rows)
    page = read(comparison)
    by_name = {row[1]: row for row in page.rows}
    place = page.rows[0].index("against the best")
    assert by_name["full"][2] == "0 1 (failed)"
    assert by_name["full"][place].endswith(", 1 failed")
    assert by_name["two_phase"][place] == "failed: no disk"
    assert by_name["partial"][place] == "best"  # it lacks no row
    assert "no memory" in page.text
    assert comparison.say_resume() in page.text
    assert page.find("a", href="#missing")


def test_rows_that_wait_are_not_called_failed(tmp_path):
    rows = [("full", SMALL, 0, right(90)), ("full", SMALL, 1, "waiting")]
    rows += [("partial", SMALL, seed, "waiting") for seed in (0, 1)]
    page = read(write_comparison(tmp_path / "some", rows))
    assert "failed" not in page.text
    assert "3 of the trainings are not finished yet." in page.text
    assert page.rows[2][page.rows[0].index("against the best")] == "waiting"


def test_nothing_is_missing_where_all_rows_are_finished(three):
    page = read(three)
    assert not page.find("section", id="missing")
    assert "Go on with" not in page.text


def test_one_configuration_is_compared_with_nothing(tmp_path):
    comparison = write_comparison(tmp_path / "one", [("full", SMALL, 0, right(90))])
    best, real, _ = read_lines(comparison)
    assert best.startswith("Best on validation: full. 90.0 % of 100 images are right, and with")
    assert real == "There is one configuration only, so nothing is compared."


def test_without_a_finished_row_there_is_no_page(tmp_path):
    comparison = write_comparison(tmp_path / "none", [("full", SMALL, 0, "failed: no memory")])
    with pytest.raises(ConfigError, match=r"must have a finished row .*--resume ") as caught:
        report.main([str(comparison.path)])
    assert str(comparison.path) in str(caught.value)
    assert not comparison.report_file.exists()


@pytest.mark.parametrize("damage", ["run", "table"])
def test_a_damaged_comparison_is_refused_with_what_mends_it(three, damage):
    if damage == "run":
        (three.runs / f"{SMALL} #0/metrics.json").unlink()
    else:
        three.results_file.write_text("status,run\nfinished,nowhere\n")
    with pytest.raises(ConfigError, match=r"as compare left it\..*--resume "):
        write_comparison_page(three)


def test_it_is_a_page_that_asks_nothing_of_anybody(three):
    source = write_comparison_page(three).read_text("utf-8")
    assert "default-src 'none'" in source
    assert not re.search(r"(src|href)=\"(https?:|//)", source)
    assert Page(source).find("meta", name="viewport")


def test_report_makes_it_anew_without_tensorflow_or_images(three, capsys):
    assert report.main([str(three.path)]) == 0
    assert capsys.readouterr().out.startswith(f"Report: {three.report_file} (")
    assert three.report_file.stat().st_size < 100_000
