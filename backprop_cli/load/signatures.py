"""Recognise the format of a file by its first bytes, whatever the file is called, and name the cure."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from backprop_cli.errors import InputError
from backprop_cli.load.files import BEGINS, suffix

PEEK = 4096  # bytes that tell a format
BEGIN = 2**20  # bytes that tell the members of an archive

_AS_CSV = "save it as CSV"
_NUMPY = "write CSV, or in Python np.save for one array, np.savez for several by name"
_TENSORS = "in Python safetensors.torch.save_file(tensors, path) writes tensors by name"
_PAGE = "save the data themselves; this may be a page for signing in, or about an error"
BARE_MATRIX = "a bare matrix is for --inputs, --weights, --biases, --upstream or --z"
ONE_ARRAY = "np.save writes one array as .npy; a problem is for PROBLEM, without an option before it"


class Format(NamedTuple):
    """A format that is not read: its name, how its files begin and end, and the cure."""

    name: str
    begins: tuple[bytes, ...]  # in small letters where the format does not tell them from capitals
    endings: tuple[str, ...]
    cure: str


# No name of a column may begin like one of them: a header `PAR1,PAR2` is no Parquet.
_OTHERS = (
    Format("gzip", (b"\x1f\x8b",), (".gz",), "gunzip unpacks it"),
    Format("bzip2", (b"BZh91AY&SY",), (".bz2",), "bunzip2 unpacks it"),
    Format("xz", (b"\xfd7zXZ\0",), (".xz",), "unxz unpacks it"),
    Format("Zstandard", (b"\x28\xb5\x2f\xfd",), (".zst",), "unzstd unpacks it"),
    Format("a PDF", (b"%PDF-",), (".pdf",), "copy the numbers into a CSV file"),
    Format("a Git LFS pointer", (b"version https://git-lfs.",), (), "git lfs pull fetches the file itself"),
    Format("a web page (HTML)", (b"<!doctype html", b"<html", b"<head", b"<body", b"<table"), (".html", ".htm"), _PAGE),
    Format("XML", (b"<?xml",), (".xml",), _AS_CSV),
    Format("rich text (RTF)", (b"{\\rtf",), (".rtf",), "save it as plain text"),
    Format("an old spreadsheet (XLS)", (b"\xd0\xcf\x11\xe0",), (".xls",), _AS_CSV),
    Format("HDF5", (b"\x89HDF\r\n",), (".h5", ".hdf5", ".keras"), _NUMPY),
    Format("a MATLAB file", (b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"), (".mat",), "write CSV with writematrix"),
    Format("Parquet", (b"PAR1\x15",), (".parquet",), _NUMPY),
    Format("Arrow", (b"ARROW1\0\0",), (".feather", ".arrow"), _NUMPY),
    Format("SQLite", (b"SQLite format 3\0",), (".sqlite", ".db"), "sqlite3 -csv writes CSV"),
    Format("a pickle", (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"), (".pkl", ".pickle"), _NUMPY),
    Format("a picture", (b"\x89PNG", b"\xff\xd8\xff"), (".png", ".jpg", ".jpeg"), "write its numbers as CSV"),
    Format("GGUF", (b"GGUF\1\0", b"GGUF\2\0", b"GGUF\3\0"), (".gguf",), _TENSORS),
    Format("an R file", (), (".rds", ".rdata", ".rda"), "write.csv(X, row.names = FALSE) writes CSV"),
)
# By a part of the name of a member.
_ZIPPED = (
    Format("a spreadsheet (XLSX)", (b"xl/workbook", b"xl/worksheets", b"xl/_rels"), (".xlsx",), _AS_CSV),
    Format("a spreadsheet (ODS)", (b"opendocument.spreadsheet",), (".ods",), _AS_CSV),
    Format("a PyTorch file", (b"/data.pkl",), (".pt", ".pth"), _TENSORS),
)
_ZIP = Format("a ZIP archive", (b"PK\3\4",), (".zip",), "unzip unpacks it")
_LINES = Format("JSON Lines", (), (".jsonl", ".ndjson"), "make one list of its values: jq -s . FILE > NAME.json")

_JSON_VALUE = rb'(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|"[^"\n]*"|NaN|-?Infinity|null|true|false)'
_JSON = (
    rb"\{\s*[\"}]"  # an object
    rb"|\[[\s\[]*(?:\{\s*[\"}]|\])"  # a list that is empty, or of objects
    # A list, up to a bracket: an array that was printed has `2.`, or no commas.
    rb"|\[[\s\[]*" + _JSON_VALUE + rb"(?:\s*,\s*" + _JSON_VALUE + rb")*\s*(?:,?\s*\](?!\s*,\s*\[[^\]]*\]\s*$)|,?\s*$)"
)


def peeked(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, at least `PEEK` unless there are fewer, and all of the chunks."""
    rest = iter(chunks)
    begin = b""
    for chunk in rest:
        begin += chunk
        if len(begin) >= PEEK:
            break
    return begin, chain([begin] if begin else [], rest)


