"""Read question sheets back: what is given, and which blanks there are to fill in."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backprop_cli.explanations.worked import Matrix
from tests.render.html.reader import Element, page


class Table(NamedTuple):
    """A table of a sheet."""

    place: str
    note: str
    columns: list[str]  # heads
    rows: list[str]
    cells: list[list[str]]  # "" for a blank


def joined(tables: Sequence[Table], matrix: Matrix) -> tuple[list[Table], dict[tuple[int, int], str]]:
    """Return the cells of a matrix by row and column, from its tables, which are the first; and the other tables."""
    cells: dict[tuple[int, int], str] = {}
    n_rows, n_columns = matrix.grid.shape
    tables = list(tables)
    while len(cells) < matrix.grid.size:
        table = tables.pop(0)
        assert table.place == matrix.place
        rows = of_note(table.note, "row", n_rows)
        columns = of_note(table.note, "column", n_columns)
        assert [len(rows), {len(columns)}] == [len(table.cells), {len(row) for row in table.cells}]
        for i, row in zip(rows, table.cells, strict=True):
            for j, cell in zip(columns, row, strict=True):
                assert (i, j) not in cells
                cells[i, j] = cell
    return tables, cells


def of_note(note: str, noun: str, n: int) -> list[int]:
    """Return the indices that a note names, all if it names none."""
    found = re.search(rf"{noun}s? (\d+)(?: to (\d+))? of {n}(?!\d)", note)
    return list(range(n)) if found is None else list(range(int(found[1]), int(found[2] or found[1]) + 1))


def of_markdown(text: str) -> Iterator[tuple[list[Table], list[Table]]]:
    """Yield the tables of what is given and of what is asked for, exercise by exercise."""
    for section in re.split(r"^#+ Given$", text, flags=re.MULTILINE)[1:]:
        given, _, asked = section.partition("# Answers\n")
        yield list(_tables_of_markdown(given)), list(_tables_of_markdown(asked))


def answers_of_markdown(text: str) -> Iterator[list[Table]]:
    """Yield the tables of answers of a key, exercise by exercise."""
    for section in re.split(r"^#+ Answers$", text, flags=re.MULTILINE)[1:]:
        yield list(_tables_of_markdown(re.split(r"^#+ Worked solution$", section, flags=re.MULTILINE)[0]))


def answers_of_html(text: str) -> Iterator[list[Table]]:
    """Yield the tables of answers of a key, exercise by exercise."""
    for section in page(text).all("section", "asked"):
        yield [_table_of_html(figure) for figure in section.all("figure")]


def answers_of_latex(text: str) -> Iterator[list[Table]]:
    """Yield the tables of answers of a key, exercise by exercise."""
    for section in text.split(r"\textbf{Answers.}")[1:]:
        yield [_asked_of_latex(figure) for figure in _figures(section.partition(r"\textbf{Given")[0])]


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
    rows = [line.partition(r" \\")[0].split(" & ") for line in lines if r"\blank" in line or "$" in line]
    names = [row.pop(0).removeprefix(r"\footnotesize ") for row in rows if row[0].startswith(r"\footnotesize")]
    cells = [[cell.removeprefix(r"\blank").strip("$") for cell in row] for row in rows]
    return Table(place, note, columns, names, cells)
