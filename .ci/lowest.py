"""Print the lowest version of each package that pyproject.toml allows, as constraints for pip."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
requirements = {text for name in ("fast", "test") for text in extras[name]} | set(project["dependencies"])
for requirement in sorted(requirements):
    bound = re.fullmatch(r"([\w-]+)>=([\d.]+)(?:,<[\d.]+)?", requirement)
    if bound is None:
        raise SystemExit(f"pyproject.toml: {requirement!r} has no lower bound")
    print(f"{bound[1]}=={bound[2]}")  # noqa: T201 (this is what it is for)
