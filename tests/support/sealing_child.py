"""A clock that does nothing but seal and anchor, as fast as it can, until it is killed: `URL ANCHORS KEY-FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.core import log_keys
from gateway.core.database import Database
from gateway.core.log_seal import Sealer
from gateway.core.times import utc_now
from gateway.front.anchoring import AnchorFile


def main(url: str, anchors: str, folder: str) -> None:
    key, keys = log_keys.signing(Path(folder)), log_keys.verifying(Path(folder))
    assert key is not None
    database, file = Database(url), AnchorFile(Path(anchors), keys)
    sealer = Sealer(database, key, keys, utc_now, file.newest, batch=3)
    while True:
        sealer.seal()
        file.catch_up(database)


if __name__ == "__main__":
    main(*sys.argv[1:])
