"""Raw values with a manifest: what is read, in which type, and every way in which a manifest and its file disagree."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Run, sized
from tests.hostile.damage import damage
from tests.hostile.messages import are_errors

# z = [[1.5, -1], [2.5, 3]]; with ReLU and upstream as below dz = [[1, 0], [3, 4]].
PROBLEM = {
    "inputs": [[1, 0.5], [2, -1]],
    "weights": [[1, 0], [0, -4]],
    "biases": [0.5, 1],
    "upstream": [[1, 2], [3, 4]],
}
DZ = [[1, 0], [3, 4]]
DBIASES = [4, 4]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(json.dumps(PROBLEM))


def listed(name: str, shape: list[int], offset: int | None, dtype: str = "float64", **more: Any) -> dict[str, Any]:
    place = {} if offset is None else {"offset": offset}
    return {"name": name, "dtype": dtype, "shape": shape, **place, **more}


def manifest(*arrays: dict[str, Any], **top: Any) -> dict[str, Any]:
    return {"schema": "backprop.raw/1", "byte_order": "little", **top, "arrays": list(arrays)}


def write(tree: Any, values: bytes) -> None:
    Path("mine.json").write_text(json.dumps(tree))
    Path("mine.bin").write_bytes(values)


def floats(numbers: Any, dtype: str = "<f8") -> bytes:
    return np.asarray(numbers, dtype).tobytes()


def in_bfloat16(numbers: Any) -> bytes:
    """Return the upper halves of numbers in float32, which are exact here."""
    return (np.asarray(numbers, "<f4").view("<u4") >> 16).astype("<u2").tobytes()


TYPES: dict[str, Callable[[Any], bytes]] = {
    "float64": floats,
    "float32": lambda numbers: floats(numbers, "<f4"),
    "float16": lambda numbers: floats(numbers, "<f2"),
    "bfloat16": in_bfloat16,
    "int32": lambda numbers: floats(numbers, "<i4"),
}


@pytest.mark.parametrize("dtype", TYPES)
def test_values_are_judged_in_their_type(backprop: Run, dtype: str) -> None:
    size = len(TYPES[dtype](0))
    write(
        manifest(listed("dz", [2, 2], 0, dtype), listed("dbiases", [2], 4 * size, dtype)),
        TYPES[dtype](DZ) + TYPES[dtype](DBIASES),
    )
    ran = backprop("check", "p.json", "--expect", "mine.json", "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    found = json.loads(ran.out)["files"][0]["expected"]
    assert {name: (check["entries"], check["different"]) for name, check in found.items()} == {
        "dz": (4, 0),
        "dbiases": (2, 0),
    }
    assert found["dz"]["stored"] == ("float64" if dtype == "int32" else dtype)


@pytest.mark.parametrize(
    ("dtype", "last", "status"),
    [("bfloat16", 4.03125, 1), ("float16", 4.00390625, 1), ("float32", 4.0000038, 1), ("float64", 4.00001, 1)],
)
def test_a_wrong_value_in_a_narrow_type_fails(backprop: Run, dtype: str, last: float, status: int) -> None:
    """The numbers of the problem are exact, so that a narrow type has no rounding error to allow for."""
    write(manifest(listed("dz", [2, 2], 0, dtype)), TYPES[dtype]([[1, 0], [3, last]]))
    assert backprop("check", "p.json", "--expect", "mine.json").status == status


@pytest.mark.parametrize(
    "arrays",
    [
        (listed("dz", [2, 2], 0), listed("dbiases", [2], 32)),
        (listed("dz", [2, 2], None), listed("dbiases", [2], None)),
        (listed("layers.0.dz", [2, 2], 0), listed("layers[000].dbiases", [1, 2], 32)),
        (listed("dz", [2, 2], 0), listed("dbiases", [2], 32), listed("inputs", [2, 2], 48, given=True)),
    ],
)
def test_names_offsets_and_given_values_may_be_left_out(backprop: Run, arrays: tuple[dict[str, Any], ...]) -> None:
    write(manifest(*arrays), floats(DZ) + floats(DBIASES))
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert (ran.status, ran.err) == (0, "")
    assert "expected values 6 of 6" in ran.out


def test_padding_up_to_the_size_of_numbers_or_8_bytes(backprop: Run) -> None:
    for offset, padding in ((14, 0), (16, 2)):
        arrays = [listed("dbiases", [2], 0, "float32"), listed("new_biases", [2], 8, "float16")]
        arrays += [listed("outputs", [1], 12, "float16"), listed("dz", [2, 2], offset, "float16")]
        write(manifest(*arrays), floats([4, 4], "<f4") + floats([9, 9, 9], "<f2") + bytes(padding) + floats(DZ, "<f2"))
        found = json.loads(backprop("check", "p.json", "--expect", "mine.json", "--format", "json").out)
        assert found["files"][0]["expected"]["dz"]["different"] == 0


def test_values_that_are_no_numbers_are_wrong_not_errors(backprop: Run) -> None:
    write(manifest(listed("dz", [2, 2], 0, "float32")), bytes.fromhex("0000a07f") + floats([0, np.inf, 4], "<f4"))
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert (ran.status, ran.err) == (1, "")
    assert "expected values 2 of 4" in ran.out


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_given_values_are_those_of_the_problem_as_their_type_holds_them(backprop: Run, dtype: str) -> None:
    """0.1 in bfloat16 is off by 0.06 %, or by 0.4 % where it is cut off, not rounded: 0x3dcc for 0x3dcd."""
    Path("p.json").write_text(json.dumps(PROBLEM | {"biases": [0.1, 1], "learning_rate": 0.1}))
    size = len(TYPES[dtype](0))
    arrays = (listed("dz", [2, 2], 0, dtype), listed("biases", [2], 4 * size, dtype, given=True))
    write(manifest(*arrays, learning_rate=0.1), TYPES[dtype](DZ) + TYPES[dtype]([0.1, 1]))
    assert backprop("check", "p.json", "--expect", "mine.json").status == 0
    write(manifest(*arrays), TYPES[dtype](DZ) + TYPES[dtype]([0.11, 1]))
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert ran.status == 3
    assert ran.err.startswith("backprop: mine.json: biases[0]: expected the problem's 0.1, got 0.1")


DZ_LISTED = listed("dz", [2, 2], 0)
GIVEN = listed("inputs", [2, 2], 32, given=True)
MALFORMED = [
    (manifest(), "arrays: expected a list of arrays, got an empty one"),
    ({**manifest(), "arrays": {}}, "arrays: expected a list of arrays, got an object"),
    ({"schema": "backprop.raw/1", "arrays": [DZ_LISTED]}, "byte_order: is missing"),
    ({"schema": "backprop.raw/1", "byte_order": "little"}, "arrays: is missing"),
    (manifest(DZ_LISTED, byte_order="big"), "byte_order: expected 'little', got 'big'"),
    (manifest(DZ_LISTED, file="../mine.bin"), "file: unknown key (expected schema, byte_order, arrays, "),
    (manifest(DZ_LISTED, weight_layout="out-in"), "weight_layout: expected the problem's 'in-out', got 'out-in'"),
    (manifest(DZ_LISTED, learning_rate=1), "learning_rate: expected the problem's 0.001, got 1"),
    (manifest(DZ_LISTED, learning_rate=True), "learning_rate: expected the problem's 0.001, got true"),
    (manifest(*["dz"]), "arrays[0]: expected an array (an object), got 'dz'"),  # type: ignore[arg-type]
    (manifest({"name": "dz"}), "arrays[0].dtype: is missing"),
    (manifest(DZ_LISTED | {"strides": [8]}), "arrays[0].strides: unknown key (expected name, dtype, shape, offset or"),
    (manifest(DZ_LISTED | {"name": "dW"}), "arrays[0].name: expected the name of a quantity, such as dweights or"),
    (manifest(DZ_LISTED | {"name": 5}), "arrays[0].name: expected the name of a quantity, such as dweights or"),
    (manifest(DZ_LISTED | {"name": "weight_layout"}), "arrays[0].name: expected the name of a quantity, such as"),
    (manifest(DZ_LISTED | {"name": "a.b.dz"}), "arrays[0].name: expected the name of a quantity, such as dweights"),
    (manifest(DZ_LISTED | {"name": "layers[1].dz"}), "expected.layers: "),
    (
        manifest(DZ_LISTED, GIVEN | {"name": "dz"}),
        "arrays[1].name: expected the name of what a problem gives, got 'dz'",
    ),
    (manifest(DZ_LISTED, DZ_LISTED | {"offset": 32}), "arrays[1].name: dz is listed twice"),
    (
        manifest(DZ_LISTED | {"dtype": "<f8"}),
        "arrays[0].dtype: expected float64, float32, float16, bfloat16 or int32, got",
    ),
    (
        manifest(DZ_LISTED | {"dtype": ["float64"]}),
        "arrays[0].dtype: expected float64, float32, float16, bfloat16 or int32",
    ),
    (
        manifest(DZ_LISTED | {"dtype": "object"}),
        "arrays[0].dtype: expected float64, float32, float16, bfloat16 or int32",
    ),
    (manifest(DZ_LISTED | {"shape": 4}), "arrays[0].shape: expected a list of at most 2 sizes, got 4"),
    (
        manifest(DZ_LISTED | {"shape": [2, 2, 1]}),
        "arrays[0].shape: expected a list of at most 2 sizes, got a list of 3",
    ),
    (manifest(DZ_LISTED | {"shape": [2, -2]}), "arrays[0].shape[1]: expected a whole number, 1 or more, got -2"),
    (manifest(DZ_LISTED | {"shape": [0, 2]}), "arrays[0].shape[0]: expected a whole number, 1 or more, got 0"),
    (manifest(DZ_LISTED | {"shape": [2, 2.0]}), "arrays[0].shape[1]: expected a whole number, 1 or more, got 2.0"),
    (manifest(DZ_LISTED | {"shape": [2, True]}), "arrays[0].shape[1]: expected a whole number, 1 or more, got true"),
    (manifest(DZ_LISTED | {"offset": 0.0}), "arrays[0].offset: expected a whole number, got 0.0"),
    (manifest(DZ_LISTED | {"offset": False}), "arrays[0].offset: expected a whole number, got false"),
    (manifest(DZ_LISTED | {"offset": "0"}), "arrays[0].offset: expected a whole number, got '0'"),
    (manifest(DZ_LISTED | {"offset": 8}), "arrays[0].offset: expected 0, as the file begins, got 8"),
    (manifest(DZ_LISTED | {"offset": -8}), "arrays[0].offset: expected 0, as the file begins, got -8"),
    (manifest(DZ_LISTED, GIVEN | {"offset": 24}), "arrays[1].offset: expected 32, as dz ends at 32, got 24"),
    (manifest(DZ_LISTED, GIVEN | {"offset": 40}), "arrays[1].offset: expected 32, as dz ends at 32, got 40"),
    (
        manifest(listed("dbiases", [1], 0, "float32"), GIVEN | {"dtype": "float32", "offset": 12}),
        "arrays[1].offset: expected 4 or 8, as dbiases ends at 4, got 12",
    ),
    (manifest(DZ_LISTED | {"given": 1}), "arrays[0].given: expected true or false, got 1"),
    (manifest(GIVEN | {"offset": 0, "name": "upstream"}), "there are no expected values in it"),
    (manifest(listed("dz", [2, 2], 0), steps="1"), "steps: expected the problem's 1, got '1'"),
]


@pytest.mark.parametrize(("tree", "said"), MALFORMED, ids=[said for _, said in MALFORMED])
def test_a_malformed_manifest_is_one_line(backprop: Run, tree: Any, said: str) -> None:
    write(tree, floats([[1, 2], [3, 4]]))
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert ran.status == 3
    assert are_errors(ran.err)
    assert f"backprop: mine.json: {said}" in ran.err


HUGE = 2**61  # times 8 bytes overflows 64 bits to 0


@pytest.mark.parametrize(
    ("arrays", "size", "said"),
    [
        ((DZ_LISTED,), 31, "expected 32 bytes, as its manifest lists them, got 31"),
        ((DZ_LISTED,), 33, "expected 32 bytes, as its manifest lists them, got 33"),
        ((DZ_LISTED,), 0, "expected 32 bytes, as its manifest lists them, got 0"),
        (
            (DZ_LISTED, GIVEN),
            40,
            "expected 64 bytes, as its manifest lists them, or 32 without the given values, got 40",
        ),
        ((listed("dz", [HUGE, 1], 0),), 32, f"expected {8 * HUGE} bytes, as its manifest lists them, got 32"),
        ((listed("dz", [2**40, 2**40], 0),), 32, f"expected {8 * 2**80} bytes, as its manifest lists them, got 32"),
    ],
)
def test_a_file_of_another_size_is_one_line(
    backprop: Run, arrays: tuple[dict[str, Any], ...], size: int, said: str
) -> None:
    write(manifest(*arrays), bytes(size))
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert (ran.status, ran.err) == (3, f"backprop: mine.bin: {said}\n")


def test_the_file_of_values_is_the_one_beside_the_manifest(backprop: Run) -> None:
    write(manifest(DZ_LISTED), floats(DZ))
    Path("mine.bin").unlink()
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert (ran.status, ran.err) == (3, "backprop: mine.bin: cannot read: no such file or directory\n")
    Path("mine.bin").mkdir()
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert (ran.status, ran.err) == (3, "backprop: mine.bin: cannot read: is a directory\n")
    Path("mine.bin").rmdir()
    Path("mine.bin").symlink_to("/dev/zero")
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert (ran.status, ran.err) == (3, "backprop: mine.bin: expected a regular file\n")


def test_a_manifest_needs_a_name_and_raw_values_a_manifest(backprop: Run) -> None:
    write(manifest(DZ_LISTED), floats(DZ))
    Path("mine.json").rename("manifest")
    ran = backprop("check", "p.json", "--expect", "manifest")
    assert ran.status == 3
    assert "manifest: expected a file that ends in .json, which names the file of its values, .bin" in ran.err
    ran = backprop("check", "p.json", "--expect", "mine.bin")
    assert ran.status == 3
    assert "mine.bin: unknown file type '.bin'" in ran.err
    assert "hint: raw values are read by their manifest: the file beside them of the same name" in ran.err


def test_raw_values_are_not_decimals(backprop: Run) -> None:
    write(manifest(DZ_LISTED), floats(DZ))
    ran = backprop("check", "p.json", "--expect", "mine.json", "--rounded")
    assert (ran.status, ran.err) == (
        3,
        "backprop: mine.json: rounded values have to be written as text, not in binary\n",
    )


def test_submissions_of_raw_values(backprop: Run) -> None:
    Path("class").mkdir()
    for name, numbers in (("ann", DZ), ("ben", [[1, 2], [3, 4]])):
        write(manifest(DZ_LISTED), floats(numbers))
        Path("mine.json").rename(f"class/{name}.json")
        Path("mine.bin").rename(f"class/{name}.bin")
    ran = backprop("check", "p.json", "--expect", "class")
    assert (ran.status, ran.err) == (1, "")
    assert re.findall(r"^(ok|FAIL) +(class/\w+\.json)", ran.out, re.MULTILINE) == [
        ("ok", "class/ann.json"),
        ("FAIL", "class/ben.json"),
    ]


@sized("count", 100, 20_000)
def test_damaged_files_give_a_verdict_or_one_line(backprop: Run, count: int) -> None:
    assert backprop("run", "p.json", "--save", "golden.bin").status == 0
    whole, values = Path("golden.json").read_bytes(), Path("golden.bin").read_bytes()
    statuses = []
    for number in range(count):
        is_manifest = number % 4 > 0
        Path("mine.json").write_bytes(damage(whole, number) if is_manifest else whole)
        Path("mine.bin").write_bytes(values if is_manifest else damage(values, number))
        ran = backprop("check", "p.json", "--expect", "mine.json")
        statuses.append(ran.status)
        assert ran.status in (0, 1, 3), number
        assert ran.err == "" if ran.status < 3 else are_errors(ran.err), (number, ran.err)
        assert ran.status < 3 or "mine." in ran.err, (number, ran.err)
    assert statuses.count(3) > count / 2
    assert {0, 1} <= set(statuses)
