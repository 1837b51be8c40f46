"""A layer in C: it includes a header of golden values, and its own results are checked as raw values."""

import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.any_problem import any_problem
from tests.conftest import ROOT, Run, sized

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
COMPILER_OF_CPP = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")

needs_c = pytest.mark.skipif(COMPILER is None, reason="there is no compiler of C")
needs_cpp = pytest.mark.skipif(COMPILER_OF_CPP is None, reason="there is no compiler of C++")


def numbers(rng: random.Random, *shape: int) -> Any:
    first, *others = shape
    return [numbers(rng, *others) if others else rng.gauss(0, 1) for _ in range(first)]


def problem(seed: int) -> dict[str, Any]:
    """Return a layer of 5 samples, 4 inputs and 3 neurons, with numbers that no narrow type holds."""
    rng = random.Random(seed)
    return {
        "title": "Layer */ in C ??/",
        "inputs": numbers(rng, 5, 4),
        "weights": numbers(rng, 4, 3),
        "biases": numbers(rng, 3),
        "upstream": numbers(rng, 5, 3),
        "learning_rate": 0.05,
    }


def compiled(folder: Path, *definitions: str) -> Path:
    """Return the program of `tests/c/layer.c`, compiled beside the header in a folder."""
    program = folder / "layer"
    command = [COMPILER, "-std=c99", *WARNINGS, "-I", folder, *definitions, ROOT / "tests" / "c" / "layer.c"]
    subprocess.run([*map(str, command), "-o", str(program)], check=True)
    return program


def written_by_c(backprop: Run, folder: Path, dtype: str, *definitions: str) -> None:
    """Write golden.h, golden.bin and golden.json of `problem.json`, and mine.bin and mine.json by the program."""
    for name in ("golden.h", "golden.bin"):
        assert backprop("run", "problem.json", "--dtype", dtype, "--save", name).status == 0
    subprocess.run([str(compiled(folder, *definitions))], check=True, cwd=folder)
    shutil.copy("golden.json", "mine.json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@needs_c
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("dtype", "real"), [("float64", "double"), ("float32", "float")])
def test_a_program_in_c_passes(backprop: Run, folder: Path, dtype: str, real: str, seed: int) -> None:
    Path("problem.json").write_text(json.dumps(problem(seed)))
    written_by_c(backprop, folder, dtype, f"-DREAL={real}")
    ran = backprop("check", "problem.json", "--expect", "mine.json")
    assert (ran.status, ran.err) == (0, "")
    assert "expected values 95 of 95" in ran.out


@needs_c
@pytest.mark.parametrize(
    ("mistake", "wrong", "said"),
    [
        ("MEAN", "dweights", "a mean over the n_samples = 5 in dweights alone"),
        ("COLUMN_MAJOR", "dweights", "dweights stored column by column (column-major)"),
        ("NO_MASK", "dz", "the ReLU's mask forgotten"),
        ("ASCENT", "new_weights", "a step uphill"),
    ],
)
@pytest.mark.parametrize(("dtype", "real"), [("float64", "double"), ("float32", "float")])
def test_its_mistake_is_named(
    backprop: Run, folder: Path, mistake: str, wrong: str, said: str, dtype: str, real: str
) -> None:
    Path("problem.json").write_text(json.dumps(problem(0)))
    written_by_c(backprop, folder, dtype, f"-DREAL={real}", f"-DMISTAKE={mistake}")
    ran = backprop("check", "problem.json", "--expect", "mine.json")
    assert ran.status == 1
    assert f"  {wrong} is wrong" in ran.out
    assert said in ran.out


def program(header: str, manifest: list[dict[str, Any]]) -> str:
    """Return a program in C and in C++ that writes every array of a header, in the order of a manifest."""
    names = [re.sub(r"\W", "_", entry["name"]) for entry in manifest]
    writes = " &&\n      ".join(f"fwrite(&{name}, sizeof {name}, 1, file) == 1" for name in names)
    return f"""#include <stdio.h>
#include "{header}"
#include "{header}" /* its guard makes nothing of it */
int main(void) {{
  FILE *file = fopen("written.bin", "wb");
  if (file == NULL || !(learning_rate > 0)) return 1;
  const int written =
      {writes};
  return fclose(file) == 0 && written ? 0 : 1;
}}
"""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("compiler", "options"),
    [
        pytest.param(COMPILER, ("-x", "c", "-std=c99"), marks=needs_c, id="C99"),
        pytest.param(COMPILER_OF_CPP, ("-x", "c++", "-std=c++17"), marks=needs_cpp, id="C++17"),
    ],
)
@sized("count", 6, 100)
def test_a_compiler_reads_the_bits_of_the_raw_file(
    backprop: Run, compiler: str, options: tuple[str, ...], count: int
) -> None:
    titles = ("a */ int x; /* b", "??/", "/*", "\\", "caf\u00e9 \u202e", "??/\n*/")
    for seed in range(count):
        extreme = {"title": titles[seed % len(titles)], "learning_rate": 2.0**-140}
        Path("problem.json").write_text(json.dumps(any_problem(seed) | extreme))
        for name in ("golden.h", "golden.bin"):
            dtype = ("float64", "float32")[seed % 2]
            assert backprop("run", "problem.json", "--dtype", dtype, "--save", name).status == 0
        listed = json.loads(Path("golden.json").read_text())["arrays"]
        Path("program.txt").write_text(program("golden.h", listed))
        command = [compiler, *options, *WARNINGS, "program.txt", "-o", "program"]
        subprocess.run(command, check=True)
        subprocess.run(["./program"], check=True)
        assert Path("written.bin").read_bytes() == Path("golden.bin").read_bytes(), seed
