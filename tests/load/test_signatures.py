"""Formats that are recognised by their first bytes, and texts that look like them but are tables or printed arrays."""

import pytest

from backprop_cli.load.signatures import PEEK, is_json, is_tsv, peeked


@pytest.mark.parametrize(
    "text",
    [
        "[[0.1, -1.25, 2.0], [1.5, 0.7, -0.5]]",
        "[[1,2],\n [3,4]]",
        "[1, 2]",
        "[]",
        "[[]]",
        "[[1, 2,], [3]]",
        "[NaN, null]",
        '[["1", "2"]]',
        "{}",
        '{ "z": 1}',
        '[{"a": 1}]',
        "[1,2]\n[3,4]",
        f"[{PEEK * '1, '}",
        "\ufeff\n[1]",
    ],
)
def test_json_is_recognised(text: str) -> None:
    assert is_json(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2",
        "[[ 0.1  -1.25]\n [ 1.5   0.7 ]]",
        "[[ 1. , 2. ],\n [ 3. , 4. ]]",
        "[0.1 -1.25 2;1.5 0.7 -0.5]",
        "[1],[2]\n",
        "[a],[b]\n1,2",
        "{1, 2}",
        "tensor([[1.]])",
    ],
)
def test_a_printed_array_or_a_table_is_no_json(text: str) -> None:
    assert not is_json(text.encode())


@pytest.mark.parametrize("text", ["1\t2", "\ta\tb\n0\t1\t2", "a b\tc", "1,5\t2,5", "\n\n1\t2"])
def test_a_table_of_tabs_is_recognised(text: str) -> None:
    assert is_tsv(text.encode())


@pytest.mark.parametrize("text", ["", "1,2", "1,\t2", '"a\tb",c', "1\n2\t3", "x\r1\t2"])
def test_a_table_of_commas_is_none_of_tabs(text: str) -> None:
    assert not is_tsv(text.encode())


@pytest.mark.parametrize("chunks", [[], [b"ab"], [b"a", b"b"], [b"a" * PEEK, b"b"]])
def test_peeking_loses_nothing(chunks: list[bytes]) -> None:
    begin, content = peeked(chunks)
    assert b"".join(content) == b"".join(chunks)
    assert b"".join(chunks).startswith(begin)
    assert len(begin) >= min(PEEK, sum(map(len, chunks)))
