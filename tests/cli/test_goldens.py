"""`run --save` for programs in C: a header and raw values, held against the result in JSON bit for bit."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.places import flatten
from backprop_cli.core.quantities import QUANTITIES
from tests.any_problem import any_problem
from tests.conftest import Run, sized

DTYPES = ("float64", "float32")
RAW = {"float64": "<f8", "float32": "<f4", "int32": "<i4"}
GIVEN = ("inputs", "weights", "biases", "targets", "upstream")
LAYER = {"inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5], "upstream": [[0.5]]}
# Of powers of two alone, so that every result is exact, and has the same sign, exponent and kind in C.
EXTREME = {
    "inputs": [[5e-324, -0.0, 1.5, 2.2250738585072014e-308]],
    "weights": [[1.0], [-1.0], [2.0**-1000], [0.5]],
    "biases": [0.0],
    "activation": "linear",
    "upstream": [[-(2.0**1000)]],
    "learning_rate": 2.0**-1074,
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(backprop: Run, problem: Mapping[str, Any], dtype: str, *argv: str) -> dict[str, Any]:
    """Write golden.h, golden.bin and golden.json of a problem, and return its result in JSON, dotted."""
    Path("problem.json").write_text(json.dumps(problem))
    for name in ("golden.h", "golden.bin"):
        ran = backprop("run", "problem.json", "--dtype", dtype, "--save", name, "--format", "json", *argv)
        assert ran.status == 0, ran.err
    return {name: value for name, value in flatten(json.loads(ran.out)) if name.rpartition(".")[2] in QUANTITIES}


def in_header(text: str) -> dict[str, Any]:
    """Return the numbers of a header by identifier, with the type that is declared and the shape."""
    found = {}
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for kind, name, sizes, body in re.findall(r"static const (\w+) (\w+)((?:\[\d+\])*) = ([^;]+);", text):
        literals = re.findall(r"-?0x[0-9a-fp.+-]+f?|-?\d+", body)
        assert all(literal.endswith("f") == (kind == "float") for literal in literals)
        assert all(("p" in literal) == (kind != "int") for literal in literals)
        assert body.count("{") == body.count("}")
        numbers = [int(each) if kind == "int" else float.fromhex(each.removesuffix("f")) for each in literals]
        dtype = {"int": "<i4", "float": "<f4", "double": "<f8"}[kind]
        array = np.array(numbers, np.float64).astype(dtype)
        assert np.array_equal(array.astype(np.float64), numbers), "a literal has more digits than its type"
        found[name] = array.reshape([int(size) for size in re.findall(r"\d+", sizes)])
    return found


def in_raw() -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each entry of the manifest with its array, read as its words say."""
    values = Path("golden.bin").read_bytes()
    for entry in json.loads(Path("golden.json").read_text())["arrays"]:
        count = int(np.prod(entry["shape"], dtype=int))
        yield entry, np.frombuffer(values, RAW[entry["dtype"]], count, entry["offset"]).reshape(entry["shape"])


def bits(array: Any, dtype: str) -> tuple[tuple[int, ...], bytes]:
    array = np.asarray(array, dtype)
    return array.shape, array.tobytes()


@sized("count", 25, 1000)
def test_every_number_is_there_bit_for_bit(backprop: Run, count: int) -> None:
    for seed in range(count):
        dtype = DTYPES[seed % 2]
        problem = any_problem(seed) | ({"steps": 3} if seed % 5 == 0 else {})
        result = saved(backprop, problem, dtype)
        given = {name: value for name, value in flatten(problem) if name.rpartition(".")[2] in GIVEN}
        header, raw = in_header(Path("golden.h").read_text()), list(in_raw())
        assert header.pop("learning_rate") == 0.001
        assert [entry["name"].replace(".", "_") for entry, _ in raw if "given" in entry] == list(header)[: len(given)]
        assert {entry["name"] for entry, _ in raw if "given" not in entry} == result.keys()
        assert {entry["name"] for entry, _ in raw if entry.get("given") is True} == given.keys()
        for entry, array in raw:
            is_class = entry["name"] == "targets" and np.ndim(given["targets"]) == 1
            expected = bits({**result, **given}[entry["name"]], "<i4" if is_class else RAW[dtype])
            assert bits(array, array.dtype.str) == expected, (seed, entry)
            of_header = header.pop(entry["name"].replace(".", "_"))
            assert bits(of_header, of_header.dtype.str) == expected, (seed, entry)
        assert not header
        ran = backprop("check", "problem.json", "--expect", "golden.json") if seed % 10 < 2 else None
        assert ran is None or ran.status == 0, (seed, ran.out)


