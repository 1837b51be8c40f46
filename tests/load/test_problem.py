"""The formats say the same: one problem, written in every way, prints the same bytes."""

import gzip
import io
import json
import os
import random
import signal
import threading
import time
import zlib
from csv import reader
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import csv as csv_module
from backprop_cli.load import csv_polars as fast
from backprop_cli.load import files as source
from backprop_cli.load import npy
from tests.conftest import Run

PROBLEM: dict[str, Any] = {
    "inputs": [[1, 2, 3, 2.5], [2, 5, -1, 2], [-1.5, 2.7, 3.3, -0.8]],
    "weights": [[0.2, 0.5, -0.26], [0.8, -0.91, -0.27], [-0.5, 0.26, 0.17], [1, -0.5, 0.87]],
    "biases": [2, 3, 0.5],
    "upstream": [[1, -1, 2], [0.5, 1, 1], [0, 3, -2]],
}


def csv(rows: Any, delimiter: str = ",") -> str:
    return "".join(delimiter.join(map(str, row)) + "\n" for row in np.atleast_2d(rows).tolist())


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(json.dumps(PROBLEM))
    np.savez("p.npz", **PROBLEM)
    big_endian: Any = {name: np.asfortranarray(np.array(value, ">f8")) for name, value in PROBLEM.items()}
    np.savez("q.npz", **big_endian)
    for name, value in PROBLEM.items():
        Path(f"{name}.csv").write_text(csv(value))
        Path(f"{name}.tsv").write_text(csv(value, "\t"))
        Path(f"{name}.json").write_text(json.dumps(value))
        np.save(f"{name}.npy", np.array(value))
    Path("wrong.json").write_text(json.dumps(PROBLEM | {"inputs": [[9, 9, 9, 9]] * 3, "biases": [7, 7, 7]}))
    Path("layered.json").write_text(
        json.dumps({key: PROBLEM[key] for key in ("inputs", "upstream")} | {"layers": [{"activation": "relu"}]})
    )


def options(ending: str, *names: str) -> list[str]:
    return [f"--{name}={name}.{ending}" for name in names or PROBLEM]


@pytest.mark.parametrize("output", ["json", "table"])
@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["p.npz"], id="npz"),
        pytest.param(["q.npz"], id="npz in Fortran order and big-endian"),
        pytest.param(options("csv"), id="csv"),
        pytest.param(options("tsv"), id="tsv"),
        pytest.param(options("json"), id="json matrices"),
        pytest.param(options("npy"), id="npy"),
        pytest.param(["wrong.json", *options("csv", "inputs", "biases")], id="file and options"),
        pytest.param(["p.json", "--activation=relu", "--lr=0.001", "--weight-layout=in-out"], id="defaults said"),
    ],
)
def test_every_format_prints_the_same_bytes(backprop: Run, argv: list[str], output: str) -> None:
    expected = backprop("run", "p.json", "--format", output)
    assert expected.status == 0
    assert backprop("run", *argv, "--format", output) == expected


@pytest.mark.parametrize("name", PROBLEM)
def test_a_matrix_on_standard_input_prints_the_same_bytes(process: Any, name: str) -> None:
    others = options("npy", *(other for other in PROBLEM if other != name))
    piped = process("run", *others, f"--{name}", "-", "--format", "json", input=Path(f"{name}.csv").read_bytes())
    assert piped.stdout == process("run", "p.json", "--format", "json").stdout != b""


def test_a_problem_on_standard_input_prints_the_same_bytes(process: Any) -> None:
    piped = process("run", "-", input=Path("p.json").read_bytes())
    assert piped.stdout == process("run", "p.json").stdout != b""


def test_options_reach_into_the_only_layer(backprop: Run) -> None:
    layered = backprop("run", "layered.json", *options("csv", "weights", "biases"), "--format=json")
    flat = json.loads(backprop("run", "p.json", "--format=json").out)
    layer = json.loads(layered.out)["layers"][0]
    assert layer == {name: flat[name] for name in layer}
    assert len(layer) == 8


def test_both_layouts_give_the_same_numbers_each_in_its_own(backprop: Run) -> None:
    turned = PROBLEM | {"weights": np.transpose(PROBLEM["weights"]).tolist(), "weight_layout": "out-in"}
    Path("turned.json").write_text(json.dumps(turned))
    in_out = json.loads(backprop("run", "p.json", "--format=json").out)
    out_in = json.loads(backprop("run", "turned.json", "--format=json").out)
    assert out_in["weight_layout"] == "out-in"
    for name in ("dweights", "new_weights"):
        np.testing.assert_allclose(np.transpose(out_in[name]), in_out[name], rtol=1e-14)
    for name in ("z", "outputs", "dz", "dinputs", "dbiases", "new_biases"):
        np.testing.assert_allclose(out_in[name], in_out[name], rtol=1e-14)


