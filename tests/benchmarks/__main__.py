"""Every figure of speed and memory, each as a ratio of paired runs: `python -m tests.benchmarks [NAME...]`.

The names are those of the modules beside this one; without any, all are run, which takes about an hour.
"""

import importlib
import sys

NAMES = (
    "start_up",
    "one_pass",
    "steps",
    "tables",
    "memory",
    "growth",
    "check_many",
    "check_submissions",
    "check_at_scale",
    "explain_large",
    "interrupts",
)

if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        print(f"# {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()
