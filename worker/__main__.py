"""`python -m worker`: load a share, prepare a source, or show a schema and its data."""

import sys

from core.setup_hint import run_with_hint


def main() -> int:
    """Run the command line; the import is here so that a missing package is reported in one line."""
    from worker.cli import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run_with_hint(main))
