"""Safetensors: what the package wrote is read bit for bit, and what contradicts itself is refused."""

import json
import os
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.precision import PRECISIONS, BFloat16, type_name
from backprop_cli.core.quantities import Node
from backprop_cli.load.expected import load_expected
from backprop_cli.load.files import Mapped, read
from backprop_cli.load.problem import load_problem
from backprop_cli.load.safetensors import contents
from backprop_cli.load.schema import build
from backprop_cli.render import safetensors
from tests.any_problem import any_problem
from tests.conftest import ROOT, Run
from tests.load.conftest import PROBLEM
from tests.safetensors_files import whole, with_header

DATA = ROOT / "tests" / "data"  # made by `tests.make_safetensors_goldens`
BY_PACKAGE = sorted(DATA.glob("*.safetensors"))
ROWS = [[0, 1, 2], [3, 100, 127]]


def test_there_are_files_of_the_package() -> None:
    assert len(BY_PACKAGE) == 10


@pytest.mark.parametrize("path", BY_PACKAGE, ids=lambda path: path.stem)
def test_what_the_package_wrote_is_written_again_byte_for_byte(path: Path, tmp_path: Path) -> None:
    found = contents(read(str(path)))
    with (tmp_path / "again").open("wb") as file:
        safetensors.safetensors(file, found.tensors, found.metadata)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_every_type_has_its_values() -> None:
    """The tensors are named after their types."""
    data = read(str(DATA / "types.safetensors"))
    assert isinstance(data, Mapped)
    found = contents(data)
    assert found.metadata == {"remark": 'a "text", \u2202\u00e9\n'}
    assert len(found.tensors) == 12
    for name, array in found.tensors.items():
        assert (type_name(array), array.tolist()) == (name, ROWS)
    assert isinstance(found.tensors["bfloat16"], BFloat16)


def test_bfloat16_is_rounded_as_pytorch_rounds() -> None:
    """Zeros, subnormal numbers, ties to both sides, the largest numbers, what overflows, and the negative of each."""
    found = contents(read(str(DATA / "bfloat16.safetensors"))).tensors
    given, narrow = (found[name].view(np.ndarray).astype(np.float64) for name in ("float32", "bfloat16"))
    rounded = PRECISIONS["bfloat16"].round(given)
    assert rounded.tobytes() == narrow.tobytes()
    assert np.isinf(narrow[np.isfinite(given)]).sum() > 2  # what overflows
    assert (np.signbit(narrow) & (narrow == 0)).any()
    assert (np.abs(narrow[narrow != 0]) < 2.0**-126).any()  # subnormal
    assert (rounded != given).sum() > 100


def test_a_large_tensor_of_bfloat16_is_read_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_cli.core.scratch.CHUNK_NUMBERS", 4)
    (array,) = contents(whole({"z": np.arange(30.0).reshape(5, 6)}, bfloat16=True)).tensors.values()
    assert array.tolist() == np.arange(30.0).reshape(5, 6).tolist()


@pytest.mark.parametrize("seed", range(100))
def test_a_random_problem_goes_through_the_file_bit_for_bit(backprop: Run, seed: int) -> None:
    """With a learning rate of 0 the next problem is the same one."""
    Path("p.json").write_text(json.dumps(any_problem(seed) | {"learning_rate": 0.0, "title": f"\u2202 {seed}"}))
    ran = backprop("run", "p.json", "--format", "json", "--save", "r.safetensors", "--next", "n.safetensors", "-q")
    assert ran.status == 0
    again = backprop("run", "n.safetensors", "--format", "json", "-q", "--save", "again.safetensors")
    assert (again.status, again.out) == (0, ran.out)
    assert Path("again.safetensors").read_bytes() == Path("r.safetensors").read_bytes()
    assert load_problem("n.safetensors").title == f"\u2202 {seed}"
    checked = backprop("check", "p.json", "--expect", "r.safetensors", "--samples", "1", "-q")
    assert (checked.status, checked.err) == (0, "")
    assert "to the last bit" in checked.out


