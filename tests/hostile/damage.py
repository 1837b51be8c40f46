"""Valid files of every format, and damage done to them at random.

A number is the seed of each damaged file, so that a file that reveals a bug can be made again.
"""

import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from tests.safetensors_files import whole

PROBLEM: dict[str, Any] = {
    "title": "two layers",
    "source": "by hand",
    "inputs": [[1, 2.5, -3], [0.1, -0.0, 4e-3]],
    "layers": [
        {"weights": [[1, -2], [0.5, 0.25], [3, 1]], "biases": [0, -1], "activation": "relu"},
        {"weights": [[1], [-1]], "biases": [0.5], "activation": "linear"},
    ],
    "upstream": "outputs",
    "learning_rate": 0.125,
    "expected": {"layers": [{"dbiases": [1, 2]}, {"dbiases": [3]}]},
}
SINGLE: dict[str, Any] = {
    "inputs": [[1, 2], [3, 4]],
    "weights": [[1, 0, 2], [-1, 3, 0.5]],
    "biases": [1, 2, 3],
    "weight_layout": "out-in",
    "upstream": [[1, 2], [3, 4]],
    "z": [[1, -2], [0, 4]],
}
MATRIX = [[1, -2.5, 3e-2], [4, 0.125, -6]]


def _npy(value: Any, dtype: Any = None, *, fortran: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(value, dtype=dtype, order="F" if fortran else "C"))
    return file.getvalue()


def packed(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive of some members, undamaged and with the right checksums."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


_MEMBERS = {
    "inputs.npy": _npy(PROBLEM["inputs"]),
    **{
        f"layers.{i}.{key}.npy": _npy(value)
        for i, layer in enumerate(PROBLEM["layers"])
        for key, value in layer.items()
    },
    "upstream.npy": _npy("ones"),
    "expected.layers.0.dbiases.npy": _npy([1, 2], np.float32),
    "learning_rate.npy": _npy(0.125),
}

_TENSORS: dict[str, Any] = {"inputs": PROBLEM["inputs"], "expected.layers.0.dbiases": np.array([1, 2], np.float32)}
_METADATA = {"upstream": "ones", "learning_rate": "0.125", "title": "two layers"}
for _i, _layer in enumerate(PROBLEM["layers"]):
    _TENSORS |= {f"layers.{_i}.{key}": np.array(_layer[key], float) for key in ("weights", "biases")}
    _METADATA[f"layers.{_i}.activation"] = _layer["activation"]
SINGLE_TENSORS = {key: np.array(value, float) for key, value in SINGLE.items() if isinstance(value, list)}

SEEDS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "problem": (
            json.dumps(PROBLEM, indent=1).encode(),
            json.dumps(SINGLE).encode(),
            b'{"z": [1, -1], "upstream": "ones"}',
        ),
        "json": (json.dumps(MATRIX).encode(), b"[1,\n2,\n-3]\n", b"[[1e-5]]"),
        "csv": (
            b"a,b,c\n1,-2.5,3e-2\n4,0.125,-6\n",
            b'\xef\xbb\xbf"x, y",z,w\r\n"1",2,3\r\n-4,+5,.6\r\n\r\n',
            b"1\n2\n3\n",
        ),
        "npy": (
            _npy(MATRIX),
            _npy([1, 2, 3], ">i4"),
            _npy(MATRIX, np.float16, fortran=True),
            _npy([[2**63]], np.uint64),
        ),
        "npz": (packed(_MEMBERS), packed(_MEMBERS, zipfile.ZIP_DEFLATED)),
        "safetensors": (whole(_TENSORS, _METADATA), whole(SINGLE_TENSORS, {"format": "pt"}, bfloat16=True)),
    }
)

