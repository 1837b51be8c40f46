"""CSV and TSV: headers, line ends, quotes, and that chunks of any size give the same result."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import csv
from tests.conftest import Run
from tests.load.conftest import PROBLEM, as_csv


def test_a_header_names_rows_and_columns(backprop: Run) -> None:
    Path("inputs.csv").write_text("age,height,weight,income\n" + as_csv(PROBLEM["inputs"]))
    Path("weights.csv").write_text("yes,no,perhaps\n" + as_csv(PROBLEM["weights"]))
    page = backprop("run", "p.json", "--inputs=inputs.csv", "--weights=weights.csv", "--only=dinputs,dweights").out
    assert [line.split() for line in page.splitlines() if "age" in line or "yes" in line] == [
        ["age", "height", "weight", "income"],
        ["yes", "no", "perhaps"],
        ["age", "2", "-5.5", "7"],
    ]


@pytest.mark.parametrize("header", ["1x1,1x2,28x28,2nd", "1st,2nd,3rd,4th", "x,,y,z", "Größe,幅,a b,c"])
def test_names_that_begin_with_digits_are_a_header(backprop: Run, header: str) -> None:
    Path("inputs.csv").write_text(f"{header}\n" + as_csv(PROBLEM["inputs"]))
    page = backprop("run", "p.json", "--inputs", "inputs.csv", "--only", "dweights").out
    for name in filter(None, header.split(",")):
        assert name in page


def test_exact_numbers_may_stand_under_a_header(backprop: Run) -> None:
    Path("u.csv").write_text("x,y\n0.10,2\n")
    argv = ["run", "--upstream", "u.csv", "--activation", "linear", "--exact", "--only", "dz"]
    assert backprop(*argv, "--format", "csv").out == "0.1,2\n"
    assert backprop(*argv).out.splitlines()[1].split() == ["x", "y"]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_lines_may_end_in_any_way(backprop: Run, ends: str) -> None:
    Path("u.csv").write_bytes(ends.join(["x,y", "1,2", "3,4", ""]).encode())
    ran = backprop("run", "--upstream", "u.csv", "--activation", "linear", "--only", "dz", "--format", "csv")
    assert (ran.status, ran.out) == (0, "1.0,2.0\n3.0,4.0\n")


@pytest.mark.parametrize(
    ("chunks", "blocks"),
    [
        ([b"1\n2\n3", b"\n4", b"5\n"], [b"1\n2\n", b"3\n", b"45\n"]),
        ([b"1\r\n2\r", b"\n3\r4"], [b"1\r\n", b"2\r\n", b"3\r4"]),
        ([b"12", b"34", b"56"], [b"123456"]),
        ([b"\n\n", b"1"], [b"\n\n", b"1"]),
        ([], []),
    ],
)
def test_blocks_are_cut_after_newlines(chunks: list[bytes], blocks: list[bytes]) -> None:
    assert list(csv.whole_lines(chunks)) == blocks


def test_nothing_is_read_after_a_nul() -> None:
    chunks = iter([b"1\n2", b"3\0\n", b"4\n"])
    assert list(csv.whole_lines(chunks)) == [b"1\n", b"23\0\n"]
    assert next(chunks) == b"4\n"


def test_a_quote_without_an_end_is_not_read_to_the_end_of_the_file() -> None:
    read: list[bytes] = []

    def endless() -> Iterator[bytes]:
        yield b'1\n2,"'
        while True:
            read.append(b"x\n" * 2**14)
            yield read[-1]

    with pytest.raises(InputError) as refused:
        csv.parse(endless(), ",")
    assert str(refused.value) == "2: malformed: field larger than field limit (131072)"
    assert len(read) < 8


@pytest.mark.parametrize("byte", [b"\0", b"\xbd"])
def test_a_byte_that_is_no_text_is_named_in_a_later_chunk(byte: bytes) -> None:
    with pytest.raises(InputError) as refused:
        csv.parse(iter([b"1,2\n3,4\n", b"5,6\r\n", b"7," + byte + b"\n"]), ",")
    assert (refused.value.line, refused.value.column) == (4, 3)


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_integer_between_two_floats_is_refused_in_any_row(sign: str) -> None:
    """The nearest float64 is 2**53, which every float64 below it would be smaller than."""
    with pytest.raises(InputError) as refused:
        csv.parse(iter([f"1,2\n3,{sign}9007199254740993\n".encode()]), ",")
    assert (refused.value.line, refused.value.column) == (2, 2)
    matrix, _ = csv.parse(iter([f"1,2\n3,{sign}9007199254740992\n".encode()]), ",")
    assert abs(matrix[1][1]) == 2**53


@pytest.mark.parametrize("size", [1, 3, 8])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_chunks_of_any_size_give_the_same_table(delimiter: str, size: int) -> None:
    """The numbers, the header, and the first error."""
    rng = random.Random(6)
    begins = ["", "\ufeff", '\ufeff"a"\n', '\ufeff"a\nb"\n', 'x,"y"\r\n', "\r", '"4\n"', '5" pipe\n', " \n"]
    parts = ["1", "-2.5", '"3"', '"4\n"', '"a\n\nb"', '"""\n"""', '"', "", " ", "x", delimiter, delimiter]
    parts += ["\n", "\n", "\n", "\n\n", "\r\n", "\r", "\r\r\n"]

    def parsed(chunks: list[bytes]) -> Any:
        try:
            matrix, header = csv.parse(chunks, delimiter)
            assert isinstance(matrix, np.ndarray)
        except InputError as error:
            return str(error)
        return matrix.tolist(), header

    good = 0
    for _ in range(2500):
        text = rng.choice(begins) + "".join(rng.choice(parts) for _ in range(rng.randrange(1, 12)))
        data = text.encode()
        whole = parsed([data])
        assert parsed([data[i : i + size] for i in range(0, len(data), size)]) == whole, data
        good += not isinstance(whole, str)
    assert good > 100