def test_settings_are_texts_in_the_metadata(backprop: Run) -> None:
    """And numbers may be tensors, too; what other tools write is passed over."""
    settings = {"title": "a title", "source": "by hand", "activation": "leaky_relu(0.2)", "weight_layout": "in-out"}
    settings |= {"samples": "rows", "loss": "huber(2)", "reduction": "mean", "mean_gradients": "true"}
    settings |= {"learning_rate": "0.1", "steps": "3"}
    tensors = {"inputs": [[1.0, 2.0]], "weights": [[0.5], [0.25]], "biases": [0.5], "targets": [[1.0]]}
    others = {"format": "pt", "modelspec.title": "other", "epoch of this": "7"}
    Path("p.safetensors").write_bytes(whole(tensors, settings | others))
    values: dict[str, Any] = {**settings, "mean_gradients": True, "learning_rate": 0.1, "steps": 3}
    Path("p.json").write_text(json.dumps(tensors | values))
    ran = [backprop("run", name, "--format", "json") for name in ("p.json", "p.safetensors")]
    assert ran[0].status == 0
    assert ran[1] == ran[0]
    exact = [
        backprop("run", name, "--exact", "--steps", "1", "--format", "json") for name in ("p.json", "p.safetensors")
    ]
    assert [each.status for each in exact] == [0, 0]
    assert '"learning_rate": 0.1' in exact[1].out  # the decimal, not the nearest float64
    numbers = {"learning_rate": np.float16(0.5), "steps": np.int64(2)}
    Path("p.safetensors").write_bytes(whole(tensors | numbers, {"loss": "mse"}, bfloat16=True))
    problem = load_problem("p.safetensors")
    assert (problem.learning_rate, problem.steps) == (0.5, 2)


def test_false_is_a_text_too(backprop: Run) -> None:
    Path("p.safetensors").write_bytes(whole(PROBLEM, {"mean_gradients": "false"}))
    assert not load_problem("p.safetensors").mean_gradients
    assert backprop("run", "p.safetensors").status == 0


NO_FILE = "damaged, or not a safetensors file"
OBJECT = "damaged: the header is no JSON object"
FIELDS = "z: damaged: expected data_offsets, dtype and shape in the header, got"
SHAPE = "z: damaged: expected a list of sizes as shape"
OFFSETS = "z: damaged: expected two numbers of bytes as data_offsets"
KINDS = "expected F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16 or U8, got the type"
HALF = "damaged: half of a surrogate pair, which UTF-8 cannot have"
FLOAT = "hint: in PyTorch tensor.float() makes float32 of it"
TENSORS = "hint: in Python safetensors.torch.save_file(tensors, path) writes tensors by name"


