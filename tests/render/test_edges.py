"""Of a large matrix the first and last rows and columns are shown, and the note says which."""

import pytest

from backprop_cli.render.edges import edges


@pytest.mark.parametrize(
    ("shape", "max_rows", "square", "note", "entries"),
    [
        ((20, 100), 20, False, "", 2000),
        ((21, 100), 20, False, "rows 0 to 9 and 11 to 20 of 21", 2000),
        ((21, 100), 0, False, "", 2100),
        ((5, 101), 3, False, "rows 0 to 1 and 4 to 4 of 5 and columns 0 to 9 and 91 to 100 of 101", 60),
        ((5, 101), 0, False, "", 505),
        ((4, 30), 20, True, "columns 0 to 9 and 20 to 29 of 30", 80),
        ((4, 30), 0, True, "", 120),
        ((3, 3), 1, True, "rows 0 to 0 of 3 and columns 0 to 0 of 3", 1),
    ],
)
def test_the_edges_of_a_matrix(shape: tuple[int, int], max_rows: int, square: bool, note: str, entries: int) -> None:
    found = edges(shape, max_rows, square=square)
    assert (found.note, found.entries) == (note, entries)
    for shown, size in ((found.rows, shape[0]), (found.columns, shape[1])):
        assert list(shown).count(None) == (len(shown) - list(shown).count(None) < size)
