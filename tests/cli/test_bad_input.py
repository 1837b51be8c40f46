"""The exact error messages of `run` for bad input, and unusual input that it accepts.

After an error, standard output is empty and the folder is unchanged. The results of accepted input are worked by hand.
"""

import io
import json
import os
import shlex
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.load import files as load_files
from backprop_cli.messages import listed
from tests.conftest import Run

Content: TypeAlias = "str | bytes | None"  # of a file, of standard input where the name is -, or None for a folder

PROBLEM: dict[str, Any] = {
    "inputs": [[1, 2], [3, 4], [5, 6]],
    "weights": [[1, 2, 3, 4], [5, 6, 7, 8]],
    "biases": [1, 2, 3, 4],
    "upstream": [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]],
}
NETWORK: dict[str, Any] = {
    "inputs": PROBLEM["inputs"],
    "layers": [
        {"weights": PROBLEM["weights"], "biases": PROBLEM["biases"]},
        {"weights": [[1], [2], [3], [4]], "biases": 5},
    ],
}


def problem(**changes: Any) -> str:
    """Return the problem above with some of its keys changed."""
    return json.dumps(PROBLEM | changes)


def network(first: Mapping[str, Any], second: Mapping[str, Any], **changes: Any) -> str:
    """Return the network above with some keys of its layers, and some at the top, changed."""
    layers = [layer | change for layer, change in zip(NETWORK["layers"], (first, second), strict=True)]
    return json.dumps(NETWORK | {"layers": layers} | changes)


def npy(value: Any, dtype: Any = None, *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(value, dtype), allow_pickle=pickled)
    return file.getvalue()


def npy_header(shape: str, version: tuple[int, int] = (1, 0)) -> bytes:
    """Return the head of an NPY file of float64, without any numbers."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header


def npz(members: Iterable[tuple[str, Any]]) -> bytes:
    """Return an archive whose members are arrays, or bytes as they are."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members:
            archive.writestr(name, value if isinstance(value, bytes) else npy(value))
    return file.getvalue()


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


EVERY_KEY = (
    "(expected title, source, names, inputs, weights, biases, activation, z, layers, weight_layout, samples, targets,"
    " loss, reduction, mean_gradients, upstream, learning_rate, steps or expected)"
)
UNKNOWN = f"unknown key {EVERY_KEY}"
MINUS = "hint: the minus is a typographic one; a number takes the hyphen, -"
COMMENTS = "hint: a matrix file has no comments"
SEMICOLONS = "hint: cells are separated by commas and decimals by points here, not by semicolons and commas"
DECIMAL_COMMA = "hint: the decimal mark is a point here, and thousands are not separated"
TABS = "hint: cells look separated by tabs; a file of those is named .tsv"
NUMBERS = "hint: numbers are written like -1.5 or 2e-3, with a comma between cells"
SPACES = 'hint: cells look separated by spaces; np.savetxt with delimiter="," and write.table with sep="," write commas'
INDEX = "hint: an index is left out by to_csv(index=False) in pandas, and by row.names=FALSE in R"
COMMA_AT_END = "hint: the line ends with a comma; a comma stands only between two cells"
ONLY_COMMAS = "hint: the row has only commas, no values; rows without values are left out"
LATIN1 = "hint: iconv -f LATIN1 -t UTF-8 may convert it"
ROUNDED = (
    "the integer 9007199254740993 is not a float64 number (the nearest is 9007199254740992)\n"
    "hint: write 9007199254740992.0 if the nearest will do"
)

CSV: dict[str, tuple[Content, str]] = {
    "short row": ("1,2\n3\n", "w.csv:2: expected 2 columns, got 1"),
    "long row": ("1,2\n3,4,5\n", "w.csv:2: expected 2 columns, got 3"),
    "blank lines count as lines": ("\n1,2\n\n3\n", "w.csv:4: expected 2 columns, got 1"),
    "CRLF counts as one line end": ("1,2\r\n3\r\n", "w.csv:2: expected 2 columns, got 1"),
    "lone CR counts as a line end": ("1,2\r3\r", "w.csv:2: expected 2 columns, got 1"),
    "row longer than the header": (
        "x,y\n1,2,3\n",
        f"w.csv:2: expected 2 columns, as in the header, got 3\n{INDEX}",
    ),
    "row shorter than the header": ("x,y\n1\n", "w.csv:2: expected 2 columns, as in the header, got 1"),
    "header of two lines": ('"x\ny",z\n1\n', "w.csv:3: expected 2 columns, as in the header, got 1"),
    "text in the first line": ("a,2\n3,4\n", "w.csv:1:1: expected a number, got 'a'"),
    "text below": ("1,2\n3,a\n", "w.csv:2:2: expected a number, got 'a'"),
    "names of rows": ("a,1\nb,2\n", "w.csv:1:1: expected a number, got 'a'"),
    "second header": ("x,y\nu,v\n1,2\n", "w.csv:2:1: expected a number, got 'u'"),
    "empty": ("", "w.csv: the file is empty (expected rows of numbers)"),
    "blank lines only": ("\n\n\n", "w.csv: the file is empty (expected rows of numbers)"),
    "byte order mark only": (b"\xef\xbb\xbf", "w.csv: the file is empty (expected rows of numbers)"),
    "header only": ("x,y\n", "w.csv: no numbers in it, only a header"),
    "header and blank lines": ("x,y\n\n\n", "w.csv: no numbers in it, only a header"),
    "comment sign before the first row": ("#1,2\n3,4\n", f"w.csv:1:1: expected a number, got '#1'\n{COMMENTS}"),
    "comment sign before the last row": ("1,2\n#3,4\n", f"w.csv:2:1: expected a number, got '#3'\n{COMMENTS}"),
    "1e400": ("1,1e400\n", "w.csv:1:2: '1e400' is out of the range of float64"),
    "-1e400 alone": ("-1e400\n", "w.csv:1:1: '-1e400' is out of the range of float64"),
    "400 digits": ("1," + 400 * "9", f"w.csv:1:2: '{37 * '9'}...' is out of the range of float64"),
    "underscore": ("1_000,2\n", f"w.csv:1:1: expected a number, got '1_000'\n{NUMBERS}"),
    "hexadecimal": ("1,0x10\n", f"w.csv:1:2: expected a number, got '0x10'\n{NUMBERS}"),
    "Fortran exponent": ("1,1d3\n", f"w.csv:1:2: expected a number, got '1d3'\n{NUMBERS}"),
    "digits of another script": ("1,\u0661\n", f"w.csv:1:2: expected a number, got '\u0661'\n{NUMBERS}"),
    "separated by spaces": ("1 2\n3 4\n", f"w.csv:1:1: expected a number, got '1 2'\n{SPACES}"),
    "separated by tabs": ("1\t2\n3\t4\n", f"w.csv:1:1: expected a number, got '1\\t2'\n{TABS}"),
    "separated by semicolons": ("1;2\n3;4\n", f"w.csv:1:1: expected a number, got '1;2'\n{SEMICOLONS}"),
    "semicolons and decimal commas": ("1,5;2\n", f"w.csv:1:2: expected a number, got '5;2'\n{SEMICOLONS}"),
    "negative hexadecimal": ("1,-0xFF\n", f"w.csv:1:2: expected a number, got '-0xFF'\n{NUMBERS}"),
    "hexadecimal with other letters": ("1,0xGG\n", "w.csv:1:2: expected a number, got '0xGG'"),
    "Fortran exponent in capitals": ("1,-1D+3\n", f"w.csv:1:2: expected a number, got '-1D+3'\n{NUMBERS}"),
    "decimal comma": ('"1,5",2\n', f"w.csv:1:1: expected a number, got '1,5'\n{DECIMAL_COMMA}"),
    "minus sign of typography": ("1,\u22122\n", f"w.csv:1:2: expected a number, got '\u22122'\n{MINUS}"),
    "dash for a minus": ("\u20131\n", f"w.csv:1:1: expected a number, got '\u20131'\n{MINUS}"),
    "empty cell": ("1,,3\n", "w.csv:1:2: expected a number, got an empty cell"),
    "comma at the end": ("1,2,\n", f"w.csv:1:3: expected a number, got an empty cell\n{COMMA_AT_END}"),
    "gap in a column": ("1\n\n2\n", "w.csv:2:1: expected a number, got an empty cell"),
    "text below an empty line and a column": ("\n1\n2\nx\n", "w.csv:4:1: expected a number, got 'x'"),
    "row of spaces before all others": (" \n1,2\n", "w.csv:1:1: expected a number, got an empty cell"),
    "stray quote, and a quoted cell of two lines": (
        'a 5" pipe,b\n1,"2\n"\n1,x\n',
        "w.csv:4:2: expected a number, got 'x'",
    ),
    "gap in a column with a header": ("x\n1\n\n2\n", "w.csv:3:1: expected a number, got an empty cell"),
    "line of spaces": ("1,2\n  \n3,4\n", "w.csv:2:1: expected a number, got an empty cell"),
    "truth value": ("1,true\n", "w.csv:1:2: expected a number, got 'true'"),
    "complex number": ("1,1+2j\n", "w.csv:1:2: expected a number, got '1+2j'"),
    "unfinished exponent": ("1,1e\n", "w.csv:1:2: expected a number, got '1e'"),
    "control characters": ("1,\x1b[2J\n", "w.csv:1:2: expected a number, got '\\x1b[2J'"),
    "character that turns text around": ("1,\u202e2\n", "w.csv:1:2: expected a number, got '\\u202e2'"),
    "text of 40 characters": ("1," + 40 * "x", f"w.csv:1:2: expected a number, got '{40 * 'x'}'"),
    "text of 41 characters": ("1," + 41 * "x", f"w.csv:1:2: expected a number, got '{37 * 'x'}...'"),
    "long text": ("1," + 60 * "x", f"w.csv:1:2: expected a number, got '{37 * 'x'}...'"),
    "nan": ("1,nan\n", "w.csv:1:2: expected a finite number, got 'nan'"),
    "nan only": ("nan,NaN\n1,2\n", "w.csv:1:1: expected a finite number, got 'nan'"),
    "infinity": ("1,2\n-inf,Infinity\n", "w.csv:2:1: expected a finite number, got '-inf'"),
    "first row of missing cells": (",\n1,2\n", f"w.csv:1:1: expected a number, got an empty cell\n{ONLY_COMMAS}"),
    "first row of NA": ("NA,n/a\n1,2\n", "w.csv:1:1: expected a number, got 'NA'"),
    "first row with units": ("10%,1.5f\n1,2\n", "w.csv:1:1: expected a number, got '10%'"),
    "first row in quotes of another kind": ("'1','2'\n1,2\n", "w.csv:1:1: expected a number, got \"'1'\""),
    "first row with thousands": (
        '"1,000.50","2,000.75"\n1,2\n',
        "w.csv:1:1: expected a number, got '1,000.50'",
    ),
    "comment of one number": ("# 1\n2\n", f"w.csv:1:1: expected a number, got '# 1'\n{COMMENTS}"),
    "comment of words": (
        "# weights\n1,2\n",
        f"w.csv:2: expected 1 column, as in the header, got 2\n{COMMENTS}",
    ),
    "comment behind a number": ("1,2 # note\n", f"w.csv:1:2: expected a number, got '2 # note'\n{COMMENTS}"),
    "5,000 zeros before an integer": (5000 * "0" + "9007199254740993\n", f"w.csv:1:1: {ROUNDED}"),
    "quote that is never closed": ('1,"2\n3,4\n', "w.csv:1: malformed: a quote is opened and never closed"),
    "prices": ("$1,$2\n3,4\n", "w.csv:1:1: expected a number, got '$1'"),
    "truth values first": ("true,false\n1,2\n", "w.csv:1:1: expected a number, got 'true'"),
    "cell of two lines": ('1,2\n"3\n4",5\n', f"w.csv:2:1: expected a number, got '3\\n4'\n{NUMBERS}"),
    "spaces only": ("  \n \n", "w.csv: the file is empty (expected rows of numbers)"),
    "UTF-16": (
        "1,2\n".encode("utf-16"),
        "w.csv: expected UTF-8 text, got UTF-16\nhint: iconv -f UTF-16 -t UTF-8 converts it",
    ),
    "UTF-32": (
        "1,2\n".encode("utf-32"),
        "w.csv: expected UTF-8 text, got UTF-32\nhint: iconv -f UTF-32 -t UTF-8 converts it",
    ),
    "text after a quote": ('1,"2"x\n', "w.csv:1: malformed: ',' expected after '\"'"),
    "integer between two floats": ("1,9007199254740993\n", f"w.csv:1:2: {ROUNDED}"),
    "negative integer between two floats": (
        "1,-9007199254740993\n",
        "w.csv:1:2: the integer -9007199254740993 is not a float64 number (the nearest is -9007199254740992)\n"
        "hint: write -9007199254740992.0 if the nearest will do",
    ),
    "NUL": ("1,2\n3,\0\n", "w.csv:2:3: expected UTF-8 text, got the byte 0x00"),
    "Latin-1": (b"x,y\n1,\xbd\n", f"w.csv:2:3: expected UTF-8 text, got the byte 0xbd\n{LATIN1}"),
    "Latin-1 after other line ends": (
        b"1,2\r\n3,4\r5,6\n\n7,\xbd\n",
        f"w.csv:5:3: expected UTF-8 text, got the byte 0xbd\n{LATIN1}",
    ),
    "UTF-16 without a mark": (b"1\0,\x002\0", "w.csv:1:2: expected UTF-8 text, got the byte 0x00"),
}

