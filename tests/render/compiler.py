"""Compiles LaTeX, where pdflatex is installed."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Compile = Callable[[str], int]
needs_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="pdflatex is not installed (Debian: texlive-latex-recommended)",
)


def compiled(page: str, folder: Path) -> int:
    """Compile a document without a warning about width, and return the number of its pages."""
    (folder / "page.tex").write_text(page, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    log = (folder / "page.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    assert [each for each in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log) if float(each) > 5] == []
    pages = re.search(r"Output written on page\.pdf \((\d+) page", log)
    assert pages is not None
    return int(pages[1])


def article(fragment: str, points: int) -> str:
    """Return a document with a fragment that needs amsmath, in letters of a size."""
    return "\n".join(
        [
            rf"\documentclass[{points}pt,a4paper]{{article}}",
            r"\usepackage{amsmath}",
            r"\begin{document}",
            fragment + r"\end{document}",
        ]
    )
