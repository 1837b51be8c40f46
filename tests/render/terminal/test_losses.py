"""The plot of losses."""

import numpy as np
import pytest

from backprop_cli.render.terminal.losses import plot, print_losses
from backprop_cli.render.terminal.page import Look, Page

ROW = "123"


def heights(rows: list[str], n: int) -> list[int]:
    """Return how high each column of a plot is."""
    bars = [row.partition("|")[2] for row in rows[:6]]
    return [sum(ROW.find(bar[k]) + 1 for bar in bars) for k in range(n)]


def test_the_first_and_the_last_loss_are_as_high_as_the_axis_says() -> None:
    rows = list(plot(np.linspace(1, 0, 18), 28, ROW))
    assert heights(rows, 18) == list(range(18, 0, -1))
    assert (rows[0].split()[0], rows[5].split()[0]) == ("1", "0")


def test_a_wide_range_has_a_logarithmic_scale() -> None:
    rows = list(plot(10.0 ** -np.arange(18), 80, ROW))
    assert heights([row[:] for row in rows], 54)[::3] == list(range(18, 0, -1))
    assert "logarithmic" in rows[-1]


@pytest.mark.parametrize("losses", [[1.0, 1.0], [0.0, 0.0, 0.0], [1e308, -1e308], [5e-324, 1e308] * 40, [3.0] * 1000])
def test_every_plot_fits_its_width(losses: list[float]) -> None:
    for width in (20, 80):
        assert max(map(len, plot(np.array(losses), width, ROW)[:7])) <= width


def test_ascii_and_block_characters_follow_the_look() -> None:
    for look, top in ((Look(), "\N{FULL BLOCK}"), (Look(ascii_only=True), ":")):
        page = Page(look)
        print_losses(page, look, "losses", np.linspace(2, 1, 12345), None)
        text = page.text()
        assert top in text
        assert text.isascii() == look.ascii_only
        for word in ("step 1 ", "step 10 ", "step 10000", "step 12345"):
            assert word in text
        assert max(map(len, text.splitlines())) <= 80


def test_one_loss_has_no_plot_and_many_have_steps_of_powers_of_ten() -> None:
    for losses, last in ((np.array([2.0]), "step 1"), (np.linspace(2, 1, 10**6), "step 1000000")):
        page = Page(Look())
        print_losses(page, Look(), "losses", losses, None)
        assert last in page.text()
        assert ("step 10000 " in page.text()) == (len(losses) > 1)