ONE_ARRAY = "hint: np.save writes one array as .npy; a problem is for PROBLEM, without an option before it"
NOT_NPY = "w.npy: damaged, or not an NPY file"
LONGEST = np.dtype(np.longdouble)
WIDER: dict[str, tuple[Content, str]] = {
    "wider than float64": (
        npy([1.0], LONGEST),
        f"w.npy: weights: expected float64 or narrower, got the type {LONGEST}",
    ),
}
NPY: dict[str, tuple[Content, str]] = {
    "empty": (b"", NOT_NPY),
    "text": ("1,2\n", NOT_NPY),
    "nothing but the magic": (b"\x93NUMPY", NOT_NPY),
    "cut in the header": (npy([1.0])[:40], NOT_NPY),
    "unknown type": (npy([1.0]).replace(b"'<f8'", b"'zzz'"), NOT_NPY),
    "texts of no length": (npy_header("(1,)").replace(b"<f8", b"<U0"), NOT_NPY),
    "unknown version": (npy_header("(1,)", (9, 0)), NOT_NPY),
    "negative size": (npy_header("(1, -1)"), "w.npy: damaged: the header promises the shape (1, -1)"),
    "header that is no literal": (npy_header("(1,"), NOT_NPY),
    "size that is no number": (npy_header("('a',)"), NOT_NPY),
    "archive": (npz([("weights.npy", [1.0])]), f"w.npy: expected NPY, got NPZ\n{ONE_ARRAY}"),
    "cut": (npy([1.0, 2.0])[:-3], "w.npy: damaged: the header promises 16 bytes, 13 follow"),
    "overlong": (npy([1.0]) + b"\0", "w.npy: damaged: the header promises 8 bytes, 9 follow"),
    "promise of 745 GiB": (
        npy_header("(1000000, 100000)"),
        "w.npy: damaged: the header promises 800000000000 bytes, 0 follow",
    ),
    "pickle": (npy([1, None], object, pickled=True), "w.npy: holds Python objects (pickles are refused)"),
    "complex": (npy([1j]), "w.npy: weights: expected real numbers, got the type complex128"),
    "booleans": (npy([True]), "w.npy: weights: expected real numbers, got the type bool"),
    "texts": (npy(["a"]), "w.npy: weights: expected real numbers, got the type <U1"),
    **(WIDER if LONGEST.itemsize > 8 else {}),  # on some systems it is float64
    "dates": (npy([0], "M8[D]"), "w.npy: weights: expected real numbers, got the type datetime64[D]"),
    "durations": (npy([0], "m8[s]"), "w.npy: weights: expected real numbers, got the type timedelta64[s]"),
    "structured": (
        npy([(1, 2)], [("a", "<f8"), ("b", "<i4")]),
        "w.npy: weights: expected real numbers, got the type [('a', '<f8'), ('b', '<i4')]",
    ),
    "no dimensions": (npy(1.5), "w.npy: weights: expected a list of numbers or of rows, got a single number"),
    "three dimensions": (npy([[[1.0]]]), "w.npy: weights: expected a matrix, got 3 dimensions"),
    "no rows": (npy(np.zeros((0, 3))), "w.npy: weights: no numbers in it"),
    "not a number": (npy([[1, 2], [3, np.nan]]), "w.npy: weights[1][1]: expected a finite number, got nan"),
    "infinity": (npy([1, -np.inf]), "w.npy: weights[1]: expected a finite number, got -inf"),
    "integer between two floats": (npy([1, 2**53 + 1]), f"w.npy: weights[1]: {ROUNDED}"),
}

OBJECT = "weights: expected numbers, got an object"
COLUMNS_AS_OBJECTS = 'hint: a matrix is a list of rows: to_json(orient="values") in pandas writes one'
ROW_AS_OBJECT = 'hint: a row is a list of numbers: to_json(orient="values") in pandas, Array.from(row) in JavaScript'
ENDINGS = "expected .csv, .tsv, .json, .npy or .safetensors"
MATRIX_FILES: dict[str, tuple[str, Content, str]] = {
    "standard input": ("-", "1,2\n3\n", "<stdin>:2: expected 2 columns, got 1"),
    "without an ending": ("w", "1,2\n3,a\n", "w:2:2: expected a number, got 'a'"),
    "tsv, short row": ("w.tsv", "1\t2\n3\n", "w.tsv:2: expected 2 columns, got 1"),
    "tsv, text": ("w.TSV", "1\ta\n", "w.TSV:1:2: expected a number, got 'a'"),
    "json, object": ("w.json", '{"weights": [1]}', f"w.json: {OBJECT}\nhint: take the list out of it: jq .weights"),
    "json, empty object": ("w.json", "{}", f"w.json: {OBJECT}"),
    "json, columns as objects": ("w.json", '{"a": {"0": 1}, "b": {"0": 2}}', f"w.json: {OBJECT}\n{COLUMNS_AS_OBJECTS}"),
    "json, rows as objects": (
        "w.json",
        '[{"a": 1}]',
        f"w.json: weights[0]: expected a row, got an object\n{ROW_AS_OBJECT}",
    ),
    "json, shape and data": (
        "w.json",
        '{"shape": [1, 2], "data": [1, 2]}',
        f"w.json: {OBJECT}\nhint: write the data as a list of rows, without its shape beside it",
    ),
    "json, text": ("w.json", '"outputs"', "w.json: weights: expected numbers, got 'outputs'"),
    "json, single number": (
        "w.json",
        "1",
        "w.json: weights: expected a list of numbers or of rows, got a single number",
    ),
    "json, ragged": ("w.json", "[[1, 2], [3]]", "w.json: weights[1]: expected 2 values, got 1"),
    "json, not a number": ("w.json", "[1, NaN]", "w.json: weights[1]: expected a number, got NaN"),
    "json, empty list": ("w.json", "[]", "w.json: weights: no numbers in it"),
    "folder": ("w.csv", None, "w.csv: cannot read: is a directory"),
    "packed": ("w.csv.gz", b"", f"w.csv.gz: unknown file type '.gz' ({ENDINGS})\nhint: gunzip unpacks it"),
    "spreadsheet": ("w.xlsx", b"", f"w.xlsx: unknown file type '.xlsx' ({ENDINGS})\nhint: save it as CSV"),
    "unknown ending": ("w.foo", "1", f"w.foo: unknown file type '.foo' ({ENDINGS})"),
    "ending of a table of spaces": (
        "w.dat",
        "1",
        f"w.dat: unknown file type '.dat' ({ENDINGS})\nhint: a table of spaces becomes a .csv with"
        """ awk -v OFS=, '{$1=$1} 1', or np.savetxt with delimiter=",\"""",
    ),
    "unknown ending of NPY": (
        "w.dat",
        npy([1.0]),
        f"w.dat: unknown file type '.dat' ({ENDINGS})\nhint: this is NPY: give it a name that ends in .npy",
    ),
}

