"""Long tables of quoted cells, or with very many empty lines, are read fast and in little memory."""

import csv as standard
import io
import tracemalloc
from collections.abc import Iterator

import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import csv
from backprop_cli.load.csv_quotes import unquoted

UNQUOTED = {
    b'"1","2"\n"3","4"\n': b"1,2\n3,4\n",
    b'"1",2\n3,"-4 "\n': b"1,2\n3,-4 \n",
    b'"1","2"': b"1,2",
    b"1,2\n": b"1,2\n",
}
ODD = [
    b'"1,5","2"\n',  # a delimiter within quotes
    b'"1\n5","2"\n',
    b'"1""5","2"\n',
    b'"1","2\n',
    b'1","2"\n',
    b'1"5",2"6"\n',
    b'"1"5,"2"\n',
    b' "1","2"\n',
    b'"1" ,"2"\n',
    b'"","2"\n',
    b'""\n',
    b'" "\n',
    b'"1"\n""\n"2"\n',
    b'""""\n',
    b'"1","\n2"\n',
]


@pytest.mark.parametrize("body", UNQUOTED)
def test_quotes_around_cells_are_taken_off(body: bytes) -> None:
    assert unquoted(body, ",") == UNQUOTED[body]
    quoted, plain = (list(standard.reader(io.StringIO(text.decode()))) for text in (body, UNQUOTED[body]))
    assert quoted == plain


@pytest.mark.parametrize("body", ODD)
def test_other_quotes_need_a_closer_look(body: bytes) -> None:
    assert unquoted(body, ",") is None


@pytest.mark.parametrize("chunk", [3, 7, 10**6])
@pytest.mark.parametrize("body", [b'"1","2"\n', *[body for body in ODD if body != b'"1","2\n']])
def test_a_quoted_table_is_the_same_after_a_closer_look(
    body: bytes, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b'5,"6"\n"7",8\n\n' + body + b'9,"10"\n'

    def read() -> object:
        try:
            matrix, _ = csv.parse(iter([text[at : at + chunk] for at in range(0, len(text), chunk)]), ",")
        except InputError as error:
            return str(error)
        return matrix.tolist()  # type: ignore[union-attr]

    fast = read()
    monkeypatch.setattr(csv, "unquoted", lambda *_: None)
    assert fast == read()


def test_a_quoted_table_is_parsed_without_a_closer_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(csv, "require_number")  # which looks at one cell
    matrix, header = csv.parse(iter([b'"a","b"\n' + b'"1.5","-2"\n' * 1000]), ",")
    assert (header, len(matrix)) == (("a", "b"), 1000)


def empty_lines(first: bytes, megabytes: int, last: bytes) -> Iterator[bytes]:
    """Yield a table with empty lines in its middle."""
    yield first
    for _ in range(megabytes):
        yield bytes(b"\n" * 2**20)
    yield last


@pytest.mark.parametrize("first", [b"1,2\n", b"x,y\n", b"", b"0,1\n"])
def test_empty_lines_take_no_memory(first: bytes) -> None:
    def peak(megabytes: int) -> int:
        tracemalloc.start()
        matrix, _ = csv.parse(empty_lines(first, megabytes, b"3,4\n"), ",")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert list(matrix[-1]) == [3, 4]
        return most

    peak(1)  # what is done once is no part of it
    assert peak(16) < peak(4) + 2**19


def test_a_line_after_many_empty_ones_is_named() -> None:
    with pytest.raises(InputError) as refused:
        csv.parse(empty_lines(b"1,2\n", 3, b"3,x\n"), ",")
    assert (refused.value.line, refused.value.column) == (3 * 2**20 + 2, 2)
    with pytest.raises(InputError) as refused:
        csv.parse(empty_lines(b"1\n", 3, b"3\n"), ",")
    assert (refused.value.line, refused.value.reason) == (3 * 2**20 + 1, "expected a number, got an empty cell")
