"""The first row of a text table: a header, which has only names, or numbers.

A row that is dropped as a header by mistake gives wrong results that nothing reports. So a cell that may be a number in
any notation (1/3, 10%, np.float64(1.5), NA) is no name, and the row is refused, unless `--header` says what it is.
"""

import re
from collections.abc import Callable, Sequence

from backprop_cli.errors import InputError
from backprop_cli.load.cells import MINUS_LIKE, NUMBER, SPREADSHEET_ERROR, not_a_number

INDEX = "an index is left out by to_csv(index=False) in pandas, and by row.names=FALSE in R"
COLUMN_NUMBERS = (
    "pandas leaves column numbers out with to_csv(header=False); --header skip passes over them,"
    " --header none reads them as numbers"
)
SKIP = "a header has only names; --header skip passes over line 1"

_NOT_FINITE = ("nan", "nanj", "snan", "qnan", "ind", "inf", "infinity", "infj")
_VALUES = frozenset((*_NOT_FINITE, "na", "nat", "null", "none", "nil", "undefined", "true", "false"))
_WRAPPERS = frozenset(
    ["np", "numpy", "math", "torch", "float", "double", "decimal", "number", "bool", "object", "real"]
)
_NO_NAME_BEGINS = "<>=+{&~\u00b1\u2248\u2264\u2265"
_LONGEST_NUMBER = 200  # characters, in another notation
_ANY_CASE = re.IGNORECASE | re.DOTALL
_ORDINAL = r"\d+(?:st|nd|rd|th|er|[e\u00e8]re|\.?[\u00aa\u00ba])\b.*"
_DIGIT_NAME = (
    rf"[1-9]\d*(?:[x\u00d7]\d+)+|{_ORDINAL}"  # 28x28, 1st
    r"|\d+_(?!(?:[fiu]?\d+|[fdlu]|[dsqw]p|e\d+|(?:real|int)\d*)$)[^\W\d_].*"  # 0_mean, but not Rust's 1_f32
)
_FUNCTIONS = (
    r"c?float|c?double|u?int|c?long|complex|bool|str_|decimal|fraction|rational|tensor|array|matrix|mpf|mpq|mpc"
    r"|big(?:int|float)|bfloat|number|quantity|scalar|sqrt|cbrt|exp|log|ln|sin|cos|tan|pow|datetime|timestamp|timedelta"
)
_MONTHS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|mai|okt|dez|mrz"
)
_CURRENCIES = "USD|EUR|GBP|JPY|CHF|CNY|INR|RUB|BRL|CAD|AUD|NZD|KRW|SEK|NOK|DKK|PLN|CZK|HUF|MXN|ZAR"
# Numbers in another notation that begin with a letter.
_LETTERED_NUMBERS = (
    rf"[\w.]*(?<![a-z])(?:{_FUNCTIONS})\w*\(\s*[\['\"(]*[-+]?(?:\.?\d|nan|inf).*",  # np.float64(1.5)
    r"[\w.]+\(\s*[\['\"(]*[-+]?\d*\.\d.*",
    r"nan\(.*\)|na_(?:real|integer|character)_|n[/.]\s*[ad]\.?",
    r"(?:pi|\u03c0|tau|e)\s*[-*/^+]+\s*\d.*",  # pi/2
    r"o[.,]\d+",  # a letter in place of 0
    r"[a-z]{1,2}(?:'[-+\d.a-f]+'|\"[-+\d.a-f]+\")",  # b'1.5'
    rf"(?:(?-i:{_CURRENCIES})|[a-z]{{1,2}}\$|kr\.?\s|rs\.?\s|fr\.)\s*[-+]?\d[\d.,'\s]*",
    r"(?:ca|approx|circa)\.?\s*\d.*|(?:approximately|about|less than|more than|at most|at least|up to)\s*\d.*",
    rf"(?:{_MONTHS})[-./\s]+\d{{1,2}}(?:,?\s+\d{{4}})?",  # a date, or what became one
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s.*\d{4}.*",
    r"err:\s*\d+",
)


