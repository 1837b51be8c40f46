"""Under a limit on memory NumPy is loaded with few threads, or refused before its library ends the process."""

import subprocess
import sys

import pytest

from tests.conftest import clean_environment

pytest.importorskip("resource", reason="there are no such limits here")

LIMITED = """
import os, resource, sys
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(getattr(resource, sys.argv[1]), (size + int(sys.argv[2]), resource.RLIM_INFINITY))
from backprop_cli.core.memory import is_limited, prepare_numpy
assert is_limited()
try:
    prepare_numpy()
    prepare_numpy()
except MemoryError:
    print("refused", "numpy" in sys.modules)
else:
    print(os.environ["OPENBLAS_NUM_THREADS"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux applies both limits, and has /proc")
@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
@pytest.mark.parametrize(
    ("room", "wanted", "printed"),
    [
        (2**26, "1", "refused False"),
        (2**28, "", "1"),
        (2**28, "64", "1"),
        (2**28, "1", "1"),
        (7 * 2**27, "3", "3"),
        (7 * 2**27, "4", "3"),
    ],
)
def test_numpy_is_prepared_or_refused(kind: str, room: int, wanted: str, printed: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, kind, str(room)],
        env=clean_environment({"OPENBLAS_NUM_THREADS": wanted}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"{printed}\n", "", 0)