def test_a_header_names_rows_and_columns(backprop: Run) -> None:
    Path("inputs.csv").write_text("age,height,weight,income\n" + csv(PROBLEM["inputs"]))
    Path("weights.csv").write_text("yes,no,perhaps\n" + csv(PROBLEM["weights"]))
    page = backprop("run", "p.json", "--inputs=inputs.csv", "--weights=weights.csv", "--only=dinputs,dweights").out
    assert [line.split() for line in page.splitlines() if "age" in line or "yes" in line] == [
        ["age", "height", "weight", "income"],
        ["yes", "no", "perhaps"],
        ["age", "2", "-5.5", "7"],
    ]


@pytest.mark.parametrize("header", ["1x1,1x2,28x28,2nd", "1st,2nd,3rd,4th", "x,,y,z", "Größe,幅,a b,c"])
def test_names_that_begin_with_digits_are_a_header_all_the_same(backprop: Run, header: str) -> None:
    Path("inputs.csv").write_text(f"{header}\n" + csv(PROBLEM["inputs"]))
    page = backprop("run", "p.json", "--inputs", "inputs.csv", "--only", "dweights").out
    for name in filter(None, header.split(",")):
        assert name in page


def test_a_single_integer_in_an_archive_is_a_number(backprop: Run) -> None:
    np.savez("p.npz", **PROBLEM, learning_rate=1)
    assert json.loads(backprop("run", "p.npz", "--format", "json").out)["learning_rate"] == 1


def test_exact_takes_integers_from_every_format_as_they_are(backprop: Run) -> None:
    """2**53 + 1, which float64 does not hold."""
    Path("u.json").write_text("[[9007199254740993]]")
    Path("u.csv").write_text("9007199254740993\n")
    np.save("u.npy", np.array([[2**53 + 1]]))
    for name in ("u.json", "u.csv", "u.npy"):
        ran = backprop("run", "--upstream", name, "--activation=linear", "--exact", "--format=csv", "--only=dz")
        assert ran.out == "9007199254740993\n"


@pytest.mark.parametrize(
    ("literal", "shown", "rounded"),
    [
        ("1e300", "1e+300", "1e+300"),
        ("1.23456789e-350", "1.23456789e-350", "1.235e-350"),
        ("0." + 4400 * "3", None, "0.333"),
        ("1e10000000000000000000", "refused", "refused"),
        ("1e-10000000000000000000", "refused", "refused"),
    ],
)
def test_exact_numbers_of_any_length(backprop: Run, literal: str, shown: str | None, rounded: str) -> None:
    Path("u.csv").write_text(f"{literal}\n")
    Path("q.json").write_text(f'{{"upstream": [[{literal}]], "activation": "linear"}}')
    options = ["--exact", "--only=dz"]
    for problem in (["q.json"], ["--upstream=u.csv", "--activation=linear"]):
        full = backprop("run", *problem, *options, "--format=csv")
        page = backprop("run", *problem, *options, "--precision=3")
        if shown == "refused":
            assert full.status == page.status == 3
            assert "out of the range of exact arithmetic" in full.err
        else:
            assert full.out.strip() == (shown or literal)
            assert page.out.split()[-1] == rounded


@pytest.mark.parametrize("late", [False, True], ids=["writer waits", "writer comes late"])
def test_a_named_pipe_is_read_like_a_file(backprop: Run, late: bool) -> None:
    os.mkfifo("fifo")
    writer = threading.Timer(0.1 if late else 0, Path("fifo").write_text, ["1,-2\n" * 20_000])
    writer.start()
    if not late:
        time.sleep(0.05)
    ran = backprop("run", "--upstream", "fifo", "--activation", "linear", "--only", "dbiases", "--format", "csv")
    writer.join()
    assert (ran.status, ran.out, ran.err) == (0, "20000.0,-40000.0\n", "")


def test_a_named_pipe_to_which_nobody_writes_is_an_error(backprop: Run) -> None:
    os.mkfifo("fifo.csv")
    ran = backprop("run", "--z", "fifo.csv")
    assert (ran.status, ran.err) == (
        3,
        "backprop: fifo.csv: cannot read: nobody writes to this pipe\n"
        "hint: start what writes to it first, or beside it with &\n",
    )


