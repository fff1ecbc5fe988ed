"""`python -m tests.faults.start …`: `tipline …` whose supervisor starts the wrapped processes in place of the bare.

The carrier's records lie in a place of their own: our disk may be full, the phone company's is not.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from gateway.front import cli, supervise
from gateway.front.places import Var
from tests.faults.child import FOLDER


def carrier_store(folder: Path) -> Path:
    """Locate what the stand-in carrier keeps."""
    return folder / "carrier" / "phones.db"


def main(arguments: list[str]) -> int:
    """Run a command that starts a supervisor."""
    folder = Path(os.environ[FOLDER])
    Var.phones_store = property(lambda _var: carrier_store(folder))  # type: ignore[method-assign,assignment]
    supervise._runnable = lambda command: shlex.join(
        [sys.executable, "-m", "tests.faults.child", shlex.split(command)[-1]]
    )
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
