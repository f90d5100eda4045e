from keras_transfer.evaluation.figures.drift_bars import build_drift, draw_drift

TABLE = {
    "block": ["stem", "block1"],
    "parameters": ["0", "10"],
    "drift": ["0", "0.0014"],
    "kernel_drift": ["0", "0.036"],
    "norm_drift": ["0", "0.0003"],
    "layer": ["", "block1_conv"],
    "layer_drift": ["0", "0.05"],
}


def read_bars(axes):
    return [text.get_text() for text in axes.texts]


def test_kernels_and_scales_have_an_axis_each_and_the_furthest_layer_is_named():
    figure = build_drift(TABLE, "drift")
    kernels, norms = figure.axes
    assert read_bars(kernels) == ["0", "3.6 %"]
    assert read_bars(norms) == ["0", "0.03 %"]
    assert kernels.get_xlim()[1] > 3.6
    assert norms.get_xlim()[1] < 0.1
    assert [text.get_text() for text in kernels.get_yticklabels()] == ["stem", "block1"]
    assert "furthest: layer block1_conv, 5 %" in figure.get_supxlabel()


def test_a_table_of_an_older_run_is_drawn_with_what_it_has():
    table = {name: TABLE[name] for name in ("block", "parameters", "drift")}
    figure = build_drift(table, "drift")
    assert [read_bars(axes) for axes in figure.axes] == [["0", "0.14 %"]]
    assert "furthest" not in figure.get_supxlabel()


def test_a_backbone_that_did_not_move_is_drawn(tmp_path):
    still = {
        name: cells if name in ("block", "layer") else ["0"] * 2 for name, cells in TABLE.items()
    }
    draw_drift(still, tmp_path / "drift.png", "drift")
    assert (tmp_path / "drift.png").stat().st_size > 5000