def tensor(dtype: Any = "F64", shape: Any = (1,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def named(value: Any, length: int = 8, name: str = "z") -> bytes:
    return with_header({name: value}, bytes(length))


def settings(**texts: str) -> bytes:
    return whole({"z": [1.0]}, texts)


Z = json.dumps(tensor()).encode()
DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", NO_FILE),
    "less than the length": (bytes(7), NO_FILE),
    "no header": (bytes(8), NO_FILE),
    "zeros": (bytes(100), OBJECT),
    "header longer than the limit": (struct.pack("<Q", 100_000_001) + b"{}", NO_FILE),
    "header longer than any file": (struct.pack("<Q", 2**64 - 1) + b"{}", NO_FILE),
    "header longer than the file": (
        struct.pack("<Q", 100_000_000) + b"{}",
        "damaged: a header of 100000000 bytes is promised, 2 follow",
    ),
    "header of one byte less": (
        struct.pack("<Q", 3) + b"{}",
        "damaged: a header of 3 bytes is promised, 2 follow",
    ),
    "list": (with_header([1]), OBJECT),
    "space before the header": (with_header(b" {}"), OBJECT),
    "byte order mark": (with_header(b"\xef\xbb\xbf{}"), OBJECT),
    "line end after the header": (with_header(b"{}", padding=b"\n"), OBJECT),
    "NUL after the header": (with_header(b"{}", padding=b"\0"), OBJECT),
    "another object after the header": (with_header(b"{} {}"), "damaged: the header is not JSON"),
    "not UTF-8": (with_header(b'{"\xff": 1}'), "damaged: the header is not JSON"),
    "comma too many": (with_header(b'{"z": %s,}' % Z, bytes(8)), "damaged: the header is not JSON"),
    "nested too deeply": (with_header(b'{"z": ' + b"[" * 10_000 + b"}"), "damaged: the header is not JSON"),
    "tensor given twice": (with_header(b'{"z": %s, "z": %s}' % (Z, Z), bytes(8)), "z: the key is given twice"),
    "field given twice": (with_header(b'{"z": {"dtype": "F64", "dtype": "F32"}}'), "z.dtype: the key is given twice"),
    "metadata: a list": (with_header({"__metadata__": []}), "__metadata__: expected an object of texts"),
    "metadata: a number": (with_header({"__metadata__": {"a": 1}}), "__metadata__: expected an object of texts"),
    "metadata given twice": (
        with_header(b'{"__metadata__": {"title": "a", "title": "b"}}'),
        "__metadata__.title: the key is given twice",
    ),
    "tensor: a number": (named(1), f"{FIELDS} 1"),
    "tensor: an empty object": (named({}), f"{FIELDS} an object"),
    "field missing": (named({"dtype": "F64", "shape": [1]}), f"{FIELDS} dtype and shape"),
    "field unknown": (named(tensor() | {"strides": [1]}), f"{FIELDS} dtype, shape, data_offsets and strides"),
    "type: a number": (named(tensor(1)), f"z: {KINDS} 1"),
    "type: a list": (named(tensor(["F64"])), f"z: {KINDS} a list"),
    "type in small letters": (named(tensor("f64")), f"z: {KINDS} 'f64'"),
    "type BOOL": (
        named(tensor("BOOL", offsets=(0, 1)), 1),
        f"z: {KINDS} 'BOOL'\nhint: in PyTorch tensor.float() makes numbers of it;"
        " a true or false is a text in the metadata",
    ),
    "type F8": (named(tensor("F8_E4M3", offsets=(0, 1)), 1), f"z: {KINDS} 'F8_E4M3'\n{FLOAT}"),
    "type C64": (
        named(tensor("C64")),
        f"z: {KINDS} 'C64'\nhint: in PyTorch tensor.real and tensor.imag are its two parts",
    ),
    "shape: a number": (named(tensor(shape=1)), SHAPE),
    "shape: a float": (named(tensor(shape=[1.0])), SHAPE),
    "shape: true": (named(tensor(shape=[True])), SHAPE),
    "shape: a text": (named(tensor(shape=["1"])), SHAPE),
    "shape: less than 0": (named(tensor(shape=[-1, -1])), SHAPE),
    "shape: minus 0": (with_header(b'{"z": %s}' % Z.replace(b"[1]", b"[-0]")), SHAPE),
    "shape: out of range": (named(tensor(shape=[2**63])), SHAPE),
    "shape: 5,000 digits": (with_header(b'{"z": %s}' % Z.replace(b"[1]", b"[%s]" % (b"9" * 5000))), SHAPE),
    "shape whose product overflows 64 bits": (
        named(tensor(shape=[2**32, 2**32])),
        "z: damaged: the shape (4294967296, 4294967296) in F64 needs 147573952589676412928 bytes,"
        " and the header promises 8",
    ),
    "shape for more": (
        named(tensor(shape=[2])),
        "z: damaged: the shape (2,) in F64 needs 16 bytes, and the header promises 8",
    ),
    "shape for fewer": (
        named(tensor("BF16", shape=[])),
        "z: damaged: the shape () in BF16 needs 2 bytes, and the header promises 8",
    ),
    "three dimensions": (
        named(tensor(shape=[1, 1, 1])),
        "z: expected a matrix, got 3 dimensions\nhint: a row is a sample: reshape it to (samples, neurons)",
    ),
    "more dimensions than NumPy has": (
        named(tensor(shape=[1] * 1000), name="weights"),
        "weights: expected a matrix, got 1000 dimensions",
    ),
    "no rows": (named(tensor(shape=[0, 2**40], offsets=[0, 0]), 0), "z: no numbers in it"),
    "offsets: one": (named(tensor(offsets=[8])), OFFSETS),
    "offsets: three": (named(tensor(offsets=[0, 8, 8])), OFFSETS),
    "offsets: reversed": (named(tensor(offsets=[8, 0])), OFFSETS),
    "offsets: less than 0": (named(tensor(offsets=[-8, 0])), OFFSETS),
    "offsets: floats": (named(tensor(offsets=[0.0, 8.0])), OFFSETS),
    "offsets: null": (named(tensor(offsets=None)), OFFSETS),
    "hole before the first": (
        named(tensor(offsets=[1, 9]), 9),
        "z: damaged: 1 byte before its numbers belong to no tensor",
    ),
    "hole between two": (
        with_header({"z": tensor(), "inputs": tensor(offsets=[16, 24])}, bytes(24)),
        "inputs: damaged: 8 bytes before its numbers belong to no tensor",
    ),
    "two with the same bytes": (
        with_header({"z": tensor(), "inputs": tensor()}, bytes(8)),
        "inputs: damaged: its numbers overlap those of z",
    ),
    "overlap": (
        with_header({"inputs": tensor(offsets=[4, 12]), "z": tensor()}, bytes(12)),
        "inputs: damaged: its numbers overlap those of z",
    ),
    "bytes missing at the end": (named(tensor(), 7), "damaged: the header promises 8 bytes, 7 follow"),
    "bytes too many at the end": (named(tensor(), 9), "damaged: the header promises 8 bytes, 9 follow"),
    "no tensors, and bytes": (with_header({}, bytes(1)), "damaged: the header promises 0 bytes, 1 follow"),
    "no tensors": (
        with_header({}),
        "there is nothing to compute from (expected inputs, weights, biases, upstream or z)",
    ),
    "NaN": (whole({"z": np.array([1, np.nan], np.float32)}), "z[1]: expected a finite number, got nan"),
    "infinity in bfloat16": (whole({"z": [-np.inf]}, bfloat16=True), "z[0]: expected a finite number, got -inf"),
    "integer between two floats": (
        whole({"z": np.array([2**53 + 1])}),
        "z[0]: the integer 9007199254740993 is not a float64 number (the nearest is 9007199254740992)\n"
        "hint: write 9007199254740992.0 if the nearest will do",
    ),
    "unknown key": (whole({"wieghts": [1.0]}), "wieghts: unknown key\nhint: did you mean 'weights'?"),
    "unknown key in a layer": (
        whole({"layers.0.wieghts": [1.0]}),
        "layers[0].wieghts: unknown key\nhint: did you mean 'weights'?",
    ),
    "layers with a gap": (
        whole({"layers.0.z": [1.0], "layers.2.z": [1.0]}),
        "expected layers.0 and layers.1, got layers.0 and layers.2",
    ),
    "name too deep": (whole({"a.b.c.d.e": [1.0]}), "a.b.c.d.e: nested too deeply"),
    "name in the metadata and of a tensor": (settings(z="1"), "z: the key is given twice"),
    "metadata: nearly a key": (
        settings(learning_rat="1"),
        "learning_rat: unknown key in the metadata\nhint: did you mean 'learning_rate'?",
    ),
    "metadata: a key of other tools": (
        settings(lr="1"),
        "lr: unknown key in the metadata\nhint: give lr as learning_rate",
    ),
    "metadata: a key in its layer": (
        settings(**{"layers[0].activation": "relu"}),
        "z: belongs inside a layer here, because layers is given",
    ),
    "metadata: no number": (settings(learning_rate="NaN"), "learning_rate: expected a number, got NaN"),
    "metadata: an empty text": (settings(learning_rate=""), "learning_rate: expected a number, got ''"),
    "metadata: half a surrogate pair": (settings(title="\ud800"), f"__metadata__.title: {HALF}"),
    "name: half a surrogate pair": (whole({"\udfff": [1.0]}), rf"\udfff: {HALF}"),
    "metadata: a list of one": (settings(steps="[1]"), "steps: expected a number, got '[1]'"),
    "metadata: true for a number": (settings(steps="true"), "steps: expected a number, got 'true'"),
    "metadata: a number for true": (
        settings(mean_gradients="1"),
        "mean_gradients: expected true or false, got '1'",
    ),
    "a PyTorch file": (b"PK\3\4/data.pkl", f"expected safetensors, got a PyTorch file\n{TENSORS}"),
    "GGUF": (b"GGUF\3\0\0\0" + bytes(20), f"expected safetensors, got GGUF\n{TENSORS}"),
    "NPZ": (
        b"PK\3\4inputs.npy",
        "expected safetensors, got NPZ\nhint: give it a name that ends in .npz",
    ),
    "JSON": (b'{"z": [1]}', "expected safetensors, got JSON\nhint: give it a name that ends in .json"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_one_line(backprop: Run, case: str) -> None:
    data, reason = DAMAGED[case]
    Path("p.safetensors").write_bytes(data)
    assert backprop("run", "p.safetensors") == (3, "", f"backprop: p.safetensors: {reason}\n")


@pytest.mark.parametrize("length", [640, 35_615, 67_324_752 % 2**20, 1196_769])
def test_the_length_of_a_header_is_not_taken_for_another_format(backprop: Run, length: int) -> None:
    """640 is how a pickle begins, and 35,615 how gzip does."""
    header = whole({"upstream": [[1.0, 2.0]]}, {"activation": "linear"})[8:-16]
    data = with_header(header, np.array([1.0, 2.0]).tobytes(), b" " * (length - len(header)))
    Path("p.safetensors").write_bytes(data)
    assert backprop("run", "p.safetensors", "--only", "dz", "--format", "csv") == (0, "1.0,2.0\n", "")


@pytest.mark.parametrize("name", ["p.json", "p.npz", "p.bin", "w.csv", "w"])
def test_another_name_is_answered_with_the_right_ending(backprop: Run, name: str) -> None:
    Path(name).write_bytes(whole({"z": [[1.0]]}))
    ran = backprop("run", *(["--weights"] if name[0] == "w" else []), name)
    assert ran.status == 3
    cure = "write it to a file, and give it" if "." not in name else "give it"
    assert ran.err.endswith(f"{cure} a name that ends in .safetensors\n")
    assert "safetensors" in ran.err


def test_a_matrix_is_the_tensor_of_its_name_or_the_only_one(backprop: Run) -> None:
    Path("x.safetensors").write_bytes(whole({"x": PROBLEM["inputs"]}))
    Path("others.safetensors").write_bytes(whole({key: np.array(PROBLEM[key]) for key in PROBLEM if key != "inputs"}))
    options = [word for key in ("weights", "biases", "upstream") for word in (f"--{key}", "others.safetensors")]
    ran = backprop("run", "--inputs", "x.safetensors", *options, "--format", "json")
    assert ran.status == 0
    assert ran.out == backprop("run", "p.json", "--format", "json").out


@pytest.mark.parametrize(
    ("tensors", "got"),
    [
        ({}, "no tensors"),
        ({"weights": [1.0]}, "1 tensor (weights)"),
        ({"layers.0.dz": [1.0]}, "1 tensor (layers.0.dz)"),
        ({"a": [1.0], "": [1.0]}, "2 tensors (a and '')"),
        ({f"t{i}": [1.0] for i in range(12)}, "12 tensors (t0, t1, t2, t3, t4, t5, t6, t7 and 4 more)"),
    ],
)
def test_a_matrix_of_another_name_is_refused(backprop: Run, tensors: dict[str, Any], got: str) -> None:
    Path("x.safetensors").write_bytes(whole(tensors))
    wanted = "expected a tensor of the name inputs, or a single one of any name"
    assert (
        backprop("run", "p.json", "--inputs", "x.safetensors").err == f"backprop: x.safetensors: {wanted}, got {got}\n"
    )


def test_expected_values_may_be_safetensors_in_a_folder(backprop: Run) -> None:
    backprop("run", "p.json", "--save", "r.safetensors")
    Path("g").mkdir()
    for name, array in contents(Path("r.safetensors").read_bytes()).tensors.items():
        Path(f"g/{name}.safetensors").write_bytes(whole({name: array}))
    ran = backprop("check", "p.json", "--expect", "g")
    assert (ran.status, ran.err) == (0, "")
    assert "to the last bit" in ran.out
    Path("layers.0.dz.safetensors").write_bytes(whole({"dz": [[0.0, 0, 0]] * 3}))
    assert backprop("check", "p.json", "--expect", "layers.0.dz.safetensors").status == 1


@pytest.mark.parametrize("dtype", [None, "float32"])
def test_bfloat16_brings_its_type(backprop: Run, dtype: str | None) -> None:
    """1.5 + 0.001 is 1.5 in bfloat16, and 1.55 is not."""
    layer = {"inputs": [[1.5]], "weights": [[1.0]], "biases": [0.001], "activation": "linear"}
    Path("p.json").write_text(json.dumps(layer))
    metadata = None if dtype is None else {"dtype": dtype}
    for value, status in ((1.5, 0), (1.5625, 1)):
        Path("e.safetensors").write_bytes(whole({"z": [[value]], "outputs": [[value]]}, metadata, bfloat16=True))
        ran = backprop("check", "p.json", "--expect", "e.safetensors")
        assert (ran.status, ran.err) == (status, "")
    stored = load_expected("e.safetensors", build(layer))[Node(0, "z")].stored
    assert stored.name == "bfloat16"
    ran = backprop("check", "p.json", "--expect", "e.safetensors", "--stored", "float32")
    reason = "--stored float32: the expected values of z have the narrower type bfloat16"
    assert (ran.status, ran.err) == (2, f"backprop: {reason}\n")
    Path("e.safetensors").write_bytes(whole({"z": [[np.nan]]}, bfloat16=True))
    assert backprop("check", "p.json", "--expect", "e.safetensors").status == 1


@pytest.mark.parametrize("options", [[], ["--dtype", "float32"], ["--exact"]])
def test_a_problem_in_bfloat16_has_its_values(backprop: Run, options: list[str]) -> None:
    rounded = {key: PRECISIONS["bfloat16"].round(np.array(value, float)) for key, value in PROBLEM.items()}
    Path("p.safetensors").write_bytes(whole(rounded, bfloat16=True))
    Path("q.json").write_text(json.dumps({key: array.tolist() for key, array in rounded.items()}))
    ran = [
        backprop("run", name, *options, "--format", "json", "--only", "dweights")
        for name in ("p.safetensors", "q.json")
    ]
    assert ran[0].status == 0
    values = [json.loads(each.out)["dweights"] for each in ran]
    assert values[0] == values[1]


def test_numbers_that_are_not_aligned_are_read(backprop: Run) -> None:
    """The package aligns the first number; other writers need not."""
    Path("p.safetensors").write_bytes(whole({"inputs": np.array([[1], [2]], np.uint8), "z": [[1.5], [2.5]]}))
    assert backprop("run", "p.safetensors", "--only", "outputs", "--format", "csv").out == "1.5\n2.5\n"


def test_rounded_values_are_texts(backprop: Run) -> None:
    backprop("run", "p.json", "--save", "r.safetensors")
    ran = backprop("check", "p.json", "--expect", "r.safetensors", "--rounded")
    assert ran.err.startswith("backprop: r.safetensors: expected.z: rounded values have to be written as text")


def test_the_pipe_of_a_shell_is_read_to_its_end(backprop: Run, tmp_path: Path) -> None:
    data = whole({"upstream": np.arange(400_000.0).reshape(-1, 2)}, {"activation": "linear"})
    os.mkfifo(tmp_path / "p.safetensors")
    writer = threading.Thread(target=(tmp_path / "p.safetensors").write_bytes, args=[data])
    writer.start()
    ran = backprop("run", "p.safetensors", "--only", "dbiases", "--format", "csv")
    writer.join()
    assert (ran.status, ran.out, ran.err) == (0, "39999800000.0,40000000000.0\n", "")