@pytest.mark.parametrize("name", ["m.npy", "m.npz"])
def test_a_pipe_for_a_binary_file_is_read_to_its_end(backprop: Run, name: str) -> None:
    matrix = np.arange(200_000.0).reshape(-1, 2)
    content = io.BytesIO()
    if name == "m.npy":
        np.save(content, matrix)
    else:
        np.savez(content, upstream=matrix, activation="linear")
    os.mkfifo(name)
    writer = threading.Thread(target=Path(name).write_bytes, args=[content.getvalue()])
    writer.start()
    argv = ["run", name] if name == "m.npz" else ["run", "--upstream", name, "--activation", "linear"]
    ran = backprop(*argv, "--only", "dbiases", "--format", "csv")
    writer.join()
    assert (ran.status, ran.out, ran.err) == (0, "9999900000.0,10000000000.0\n", "")


def test_a_pipe_that_does_not_begin_like_its_name_is_not_read_on(backprop: Run) -> None:
    os.mkfifo("m.npy")
    writer = threading.Thread(target=Path("m.npy").write_bytes, args=[b"no numbers"])
    writer.start()
    assert backprop("run", "--z", "m.npy").err == "backprop: m.npy: damaged, or not an NPY file\n"
    writer.join()


def test_an_empty_file_is_none_of_any_format(backprop: Run) -> None:
    for name, said in (
        ("m.npy", "damaged, or not an NPY file"),
        ("m.npz", "damaged, or not an NPZ archive"),
        ("m.csv", "the file is empty (expected rows of numbers)"),
        ("m.json", "the file is empty (expected JSON)"),
    ):
        Path(name).write_bytes(b"")
        assert backprop("run", *([] if name == "m.npz" else ["--z"]), name).err == f"backprop: {name}: {said}\n"


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


@pytest.mark.parametrize("compressed", [False, True])
def test_an_archive_may_unpack_to_much_if_it_is_much(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, compressed: bool
) -> None:
    """Zeros deflate to a thousandth, which no honest matrix does."""
    monkeypatch.setattr(npy, "_UNPACKED_BYTES", 1000)
    (np.savez_compressed if compressed else np.savez)("p.npz", upstream=np.zeros((1000, 20)), activation="linear")
    ran = backprop("run", "p.npz", "--only", "dbiases", "--format", "csv")
    if compressed:
        assert (ran.status, ran.out) == (3, "")
        assert "(expected at most 100 times as many)" in ran.err
    else:
        assert (ran.status, ran.err) == (0, "")


def test_polars_reads_to_the_same_bits_what_it_reads_and_leaves_the_rest() -> None:
    """Halfway cases, subnormals and the ends of the range among them, and what only one of the two would take."""
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
        matrix, plain = fast.numbers(f"{text}\n".encode(), ","), csv_module._loadtxt(text, ",")
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
def test_what_is_no_number_is_none_for_polars_either(cell: str) -> None:
    pytest.importorskip("polars")
    assert fast.numbers(f"1,2\n3,{cell}\n5,6\n".encode(), ",") is None


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf1,2\n",
        b"1,2\n3,4,",
        b"1,2",
        b"x\x01\x02\x08 C.C.C.\n",  # which unpacks to 1, newline, 1 ...
        b"x^,2\n",
        zlib.compress(b"1,2\n"),
        gzip.compress(b"1,2\n"),
        b"\n1,2\n",
        b"",
    ],
)
def test_what_polars_takes_for_something_else_is_not_for_it(body: bytes) -> None:
    pytest.importorskip("polars")
    assert fast.numbers(body, ",") is None


@pytest.mark.parametrize("text", ["1,2\n3\n", "1,2\n3,4,5\n", "1\n2,3\n", "1,2\n\n3,4\n"])
def test_rows_of_different_width_are_not_for_polars(text: str) -> None:
    pytest.importorskip("polars")
    matrix = fast.numbers(text.encode(), ",")
    assert matrix is None or matrix.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("size", [2**20, 64], ids=["whole", "in pieces"])