def test_extreme_numbers_are_there_bit_for_bit(backprop: Run) -> None:
    result = saved(backprop, EXTREME, "float64")
    header, raw = in_header(Path("golden.h").read_text()), {entry["name"]: array for entry, array in in_raw()}
    expected = {**result, **{name: EXTREME[name] for name in GIVEN if name in EXTREME}}
    for name, array in expected.items():
        assert bits(header[name], "<f8") == bits(raw[name], "<f8") == bits(array, "<f8"), name
    assert bits(header["learning_rate"], "<f8") == bits(2.0**-1074, "<f8")
    for literal in ("0x0.0000000000001p-1022", "-0x0p+0", "0x1p-1022", "-0x1p+1000", "-0x1.8p+1000"):
        assert re.search(rf"[ {{]{re.escape(literal)}[,}};\n]", Path("golden.h").read_text()), literal


def test_the_manifest_is_what_the_documentation_shows(backprop: Run) -> None:
    saved(backprop, LAYER, "float32", "--only", "dz,dweights")
    assert json.loads(Path("golden.json").read_text()) == {
        "schema": "backprop.raw/1",
        "byte_order": "little",
        "learning_rate": 0.001,
        "weight_layout": "in-out",
        "arrays": [
            {"name": "dz", "dtype": "float32", "shape": [1, 1], "offset": 0},
            {"name": "dweights", "dtype": "float32", "shape": [2, 1], "offset": 4},
            {"name": "inputs", "dtype": "float32", "shape": [1, 2], "offset": 12, "given": True},
            {"name": "weights", "dtype": "float32", "shape": [2, 1], "offset": 20, "given": True},
            {"name": "biases", "dtype": "float32", "shape": [1], "offset": 28, "given": True},
            {"name": "upstream", "dtype": "float32", "shape": [1, 1], "offset": 32, "given": True},
        ],
    }


HEADER = """\
/*
 * Golden values of 1 dense layer, computed by backprop in float64. The literals are hexadecimal, which
 * loses no bit: they need C99 or C++17.
 * weight_layout: in-out
 * activation: relu
 */

#ifndef BACKPROP_MY_1_GOLDEN_H
#define BACKPROP_MY_1_GOLDEN_H

enum {
  n_samples = 1,
  n_inputs = 2,
  n_neurons = 1
};

/* given */

static const double learning_rate = 0x1.0624dd2f1a9fcp-10;

/* [sample][input] */
static const double inputs[1][2] = {
  {0x1p+0, 0x1p+1}
};

/* [input][neuron] */
static const double weights[2][1] = {
  {0x1.8p+1},
  {0x1p+2}
};

/* [neuron] */
static const double biases[1] = {
  0x1.4p+2
};

/* [sample][neuron] */
static const double upstream[1][1] = {
  {0x1p-1}
};

/* computed */

/* [neuron] */
static const double dbiases[1] = {
  0x1p-1
};

#endif /* BACKPROP_MY_1_GOLDEN_H */
"""


def test_a_header(backprop: Run) -> None:
    Path("p.json").write_text(json.dumps(LAYER))
    assert backprop("run", "p.json", "--save", "my 1-golden.h", "--only", "dbiases").status == 0
    assert Path("my 1-golden.h").read_text() == HEADER


@pytest.mark.parametrize(
    ("name", "guard"), [("2.h", "BACKPROP_2_H"), ("ä.h", "BACKPROP_H"), ("a__b.c.H", "BACKPROP_A_B_C_H")]
)
def test_guards_are_identifiers_that_are_not_reserved(backprop: Run, name: str, guard: str) -> None:
    Path("p.json").write_text(json.dumps(LAYER))
    assert backprop("run", "p.json", "--save", name).status == 0
    assert f"#ifndef {guard}\n#define {guard}\n" in Path(name).read_text()


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("a */ int x; /* b", " * a * / int x; / * b\n"),
        ("*/*/", " * * / * /\n"),
        ("what??/", " * what? ?/\n"),
        ("????", " * ? ? ? ?\n"),
        ("a\n#include <b>\r\x1b[2J\u202e", " * a\\n#include <b>\\r\\x1b[2J\\u202e\n"),
        ("back\\", " * back\\\n"),
        ("", ""),
        ("w " * 60, " * " + "w " * 49 + "w\n * " + "w " * 9 + "w\n"),
    ],
)
def test_a_title_stays_in_its_comment(backprop: Run, title: str, written: str) -> None:
    Path("p.json").write_text(json.dumps(LAYER | {"title": title}))
    assert backprop("run", "p.json", "--save", "golden.h").status == 0
    head = Path("golden.h").read_text().partition(" * Golden values")[0]
    assert head == "/*\n" + written


