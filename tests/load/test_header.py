"""First rows: no notation of a number is dropped as a header, and no plausible header is refused."""

import numpy as np
import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import cells, csv, decimal_commas, header
from tests.conftest import ROOT

LISTS = ROOT / "tests" / "data" / "first_lines"
NOTATIONS = (LISTS / "notations.txt").read_text(encoding="utf-8").splitlines()
HEADERS = (LISTS / "headers.txt").read_text(encoding="utf-8").splitlines()


def read(text: str, delimiter: str = ",", **options: object) -> tuple[object, object]:
    matrix, names = csv.parse([text.encode()], delimiter, **options)  # type: ignore[arg-type]
    return getattr(matrix, "tolist", lambda: matrix)(), names


def lines(rows: list[list[str]], delimiter: str, *, quotes: bool = False) -> str:
    """Return rows as text; a cell of the first has quotes if it needs them, or all have them."""
    first = ['"' + cell.replace('"', '""') + '"' if quotes or delimiter in cell else cell for cell in rows[0]]
    return "".join(delimiter.join(row) + "\n" for row in (first, *rows[1:]))


def around(cell: str, others: list[str]) -> list[list[str]]:
    """Return the others with the cell at each position."""
    return [[*others[:i], cell, *others[i:]] for i in range(len(others) + 1)]


def test_the_lists_are_long_and_without_repetition() -> None:
    for listed in (NOTATIONS, HEADERS):
        assert len(set(listed)) == len(listed) >= 200


@pytest.mark.parametrize("delimiter", [",", "\t"], ids=["csv", "tsv"])
@pytest.mark.parametrize("cell", NOTATIONS)
def test_no_notation_of_a_number_is_taken_for_a_header(cell: str, delimiter: str) -> None:
    """Alone, in every cell, and in one cell among names or among numbers."""
    assert not header.is_name(cell)
    for row in ([cell], [cell, cell], *around(cell, ["x", "y"]), *around(cell, ["1", "2"])):
        for below in ([], [["2"] * len(row)], [["3.5"] * len(row), ["7"] * len(row)]):
            for exact in (False, True):
                with pytest.raises(InputError) as refused:
                    read(lines([row, *below], delimiter), delimiter, exact=exact)
                assert refused.value.line == 1, row


@pytest.mark.parametrize("delimiter", [",", "\t"], ids=["csv", "tsv"])
@pytest.mark.parametrize("cell", HEADERS)
def test_no_plausible_header_is_refused(cell: str, delimiter: str) -> None:
    """Alone, in every cell, and in one cell among other names; with quotes and without."""
    assert header.is_name(cell)
    for row in ([cell], [cell, cell], *around(cell, ["x", "y"])):
        names = (row[0].removeprefix("# "), *row[1:])
        below = ["2"] * len(row)
        for quotes in (False, True):
            text = lines([row, below], delimiter, quotes=quotes)
            assert read(text, delimiter) == ([[2.0] * len(row)], names)
            with pytest.raises(InputError, match="only a header"):
                read(lines([row], delimiter, quotes=quotes), delimiter)


@pytest.mark.parametrize(("length", "is_header"), [(200, False), (201, True)])
def test_a_number_in_another_notation_is_not_longer_than_200_characters(length: int, is_header: bool) -> None:
    assert header.is_name("tensor(" + "1" * (length - 7)) is is_header


