"""`python -m mammo_core`: the command line."""

import sys

from mammo_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
