"""`python -m gateway.front`: the same as the `tipline` command."""

import sys

from gateway.front.cli import main

sys.exit(main())
