import numpy as np
import pytest

from keras_transfer.python_api.data_frames import Columns, make_frame, to_numbers


def test_a_table_is_the_same_with_and_without_pandas(with_and_without_pandas):
    frame = make_frame({"path": ["a.png", "b.png"], "loss": np.array([0.5, np.nan])})
    assert type(frame).__name__ == {"pandas": "DataFrame"}.get(with_and_without_pandas, "Columns")
    assert list(frame.columns) == list(frame) == ["path", "loss"]
    assert len(frame) == 2
    assert list(frame["path"]) == ["a.png", "b.png"]
    np.testing.assert_array_equal(frame["loss"], [0.5, np.nan])
    assert "a.png" in repr(frame)
    assert "a.png" in frame._repr_html_()


def test_names_that_are_not_utf8_and_html_are_text(with_and_without_pandas):
    frame = make_frame({"path": ["\udce9.png", "<b>x</b>"]})
    assert list(frame["path"]) == ["\udce9.png", "<b>x</b>"]
    assert "<b>" not in frame._repr_html_()


def test_a_table_without_rows_is_one(with_and_without_pandas):
    assert len(make_frame({"path": []})) == 0
    assert "path" in repr(make_frame({"path": []})) + str(list(make_frame({"path": []})))


def test_long_columns_are_shown_in_part():
    lines = repr(Columns({"number": np.arange(1000)})).splitlines()
    assert len(lines) < 16
    assert lines[-1] == "… 1,000 rows"


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "20"], np.int64, [1, 20]),
        (["1", ""], np.float64, [1, np.nan]),
        (["0.5", "1e-4"], np.float64, [0.5, 1e-4]),
        (["auto", "1"], object, ["auto", "1"]),
    ],
)
def test_text_becomes_numbers_where_it_is_numbers(cells, kind, values):
    found = to_numbers(cells)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, np.array(values, kind))


def test_fractions_stay_fractions_where_all_of_them_are_whole():
    assert to_numbers(["1", "2"], fractions=True).dtype == np.float64
