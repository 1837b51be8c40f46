"""Safetensors are written in the order and with the alignment of the format."""

import io
import json
import struct
from typing import Any

import numpy as np
import pytest

from backprop_cli.core import scratch
from backprop_cli.core.precision import BFloat16
from backprop_cli.render import safetensors


def written(tensors: dict[str, Any], metadata: dict[str, str]) -> bytes:
    file = io.BytesIO()
    safetensors.safetensors(file, tensors, metadata)
    return file.getvalue()


def test_the_widest_numbers_come_first_and_begin_at_a_multiple_of_eight() -> None:
    tensors = {
        "b": np.array([1, 2, 3], np.uint8),
        "a": np.array([[1.5], [2.5]]),
        "c": np.array(7, np.int64),
        "d": np.array([1, -2], np.float32).view(BFloat16),
    }
    data = written(tensors, {"title": 'a "text" \u2202\n'})
    (length,) = struct.unpack("<Q", data[:8])
    header = data[8 : 8 + length]
    assert length % 8 == 0
    assert header.startswith(
        b'{"__metadata__":{"title":"a \\"text\\" \xe2\x88\x82\\n"},"a":{"dtype":"F64","shape":[2,1],'
    )
    assert header.rstrip(b" ").endswith(b"}")
    assert list(json.loads(header)) == ["__metadata__", "a", "c", "d", "b"]
    assert data[8 + length :].hex() == "000000000000f83f00000000000004400700000000000000803f00c0010203"


def test_no_metadata_are_no_member() -> None:
    assert written({}, {}) == b"\x08\0\0\0\0\0\0\0{}      "


@pytest.mark.parametrize("chunk", [2**20, 1])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", ">i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_are_row_by_row_and_little_endian(
    monkeypatch: pytest.MonkeyPatch, chunk: int, dtype: str, order: Any
) -> None:
    monkeypatch.setattr(scratch, "CHUNK_NUMBERS", chunk)
    array = np.array([[1, 2, 3], [4, 5, 6]], dtype, order=order)
    for each in (array, array[:, ::2]):
        kind = "<f8" if "f" in dtype else "<i4"
        assert written({"a": each}, {}).endswith(b"".join(np.array(each.tolist(), kind)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a text", "a text"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (0.1, "0.1"),
        (1e-300, "1e-300"),
        (-0.0, "-0.0"),
    ],
)
def test_settings_are_texts(value: Any, text: str) -> None:
    assert safetensors.as_text(value) == text
