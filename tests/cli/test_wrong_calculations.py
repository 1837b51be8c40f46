"""The reports on ten wrong calculations by hand, read as their authors would: what would they mend?"""

from pathlib import Path

import pytest

from tests.conftest import Run

WRONG = Path(__file__).parent.parent / "golden" / "wrong"


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.json")), ids=lambda path: path.stem)
def test_reports_on_wrong_calculations(backprop: Run, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.chdir(WRONG)
    ran = backprop("check", path.name, "--rounded")
    assert (ran.status, ran.err) == (1, "")
    assert ran.out == path.with_suffix(".txt").read_text(encoding="utf-8")
