"""`python -m rates` is `rates`."""

import sys

from rates.cli import main

if __name__ == "__main__":
    sys.exit(main())
