"""Polars reads the same numbers as NumPy, or leaves the text to it."""

import gzip
import signal
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.load import csv, csv_polars, files
from tests.conftest import Run


def test_polars_reads_the_same_bits_as_numpy() -> None:
    """Halfway cases, subnormals and the ends of the range are among them."""
    pytest.importorskip("polars")
    rng = np.random.default_rng(11)
    drawn = np.frombuffer(rng.bytes(8 * 6000), np.float64)
    drawn = drawn[np.isfinite(drawn)]
    halves = [
        "9007199254740993",
        "9007199254740995",
        "2.2250738585072011e-308",
        "4.9e-324",
        "2.47e-324",
        "1e23",
        "8.5e22",
    ]
    texts = [
        *map(repr, drawn.tolist()),
        *halves,
        *(f"{x:.25e}" for x in drawn[:500]),
        "-0.0",
        ".5",
        "5.",
        "1E5",
        "0001",
    ]
    for text in ("\n".join(texts), "\n".join(f"{a},{b}" for a, b in zip(texts, texts[::-1], strict=True))):
        matrix, plain = csv_polars.numbers(f"{text}\n".encode(), ","), csv.loadtxt(text, ",")
        assert matrix is not None
        assert plain is not None
        assert matrix.tobytes() == plain.tobytes()
        assert matrix.flags.c_contiguous


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "x",
        "1 2",
        "1_000",
        "0x10",
        "1d3",
        "1;5",
        "true",
        "null",
        "NA",
        "None",
        "--1",
        "1e",
        "e5",
        "-",
        "\u0661",
        "1\t2",
    ],
)
def test_polars_refuses_a_cell_that_is_no_number(cell: str) -> None:
    pytest.importorskip("polars")
    assert csv_polars.numbers(f"1,2\n3,{cell}\n5,6\n".encode(), ",") is None


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf1,2\n",
        b"1,2\n3,4,",
        b"1,2",
        b"x\x01\x02\x08 C.C.C.\n",  # unpacks to 1, newline, 1 ...
        b"x^,2\n",
        zlib.compress(b"1,2\n"),
        gzip.compress(b"1,2\n", mtime=0),  # else the name of the test would depend on the time
        b"\n1,2\n",
        b"",
    ],
)
def test_text_that_polars_reads_differently_is_left_to_numpy(body: bytes) -> None:
    pytest.importorskip("polars")
    assert csv_polars.numbers(body, ",") is None


@pytest.mark.parametrize("text", ["1,2\n3\n", "1,2\n3,4,5\n", "1\n2,3\n", "1,2\n\n3,4\n"])
def test_rows_of_different_width_are_left_to_numpy(text: str) -> None:
    pytest.importorskip("polars")
    matrix = csv_polars.numbers(text.encode(), ",")
    assert matrix is None or matrix.tolist() == [[1, 2], [3, 4]]


def test_wide_tables_are_left_to_numpy() -> None:
    pytest.importorskip("polars")
    assert csv_polars.is_installed()
    assert csv_polars.numbers(b",".join([b"1"] * 4096) + b"\n", ",") is not None
    assert csv_polars.numbers(b",".join([b"1"] * 4097) + b"\n", ",") is None


