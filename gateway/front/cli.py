"""The `tipline` command: arguments in, one clear sentence out when something is wrong."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from gateway.core.errors import TiplineError
from gateway.front import cli_ask, cli_make, cli_run
from gateway.front.places import locate

_EPILOG = "Everything it keeps lies under var/, or where TIPLINE_VAR says."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code: 0 well, 1 a fault was found, 2 it could not be done."""
    parser = argparse.ArgumentParser(prog="tipline", description="An anonymous tip line for schools.", epilog=_EPILOG)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for room in (cli_run, cli_ask, cli_make):
        room.add(commands)
    options = parser.parse_args(arguments)
    try:
        code = int(options.run(options, locate(os.environ), dict(os.environ)))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has enough; Python must not complain when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except TiplineError as error:
        print(f"tipline: {error.public}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
