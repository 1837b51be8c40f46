"""Write safetensors files by hand, right or wrong, without the code that is tested."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "uint8": "U8"}


def with_header(header: Any, body: bytes = b"", padding: bytes = b"") -> bytes:
    """Return a file with a header, an object or the text of one."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text + padding)) + text + padding + body


def whole(tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None, bfloat16: bool = False) -> bytes:
    """Return a file with tensors, in the types of NumPy; with `bfloat16`, floats are cut to it."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    body = b""
    for name, value in tensors.items():
        array = np.asarray(value)
        if bfloat16 and array.dtype.kind == "f":
            kind, bits = "BF16", (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            kind, bits = TYPES[array.dtype.name], array.tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(body), len(body + bits)]}
        body += bits
    return with_header(header, body)