RENAME = "hint: give it a name that ends in"
FOREIGN: dict[str, tuple[str, Content, str]] = {
    "NPY": ("w.csv", npy([1.0]), f"expected CSV, got NPY\n{RENAME} .npy"),
    "NPY for a table of tabs": ("w.tsv", npy([1.0]), f"expected TSV, got NPY\n{RENAME} .npy"),
    "NPY for JSON": ("w.json", npy([1.0]), f"expected JSON, got NPY\n{RENAME} .npy"),
    "NPZ": ("w.csv", npz([("w.npy", [1.0])]), f"expected CSV, got NPZ\n{ONE_ARRAY}"),
    "XLSX": ("w.csv", npz([("xl/workbook.xml", b"")]), "expected CSV, got a spreadsheet (XLSX)\nhint: save it as CSV"),
    "ZIP": ("w.csv", npz([("w.txt", b"1")]), "expected CSV, got a ZIP archive\nhint: unzip unpacks it"),
    "gzip": ("w.csv", b"\x1f\x8b\x08", "expected CSV, got gzip\nhint: gunzip unpacks it"),
    "PDF": ("w.csv", "%PDF-1.7\n", "expected CSV, got a PDF\nhint: copy the numbers into a CSV file"),
    "Git LFS": (
        "w.csv",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "expected CSV, got a Git LFS pointer\nhint: git lfs pull fetches the file itself",
    ),
    "HTML": (
        "w.tsv",
        b"\xef\xbb\xbf\r\n<!DOCTYPE HTML><p>1",
        "expected TSV, got a web page (HTML)\n"
        "hint: save the data themselves; this may be a page for signing in, or about an error",
    ),
    "HTML for NPY": (
        "w.npy",
        "<html>",
        "expected NPY, got a web page (HTML)\n"
        "hint: save the data themselves; this may be a page for signing in, or about an error",
    ),
    "JSON": ("w.csv", "[[1, -2.5e3], [NaN, 4]]", f"expected CSV, got JSON\n{RENAME} .json"),
    "JSON of objects": ("w.csv", '[\n {"a": 1}]', f"expected CSV, got JSON\n{RENAME} .json"),
    "JSON for NPY": ("w.npy", "[1]", f"expected NPY, got JSON\n{RENAME} .json"),
    "NPY through a pipe": (
        "-",
        npy([1.0]),
        'expected CSV, TSV or JSON, got NPY\nhint: write CSV instead, np.savetxt(sys.stdout, X, delimiter=","),'
        " or a file that ends in .npy",
    ),
    "JSON through a pipe, ragged": ("-", "[[1, 2], [3]]", "weights[1]: expected 2 values, got 1"),
    "JSON with a NUL": ("w.json", "[1, \0]", ":1:5: expected UTF-8 text, got the byte 0x00"),
    "JSON without an ending, and a NUL": ("w", "[1, \0]", ":1:5: expected UTF-8 text, got the byte 0x00"),
    "TSV through a pipe, ragged": ("-", "1\t2\n3\n", ":2: expected 2 columns, got 1"),
}

BARE = "hint: a bare matrix is for --inputs, --weights, --biases, --upstream or --z"
LIST = "expected a list of numbers or of rows, got a single number"
RULES = "expected a matrix, 'outputs' or 'ones'"
ACTIVATIONS = (
    "expected 'relu', 'leaky_relu', 'linear', 'sigmoid', 'tanh', 'softplus', 'elu', 'silu', 'gelu', 'softmax' or"
    " 'log_softmax'"
)
LAYOUTS = "expected 'in-out' or 'out-in'"
NOTHING = "there is nothing to compute from (expected inputs, weights, biases, upstream or z)"

NUMBERS_IN_JSON = "hint: numbers are written like -1.5, 0.5 or 2e-3"
DOUBLE_QUOTES = 'hint: keys and texts stand in double quotes: "inputs"'
CUBE = "expected a matrix, got 3 dimensions\nhint: a row is a sample: reshape it to (samples,"
NO_BRACKETS = "without brackets (auto_unbox = TRUE in R's toJSON)"
QUOTES = "hint: write it without quotes"
JSON: dict[str, tuple[Content, str]] = {
    "NaN": ('{"inputs": [NaN]}', "inputs[0]: expected a number, got NaN"),
    "Infinity": ('{"z": [[1, 2], [3, -Infinity]]}', "z[1][1]: expected a number, got -Infinity"),
    "1e400": (
        '{"inputs": [1, 1e400]}',
        "inputs[1]: expected a number, got 1e400, which is out of the range of float64",
    ),
    "5000 digits": (
        f'{{"inputs": [1, {5000 * "9"}]}}',
        f"inputs[1]: expected a number, got {20 * '9'}... (5000 characters), which is out of the range of float64",
    ),
    "integer between two floats": ('{"inputs": [9007199254740993]}', f"inputs[0]: {ROUNDED}"),
    "true": ('{"inputs": [1, true]}', "inputs[1]: expected a number, got true"),
    "null": ('{"inputs": [null, 1]}', "inputs[0]: expected a number, got null"),
    "number in quotes": ('{"inputs": [[1, 2], [3, "1.5"]]}', f"inputs[1][1]: expected a number, got '1.5'\n{QUOTES}"),
    "object": ('{"inputs": [1, {}]}', "inputs[1]: expected a number, got an object"),
    "ragged": ('{"inputs": [[1, 2, 3, 4], [1, 2, 3]]}', "inputs[1]: expected 4 values, got 3"),
    "ragged, one column": ('{"inputs": [[1], [1, 2]]}', "inputs[1]: expected 1 value, got 2"),
    "number among rows": ('{"inputs": [[1, 2], 3]}', "inputs[1]: expected a row, got 3"),
    "row among numbers": ('{"inputs": [1, [2, 3]]}', "inputs[1]: expected a number, got a list"),
    "three dimensions": ('{"inputs": [[[1, 2]]]}', f"inputs: {CUBE} features)"),
    "three dimensions of upstream": ('{"upstream": [[[1, 2]], 3]}', f"upstream: {CUBE} neurons)"),
    "four dimensions of weights": ('{"weights": [[[[]]]]}', "weights: expected a matrix, got 4 dimensions"),
    "row among numbers of a row": ('{"inputs": [[1, [2, 3]]]}', "inputs[0][1]: expected a number, got a list"),
    "typed array of JavaScript": (
        '{"biases": {"0": 1, "1": 2}}',
        f"biases: expected numbers, got an object\n{ROW_AS_OBJECT}",
    ),
    "typed arrays of JavaScript": (
        '{"inputs": [{"0": 1, "1": 2}]}',
        f"inputs[0]: expected a row, got an object\n{ROW_AS_OBJECT}",
    ),
    "object among rows": ('{"inputs": [[1], {"a": 1}]}', f"inputs[1]: expected a row, got an object\n{ROW_AS_OBJECT}"),
    "list of one among numbers": (
        '{"inputs": [1, [2]]}',
        f"inputs[1]: expected a number, got a list\nhint: give 2 alone, {NO_BRACKETS}",
    ),
    "empty list": ('{"inputs": []}', "inputs: no numbers in it"),
    "empty rows": ('{"inputs": [[], []]}', "inputs[0]: no numbers in it"),
    "empty row before another": ('{"inputs": [[], [1]]}', "inputs[0]: no numbers in it"),
    "1, 250 zeros and e99": (
        '{"inputs": [1' + 250 * "0" + "e99]}",
        f"inputs[0]: expected a number, got 1{19 * '0'}... (254 characters), which is out of the range of float64",
    ),
    "40 characters beyond float64": (
        '{"inputs": [1' + 34 * "0" + "e+400]}",
        f"inputs[0]: expected a number, got 1{34 * '0'}e+400, which is out of the range of float64",
    ),
    "41 characters beyond float64": (
        '{"inputs": [1' + 35 * "0" + "e+400]}",
        f"inputs[0]: expected a number, got 1{19 * '0'}... (41 characters), which is out of the range of float64",
    ),
    "309 digits": (
        '{"inputs": [' + 309 * "9" + "]}",
        f"inputs[0]: expected a number, got {20 * '9'}... (309 characters), which is out of the range of float64",
    ),
    "key given twice": ('{"inputs": [1], "inputs": [2]}', "inputs: the key is given twice"),
    "key given twice in a layer": (
        '{"layers": [{"weights": [1]}, {"biases": 1, "biases": 2}]}',
        "layers[1].biases: the key is given twice",
    ),
    "key given twice in what is expected": (
        '{"upstream": 1, "expected": {"dz": 1, "dz": 2}}',
        "expected.dz: the key is given twice",
    ),
    "key given twice in a key given twice": ('{"z": {"a": 1, "a": 2}, "z": 1}', "z: the key is given twice"),
    "key given twice deep inside": (
        '{"x": {"c": [0, {"d": 1}]}, "layers": [1, {"y": {"b": 1, "b": 2}}, 2], "z": [{}]}',
        "layers[1].y.b: the key is given twice",
    ),
    "key given twice in a list in a list": (
        '{"a": 0, "z": [[], [1, {"b": 1, "c": 2, "c": 3}]]}',
        "z[1][1].c: the key is given twice",
    ),
    "text without an end": ('{"title": "a', ':1:11: not JSON: a text without its closing "'),
    "line break in a text": (
        '{"title":\n "a\n"}',
        r":2:4: not JSON: a line break or a tab inside a text" + "\n" + r"hint: write \n or \t for it",
    ),
    "100,000 brackets": (100_000 * "[" + 100_000 * "]", "nested too deeply"),
    "UTF-16 without a mark": ('{"z": 1}'.encode("utf-16-le"), ":1:2: expected UTF-8 text, got the byte 0x00"),
    "Latin-1": (b'{"title": "\xe9"}', f":1:12: expected UTF-8 text, got the byte 0xe9\n{LATIN1}"),
    "NUL": ('{"title": "\0"}', ":1:12: expected UTF-8 text, got the byte 0x00"),
    "lone surrogate in a key": (r'{"\ud800": 1}', r"\ud800: " + UNKNOWN),
    "lone surrogate in a text": (r'{"inputs": "\udc00"}', r"inputs: expected numbers, got '\udc00'"),
    "control characters in a key": (r'{"\u001b[2J": 1}', r"\x1b[2J: " + UNKNOWN),
    "empty": ("", "the file is empty (expected JSON)"),
    "blank": (" \n ", "the file is empty (expected JSON)"),
    "no value": ('{"inputs": }', ":1:12: not JSON: expected a value, got '}'"),
    "Python's None": (
        '{\n "inputs": None\n}',
        ":2:12: not JSON: expected a value, got 'None'\nhint: JSON has null for it",
    ),
    "plus sign": ('{"inputs": +1}', f":1:12: not JSON: expected a number, got '+1'\n{NUMBERS_IN_JSON}"),
    "key without quotes": ("{inputs: 1}", ":1:2: not JSON: expected a key in double quotes, got 'inputs'"),
    "no colon": ('{"inputs" [1]}', ":1:11: not JSON: expected a colon after the key, got '['"),
    "no comma": ('{"inputs": [1 2]}', ":1:15: not JSON: expected a comma or ], got '2'"),
    "comma before a brace": (
        '{"inputs": [1],\n "z": 1,\n}',
        ":2:8: not JSON: a comma before }\nhint: remove the comma",
    ),
    "single quotes": ("{'inputs': [1]}", f":1:2: not JSON: ' in place of a double quote\n{DOUBLE_QUOTES}"),
    "fraction": ('{"inputs": [1/2]}', f":1:13: not JSON: expected a number, got '1/2'\n{NUMBERS_IN_JSON}"),
    "no digit before the point": (
        '{"inputs": [.5]}',
        f":1:13: not JSON: expected a number, got '.5'\n{NUMBERS_IN_JSON}",
    ),
    "comment": ('{"inputs": [1] // one\n}', ":1:16: not JSON: a comment, which JSON does not have\nhint: remove it"),
    "text after the end": ('{"inputs": [1]} x', ":1:17: not JSON: 'x' after the end of the value"),
    "two problems": (
        '{"inputs": [1]}\n{"inputs": [2]}\n',
        ":2:1: not JSON: several values, one on each line\nhint: a file holds one problem",
    ),
    "bare matrix": ("[[1, 2]]", f"expected a problem (an object), got a list\n{BARE}"),
    "bare number": ("1.5", f"expected a problem (an object), got 1.5\n{BARE}"),
    "bare null": ("null", f"expected a problem (an object), got null\n{BARE}"),
}