def test_a_header_tells_the_conventions(backprop: Run) -> None:
    problem = {
        "inputs": [[1, 2], [3, 4]],
        "layers": [{"weights": [[1, 2]], "activation": "tanh"}, {"weights": [[1]], "biases": [2]}],
        "samples": "columns",
        "upstream": "ones",
        "mean_gradients": True,
        "steps": 7,
    }
    saved(backprop, problem, "float64")
    text = Path("golden.h").read_text()
    for line in (
        "upstream: ones",
        "weight_layout: out-in",
        "samples: columns",
        "mean_gradients: true",
        "steps: 7",
        "layers[0].activation: tanh",
        "layers[1].activation: relu",
        "What is given belongs to the first step, what is computed to the last one.",
    ):
        assert f" * {line}\n" in text
    assert "/* [neuron][sample] */\nstatic const double layers_0_dz[1][2] = {" in text
    assert "/* [neuron][input] */\nstatic const double layers_0_weights[1][2] = {\n  {0x1p+0, 0x1p+1}\n};" in text
    sizes = {"n_samples": 2, "n_layers": 2, "layers_0_n_inputs": 2, "layers_0_n_neurons": 1}
    sizes |= {"layers_1_n_inputs": 1, "layers_1_n_neurons": 1, "n_steps": 7}
    assert "enum {\n" + ",\n".join(f"  {name} = {size}" for name, size in sizes.items()) + "\n};" in text


def test_long_rows_and_lists_are_broken_into_lines(backprop: Run) -> None:
    wide = {"inputs": [[0.1] * 1000], "weights": [[1]] * 1000, "biases": [0], "upstream": "ones"}
    saved(backprop, wide, "float64", "--only", "dinputs")
    assert max(map(len, Path("golden.h").read_text().split("\n"))) < 120


def test_a_learning_rate_that_float32_cannot_hold(backprop: Run) -> None:
    saved(backprop, LAYER | {"learning_rate": 1e300}, "float32", "--only", "dz")
    assert in_header(Path("golden.h").read_text())["learning_rate"] == 1e300


def test_a_z_that_is_given_is_not_computed(backprop: Run) -> None:
    saved(backprop, {"z": [[1.5, -1]], "upstream": [[1, 2]]}, "float64", "--only", "z,dz")
    assert list(in_header(Path("golden.h").read_text())) == ["learning_rate", "z", "upstream", "dz"]
    assert [(entry["name"], "given" in entry) for entry, _ in in_raw()] == [
        ("dz", False),
        ("z", True),
        ("upstream", True),
    ]


def test_sizes_that_are_not_known_are_left_out(backprop: Run) -> None:
    saved(backprop, {"upstream": [[1, 2]], "activation": "linear"}, "float64", "--only", "dbiases")
    assert "enum {\n  n_samples = 1,\n  n_neurons = 2\n};" in Path("golden.h").read_text()


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["--save", "a.bin", "--next", "a.json"], 2, "--save a.bin also writes a.json, which --next names"),
        (["--save", "p.bin"], 2, "--save p.bin also writes p.json, which PROBLEM names"),
        (["--save", "other.bin"], 4, "other.json: is the place of the manifest, and holds something else"),
        (
            ["--save", "a.bin", "--exact"],
            2,
            "a.bin: exact numbers do not fit float64 (expected JSON, or CSV in a folder)",
        ),
        (["--save", "a.h", "--exact"], 2, "a.h: exact numbers do not fit float64 (expected JSON, or CSV in a folder)"),
        (["--save", "a.c"], 2, "--save: expected a file that ends in .json, .npz"),
    ],
)
def test_files_that_are_not_written(backprop: Run, argv: list[str], status: int, said: str) -> None:
    Path("p.json").write_text(json.dumps(LAYER))
    Path("other.json").write_text("{}")
    ran = backprop("run", "p.json", *argv)
    assert ran.status == status
    assert f"backprop: {said}" in ran.err
    assert sorted(path.name for path in Path().iterdir()) == ["other.json", "p.json"]
    assert Path("other.json").read_text() == "{}"


def test_a_manifest_is_replaced_by_another(backprop: Run) -> None:
    for _ in range(2):
        saved(backprop, LAYER, "float64")


def test_raw_values_and_their_manifest_are_written_both_or_neither(backprop: Run) -> None:
    saved(backprop, LAYER, "float64")
    before = {name: Path(name).read_bytes() for name in ("golden.bin", "golden.json")}
    Path("golden.json").chmod(0o444)
    ran = backprop("run", "problem.json", "--dtype", "float32", "--save", "golden.bin")
    assert (ran.status, ran.err) == (4, "backprop: golden.json: cannot write: it is read-only\n")
    assert {name: Path(name).read_bytes() for name in before} == before