def test_with_polars_or_without_it_a_file_prints_the_same(
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
        **{f"mark {line}": (line, f"\ufeff{rows[line]}") for line in range(100, 105)},  # one of which begins a piece
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

    monkeypatch.setattr(source, "_CHUNK", size)
    monkeypatch.setattr(source, "_PIECE", size)
    monkeypatch.setattr(fast, "is_installed", lambda: False)
    without = everything()
    numbers = fast.numbers
    monkeypatch.setattr(fast, "is_installed", lambda: True)
    monkeypatch.setattr(fast, "WORTH_IT", 0)

    def noted(text: bytes, delimiter: str) -> Any:
        asked.append(text)
        return numbers(text, delimiter)

    monkeypatch.setattr(fast, "numbers", noted)
    assert everything() == without
    assert len(asked) >= len(odd)
    assert {name for name, ran in without if ran.status == 0} == {"good", "quoted", "windows", "blank"}


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_rows_are_cut_between_rows_whatever_is_in_quotes(delimiter: str, size: int) -> None:
    rng = random.Random(5)
    parts = [
        '"a\n\nb"',
        '"""\n"""',
        "1",
        '5" pipe',
        "",
        '"x',
        '"',
        "\n",
        "\r\n",
        "\n\n",
        delimiter,
        delimiter,
        delimiter,
    ]
    for _ in range(300):
        data = "".join(rng.choice(parts) for _ in range(rng.randrange(1, 30))).encode()
        pieces = list(csv_module.whole_rows([data[i : i + size] for i in range(0, len(data), size)], delimiter))
        assert b"".join(pieces) == data

        def rows(text: bytes) -> list[list[str]]:
            return list(reader(io.StringIO(text.decode(), newline=""), delimiter=delimiter))

        assert [row for piece in pieces for row in rows(piece)] == rows(data), pieces


@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_table_in_pieces_is_the_table(size: int) -> None:
    """Numbers, header, and what is wrong with it, wherever it is cut."""
    rng = random.Random(6)
    begins = ["", "\ufeff", '\ufeff"a"\n', '\ufeff"a\nb"\n', 'x,"y"\r\n', "\r"]
    parts = ["1", "-2.5", '"3"', '"4\n"', "", " ", "x", ",", ",", "\n", "\n", "\n", "\r\n", "\r", "\r\r\n"]

    def parsed(pieces: list[bytes]) -> Any:
        try:
            matrix, header = csv_module.parse(pieces, ",")
        except InputError as error:
            return str(error)
        return matrix.tolist(), header

    good = 0
    for _ in range(4000):
        text = rng.choice(begins) + "".join(rng.choice(parts) for _ in range(rng.randrange(1, 12)))
        data = text.encode()
        whole = parsed([data])
        assert parsed([data[i : i + size] for i in range(0, len(data), size)]) == whole, data
        good += not isinstance(whole, str)
    assert good > 300


def test_ctrl_c_waits_for_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    def interrupted(*_: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        reached.append("the end")

    monkeypatch.setattr(fast, "_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fast.numbers(b"1,2\n", ",")
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.setattr(fast, "_read", lambda *_: reached.append("a thread"))
    thread = threading.Thread(target=fast.numbers, args=[b"1,2\n", ","])
    thread.start()
    thread.join()
    assert reached == ["the end", "a thread"]


def test_wide_tables_are_not_for_polars() -> None:
    pytest.importorskip("polars")
    assert fast.is_installed()
    assert fast.numbers(b",".join([b"1"] * 4096) + b"\n", ",") is not None
    assert fast.numbers(b",".join([b"1"] * 4097) + b"\n", ",") is None


def test_a_quote_that_is_longer_than_any_cell_may_be_is_not_waited_for() -> None:
    data = b'1\n"' + b"x\n" * 2**17
    pieces = csv_module.whole_rows(iter([data, b"the rest"]), ",")
    assert next(pieces) == data


def test_nothing_is_read_after_a_nul() -> None:
    some = iter([b"1\n2", b"3\0\n", b"4\n"])
    assert list(csv_module.whole_rows(some, ",")) == [b"1\n", b"23\0\n"]
    assert next(some) == b"4\n"


class _Waiting:
    """Standard input that has been set not to wait, and has nothing."""

    def read(self, _size: int) -> None:
        return None


@pytest.mark.parametrize("argv", [["-"], ["--z", "-"]], ids=["problem", "matrix"])
@pytest.mark.parametrize("closed", [True, False])
def test_standard_input_without_data(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, argv: list[str], closed: bool
) -> None:
    waiting = SimpleNamespace(buffer=_Waiting(), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", None if closed else waiting)
    said = "standard input is closed" if closed else "resource temporarily unavailable"
    ran = backprop("run", *argv)
    assert (ran.status, ran.err) == (3, f"backprop: <stdin>: cannot read: {said}\n")