def is_name(cell: str) -> bool:
    """Tell whether a cell without spaces around it can only be a name, not a value in any notation.

    >>> [is_name(cell) for cell in ("x0", "28x28", "2nd", "1/3", "10%", "NA")]
    [True, True, True, False, False, False]
    """
    if SPREADSHEET_ERROR.fullmatch(cell) or re.fullmatch(r"[.#$](?=.*\d)[\da-f]+", cell, _ANY_CASE):
        return False
    name = re.sub(r"^\W*", "", cell)
    begin = cell.removesuffix(name)
    if any(char in begin for char in _NO_NAME_BEGINS + MINUS_LIKE) or not name:
        return False
    if name[0].isdigit() and not begin:
        return re.fullmatch(_DIGIT_NAME, name, _ANY_CASE) is not None
    if not (name[0].isalpha() or name[0] == "_"):
        return False
    words = set(re.findall(r"[^\W\d_]+", name.casefold()))
    if name != "Na" and words & _VALUES and words <= _VALUES | _WRAPPERS:  # Na is sodium
        return False
    if len(name) > _LONGEST_NUMBER or not re.search(r"[\d(/.]|_$", name):
        return True
    return not any(re.fullmatch(pattern, name, _ANY_CASE) for pattern in _LETTERED_NUMBERS)


def counts(cells: Sequence[str]) -> bool:
    """Tell whether the cells are 0, 1, 2, …, as pandas writes the numbers of columns."""
    return [*cells] == [str(i) for i in range(len(cells))]


def are_quoted(row: str, delimiter: str) -> list[bool]:
    """Tell which cells of a row, as it stands in the file, have quotes that they do not need.

    >>> are_quoted('"a",b,"1,5"', ",")
    [True, False, False]
    """
    cell = re.compile(rf'"((?:[^"]|"")*)"|[^{delimiter}]*')
    row, found, at = row.rstrip("\n"), [], 0
    while at <= len(row):
        match = cell.match(row, at)
        text = match[1] if match else None
        found.append(text is not None and not re.search(rf'[{delimiter}"\n]', text))
        at = (match.end() if match else at) + 1
    return found


def is_header(cells: Sequence[str], text: str, delimiter: str, next_line: Callable[[], str], line: int) -> bool:
    """Tell whether a first row is a header, with its cells without spaces around them and its text in the file.

    `next_line` returns the line after it that is not blank, or nothing.

    Raises:
        InputError: The row is neither only names nor only numbers; it counts the columns; or it names an index.
    """
    names = cells[1:] if cells[0] == "" or (cells[0] == "Unnamed: 0" and len(cells) > 1) else cells
    if not any(names):
        return False
    if names is not cells and (counts(names) or _are_names(names, text, delimiter, next_line)):
        reason = "the first column has no name, so it is an index (expected numbers only)"
        also = ", and column numbers by header=False" if counts(names) else ""
        raise InputError(reason, line=line, column=1, hint=INDEX + also)
    if _are_names(cells, text, delimiter, next_line):
        return True
    if counts(cells) and len(cells) > 2 and next_line():
        reason = f"the first line counts the columns, 0 to {len(cells) - 1}: a header of column numbers, or a row"
        raise InputError(reason, line=line, hint=COLUMN_NUMBERS)
    _require_numbers(cells, line, delimiter)
    return False


def _are_names(cells: Sequence[str], text: str, delimiter: str, next_line: Callable[[], str]) -> bool:
    if all(not cell or is_name(cell) for cell in cells):
        return True
    if not all(are_quoted(text, delimiter)):
        return False
    # Names in quotes above numbers without: digits are names, too. The names of rows may have quotes.
    below = next_line()
    quoted = are_quoted(below, delimiter)
    is_row_named = len(quoted) > len(cells)
    return bool(below) and not any(quoted[1:] if is_row_named else quoted)


def _require_numbers(cells: Sequence[str], line: int, delimiter: str) -> None:
    """Check that each cell is a number, except for its range.

    Raises:
        InputError: A cell is not; the first that is no name either is shown, if there is one.
    """
    wrong = [i for i, cell in enumerate(cells) if not NUMBER.fullmatch(cell)]
    doubtful = [i for i in wrong if cells[i] and not is_name(cells[i])]
    for i in doubtful or wrong:
        error = not_a_number(cells[i], line, i + 1, delimiter, cells)
        may_be_name = len(doubtful) < len(wrong) or (cells[i][:1].isdigit() and any(map(str.isalpha, cells[i])))
        if error.hint is None and len(cells) > 2 and counts(cells[1:]):
            error.hint = COLUMN_NUMBERS
        elif error.hint is None and doubtful and may_be_name and not any(map(NUMBER.fullmatch, cells)):
            error.hint = SKIP
        raise error
