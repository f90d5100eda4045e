import pytest

from keras_transfer.data.sources.tables.read_table import read_columns
from keras_transfer.system.errors import ConfigError

TABLE = {"path": ["i/1.png", "i/2.png"], "label": ["käse", "b, c"]}
ROWS = 'path{0}label\ni/1.png{0}käse\n\ni/2.png{0}"b, c"\n'


@pytest.fixture
def read(tmp_path):
    def read(content):
        table = tmp_path / "t.csv"
        table.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_columns(table)

    return read


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_separators_encodings_and_line_ends_are_found(read, separator, encoding, ends):
    assert read(ROWS.format(separator).replace("\n", ends).encode(encoding)) == TABLE


@pytest.mark.parametrize("line", ["sep=;", "SEP= ; ", '"sep=;"'])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_line_of_excel_says_the_separator(read, line, encoding):
    text = f"{line}\r\npath;label\r\ni/1.png;a,b\r\n"
    assert read(text.encode(encoding)) == {"path": ["i/1.png"], "label": ["a,b"]}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("path\na b\n", {"path": ["a b"]}),  # the csv module's sniffer takes "a" for a separator
        ("path\n1.png\n2.png\n", {"path": ["1.png", "2.png"]}),
        (
            "path;label\n1.png;a,b\n2.png;c,d\n",
            {"path": ["1.png", "2.png"], "label": ["a,b", "c,d"]},
        ),
        (
            "path,label\n1.png,a;b\n2.png,c|d\n",
            {"path": ["1.png", "2.png"], "label": ["a;b", "c|d"]},
        ),
        (" Path , LABEL,Note\n 1.png ,a,\n", {"path": ["1.png"], "label": ["a"], "Note": [""]}),
        (",path,label\n0,1.png,a\n", {"path": ["1.png"], "label": ["a"]}),  # pandas' index
        ("\ufeff\ufeffpath,la\u200bbel\n1.png,a\n", {"path": ["1.png"], "label": ["a"]}),
        ("path,label,,\n1.png,a,,\n", {"path": ["1.png"], "label": ["a"]}),
        ("path,label\n1.png,a,,\n", {"path": ["1.png"], "label": ["a"]}),
        ('path,label\n"a ""b"".png",c\n', {"path": ['a "b".png'], "label": ["c"]}),
        ("", {}),
    ],
)
def test_odd_tables_are_read_as_meant(read, text, columns):
    assert read(text) == columns


def test_lines_of_comments_are_skipped_with_a_word(read, caplog):
    assert read("# by me\n#\npath,label\n1.png,a\n# end, of, it\n")["path"] == ["1.png"]
    assert "t.csv: skipped lines that begin with #: 3, such as # by me" in caplog.text


def test_files_that_begin_with_the_mark_of_comments_are_kept(read):
    assert read("path,label\n#1.png,a\n")["path"] == ["#1.png"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,label\ni/1.png,a,b\n", "2 cells.*i/1.png,a,b in line 2 of .*Quote cells"),
        ("path,label\n1.png,a\n2.png\n", "2 cells.*2.png in line 3"),
        ('path,label\n1.png,a\n"2.png,b\n3.png,c\n', "in line 4.*A quote opens there"),
        ("path,label,label\n1.png,a,b\n", "each once.*label occurs twice"),
        ("path,Label,label\n1.png,a,b\n", "each once.*label occurs twice"),
        ("path,label\ni/1.png,käse\n".encode("latin-1"), "UTF-8.*in line 2.*Save it as UTF-8"),
        (b"PK\x03\x04\x14\x00", "Excel workbook"),
        (b"path,label\n1.png,\0\n", "zero bytes"),
    ],
)
def test_what_is_no_table_is_refused_in_words(read, content, message):
    with pytest.raises(ConfigError, match=message):
        read(content)


def test_long_rows_are_shown_in_short(read):
    with pytest.raises(ConfigError) as error:
        read(f"path,label\n{'x' * 10_000}\n")
    assert len(str(error.value)) < 400
