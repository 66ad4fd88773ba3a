"""`python -m worker`: load a share, prepare a source, or look at a schema and its data."""

import sys

from worker.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