@pytest.mark.parametrize("size", [2**20, 64], ids=["whole", "in chunks"])
def test_a_file_prints_the_same_with_and_without_polars(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    pytest.importorskip("polars")
    rows = ["x,y", *(f"{i / 7!r},{-i / 3!r}" for i in range(300))]
    odd = {
        "good": (300, "1,2"),
        "bad": (250, "1_0,2"),
        "ragged": (299, "1"),
        "late": (300, "nan,1"),
        "gap": (100, ",2"),
        "quoted": (100, '"1","2"'),
        "windows": (100, "1,2\r\n3,4\r"),
        "old": (100, "1\r,2"),
        **{f"mark {line}": (line, f"\ufeff{rows[line]}") for line in range(100, 105)},  # one of them begins a chunk
        "blank": (100, "\n\n"),
        "ends": (301, "1,2\r3,4\r5,6,"),
    }
    for name, (line, cells) in odd.items():
        Path(f"{name}.csv").write_bytes("\n".join([*rows[:line], cells, *rows[line:]]).encode())
    asked: list[bytes] = []

    def everything() -> list[Any]:
        return [
            (name, backprop("run", "--upstream", f"{name}.csv", "--activation", "linear", "--format", "json"))
            for name in odd
        ]

    monkeypatch.setattr(files, "FIRST_CHUNK", size)
    monkeypatch.setattr(files, "CHUNK", size)
    monkeypatch.setattr(csv_polars, "is_installed", lambda: False)
    without = everything()
    numbers = csv_polars.numbers
    monkeypatch.setattr(csv_polars, "is_installed", lambda: True)
    monkeypatch.setattr(csv_polars, "WORTH_IT", 0)

    def noted(text: bytes, delimiter: str) -> Any:
        asked.append(text)
        return numbers(text, delimiter)

    monkeypatch.setattr(csv_polars, "numbers", noted)
    assert everything() == without
    assert len(asked) >= len(odd)
    assert {name for name, ran in without if ran.status == 0} == {"good", "quoted", "windows", "blank"}


def test_ctrl_c_waits_for_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where SIGINT is ignored, as under nohup."""
    polars = pytest.importorskip("polars")
    reached: list[str] = []

    def interrupted(*_: Any, **__: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        reached.append("the end")
        raise polars.exceptions.ComputeError("refused")

    monkeypatch.setattr(polars, "read_csv", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            csv_polars.numbers(b"1,2\n", ",")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert reached == ["the end"]


def test_polars_may_run_in_a_thread() -> None:
    """A thread cannot set a signal handler."""
    pytest.importorskip("polars")
    read: list[Any] = []
    thread = threading.Thread(target=lambda: read.append(csv_polars.numbers(b"1,2\n", ",")))
    thread.start()
    thread.join()
    assert [matrix.tolist() for matrix in read] == [[[1, 2]]]


@pytest.fixture
def asked_anew() -> Iterator[None]:
    csv_polars.is_installed.cache_clear()
    yield
    csv_polars.is_installed.cache_clear()


@pytest.mark.usefixtures("asked_anew")
@pytest.mark.parametrize(
    ("settings", "is_used"),
    [
        ({}, True),
        ({"POLARS_MAX_THREADS": "2"}, True),
        ({"POLARS_MAX_THREADS": "0"}, False),
        ({"POLARS_MAX_THREADS": "x"}, False),
        ({"POLARS_MAX_THREADS": "99999"}, False),
        ({"POLARS_ASYNC_THREAD_COUNT": "x"}, False),
    ],
)
def test_polars_is_not_used_with_settings_that_it_may_panic_at(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], is_used: bool
) -> None:
    pytest.importorskip("polars")
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert csv_polars.is_installed() is is_used


@pytest.mark.usefixtures("asked_anew")
def test_polars_is_not_used_under_a_limit_on_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end the process where it gets none."""
    pytest.importorskip("polars")
    monkeypatch.setattr(csv_polars, "is_limited", lambda: True)
    assert not csv_polars.is_installed()


class _Panic(BaseException):
    """What Polars raises for a panic of Rust."""


@pytest.mark.parametrize("failure", [NameError, ImportError, _Panic, MemoryError])
def test_whatever_polars_raises_leaves_the_table_to_numpy(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    class Broken:
        def __getattr__(self, name: str) -> None:
            raise failure

    monkeypatch.setattr(csv_polars, "is_installed", lambda: True)
    monkeypatch.setattr(csv_polars, "WORTH_IT", 0)
    monkeypatch.setitem(sys.modules, "polars", Broken())
    (tmp_path / "u.csv").write_text("1,2\n3,4\n")
    ran = backprop("run", "--upstream", tmp_path / "u.csv", "--activation", "linear", "--only", "dbiases", "-q")
    assert (ran.status, ran.err) == (0, "")
    assert csv_polars.numbers(b"1,2\n", ",") is None