# What may replace a word or a number in a damaged file, or stand anywhere in it.
CONSTANTS = (
    *(
        b"NaN|-Infinity|Infinity|nan|inf|-0|-0.0|1e400|-1e400|1e-400|1e308|5e-324|9007199254740993|18446744073709551616|"
        b'null|true|"1.5"|""|{}|[]|[[]]|[{}]|1_000|0x1F|1d3|01|+1|.5|5.|1e|e5|--1|1,5|1;5|,|,,|\t|"|'
        b"'|#1|=1+1|\xe2\x88\x921|\xc2\xa01|\\ud800|\xed\xa0\x80|\xff|\xfe\xff|\xff\xfe|\xef\xbb\xbf|\x1b[2J|\x1b]0;x\x07|"
        b"\xc2\x9b31m|\xe2\x80\xae|\r|\n|\r\n|\x0c|\x85|[red]|[/]|:smile:|{0}|%s|$HOME|../../etc/passwd|"
        b"http://localhost/x.npy|inputs|weights|layers|layers.0|layers[0]|upstream|outputs|ones|expected|dweights|"
        b"new_biases|z|relu|linear|in-out|out-in|schema|__class__|descr|shape|fortran_order|object|O|<f8|>c16|<U9|<M8[s]|"
        b"__metadata__|data_offsets|dtype|[0,8]|[8,0]|[-8,0]|[0,0]|[4611686018427387904,4]|F64|F32|BF16|I8|BOOL|F8_E4M3|"
        b"(0,)|(1<<60,)|(-1,)|(9999999999,9999999999)|True|()|[('a','<f8')]"
    ).split(b"|"),
    b"9" * 5000,
    b"0." + b"1" * 5000,
    b"[" * 3000,
    b'{"a":' * 3000,
    b"1," * 3000,
    b"\x00",
    b"\x00" * 64,
    b"A" * 5000,
)

_TOKEN = re.compile(rb"[A-Za-z_]+|[-+.\deE]+|[^\w\s]")

Way = Callable[[bytes, random.Random], bytes]


def _flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _overwrite(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(1) + data[at + 1 :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 2, 8, 64)) :]


def _cut_off(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((rng.randbytes(rng.choice((1, 4))), rng.choice(CONSTANTS))) + data[at:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    begin, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[begin:end] + data[at:]


def _swap(data: bytes, rng: random.Random) -> bytes:
    tokens = list(_TOKEN.finditer(data))
    if len(tokens) < 2:
        return data
    one, other = sorted(rng.sample(tokens, 2), key=re.Match.start)
    return data[: one.start()] + other[0] + data[one.end() : other.start()] + one[0] + data[other.end() :]


def _replace(data: bytes, rng: random.Random) -> bytes:
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return rng.choice(CONSTANTS)
    token = rng.choice(tokens)
    return data[: token.start()] + rng.choice(CONSTANTS) + data[token.end() :]


_WAYS: tuple[Way, ...] = (
    _flip,
    _overwrite,
    _cut,
    _cut_off,
    _insert,
    _repeat,
    _swap,
    _swap,
    _replace,
    _replace,
    _replace,
)


def _damaged(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3, 8))):
        data = rng.choice(_WAYS)(data, rng) if data else rng.choice(CONSTANTS)
    return data


def _damaged_inside(data: bytes, rng: random.Random) -> bytes:
    """Return an archive with the right checksums, one of its members damaged or renamed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    member = members[name]
    if rng.random() < 0.2:
        del members[name]
        new = _damaged(name.encode(), rng).decode("latin-1").replace("\0", "")[:1000] or "x"
        members[rng.choice((new, new + ".npy", rng.choice(list(members)).replace("1", "7")))] = member
    else:
        members[name] = _damaged(member, rng)
    return packed(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def damaged(kind: str, number: int) -> bytes:
    """Return the damaged file of this number and of a kind, which is a key of `SEEDS`."""
    rng = random.Random(f"{kind} {number}")
    data = rng.choice(SEEDS[kind])
    inside = kind == "npz" and rng.random() < 0.7  # the checksums of an archive reveal nearly all other damage
    return (_damaged_inside if inside else _damaged)(data, rng)


def damage(data: bytes, number: int) -> bytes:
    """Return a file with the damage of this number."""
    return _damaged(data, random.Random(number))