def test_the_columns_of_mnist_are_a_header() -> None:
    names = [f"{i}x{j}" for i in range(1, 29) for j in range(1, 29)]
    assert read(lines([["label", *names], ["7"] * 785], ",")) == ([[7.0] * 785], ("label", *names))


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ('"0","1"\n1,-2\n0.5,0.25\n', ("0", "1"), [[1, -2], [0.5, 0.25]]),
        ('"0","1","2"\n1,2,3\n', ("0", "1", "2"), [[1, 2, 3]]),
        ('"10%","90%"\n1,2\n', ("10%", "90%"), [[1, 2]]),
        ('"1","2"\n', None, [[1, 2]]),
        ('"1","2"\n"3","4"\n', None, [[1, 2], [3, 4]]),
        ('"1",2\n3,4\n', None, [[1, 2], [3, 4]]),
        ("0,1,2\n", None, [[0, 1, 2]]),
        ("0,1\n2,3\n", None, [[0, 1], [2, 3]]),
        ("1,2,3\n4,5,6\n", None, [[1, 2, 3], [4, 5, 6]]),
        ("0,1,3\n4,5,6\n", None, [[0, 1, 3], [4, 5, 6]]),
        ("0.0,1.0,2.0\n4,5,6\n", None, [[0, 1, 2], [4, 5, 6]]),
        ("# x0,x1\n1,2\n", ("x0", "x1"), [[1, 2]]),
        ("x,,z\n1,2,3\n", ("x", "", "z"), [[1, 2, 3]]),
        ("Unnamed: 0\n1\n2\n", ("Unnamed: 0",), [[1], [2]]),
        ("sep=,\n1,2\n", None, [[1, 2]]),
        ('"sep=,"\nx,y\n1,2\n', ("x", "y"), [[1, 2]]),
        ('#TYPE System.Object\n"x","y"\n"1","2"\n', ("x", "y"), [[1, 2]]),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_first_lines_that_are_read(text: str, names: object, rows: object, size: int) -> None:
    chunks = [text.encode()[i : i + size] for i in range(0, len(text), size)]
    matrix, found = csv.parse(chunks, ",")
    assert isinstance(matrix, np.ndarray)
    assert (matrix.tolist(), found) == (rows, names)


COUNTS = "the first line counts the columns, 0 to 2: a header of column numbers, or a row"
NO_NAME = "1:1: the first column has no name, so it is an index (expected numbers only)"


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("0,1,2\n1,2,3\n", f"1: {COUNTS}", header.COLUMN_NUMBERS),
        ('\n\n"0","1","2"\n"1","2","3"\n', f"3: {COUNTS}", header.COLUMN_NUMBERS),
        (",a,b\n0,1,2\n", NO_NAME, header.INDEX),
        ('"","a","b"\n"x",1,2\n', NO_NAME, header.INDEX),
        ("Unnamed: 0,a\n0,1\n", NO_NAME, header.INDEX),
        (",0,1\n0,1,2\n", NO_NAME, f"{header.INDEX}, and column numbers by header=False"),
        ("id,0,1\n0,1,2\n", "1:1: expected a number, got 'id'", header.COLUMN_NUMBERS),
        ('"a","b"\n"1",2,3\n', "2: expected 2 columns, as in the header, got 3", header.INDEX),
        ('"0","1"\n"1",2,3\n', "2: expected 2 columns, as in the header, got 3", header.INDEX),
        ("a,b\nx,2,3\n", "2: expected 2 columns, as in the header, got 3", header.INDEX),
        ("Table 1\n1,2,3\n", "2: expected 1 column, as in the header, got 3", header.SKIP),
        ("a,1/3\n1,2\n", "1:2: expected a number, got '1/3'", header.SKIP),
        ("5min,10min\n1,2\n", "1:1: expected a number, got '5min'", header.SKIP),
        ("5min,3\n1,2\n", "1:1: expected a number, got '5min'", None),
        ("1/3,2/3\n1,2\n", "1:1: expected a number, got '1/3'", None),
        (",5\n1,2\n", "1:1: expected a number, got an empty cell", None),
        ('"1,000.50","2"\n1,2\n', "1:1: expected a number, got '1,000.50'", None),
        ("sep=;\n1;2\n", "1: the line sep= says that cells are separated by ';', not by ','", cells.BY_SEPARATOR[";"]),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_first_lines_that_are_refused(text: str, error: str, hint: str | None, size: int) -> None:
    chunks = [text.encode()[i : i + size] for i in range(0, len(text), size)]
    with pytest.raises(InputError) as refused:
        csv.parse(chunks, ",")
    assert (str(refused.value), refused.value.hint) == (error, hint)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("0,5\n1,05\n", "2:2: '05' looks like half of a number with a decimal comma"),
        ("1.234,05\n7.890,25\n", "1:2: '05' looks like half of a number with a decimal comma"),
        ("1,2\n-007,5\n", "2:1: '-007' looks like half of a number with a decimal comma"),
        ("x,y\n-0,5\n1,25\n", "2:1: '-0' looks like half of a number with a decimal comma"),
        ("1,2\n-0,5\n1,25\n-0,3\n", "2:1: '-0' looks like half of a number with a decimal comma"),
        ("1,2\n3,4\n5,6\n7,00\n", "4:2: '00' looks like half of a number with a decimal comma"),
    ],
)
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("size", [4, 1000])
def test_halves_of_decimal_commas_are_refused(text: str, error: str, size: int, exact: bool) -> None:
    chunks = [text.encode()[i : i + size] for i in range(0, len(text), size)]
    with pytest.raises(InputError) as refused:
        csv.parse(chunks, ",", exact=exact)
    assert str(refused.value) == error
    assert "decimal mark is a point" in (refused.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "0,5\n2,25\n",
        "1,-0\n2,3\n",
        "-0,5\n1.5,2\n",
        "-0,5\n1,-2\n",
        "-0,5,1\n1,2,3\n",
        "-0.0,5\n1,2\n",
        "1.5,007\n2,3\n",
        "05\n06\n",
        "1e05,2\n3,1E-05\n",
        "0,0\n-0.5,1\n",
        "10,100\n0.01,2\n",
        "-0\n5\n",
        "+1,2\n-0,+3\n",
    ],
)
def test_other_zeros_are_read(text: str) -> None:
    """Integers without a leading zero, exponents, a lone -0 as `%g` writes it, and all numbers with tabs between."""
    for delimiter in (",", "\t"):
        data = text.replace(",", delimiter)
        rows = [[float(cell) for cell in line.split(delimiter)] for line in data.splitlines()]
        for size in (4, 1000):
            matrix, _ = csv.parse([data.encode()[i : i + size] for i in range(0, len(data), size)], delimiter)
            assert isinstance(matrix, np.ndarray)
            assert matrix.tobytes() == np.array(rows).tobytes()


