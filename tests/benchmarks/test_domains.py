"""Domains are made of all images and trainings are counted once; what they reach is not tested."""

import json

import numpy as np
import pytest
from benchmark_modules import load
from PIL import Image

ROWS = [
    {"pair": "A to B", "method": "dann", "seed": 1, "target": 0.5, "source": 1.0, "seconds": 4},
    {"pair": "A to B", "method": "dann", "seed": 0, "target": 0.25, "source": 0.5, "seconds": 2},
]


@pytest.fixture(scope="module")
def domains():
    return load("domains")


@pytest.fixture
def photographs(tmp_path):
    for split, shade in (("train", 40), ("test", 250)):
        file = tmp_path / f"photographs/{split}/cats/1.jpg"
        file.parent.mkdir(parents=True)
        Image.new("RGB", (600, 300), (shade, shade, shade)).save(file)
    return tmp_path / "photographs"


@pytest.mark.parametrize(
    ("name", "shades"), [("edges", [255, 255]), ("posterised", [0, 192]), ("inverted", [215, 5])]
)
def test_every_photograph_becomes_one_of_the_other_domain(
    domains, photographs, tmp_path, name, shades
):
    domains.change_images(photographs, domains.DOMAINS[name], tmp_path / "made")
    made = [Image.open(tmp_path / f"made/{split}/cats/1.png") for split in ("train", "test")]
    assert {(image.size, image.mode) for image in made} == {((288, 144), "RGB")}
    assert [int(np.median(image)) for image in made] == shades


def test_only_what_is_missing_is_trained(domains, tmp_path, monkeypatch, capsys):
    trained = []
    found = {"target": 0.5, "source": 0.75, "seconds": 9.0}
    monkeypatch.setattr(domains, "measure", lambda *job: trained.append(job[1:]) or found)
    results = tmp_path / "r.jsonl"
    words = ["--results", str(results), "--digits", "FOLDER", "--only", "align", "recolour"]
    domains.main([*words, "--seeds", "0"])
    assert trained == [("align", 0), ("recolour", 0)]
    domains.main([*words, "--seeds", "0", "1"])
    assert trained[2:] == [("align", 1), ("recolour", 1)]
    assert len([json.loads(line) for line in results.read_text().splitlines()]) == 4
    assert "| MNIST to MNIST-M | align | .500 | .500, .500 | .750 | 9 |" in capsys.readouterr().out


def test_a_row_has_the_mean_and_each_seed_in_order(domains, capsys):
    domains.print_table(ROWS)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "| A to B | dann | .375 | .250, .500 | .750 | 3 |"
    )


@pytest.mark.parametrize("words", [["--photographs", "FOLDER"], ["--only", "dan"]])
def test_what_cannot_be_measured_is_refused(domains, words):
    with pytest.raises(SystemExit, match="2"):
        domains.main(["--results", "r.jsonl", *words])
