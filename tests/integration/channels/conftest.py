"""The portal over a small district, asked by a browser without script; intake has its own role in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from channels.portal.desk import Desk
from gateway.core.media.folder import Folder
from gateway.core.rates import Rates
from gateway.front import apps
from gateway.front.wiring.intake import desk_of, inbound_of
from tests.support.telling import Site, add
from tests.support.world import World

URL = "https://tips.example.org"
LINCOLN = "/s/lincoln"


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "media", keep_free_bytes=0)


@pytest.fixture
def desk(world: World, store: Folder) -> Desk:
    made = desk_of(world.of("intake"), world.keys["intake"], URL, store, stored=lambda: None)
    return replace(made, soon_seconds=3600.0)  # However slow the machine: who wants to see it sets it.


@pytest.fixture
def serve(desk: Desk) -> Iterator[Callable[..., TestClient]]:
    """Serve the portal, parts of its desk replaced."""
    opened: list[TestClient] = []

    def make(**parts: Any) -> TestClient:
        app = apps.intake(replace(desk, **parts), [], URL, lambda: None)
        client = TestClient(app, base_url=URL, follow_redirects=False, raise_server_exceptions=False)
        client.headers["accept"] = "text/html"
        opened.append(client.__enter__())
        return client

    yield make
    for client in opened:
        client.__exit__()


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    return serve()


@pytest.fixture
def site(world: World, desk: Desk) -> Iterator[Site]:
    source, token = add(world)
    made = Site(world, None, source, token or "")  # type: ignore[arg-type]  # the next line

    def woken() -> None:
        made.woken.append("worker")

    inbound = inbound_of(world.of("intake"), world.keys["intake"], world.clock, Rates(600), woken)
    app = apps.intake(desk, inbound.routes(), URL, lambda: None)
    with TestClient(app, base_url=URL, raise_server_exceptions=False) as client:
        made.client = client
        yield made
