"""A matrix that is cut into blocks has each row and column in one of them."""

import pytest

from backprop_cli.render.exercises.blocks import Block, blocks


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 3), [Block(range(2), range(3), "")]),
        ((1, 1), [Block(range(1), range(1), "")]),
        (
            (2, 5),
            [Block(range(2), range(2), "columns 0 to 1 of 5"), Block(range(2), range(2, 5), "columns 2 to 4 of 5")],
        ),
        (
            (5, 4),
            [
                Block(range(2), range(2), "rows 0 to 1 of 5, columns 0 to 1 of 4"),
                Block(range(2), range(2, 4), "rows 0 to 1 of 5, columns 2 to 3 of 4"),
                Block(range(2, 5), range(2), "rows 2 to 4 of 5, columns 0 to 1 of 4"),
                Block(range(2, 5), range(2, 4), "rows 2 to 4 of 5, columns 2 to 3 of 4"),
            ],
        ),
    ],
)
def test_blocks_of_about_the_same_size(shape: tuple[int, int], expected: list[Block]) -> None:
    assert list(blocks(shape, 4, 3)) == expected


def test_a_block_may_be_one_column() -> None:
    assert [block.note for block in blocks((2, 2), 4, 1)] == ["column 0 of 2", "column 1 of 2"]
    assert [block.note for block in blocks((2, 1), 1, 4)] == ["row 0 of 2", "row 1 of 2"]


@pytest.mark.parametrize("n", range(1, 40))
def test_every_index_is_in_one_block(n: int) -> None:
    found = [block.columns for block in blocks((1, n), 1, 7)]
    assert [j for columns in found for j in columns] == list(range(n))
    assert max(map(len, found)) <= 7
    assert max(map(len, found)) - min(map(len, found)) <= 1
