"""Courier and worker renewing rows after a rotation, and nothing else: a process to be killed on its way."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.core.database import Database
from gateway.core.keys import load
from gateway.core.rotation import Renewer
from gateway.core.times import utc_now
from gateway.front.wiring import courier, worker


def main(url: str, root: Path) -> None:
    """Renew until nothing is left."""
    database = Database(url)
    renewals = [
        *courier.renewals(load(root / "courier", "courier")),
        *worker.renewals(load(root / "worker", "worker")),
    ]
    renewer = Renewer(database, utc_now, renewals)
    while renewer.step():
        pass


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
