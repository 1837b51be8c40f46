"""Read question sheets back: what is given, and which blanks there are to fill in."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.render.html.reader import Element, page


class Table(NamedTuple):
    """A table of a sheet."""

    place: str
    note: str
    columns: list[str]  # heads
    rows: list[str]
    cells: list[list[str]]  # "" for a blank


def of_markdown(text: str) -> Iterator[tuple[list[Table], list[Table]]]:
    """Yield the tables of what is given and of what is asked for, exercise by exercise."""
    for section in re.split(r"^#+ Given$", text, flags=re.MULTILINE)[1:]:
        given, _, asked = section.partition("# Answers\n")
        yield list(_tables_of_markdown(given)), list(_tables_of_markdown(asked))


def _tables_of_markdown(text: str) -> Iterator[Table]:
    for place, note, number, table in re.findall(
        r"^`([^`]+)` \(\$[^$]+\$\)(?:, (.*))?:(?: (\S+)|\n\n((?:\|.*\n?)+))", text, re.MULTILINE
    ):
        if number:
            yield Table(place, "", [], [], [[number]])
            continue
        head, line, *rows = (
            [cell.strip() for cell in row.strip("|").split(" | ")] for row in table.strip().split("\n")
        )
        assert {len(row) for row in rows} == {len(head)} == {len(line)}
        assert all(re.fullmatch(":?-+:", cell) for cell in line)
        heads = [row.pop(0).strip("*") for row in rows if row[0].startswith("**")]
        columns = [cell.replace("&emsp;", "") for cell in head[-len(rows[0]) :]]
        yield Table(place, note, columns, heads, rows)


def of_html(text: str) -> Iterator[tuple[list[Table], list[Table]]]:
    """Yield the tables of what is given and of what is asked for, exercise by exercise."""
    for article in page(text).all("article"):
        given, asked = article.all("section")
        assert all("blank" in cell.attributes.get("class", "").split() for cell in _cells(asked))
        assert not list(given.all("td", "blank"))
        numbers = [_number(each) for each in given.all("div", "number")]
        yield [*map(_table_of_html, given.all("figure")), *numbers], list(map(_table_of_html, asked.all("figure")))


def _cells(section: Element) -> Iterator[Element]:
    yield from (cell for body in section.all("tbody") for cell in body.all("td"))


def _number(line: Element) -> Table:
    return Table(line.one("code").text, "", [], [], [[line.text.partition(" = ")[2]]])


def _table_of_html(figure: Element) -> Table:
    notes = [note.text for note in figure.all("span", "note")]
    heads = [cell.text for cell in figure.all("th") if cell.attributes["scope"] == "col"]
    rows = [cell.text for cell in figure.all("th") if cell.attributes["scope"] == "row"]
    cells = [[cell.text for cell in row.all("td")] for row in figure.one("tbody").all("tr")]
    return Table(figure.one("figcaption").one("code").text, "".join(notes), heads, rows, cells)


def of_latex(text: str) -> Iterator[tuple[list[Table], list[Table]]]:
    """Yield the tables of what is given and of what is asked for, exercise by exercise."""
    for section in text.split(r"\textbf{Given}")[1:]:
        given, _, asked = section.partition(r"\textbf{Answers}")
        yield list(map(_given_of_latex, _figures(given))), list(map(_asked_of_latex, _figures(asked)))


def _figures(text: str) -> Iterator[str]:
    yield from re.findall(r"\\begin\{tabular\}\[t\]\{@\{\}l@\{\}\}\n(.*?)\n\\end\{tabular\}\\hspace", text, re.DOTALL)


def _named(figure: str) -> tuple[str, str, str]:
    name, body = figure.replace(r"\allowbreak{}", "").split(" \\\\[3pt]\n")
    found = re.fullmatch(r"\\texttt\{([^}]*)\}(?:, \$.*\$(?: \(([^)]*)\))?)?", name)
    assert found is not None, name
    return found[1].replace("\\_", "_"), found[2] or "", body


def _given_of_latex(figure: str) -> Table:
    place, note, body = _named(figure)
    array = re.search(r"\\begin\{array\}\{.*?\} (.*) \\end\{array\}", body)
    if array is None:
        return Table(place, note, [], [], [[_plain(body.strip("$").partition(" = ")[2])]])
    letters = re.search(r"\\begin\{array\}\{@\{\}(.*?)@\{\}\} ", body)
    assert letters is not None
    columns = re.findall(r"r@\{\}l|r", letters[1])
    rows = []
    for line in array[1].split(r" \\ "):
        parts = [part.strip() for part in line.split("&")]
        rows.append([_plain(parts.pop(0) + (parts.pop(0) if column != "r" else "")) for column in columns])
        assert not parts
    return Table(place, note, [], [], rows)


def _plain(tex: str) -> str:
    return re.sub(r" \\times 10\^\{(-?)(\d+)\}", lambda found: f"e{found[1] or '+'}{int(found[2]):02d}", tex)


def _asked_of_latex(figure: str) -> Table:
    place, note, body = _named(figure)
    first, *lines, last = body.split("\n")
    assert first.startswith(r"\begin{tabular}")
    assert last == r"\end{tabular}"
    heads = [line for line in lines if r"\multicolumn" in line]
    columns = re.findall(r"\{\\footnotesize (\d+)\}", "".join(heads))
    rows = [line.partition(r" \\")[0].split(" & ") for line in lines if r"\blank" in line]
    names = [row.pop(0).removeprefix(r"\footnotesize ") for row in rows if row[0] != r"\blank"]
    assert {cell for row in rows for cell in row} == {r"\blank"}
    return Table(place, note, columns, names, [[""] * len(row) for row in rows])