KEYS: dict[str, tuple[Content, str]] = {
    "unknown, near one": ('{"wieghts": [1]}', "wieghts: unknown key\nhint: did you mean 'weights'?"),
    "unknown, in capitals": ('{"Weights": [1]}', "Weights: unknown key\nhint: give Weights as weights"),
    "unknown, in the singular": ('{"bias": 1}', "bias: unknown key\nhint: give bias as biases"),
    "several unknown": (
        '{"X": [1], "zzz": 1, "wieghts": [1], "lr": 1, "y": 1}',
        f"unknown keys X, zzz, wieghts, lr and y {EVERY_KEY}\nhint: give X as inputs, lr as learning_rate and"
        " y as targets; wieghts may mean weights",
    ),
    "several unknown in a layer": (
        '{"layers": [{}, {"W": [1], "lr": 2}]}',
        "layers[1]: unknown keys W and lr\nhint: give W as weights and lr as learning_rate at the top",
    ),
    "unknown, near none": ('{"xyzzy": 1}', f"xyzzy: {UNKNOWN}"),
    "unknown, without a name": ('{"": 1}', f"'': {UNKNOWN}"),
    "computed": (
        '{"dweights": [1]}',
        'dweights: unknown key\nhint: dweights is computed; what it should be goes under "expected"',
    ),
    "unknown in a layer, near one": (
        '{"layers": [{}, {"activaton": "relu"}]}',
        "layers[1].activaton: unknown key\nhint: did you mean 'activation'?",
    ),
    "unknown in a layer, near none": (
        '{"layers": [{"xyzzy": 1}]}',
        "layers[0].xyzzy: unknown key (expected weights, biases, activation or z)",
    ),
    "inputs in a layer": ('{"layers": [{"inputs": 1}]}', "layers[0].inputs: belongs at the top, beside layers"),
    "learning_rate in a layer": (
        '{"layers": [{"learning_rate": 1}]}',
        "layers[0].learning_rate: belongs at the top, beside layers",
    ),
    "weights beside layers": (
        '{"weights": [1], "layers": [{}]}',
        "weights: belongs inside a layer here, because layers is given",
    ),
    "activation beside layers": (
        '{"activation": "relu", "layers": [{}]}',
        "activation: belongs inside a layer here, because layers is given",
    ),
    "inputs: null": ('{"inputs": null}', "inputs: expected numbers, got null"),
    "inputs: a number": ('{"inputs": 1}', f"inputs: {LIST}"),
    "weights: an object": ('{"weights": {}}', "weights: expected numbers, got an object"),
    "weights: a number": ('{"weights": 1}', f"weights: {LIST}"),
    "weights of a layer: a number": ('{"layers": [{"weights": 1}]}', f"layers[0].weights: {LIST}"),
    "biases: a text": ('{"biases": "1"}', f"biases: expected numbers, got '1'\n{QUOTES}"),
    "z: a text": ('{"z": "ones"}', "z: expected numbers, got 'ones'"),
    "upstream: a text near one": (
        '{"upstream": "output"}',
        f"upstream: {RULES}, got 'output'\nhint: did you mean 'outputs'?",
    ),
    "upstream: a text near none": ('{"upstream": "xyz"}', f"upstream: {RULES}, got 'xyz'"),
    "activation: a text near one": (
        '{"inputs": [1], "activation": "ReLU"}',
        f"activation: {ACTIVATIONS}, got 'ReLU'\nhint: did you mean 'relu'?",
    ),
    "activation: a text near none": (
        '{"inputs": [1], "activation": "hardtanh"}',
        f"activation: {ACTIVATIONS}, got 'hardtanh'",
    ),
    "activation: misspelt, with a parameter": (
        '{"inputs": [1], "activation": "elus(1)"}',
        f"activation: {ACTIVATIONS}, got 'elus(1)'\nhint: did you mean 'elu'?",
    ),
    "activation: a parameter that is no number": (
        '{"inputs": [1], "activation": "leaky_relu(0,2)"}',
        "activation: expected leaky_relu(NUMBER) with a finite number, got 'leaky_relu(0,2)'",
    ),
    "activation: a parameter that it does not take": (
        '{"inputs": [1], "layers": [{"activation": "tanh(1)"}]}',
        "layers[0].activation: tanh takes no parameter, got 'tanh(1)'",
    ),
    "activation: null": ('{"inputs": [1], "activation": null}', f"activation: {ACTIVATIONS}, got null"),
    "activation of a layer: a number": (
        '{"inputs": [1], "layers": [{}, {"activation": 1}]}',
        f"layers[1].activation: {ACTIVATIONS}, got 1",
    ),
    "weight_layout: a text near one": (
        '{"inputs": [1], "weight_layout": "out_in"}',
        f"weight_layout: {LAYOUTS}, got 'out_in'\nhint: did you mean 'out-in'?",
    ),
    "weight_layout: true": ('{"inputs": [1], "weight_layout": true}', f"weight_layout: {LAYOUTS}, got true"),
    "learning_rate: a text": (
        '{"z": 1, "learning_rate": "0.1"}',
        f"learning_rate: expected a number, got '0.1'\n{QUOTES}",
    ),
    "learning_rate: a list of one": (
        '{"z": 1, "learning_rate": [0.1]}',
        f"learning_rate: expected a number, got a list\nhint: give 0.1 alone, {NO_BRACKETS}",
    ),
    "learning_rate: a list of two": (
        '{"z": 1, "learning_rate": [0.1, 0.2]}',
        "learning_rate: expected a number, got a list",
    ),
    "learning_rate: a text in a list": (
        '{"z": 1, "learning_rate": ["a"]}',
        "learning_rate: expected a number, got a list",
    ),
    "learning_rate: null in a list": (
        '{"z": 1, "learning_rate": [null]}',
        "learning_rate: expected a number, got a list",
    ),
    "activation: a list of one": (
        '{"z": 1, "activation": ["relu"]}',
        f'activation: {ACTIVATIONS}, got a list\nhint: give "relu" alone, {NO_BRACKETS}',
    ),
    "upstream: a list of one": (
        '{"z": 1, "upstream": ["ones"]}',
        f'upstream: {RULES}, got a list\nhint: give "ones" alone, {NO_BRACKETS}',
    ),
    "learning_rate: true": ('{"z": 1, "learning_rate": true}', "learning_rate: expected a number, got true"),
    "learning_rate: null": ('{"z": 1, "learning_rate": null}', "learning_rate: expected a number, got null"),
    "learning_rate: NaN": ('{"z": 1, "learning_rate": NaN}', "learning_rate: expected a number, got NaN"),
    "title: a number": ('{"z": 1, "title": 1}', "title: expected a text, got 1"),
    "source: a list": (
        '{"z": 1, "source": ["a"]}',
        f'source: expected a text, got a list\nhint: give "a" alone, {NO_BRACKETS}',
    ),
    "expected: a list": ('{"z": 1, "expected": [1]}', "expected: expected an object, got a list"),
    "layers: an object": ('{"layers": {}}', "layers: expected a list of layers, got an object"),
    "layers: a text": ('{"layers": "2"}', "layers: expected a list of layers, got '2'"),
    "layers: none": ('{"layers": []}', "layers: expected at least one layer"),
    "a layer: a list": ('{"layers": [{}, [1]]}', "layers[1]: expected a layer (an object), got a list"),
    "no key": ("{}", NOTHING),
    "no numbers": ('{"title": "a", "activation": "relu", "learning_rate": 1}', NOTHING),
    "no numbers in layers": ('{"layers": [{}, {"activation": "linear"}]}', NOTHING),
}

TURNED_WEIGHTS = 'hint: weights may be transposed: --weight-layout out-in, or "weight_layout": "out-in", says so'
TURNED_INPUTS = "hint: inputs may be transposed: a row is a sample here"
FLAT = "(a flat list is one sample)"
ONE_NUMBER = "(a single number is one sample of one neuron)"


def ambiguous(place: str, size: int) -> str:
    return (
        f"{place}: a flat list of {size} values could be one sample of {size} neurons or {size} samples of one neuron"
        " (expected rows: [[1, 2]] or [[1], [2]])"
    )