def test_tabs_do_not_stand_for_decimal_marks() -> None:
    assert read("0\t05\n-0\t5\n", "\t") == ([[0, 5], [0, 5]], None)


@pytest.mark.parametrize("first", ["0,1,2", "1/3,2/3,1", ",a,b", '"open', "a;b", "[[1", "sep=,\n0,1,2", "\n\n5,6,7"])
@pytest.mark.parametrize("exact", [False, True])
def test_the_first_line_may_be_passed_over_unread(first: str, exact: bool) -> None:
    assert read(f"{first}\n1,2,3\n4,5,6\n", exact=exact, mode="skip") == ([[1, 2, 3], [4, 5, 6]], None)


@pytest.mark.parametrize("text", ["", "\n", "x\n", "1,2\n\n"])
def test_nothing_may_be_left_below_the_line_that_is_passed_over(text: str) -> None:
    with pytest.raises(InputError, match="the file is empty"):
        read(text, mode="skip")


def test_the_first_line_may_be_numbers() -> None:
    assert read("0,1,2\n3,4,5\n", mode="none") == ([[0, 1, 2], [3, 4, 5]], None)
    assert read('"0","1"\n3,4\n', mode="none") == ([[0, 1], [3, 4]], None)
    with pytest.raises(InputError, match="1:1: expected a number, got 'x'"):
        read("x,y\n1,2\n", mode="none")
    with pytest.raises(InputError, match="1:1: expected a number, got an empty cell"):
        read(",a\n1,2\n", mode="none")


def test_halves_are_found_anywhere_in_a_long_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of the text of any size give the same; exponents with a leading zero are no halves."""
    for part in range(1, 20):
        monkeypatch.setattr(decimal_commas, "_PART", part)
        for row in range(6):
            rows = ["12,1e+05"] * 6
            found = csv.parse(["\n".join(["1,2", *rows, ""]).encode()], ",")[0]
            assert np.array_equal(found, np.array([(1, 2), *[(12, 1e5)] * 6]))
            rows[row] = "12,05"
            with pytest.raises(InputError, match=rf"^{row + 2}:2: '05' looks like half"):
                csv.parse(["\n".join(["1,2", *rows, ""]).encode()], ",")
