"""The portal, served on a free port over a small district: for browsers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from sqlalchemy import select

from gateway.core import key_files
from gateway.core.database import Database
from gateway.core.keys import PROCESSES, load
from gateway.core.media.folder import Folder
from gateway.core.records import Base, District, School
from gateway.core.times import utc_now
from gateway.front import apps
from gateway.front.wiring.intake import desk_of
from tests.support.world import SetClock, World

SERVED_HELP = "Cedar Valley counsellors"


@dataclass
class PortalSite:
    """A portal that is being served. `wakes` counts how often the worker was woken."""

    url: str
    world: World
    store: Folder
    wakes: list[None]


@contextmanager
def serving(folder: Path) -> Iterator[PortalSite]:
    """Serve a portal until the block ends."""
    key_files.init(folder / "keys", ["demo"], utc_now())
    keys = {process: load(folder / "keys" / process, process) for process in PROCESSES}
    database = Database(f"sqlite:///{folder / 'tipline.db'}")
    Base.metadata.create_all(database.engine)
    world = World(database, keys, clock=SetClock(utc_now()))
    world.build()
    with database.write() as session:
        session.scalars(select(District)).one().help_lines = [{"name": SERVED_HELP, "number": "+13035550140"}]
        lincoln = session.scalars(select(School).where(School.slug == "lincoln")).one()
        lincoln.help_lines = [{"name": "School police", "number": "+13035550142"}]
    wakes: list[None] = []
    store = Folder(folder / "media", keep_free_bytes=0)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        desk = desk_of(database, keys["intake"], url, store, stored=lambda: wakes.append(None))
        app = apps.intake(desk, [], url, database.close)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            thread.join(0.02)
        yield PortalSite(url, world, store, wakes)
        server.should_exit = True
        thread.join(10)
