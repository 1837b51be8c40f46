"""Fixtures of the tests of documents."""

from functools import partial
from pathlib import Path

import pytest

from tests.render.compiler import Compile, compiled


@pytest.fixture
def compiles(tmp_path: Path) -> Compile:
    """Compile a document, and return the number of its pages."""
    return partial(compiled, folder=tmp_path)