SHAPES: dict[str, tuple[Content, str]] = {
    "weights transposed, against inputs": (
        problem(weights=[[1, 5], [2, 6], [3, 7], [4, 8]]),
        f"weights: shape (4, 2) does not fit the 2 features of inputs (expected (2, n_neurons))\n{TURNED_WEIGHTS}",
    ),
    "biases against the next layer": (
        '{"layers": [{"biases": [1, 2, 3]}, {"weights": [[1], [2]]}]}',
        "layers[0].biases: 3 values do not fit the 2 inputs of layers[1].weights (expected 2 values)",
    ),
    "inputs transposed": (
        problem(inputs=[[1, 3, 5], [2, 4, 6]]),
        f"weights: shape (2, 4) does not fit the 3 features of inputs (expected (3, n_neurons))\n{TURNED_INPUTS}",
    ),
    "inputs flat, of three features": (
        problem(inputs=[1, 2, 3]),
        "weights: shape (2, 4) does not fit the 3 features of inputs (expected (3, n_neurons))",
    ),
    "inputs a column": (
        problem(inputs=[[1], [2], [3]]),
        "weights: shape (2, 4) does not fit the 1 feature of inputs (expected (1, n_neurons))",
    ),
    "weights transposed": (
        '{"weights": [[1, 2, 3, 4], [5, 6, 7, 8]], "biases": [1, 2]}',
        f"biases: 2 values do not fit the 4 neurons of weights (expected 4 values)\n{TURNED_WEIGHTS}",
    ),
    "weights square": (
        '{"inputs": [[1, 2, 3]], "weights": [[1, 2], [3, 4]]}',
        "weights: shape (2, 2) does not fit the 3 features of inputs (expected (3, n_neurons))",
    ),
    "weights flat, of three features": (
        '{"inputs": [[1, 2]], "weights": [1, 2, 3], "biases": 1}',
        "weights: shape (3, 1) (a flat list is one neuron) does not fit the 2 features of inputs"
        " (expected (2, n_neurons))",
    ),
    "weights flat, of three features, out-in": (
        '{"inputs": [[1, 2]], "weights": [1, 2, 3], "weight_layout": "out-in"}',
        "weights: shape (1, 3) (a flat list is one neuron) does not fit the 2 features of inputs"
        " (expected (n_neurons, 2))",
    ),
    "weights flat, for four neurons": (
        problem(weights=[1, 2]),
        "biases: 4 values do not fit the 1 neuron of weights (expected 1 value)",
    ),
    "one bias for four neurons": (
        problem(biases=[1]),
        "biases: 1 value does not fit the 4 neurons of weights (expected 4 values)",
    ),
    "a number for four biases": (
        problem(biases=1),
        "biases: 1 value does not fit the 4 neurons of weights (expected 4 values)",
    ),
    "three biases for four neurons": (
        problem(biases=[1, 2, 3]),
        "biases: 3 values do not fit the 4 neurons of weights (expected 4 values)",
    ),
    "five biases for four neurons": (
        problem(biases=[1, 2, 3, 4, 5]),
        "biases: 5 values do not fit the 4 neurons of weights (expected 4 values)",
    ),
    "column of biases, one for each sample": (
        problem(biases=[[1], [2], [3]]),
        "biases: 3 values do not fit the 4 neurons of weights (expected 4 values)",
    ),
    "row of three biases": (
        problem(biases=[[1, 2, 3]]),
        "biases: 3 values do not fit the 4 neurons of weights (expected 4 values)",
    ),
    "matrix of biases": (
        problem(biases=[[1, 2, 3, 4]] * 3),
        "biases: expected a flat list, one row or one column, got shape (3, 4)",
    ),
    "biases against upstream": (
        '{"biases": [1, 2], "upstream": [[1, 2, 3]]}',
        "upstream: shape (1, 3) does not fit the 2 neurons of biases (expected (n_samples, 2))",
    ),
    "upstream transposed": (
        problem(upstream=[[1, 2, 3]] * 4),
        "upstream: shape (4, 3) does not fit the 3 samples of inputs (expected (3, 4))\n"
        "hint: upstream may be transposed: a row is a sample here",
    ),
    "upstream of three neurons": (
        problem(upstream=[[1, 2, 3]] * 3),
        "upstream: shape (3, 3) does not fit the 4 neurons of weights (expected (3, 4))",
    ),
    "upstream of two samples": (
        problem(upstream=[[1, 2, 3, 4]] * 2),
        "upstream: shape (2, 4) does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    "upstream one row for every sample": (
        problem(upstream=[[1, 2, 3, 4]]),
        "upstream: shape (1, 4) does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    "upstream one column for every neuron": (
        problem(upstream=[[1], [2], [3]]),
        "upstream: shape (3, 1) does not fit the 4 neurons of weights (expected (3, 4))",
    ),
    "upstream flat, one for each neuron": (
        problem(upstream=[1, 2, 3, 4]),
        f"upstream: shape (1, 4) {FLAT} does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    "upstream flat, one for each sample": (
        problem(upstream=[1, 2, 3]),
        f"upstream: shape (1, 3) {FLAT} does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    "upstream a number": (
        problem(upstream=1),
        f"upstream: shape (1, 1) {ONE_NUMBER} does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    "upstream flat and ambiguous": ('{"upstream": [1, 2, 3]}', ambiguous("upstream", 3)),
    "z flat and ambiguous": ('{"z": [1, 2]}', ambiguous("z", 2)),
    "z and upstream flat and ambiguous": ('{"z": [1, 2], "upstream": [1, 2]}', ambiguous("z", 2)),
    "z of a layer flat and ambiguous": ('{"layers": [{}, {"z": [1, 2]}]}', ambiguous("layers[1].z", 2)),
    "z transposed": (
        problem(z=[[1, 2, 3]] * 4),
        "z: shape (4, 3) does not fit the 3 samples of inputs (expected (3, 4))\n"
        "hint: z may be transposed: a row is a sample here",
    ),
    "z of three neurons": (
        problem(z=[[1, 2, 3]] * 3),
        "z: shape (3, 3) does not fit the 4 neurons of weights (expected (3, 4))",
    ),
    "z flat for three samples": (
        problem(z=[1, 2, 3, 4]),
        f"z: shape (1, 4) {FLAT} does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    "z a number": (
        problem(z=1),
        f"z: shape (1, 1) {ONE_NUMBER} does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    "z against upstream": (
        '{"z": [[1, 2]], "upstream": [[1, 2, 3]]}',
        "upstream: shape (1, 3) does not fit the 2 neurons of z (expected (1, 2))",
    ),
    "z or upstream transposed": (
        '{"z": [[1, 2, 3], [4, 5, 6]], "upstream": [[1, 2], [3, 4], [5, 6]]}',
        "upstream: shape (3, 2) does not fit the 2 samples of z (expected (2, 3))\n"
        "hint: z or upstream may be transposed: a row is a sample here",
    ),
    "a sample in each column": (
        '{"inputs": [[1, 2], [3, 4], [5, 6]], "weights": [[1, 1, 1]], "biases": [1], "upstream": [[1, 2]],'
        ' "weight_layout": "out-in"}',
        "weights: shape (1, 3) does not fit the 2 features of inputs (expected (n_neurons, 2))\n"
        'hint: samples may be in columns: --samples-in columns, or "samples": "columns", says so',
    ),
    "a sample in each column, and weights out-in": (
        '{"inputs": [[1, 2], [3, 4], [5, 6]], "weights": [[1, 1, 1]], "biases": [1], "upstream": [[1, 2]]}',
        "weights: shape (1, 3) does not fit the 2 features of inputs (expected (2, n_neurons))\n"
        'hint: samples may be in columns: --samples-in columns, or "samples": "columns", says so, with "weight_layout":'
        ' "out-in"',
    ),
    "a sample in each column of a network": (
        '{"inputs": [[1, 2, 3], [4, 5, 6]], "layers": [{"weights": [[1, 1], [1, 1], [1, 1], [1, 1]], "z": [[1, 2, 3],'
        ' [1, 2, 3], [1, 2, 3], [1, 2, 3]]}, {"weights": [[1, 1, 1, 1]]}], "weight_layout": "out-in"}',
        "layers[0].weights: shape (4, 2) does not fit the 3 features of inputs (expected (n_neurons, 3))\n"
        'hint: samples may be in columns: --samples-in columns, or "samples": "columns", says so',
    ),
    "inputs in one row": (
        problem(inputs=[[1, 2, 3, 4, 5, 6]]),
        "weights: shape (2, 4) does not fit the 6 features of inputs (expected (6, n_neurons))\n"
        "hint: write inputs as 3 rows of 2, which hold its 6 numbers",
    ),
    "upstream in a flat list": (
        problem(upstream=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        f"upstream: shape (1, 12) {FLAT} does not fit the 3 samples of inputs (expected (3, 4))\n"
        "hint: write upstream as 3 rows of 4, which hold its 12 numbers",
    ),
    "weights in one column": (
        problem(weights=[[1], [2], [3], [4], [5], [6], [7], [8]]),
        "weights: shape (8, 1) does not fit the 2 features of inputs (expected (2, n_neurons))\n"
        "hint: write weights as 2 rows of 4, which hold its 8 numbers",
    ),
    "layers do not chain": (
        network({}, {"weights": [[1], [2], [3]]}),
        "layers[1].weights: shape (3, 1) does not fit the 4 neurons of layers[0].weights (expected (4, n_neurons))",
    ),
    "inputs do not fit the first layer": (
        network({}, {}, inputs=[[1, 2, 3]]),
        "layers[0].weights: shape (2, 4) does not fit the 3 features of inputs (expected (3, n_neurons))",
    ),
    "one bias for four neurons of a layer": (
        network({"biases": [1]}, {}),
        "layers[0].biases: 1 value does not fit the 4 neurons of layers[0].weights (expected 4 values)",
    ),
    "two biases for the last layer": (
        network({}, {"biases": [1, 2]}),
        "layers[1].biases: 2 values do not fit the 1 neuron of layers[1].weights (expected 1 value)",
    ),
    "upstream of the first layer's shape": (
        network({}, {}, upstream=[[1, 2, 3, 4]] * 3),
        "upstream: shape (3, 4) does not fit the 1 neuron of layers[1].weights (expected (3, 1))",
    ),
    "z of a layer": (
        network({"z": [[1, 2, 3]] * 3}, {}),
        "layers[0].z: shape (3, 3) does not fit the 4 neurons of layers[0].weights (expected (3, 4))",
    ),
}

TOO_LITTLE = "too little was given"
LINEAR = 'hint: a linear layer needs no z: --activation linear, or "activation": "linear", says that it is one'
OVERFLOWS = "overflows float64 (its largest number is about 1.8e+308)"

CONSEQUENCES: dict[str, tuple[Content, str]] = {
    "inputs alone": ('{"inputs": [1]}', f"{TOO_LITTLE}: z needs weights"),
    "biases alone": ('{"biases": 1}', f"{TOO_LITTLE}: z needs inputs, weights"),
    "upstream of a ReLU alone": (
        '{"upstream": [[1, 2]]}',
        f"{TOO_LITTLE}: z needs inputs, weights\n{LINEAR}",
    ),
    "a network without weights": (
        '{"inputs": [1], "layers": [{"biases": [1]}, {"weights": [1]}]}',
        f"{TOO_LITTLE}: layers[0].z needs layers[0].weights",
    ),
    "z overflows": (
        '{"inputs": [[1, 1], [1, 1e200]], "weights": [[1, 1], [1, 1e200]], "biases": [0, 0]}',
        f"z[1,1]: {OVERFLOWS}",
    ),
    "z overflows both ways": (
        '{"inputs": [1e200, 1e200], "weights": [1e200, -1e200], "biases": 0}',
        f"z[0,0]: {OVERFLOWS}",
    ),
    "z of the second layer overflows": (
        '{"inputs": [1e200], "layers": [{"weights": [1], "biases": 0}, {"weights": [1e200], "biases": 0}]}',
        f"layers[1].z[0,0]: {OVERFLOWS}",
    ),
    "dinputs overflow": (
        '{"weights": [[1], [1e200]], "upstream": [[1], [1e200]], "activation": "linear"}',
        f"dinputs[1,1]: {OVERFLOWS}",
    ),
    "dweights overflow, in-out": (
        '{"inputs": [[1, 1e200]], "upstream": [[1, 1, 1e200]], "activation": "linear"}',
        f"dweights[1,2]: {OVERFLOWS}",
    ),
    "dweights overflow, out-in": (
        '{"inputs": [[1, 1e200]], "upstream": [[1, 1, 1e200]], "activation": "linear", "weight_layout": "out-in"}',
        f"dweights[2,1]: {OVERFLOWS}",
    ),
    "dbiases overflow": (
        '{"upstream": [[1, 1e308], [1, 1e308]], "activation": "linear"}',
        f"dbiases[1]: {OVERFLOWS}",
    ),
    "new_biases overflow": (
        '{"biases": [1, -1e308], "upstream": [[1, 1e308]], "activation": "linear", "learning_rate": 10}',
        f"new_biases[1]: {OVERFLOWS}",
    ),
}

ARCHIVE = npz([("weights.npy", [1.0, 2.0])])
CENTRAL = ARCHIVE.find(b"PK\1\2")  # where the archive's table of members starts
TO_TENSORS = "hint: in Python safetensors.torch.save_file(tensors, path) writes tensors by name"
NO_NPY = "weights: damaged, or not an NPY file"
NPZ: dict[str, tuple[Content, str]] = {
    "empty": (b"", "damaged, or not an NPZ archive"),
    "JSON": ("{}", "expected NPZ, got JSON\nhint: give it a name that ends in .json"),
    "NPY": (npy([1.0]), f"expected NPZ, got NPY\n{BARE}"),
    "other archive": (npz([("a/data.pkl", b"")]), f"expected NPZ, got a PyTorch file\n{TO_TENSORS}"),
    "cut": (ARCHIVE[:-10], "damaged, or not an NPZ archive"),
    "damaged member": (patched(ARCHIVE, 60, b"\xff\xff"), NO_NPY),
    "unknown compression": (patched(ARCHIVE, CENTRAL + 10, b"\x4d"), NO_NPY),
    "promise of 2 GiB": (
        patched(ARCHIVE, CENTRAL + 24, struct.pack("<I", 2**31)),
        "unpacks to 2147483648 bytes from 196 (expected at most 100 times as many)",
    ),
    "nested too deeply": (npz([("a." * 3000 + "b.npy", 1.0)]), f"{'a.' * 3000}b: nested too deeply"),
    "key given twice": (
        npz([("z.npy", 1.0), ("y.npy", 1.0)]).replace(b"y.npy", b"z.npy"),
        "z: the key is given twice",
    ),
    "layers with a gap": (
        npz([("layers.0.z.npy", 1.0), ("layers.2.z.npy", 1.0)]),
        "expected layers.0 and layers.1, got layers.0 and layers.2",
    ),
    "array where others are held": (
        npz([("layers.0.z.npy", 1.0), ("layers.npy", 1.0)]),
        "layers: holds others, and cannot be an array",
    ),
    "others where an array is held": (
        npz([("layers.npy", 1.0), ("layers.0.z.npy", 1.0)]),
        "layers.0.z: one of its parts is an array, and cannot hold others",
    ),
    "activation: bytes": (
        npz([("inputs.npy", [1.0]), ("activation.npy", np.array(b"relu"))]),
        f"activation: {ACTIVATIONS}, got a value of the type |S4",
    ),
    "no array": (npz([("readme.txt", b"a")]), "readme.txt: expected arrays only (names that end in .npy)"),
    "member that is not NPY": (npz([("weights.npy", b"a")]), NO_NPY),
    "member cut short": (
        npz([("weights.npy", npy([1.0])[:-1])]),
        "weights: damaged: the header promises 8 bytes, 7 follow",
    ),
    "pickle": (
        npz([("weights.npy", npy([None], object, pickled=True))]),
        "weights: holds Python objects (pickles are refused)",
    ),
    "no members": (npz([]), NOTHING),
    "unknown key": (npz([("wieghts.npy", 1.0)]), "wieghts: unknown key\nhint: did you mean 'weights'?"),
    "name that numpy.savez makes up": (
        npz([("arr_0.npy", [1.0])]),
        "arr_0: unknown key\n"
        "hint: the arrays are without names: np.savez(path, inputs=X, weights=W, biases=b, upstream=U) names them",
    ),
    "unknown key in a layer": (
        npz([("layers.0.wieghts.npy", 1.0)]),
        "layers[0].wieghts: unknown key\nhint: did you mean 'weights'?",
    ),
    "layers: an array": (
        npz([("layers.npy", [1.0])]),
        "layers: expected a list of layers, got an array of shape (1,)",
    ),
    "complex": (npz([("weights.npy", [1j])]), "weights: expected real numbers, got the type complex128"),
    "number for a text": (
        npz([("inputs.npy", [1.0]), ("activation.npy", 1.5)]),
        f"activation: {ACTIVATIONS}, got 1.5",
    ),
    "not a number": (npz([("inputs.npy", [[1, np.nan]])]), "inputs[0][1]: expected a finite number, got nan"),
    "text with invalid characters": (
        npz([("activation.npy", np.array(0x110000, np.uint32).view("U1"))]),
        "activation: damaged: a text with invalid characters",
    ),
    "text for numbers": (npz([("inputs.npy", "abc")]), "inputs: expected numbers, got 'abc'"),
    "integer between two floats": (npz([("z.npy", [[1, 2**53 + 1]])]), f"z[0][1]: {ROUNDED}"),
    "weights: no dimensions": (npz([("weights.npy", 1.0)]), f"weights: {LIST}"),
    "activation: unknown": (
        npz([("inputs.npy", [1.0]), ("activation.npy", "hardtanh")]),
        f"activation: {ACTIVATIONS}, got 'hardtanh'",
    ),
    "activation: a list": (
        npz([("inputs.npy", [1.0]), ("activation.npy", ["relu"])]),
        f'activation: {ACTIVATIONS}, got an array of shape (1,)\nhint: give "relu" alone, {NO_BRACKETS}',
    ),
    "upstream: unknown": (
        npz([("upstream.npy", "one")]),
        f"upstream: {RULES}, got 'one'\nhint: did you mean 'ones'?",
    ),
    "learning_rate: a list": (
        npz([("z.npy", 1.0), ("learning_rate.npy", [0.1])]),
        f"learning_rate: expected a number, got an array of shape (1,)\nhint: give 0.1 alone, {NO_BRACKETS}",
    ),
    "learning_rate: not a number": (
        npz([("z.npy", 1.0), ("learning_rate.npy", np.nan)]),
        "learning_rate: expected a finite number, got nan",
    ),
    "title: a number": (npz([("z.npy", 1.0), ("title.npy", 1)]), "title: expected a text, got 1"),
}

BARE_MATRIX = "hint: a bare matrix is for --inputs, --weights, --biases, --upstream or --z"
ONE_NEURON = '{"inputs": [1], "weights": [1], "biases": 1}'
OPTIONS: dict[str, tuple[Mapping[str, Content], str, str]] = {
    "matrix for a problem": (
        {"x.csv": "1\n"},
        "x.csv",
        f"x.csv: unknown file type '.csv' (expected .json, .npz or .safetensors)\n{BARE_MATRIX}",
    ),
    "problem for a matrix": (
        {"p.npz": b""},
        "--weights p.npz",
        f"p.npz: unknown file type '.npz' (expected .csv, .tsv, .json, .npy or .safetensors)\n{ONE_ARRAY}",
    ),
    "malformed layers and an option": (
        {"p.json": '{"layers": 3}', "w.csv": "1\n"},
        "p.json --weights w.csv",
        "p.json: layers: expected a list of layers, got 3",
    ),
    "linear layer that lacks inputs": (
        {"p.json": '{"weights": [[1, 2]], "upstream": "ones", "activation": "linear"}'},
        "p.json",
        f"p.json: {TOO_LITTLE}: z needs inputs",
    ),
    "rule misspelt": (
        {},
        "--upstream output",
        "output: cannot read: no such file or directory\nhint: did you mean 'outputs'?",
    ),
    "cells of a tsv separated by commas": (
        {"w.tsv": "1,2,3\n4,5,6\n"},
        "--weights w.tsv",
        "w.tsv:1:1: expected a number, got '1,2,3'\n"
        "hint: in a .tsv, cells are separated by tabs, and the decimal mark is a point",
    ),
    "one quantity that does not follow": (
        {"p.json": ONE_NEURON},
        "p.json --only dz",
        f"p.json: {TOO_LITTLE}: dz needs upstream",
    ),
    "two quantities that do not follow": (
        {"p.json": ONE_NEURON},
        "p.json --only dweights,dbiases",
        f"p.json: {TOO_LITTLE}: dweights needs upstream",
    ),
    "new biases of a layer without biases": (
        {"p.json": '{"inputs": [1], "weights": [1], "upstream": 1}'},
        "p.json --only new_biases",
        f"p.json: {TOO_LITTLE}: new_biases needs biases",
    ),
    "quantity that would follow without an activation": (
        {"p.json": '{"inputs": [1], "upstream": 1}'},
        "p.json --only dweights",
        f"p.json: {TOO_LITTLE}: dweights needs z (or weights)\n{LINEAR}",
    ),
    "new_weights overflow": (
        {"p.json": '{"inputs": [1], "weights": [[1, 1]], "upstream": [[1, 1e300]], "activation": "linear"}'},
        "p.json --lr 1e10",
        f"p.json: new_weights[0,1]: {OVERFLOWS}",
    ),
    "dweights of matrix files overflow": (
        {"x.csv": "1,1e200\n", "u.csv": "1e200\n"},
        "--inputs x.csv --upstream u.csv --activation linear",
        f"dweights[1,0]: {OVERFLOWS}",
    ),
    "no next problem with a given z": (
        {"p.json": '{"inputs": [1], "weights": [1], "upstream": 1, "z": 1}'},
        "p.json --next q.json",
        "p.json: z: belongs to the weights before the step, so the next problem cannot keep it",
    ),
    "no next problem without upstream": (
        {"p.json": ONE_NEURON},
        "p.json --next q.json",
        "p.json: new_weights cannot be computed (needs upstream)",
    ),
    "no next problem without inputs": (
        {"p.json": '{"layers": [{"weights": [1], "biases": 1, "activation": "linear"}], "upstream": 1}'},
        "p.json --next q.npz",
        "p.json: layers[0].new_weights cannot be computed (needs inputs)",
    ),
    "no next problem without parameters": (
        {"p.json": '{"upstream": [[1, 2]], "activation": "linear"}'},
        "p.json --next q.json --save q",
        "p.json: there are no weights or biases to step",
    ),
    "NPZ for JSON": (
        {"p.json": npz([("z.npy", [1.0])])},
        "p.json",
        f"p.json: expected JSON, got NPZ\n{RENAME} .npz",
    ),
    "NPZ through a pipe": (
        {"-": npz([("z.npy", [1.0])])},
        "-",
        "<stdin>: expected JSON, got NPZ\nhint: write it to a file that ends in .npz",
    ),
    "unknown ending of a file that cannot be read": (
        {"p.d": None},
        "p.d/x\0.y",
        r"p.d/x\x00.y: unknown file type '.y' (expected .json, .npz or .safetensors)",
    ),
    "unknown ending of JSON": (
        {"p.jsn": "{}"},
        "p.jsn",
        "p.jsn: unknown file type '.jsn' (expected .json, .npz or .safetensors)\n"
        "hint: this is JSON: give it a name that ends in .json",
    ),
    "packed problem": (
        {"p.json.gz": ""},
        "p.json.gz",
        "p.json.gz: unknown file type '.gz' (expected .json, .npz or .safetensors)\nhint: gunzip unpacks it",
    ),
    "no such problem": ({}, "p.json", "p.json: cannot read: no such file or directory"),
    "no such archive": ({}, "no/p.npz", "no/p.npz: cannot read: no such file or directory"),
    "problem is a folder": ({"p.json": None}, "p.json", "p.json: cannot read: is a directory"),
    "problem of an unknown type": (
        {"p.yaml": "inputs: 1"},
        "p.yaml",
        "p.yaml: unknown file type '.yaml' (expected .json, .npz or .safetensors)",
    ),
    "problem on standard input": (
        {"-": '{"z": [1, "2"]}'},
        "-",
        f"<stdin>: z[1]: expected a number, got '2'\n{QUOTES}",
    ),
    "address on the web": (
        {},
        "--weights http://localhost/w.csv",
        "http://localhost/w.csv: cannot read: no such file or directory",
    ),
    "name in brackets": ({}, "[red]p.json", "[red]p.json: cannot read: no such file or directory"),
    "name with control characters": ({}, "\x1b[2J.json", r"\x1b[2J.json: cannot read: no such file or directory"),
    "name that is not text": ({}, "\udcff.json", r"\udcff.json: cannot read: no such file or directory"),
    "matrix files that do not fit": (
        {"x.csv": "1,3,5\n2,4,6\n", "w.csv": "1,2\n3,4\n"},
        "--inputs x.csv --weights w.csv",
        "w.csv: weights: shape (2, 2) does not fit the 3 features of inputs (expected (3, n_neurons));"
        f" inputs is from x.csv\n{TURNED_INPUTS}",
    ),
    "matrix file that does not fit the problem": (
        {"p.json": problem(), "b.csv": "1\n2\n3\n"},
        "p.json --biases b.csv",
        "b.csv: biases: 3 values do not fit the 4 neurons of weights (expected 4 values)",
    ),
    "matrix file that does not fit the only layer": (
        {"p.json": '{"inputs": [1, 2], "layers": [{}]}', "w.csv": "1\n"},
        "p.json --weights w.csv",
        "w.csv: layers[0].weights: shape (1, 1) does not fit the 2 features of inputs (expected (2, n_neurons))",
    ),
    "problem that does not fit itself": (
        {"p.json": problem(biases=[1]), "x.csv": "1,2\n"},
        "p.json --inputs x.csv",
        "p.json: biases: 1 value does not fit the 4 neurons of weights (expected 4 values)",
    ),
    "cell beyond exact arithmetic": (
        {"w.csv": "x,y\n1,2\n3,1e1001\n"},
        "--weights w.csv --exact",
        "w.csv:3:2: '1e1001' is out of the range of exact arithmetic",
    ),
    "matrix for a problem whose layers are none": (
        {"p.json": '{"layers": 5}', "b.csv": "1\n"},
        "p.json --biases b.csv",
        "p.json: layers: expected a list of layers, got 5",
    ),
    "file that is not there, for inputs": (
        {},
        "--inputs output",
        "output: cannot read: no such file or directory",
    ),
    "file that is not there, for upstream": (
        {},
        "--upstream output",
        "output: cannot read: no such file or directory\nhint: did you mean 'outputs'?",
    ),
    "matrix file that is ambiguous": (
        {"u.json": "[1, 2]"},
        "--upstream u.json",
        f"u.json: {ambiguous('upstream', 2)}",
    ),
}

USAGE: dict[str, tuple[Mapping[str, Content], str, str]] = {
    "nothing but a learning rate": ({}, "--lr 1", "there is nothing to compute from (expected a PROBLEM, or matrices)"),
    "one matrix as a file": (
        {"p.json": problem()},
        "p.json --save dz.csv",
        "--save: expected a file that ends in .json, .npz, .safetensors, .bin or .h, or a folder, got 'dz.csv'\n"
        "hint: one matrix is printed with --format csv --only NAME",
    ),
    "standard output as a file": (
        {"p.json": problem()},
        "p.json --save -",
        "--save: expected a file that ends in .json, .npz, .safetensors, .bin or .h, or a folder, got '-'\n"
        "hint: one matrix is printed with --format csv --only NAME",
    ),
    "result in the problem's place": (
        {"p.json": problem()},
        "p.json --save p.json",
        "--save and PROBLEM both name p.json",
    ),
    "result in the problem's place, in other words": (
        {"p.json": problem()},
        "p.json --save ./p.json",
        "--save and PROBLEM both name ./p.json",
    ),
    "one file for two purposes": (
        {"p.json": problem()},
        "p.json --save q.json --next q.json",
        "--save and --next both name q.json",
    ),
    "weights for one layer of two": (
        {"p.json": network({}, {}), "w.csv": "1\n"},
        "p.json --weights w.csv",
        "--weights: the problem has 2 layers, each with its own weights (give it in the file)",
    ),
    "activation for one layer of two": (
        {"p.json": network({}, {})},
        "p.json --activation relu,tanh,relu",
        "--activation: expected one activation, or one for each of 2 layers, got 3",
    ),
    "quantity of no layer": (
        {"p.json": problem()},
        "p.json --only layers[1].dz",
        "there is no layers[1].dz (the problem has 1 layer, numbered from 0)",
    ),
    "unknown quantity": (
        {},
        "p.json --only dweight",
        f"no quantity is called 'dweight' (expected {listed(QUANTITIES, 'or')})\nhint: did you mean 'dweights'?",
    ),
    "several matrices as CSV": (
        {"p.json": problem()},
        "p.json --format csv --only z,dz",
        "--format csv holds one matrix, and there are 2 (z, dz)\nhint: --only names one: --only 'dz'",
    ),
    "standard input twice": (
        {"-": "1\n"},
        "--weights - --inputs -",
        "standard input (-) can be read once, and --inputs and --weights both name it",
    ),
    "option that takes an option": (
        {},
        "--weights --lr 1",
        "--weights: expected a value, got the option --lr\nhint: a file of that name is written ./--lr",
    ),
    "option that takes nothing": ({}, "--weights ''", "--weights: expected a value, got an empty text"),
    "problem that is nothing": ({}, "''", "PROBLEM: expected a value, got an empty text"),
    "decimal comma": ({}, "p.json --lr 0,1", "--learning-rate: expected a finite number, got '0,1'"),
    "infinity": ({}, "p.json --lr -inf", "--learning-rate: expected a finite number, got '-inf'"),
    "unknown activation": (
        {},
        "p.json --activation rely",
        "--activation: expected relu, leaky_relu, linear, sigmoid, tanh, softplus, elu, silu, gelu, softmax or"
        " log_softmax, got 'rely'\nhint: did you mean 'relu'?",
    ),
    "misspelt activation with a parameter": (
        {},
        "p.json --activation 'leaky_rleu(0.2)'",
        "--activation: expected relu, leaky_relu, linear, sigmoid, tanh, softplus, elu, silu, gelu, softmax or"
        " log_softmax, got 'leaky_rleu'\nhint: did you mean 'leaky_relu'?",
    ),
    "parameter that is no number": (
        {},
        "p.json --activation 'elu(one)'",
        "--activation: expected elu(NUMBER) with a finite number, got 'elu(one)'",
    ),
    "parameter of an activation without one": (
        {},
        "p.json --activation 'sigmoid(1)'",
        "--activation: sigmoid takes no parameter, got 'sigmoid(1)'",
    ),
    "unknown layout": (
        {},
        "p.json --weight-layout out_in",
        "--weight-layout: expected in-out or out-in, got 'out_in'\nhint: did you mean 'out-in'?",
    ),
    "next problem of an unknown type": (
        {},
        "p.json --next q.csv",
        "--next: expected a file that ends in .json, .npz or .safetensors, got 'q.csv'",
    ),
    "unknown option": ({}, "--wieghts w.csv", "no such option: --wieghts\nhint: did you mean --weights?"),
}


def named(file: str, message: str) -> str:
    return f"{file}{message}" if message.startswith(":") else f"{file}: {message}"


Row: TypeAlias = tuple[Mapping[str, Content], str, int, str]  # the files, the command line, and what comes of it

REFUSED: dict[str, Row] = {
    **{f"csv: {row}": ({"w.csv": text}, "--weights w.csv", 3, err) for row, (text, err) in CSV.items()},
    **{f"npy: {row}": ({"w.npy": data}, "--weights w.npy", 3, err) for row, (data, err) in NPY.items()},
    **{
        f"matrix: {row}": ({name: content}, f"--weights {name}", 3, err)
        for row, (name, content, err) in MATRIX_FILES.items()
    },
    **{
        f"foreign: {row}": ({name: content}, f"--weights {name}", 3, named(name.replace("-", "<stdin>"), err))
        for row, (name, content, err) in FOREIGN.items()
    },
    **{
        f"{table}: {row}": ({"p.json": text}, "p.json", 3, named("p.json", err))
        for table, rows in {"json": JSON, "keys": KEYS, "shapes": SHAPES, "solve": CONSEQUENCES}.items()
        for row, (text, err) in rows.items()
    },
    **{f"npz: {row}": ({"p.npz": data}, "p.npz", 3, f"p.npz: {err}") for row, (data, err) in NPZ.items()},
    **{f"options: {row}": (files, argv, 3, err) for row, (files, argv, err) in OPTIONS.items()},
    **{f"usage: {row}": (files, argv, 2, err) for row, (files, argv, err) in USAGE.items()},
}


def lay_out(files: Mapping[str, Content], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        if data is None:
            Path(name).mkdir()
        elif name == "-":
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        else:
            Path(name).write_bytes(data)


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    files, argv, status, err = row
    lay_out(files, tmp_path, monkeypatch)
    before = sorted(os.listdir())
    assert backprop("run", *shlex.split(argv)) == (status, "", f"backprop: {err}\n")
    assert sorted(os.listdir()) == before


MATRICES: dict[str, tuple[str, Content, str]] = {
    "csv with a byte order mark": ("u.csv", b"\xef\xbb\xbf1,2\n", "1.0,2.0\n"),
    "csv with a byte order mark and a header": ("u.csv", b"\xef\xbb\xbfx,y\n1,2\n", "1.0,2.0\n"),
    "csv with a header": ("u.csv", "x,y\n1,2\n3,4\n", "1.0,2.0\n3.0,4.0\n"),
    "csv with a header of two lines": ("u.csv", '"x\n1",y\n1,2\n', "1.0,2.0\n"),
    "csv with quoted cells": ("u.csv", '"1","-2.5"\n"3",4\n', "1.0,-2.5\n3.0,4.0\n"),
    "csv with CRLF": ("u.csv", "1,2\r\n3,4\r\n", "1.0,2.0\n3.0,4.0\n"),
    "csv with lone CR": ("u.csv", "1,2\r3,4\r", "1.0,2.0\n3.0,4.0\n"),
    "csv of one row": ("u.csv", "1,2,3\n", "1.0,2.0,3.0\n"),
    "csv of one column": ("u.csv", "1\n2\n3\n", "1.0\n2.0\n3.0\n"),
    "csv of one number": ("u.csv", "7", "7.0\n"),
    "csv without a last line end": ("u.csv", "1,2\n3,4", "1.0,2.0\n3.0,4.0\n"),
    "csv with blank lines at the end": ("u.csv", "1,2\n\n\n", "1.0,2.0\n"),
    "csv of one column with blank lines around": ("u.csv", "\n\n1\n2\n\n\n", "1.0\n2.0\n"),
    "csv with blank lines between": ("u.csv", "1,2\n\n3,4\n", "1.0,2.0\n3.0,4.0\n"),
    "csv with spaces around": ("u.csv", " 1 , 2\n", "1.0,2.0\n"),
    "csv with every way to write a number": ("u.csv", "+1,.5,5.,1e2,25E-2,007\n", "1.0,0.5,5.0,100.0,0.25,7.0\n"),
    "csv with negative zeros": ("u.csv", "-0,-0.0\n", "-0.0,-0.0\n"),
    "csv with large even integers": ("u.csv", "9007199254740994,-2e15\n", "9007199254740994.0,-2000000000000000.0\n"),
    "csv with numbers too small": ("u.csv", "1e-400,5e-324\n", "0.0,5e-324\n"),
    "csv on standard input": ("-", "1,2\n", "1.0,2.0\n"),
    "csv on standard input, with a tab after a comma": ("-", "1,\t2\n", "1.0,2.0\n"),
    "csv on standard input, with a tab in a name": ("-", '"a\tb",c\n1,2\n', "1.0,2.0\n"),
    "csv on standard input, names in brackets": ("-", '"[a]","{b}"\n1,2\n', "1.0,2.0\n"),
    "csv with names like the first bytes of Parquet": ("u.csv", "PAR1,PAR2\n1,2\n", "1.0,2.0\n"),
    "tsv on standard input": ("-", "1\t2\n3\t4\n", "1.0,2.0\n3.0,4.0\n"),
    "tsv without an ending, with names": ("u", "x 1\ty\n1\t2\n", "1.0,2.0\n"),
    "json on standard input": ("-", " [[1, 2], [3, 4]]\n", "1.0,2.0\n3.0,4.0\n"),
    "json without an ending": ("u", b"\xef\xbb\xbf[\r\n[1], [2]]", "1.0\n2.0\n"),
    "json of one sample on standard input": ("-", "[[1, 2, 3]]", "1.0,2.0,3.0\n"),
    "csv with an ending in capitals": ("U.CSV", "1,2\n", "1.0,2.0\n"),
    "csv without an ending": ("u", "1,2\n", "1.0,2.0\n"),
    "tsv": ("u.tsv", "x\ty\n1\t2\n", "1.0,2.0\n"),
    "json with a byte order mark": ("u.json", b"\xef\xbb\xbf[[1, 2]]", "1.0,2.0\n"),
    "json with an ending in capitals": ("u.JSON", "[[1], [2]]", "1.0\n2.0\n"),
    "json with -0": ("u.json", "[[-0, -0.0, 0, -0e1]]", "-0.0,-0.0,0.0,-0.0\n"),
    "npy big-endian": ("u.npy", npy([[1, 2], [3, 4]], ">f8"), "1.0,2.0\n3.0,4.0\n"),
    "npy in Fortran order": ("u.npy", npy(np.array([[1.0, 2.0], [3.0, 4.0]], order="F")), "1.0,2.0\n3.0,4.0\n"),
    "npy of small integers": ("u.npy", npy([[1, -2]], "i1"), "1.0,-2.0\n"),
    "npy of big-endian unsigned integers": ("u.npy", npy([[1, 2**53]], ">u8"), "1.0,9007199254740992.0\n"),
    "npy of half precision": ("u.npy", npy([[0.5, -0.0]], "f2"), "0.5,-0.0\n"),
    "npy of version 2": ("u.npy", npy_header("(1, 2)", (2, 0)) + struct.pack("<2d", 1, 2), "1.0,2.0\n"),
    "npy with an ending in capitals": ("U.NPY", npy([[1.0]]), "1.0\n"),
}

SMALL = '{"inputs": [1, 2], "weights": [[1, 2, 3], [4, 5, 6]], "biases": [0, 0, 0]}'  # z is 9, 12, 15
PROBLEMS: dict[str, tuple[Mapping[str, Content], str, str]] = {
    "column of biases": (
        {"p.json": SMALL, "b.csv": "10\n20\n30\n"},
        "p.json --biases b.csv --only z",
        "19.0,32.0,45.0\n",
    ),
    "row of biases": ({"p.json": SMALL, "b.csv": "10,20,30\n"}, "p.json --biases b.csv --only z", "19.0,32.0,45.0\n"),
    "flat biases": ({"p.json": SMALL, "b.npy": npy([1, 2, 3])}, "p.json --biases b.npy --only z", "10.0,14.0,18.0\n"),
    "one neuron of flat weights and a number for its bias": (
        {"p.json": '{"inputs": [1, 2, 3], "weights": [4, 5, 6], "biases": 1}'},
        "p.json --only z",
        "33.0\n",
    ),
    "flat upstream of one neuron": (
        {"p.json": '{"inputs": [[1], [2]], "upstream": [3, 4], "activation": "linear"}'},
        "p.json --only dweights",
        "11.0\n",
    ),
    "flat upstream of one sample": (
        {"p.json": '{"inputs": [1, 2], "upstream": [3, 4], "activation": "linear"}'},
        "p.json --only dweights",
        "3.0,4.0\n6.0,8.0\n",
    ),
    "flat z, told by upstream": (
        {"p.json": '{"z": [1, -1], "upstream": [[5], [6]]}'},
        "p.json --only dz",
        "5.0\n0.0\n",
    ),
    "byte order mark and CRLF": (
        {"p.json": b"\xef\xbb\xbf" + b'{"z":\r\n[[1, -2]]}'},
        "p.json --only outputs",
        "1.0,0.0\n",
    ),
    "problem without an ending": ({"p": SMALL}, "p --only z", "9.0,12.0,15.0\n"),
    "problem on standard input": ({"-": SMALL}, "- --only z", "9.0,12.0,15.0\n"),
    "archive with an ending in capitals": (
        {"P.NPZ": npz([("z.npy", [[1, -2]]), ("upstream.npy", [[3, 4]])])},
        "P.NPZ --only dz",
        "3.0,0.0\n",
    ),
    "archive with texts, numbers and layers": (
        {
            "p.npz": npz(
                [
                    ("layers.0.weights.npy", [[2.0]]),
                    ("layers.0.biases.npy", 1.0),
                    ("layers.0.activation.npy", "linear"),
                    ("inputs.npy", [[3.0]]),
                    ("upstream.npy", "outputs"),
                    ("learning_rate.npy", 0.5),
                ]
            )
        },
        "p.npz --only new_weights",
        "-8.5\n",
    ),
}

TAKEN: dict[str, tuple[Mapping[str, Content], str, str]] = {
    **{
        row: ({name: content}, f"--upstream {name} --activation linear --only dz", out)
        for row, (name, content, out) in MATRICES.items()
    },
    **PROBLEMS,
}


@pytest.mark.parametrize("row", TAKEN.values(), ids=TAKEN)
def test_unusual_input_is_taken(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: tuple[Mapping[str, Content], str, str]
) -> None:
    files, argv, out = row
    lay_out(files, tmp_path, monkeypatch)
    assert backprop("run", *shlex.split(argv), "--format", "csv") == (0, out, "")


@pytest.mark.parametrize("size", [4, 5, 9])
def test_text_in_small_chunks_is_the_same_text(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Every text above, well or badly formed, in chunks so small that they end anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(load_files, "FIRST_CHUNK", size)
    monkeypatch.setattr(load_files, "CHUNK", size)
    for name, (text, err) in CSV.items():
        lay_out({"w.csv": text}, tmp_path, monkeypatch)
        assert (name, *backprop("run", "--weights", "w.csv")) == (name, 3, "", f"backprop: {err}\n")
    for name, (file, content, out) in MATRICES.items():
        if file.endswith(("csv", "tsv")):
            lay_out({file: content}, tmp_path, monkeypatch)
            argv = ["run", "--upstream", file, "--activation", "linear", "--only", "dz", "--format", "csv"]
            assert (name, *backprop(*argv)) == (name, 0, out, "")


def test_negative_zero_is_kept_from_json_to_json(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out({"p.json": '{"upstream": [[-0, 1]], "activation": "linear"}'}, tmp_path, monkeypatch)
    out = """\
{
  "schema": "backprop.result/1",
  "learning_rate": 0.001,
  "weight_layout": "in-out",
  "dz": [
    [-0.0, 1.0]
  ],
  "not_computed": {}
}
"""
    assert backprop("run", "p.json", "--only", "dz", "--format", "json") == (0, out, "")


def test_a_header_names_the_neurons(backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out({"u.csv": b'\xef\xbb\xbfdog,"black cat"\n1,2\n'}, tmp_path, monkeypatch)
    ran = backprop("run", "--upstream", "u.csv", "--activation", "linear", "--only", "dz")
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[1] == ["dog", "black", "cat"]
    assert rows[3] == ["sample", "0", "1", "2"]
    assert (ran.status, ran.err) == (0, "")