def is_json(begin: bytes) -> bool:
    """Tell whether a text that begins like this is JSON: an object or a list, but not an array that was printed."""
    return begin.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") and re.match(_JSON, _text(begin)) is not None


def is_tsv(begin: bytes) -> bool:
    """Tell whether a table that begins like this has tabs between its cells: no other reading explains them."""
    line = re.sub(rb'"[^"]*"', b"", re.split(rb"[\r\n]", _text(begin), maxsplit=1)[0])
    return any(b"\t" in cell.strip() for cell in line.split(b","))


def require_format(begin: bytes, path: str, expected: str, *, problem: bool = False) -> None:
    """Check that the first bytes of a file are not those of another format than the expected ones.

    Raises:
        InputError: With the name of the format, and the cure.
    """
    name, cure = _recognised(begin, in_pipe=not suffix(path), problem=problem)
    is_archive = name == _ZIP.name and expected == "NPZ"  # its reader names what is wrong
    if name and name not in expected and not is_archive:
        raise InputError(f"expected {expected}, got {name}", hint=cure)


def cure_of_ending(path: str, known: tuple[str, ...], *, problem: bool = False) -> str | None:
    """Return the cure for a file whose ending is none of the known ones, by its ending or else by its first bytes."""
    if suffix(path) in ("", *known):
        return None
    if problem and suffix(path) in (".csv", ".tsv", ".npy"):
        return BARE_MATRIX
    if suffix(path) == ".npz":
        return ONE_ARRAY
    for each in (*_OTHERS, *_ZIPPED, _ZIP, _LINES):
        if suffix(path) in each.endings:
            return each.cure
    begin = b""
    with suppress(OSError):
        if os.path.isfile(path):  # opening a pipe waits for a writer
            with open(path, "rb") as file:
                begin = file.read(BEGIN)
    name, cure = _recognised(begin, in_pipe=False, problem=problem)
    return f"this is {name}: {cure}" if name else None


def _recognised(begin: bytes, *, in_pipe: bool, problem: bool) -> tuple[str, str]:
    """Return the name of the format, and the cure; both are empty for a text that may be of any format."""
    if re.match(BEGINS[".safetensors"], begin):
        return "safetensors", "write it to a file, and" * in_pipe + " give it a name that ends in .safetensors"
    if begin.startswith(b"\x93NUMPY"):
        to_pipe = 'write CSV instead, np.savetxt(sys.stdout, X, delimiter=","), or a file that ends in .npy'
        return "NPY", BARE_MATRIX if problem else to_pipe if in_pipe else "give it a name that ends in .npy"
    if begin.startswith(b"PK\3\4"):
        if b".npy" in begin:
            to_pipe = "write it to a file that ends in .npz"
            return "NPZ", ONE_ARRAY if not problem else to_pipe if in_pipe else "give it a name that ends in .npz"
        inside = (each for each in _ZIPPED if any(part in begin for part in each.begins))
        return _named(next(inside, _ZIP))
    text = _text(begin)
    for each in _OTHERS:
        if begin.startswith(each.begins) or text.startswith(each.begins) or text.lower().startswith(each.begins):
            return _named(each)
    return ("JSON", "give it a name that ends in .json") if is_json(begin) else ("", "")


def _named(found: Format) -> tuple[str, str]:
    return found.name, found.cure


def _text(begin: bytes) -> bytes:
    """Return the first characters, without a byte order mark and white space before them."""
    return begin[:PEEK].removeprefix(b"\xef\xbb\xbf").lstrip()
