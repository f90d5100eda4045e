"""The Python of docs/embed.md runs as it stands, with a smaller network."""

from pages import ROOT, read_blocks

import keras_transfer as kt
from keras_transfer import embed
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap


def test_its_blocks_run(tiny_backbone, stripes, tmp_path, monkeypatch, capsys):
    for name, split in (("photos", "train"), ("other_photos", "val")):
        (tmp_path / name).symlink_to(stripes / split)
    monkeypatch.chdir(tmp_path)
    kt.embed_images("tiny", "other_photos", weights="none", output="new.npz")
    original = embed._embed

    def embed_tiny(network, datasets, settings, *others):
        assert (network, settings) == ("mobilenetv3small", {"weights": "bundled"})
        return original("tiny", datasets, {"weights": "none"}, *others)

    monkeypatch.setattr(embed, "_embed", embed_tiny)
    nearest, own = read_blocks(ROOT / "docs/embed.md", "python")
    names = {}
    exec(compile(nearest, "embed.md", "exec"), names)
    assert "'" + names["found"]["path"][0] + "'" in capsys.readouterr().out
    exec(compile(own, "embed.md", "exec"), names)
    assert isinstance(names["found"].measure_gap(), DomainGap)
    assert len(names["table"]) == 104
