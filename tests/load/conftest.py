"""One problem in every format, in the current folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROBLEM: dict[str, Any] = {
    "inputs": [[1, 2, 3, 2.5], [2, 5, -1, 2], [-1.5, 2.7, 3.3, -0.8]],
    "weights": [[0.2, 0.5, -0.26], [0.8, -0.91, -0.27], [-0.5, 0.26, 0.17], [1, -0.5, 0.87]],
    "biases": [2, 3, 0.5],
    "upstream": [[1, -1, 2], [0.5, 1, 1], [0, 3, -2]],
}


def as_csv(rows: Any, delimiter: str = ",") -> str:
    return "".join(delimiter.join(map(str, row)) + "\n" for row in np.atleast_2d(rows).tolist())


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(json.dumps(PROBLEM))
