"""The pages agree with the code, lead to files that exist, and say a thing once."""

import os
import re
import subprocess
import sys
from collections import Counter

import pytest
from pages import GUIDES, NUMBERS, PAGES, ROOT, name_page, read, read_prose

from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.backbones.list_backbones import say_millions, say_weights

DOCS = ROOT / "docs"
FOLDERS = "keras_transfer|benchmarks|configs|docs|notebooks|tests"
LEAST = 60  # letters of a sentence that says something

each_page = pytest.mark.parametrize("page", PAGES, ids=name_page)


@each_page
def test_every_link_and_image_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", read_prose(page)):
        if "://" not in target:
            file = page.parent / target.partition("#")[0]
            assert file.is_file(), target
            assert page not in GUIDES or file.resolve().is_relative_to(DOCS), target


@each_page
def test_every_file_that_is_named_exists(page):
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./]*)`", read_prose(page)):
        assert (ROOT / path).exists(), path


@each_page
def test_no_number_is_missing(page):
    assert "RESULT_" not in read(page)


def test_every_guide_is_in_the_navigation_once():
    nav = read_yaml(ROOT / "mkdocs.yml")["nav"]
    listed = [file for entry in nav for file in entry.values()]
    assert sorted(listed) == [file.name for file in GUIDES]


def test_every_guide_is_on_the_first_page():
    for guide in GUIDES:
        assert guide.name == "index.md" or f"]({guide.name})" in read(DOCS / "index.md")


def test_nothing_is_said_twice():
    said = Counter()
    for page in PAGES:
        text = re.sub(r"\n(?![\n*|#])", " ", read_prose(page))  # lines of a paragraph are one
        said.update({part.strip(" *") for part in re.split(r"(?<=[.:;])\s|\n", text)})
    assert [part for part, pages in said.items() if pages > 1 and len(part) >= LEAST] == []


def test_every_backbone_stands_in_the_table_as_it_is():
    lines = read(DOCS / "backbones.md").splitlines()
    for name, row in BACKBONES.items():
        if name not in ("tiny", "tiny_text"):
            words = {"tested": "checked", "not tested": "weights not tested here", "none": "none"}
            weights = words[say_weights(row)]
            top1 = f"{row.top1:.3f}" if row.top1 else ""
            taken = f"{row.most_tokens} tokens" if row.takes == "texts" else row.image_size
            size = f"{say_millions(row)} | {taken} | {row.layers} | {top1}"
            assert (
                f"| `{name}` | {size} | `{row.default_boundary}` | {weights} | {row.use} |" in lines
            )


def test_every_benchmark_has_its_numbers():
    """On the page of the benchmarks, or on that of the bundled weights."""
    weights = read(ROOT / "keras_transfer/models/weights/bundled/README.md")
    modules = NUMBERS.parent.glob("*.py")
    for program in (each for each in modules if "__main__" in read(each)):
        assert f"python benchmarks/{program.name}" in read(NUMBERS) + weights, program.name


def test_the_site_is_built_and_takes_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("mkdocs", reason="needs mkdocs-material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.glob("*.html"))
    assert {file.stem for file in GUIDES} <= {page.stem for page in pages}
    for page in pages:
        for tag in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", read(page)):
            assert not re.search(r"(?:https?:)?//", tag), tag
