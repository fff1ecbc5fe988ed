"""Stores that are slow: a restore waits."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.core import database as database_module
from gateway.core.media.folder import Folder
from gateway.core.media.storing import Writing
from gateway.core.times import utc_now
from gateway.front.backup import keys, restoring
from tests.integration.front.test_backup_files import Drawer, _drawer, all_of
from tests.support import files
from tests.support.backup_site import Site


@pytest.fixture
def drawer(request: pytest.FixtureRequest, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drawer:
    """Give an installation whose files lie in a folder, and whose backups go by the world's clock."""
    monkeypatch.setattr("gateway.front.cli_backup.utc_now", site.world.clock)
    return _drawer(request, site, tmp_path, monkeypatch, bucket=False)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_restore_takes_as_long_as_its_store_takes(drawer: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    site, create = drawer.site, Folder.create
    drawer.bring(files.archive())
    path, before = site.backup(), all_of(site.world, drawer.store)
    said = database_module._POSTGRES["options"]
    short = str(said).replace("idle_in_transaction_session_timeout=15s", "idle_in_transaction_session_timeout=1s")
    assert short != said
    monkeypatch.setitem(database_module._POSTGRES, "options", short)

    def slowly(self: Folder, name: str) -> Writing:
        with site.world.database.read() as session:  # The clock that ends idle transactions is the server's.
            session.execute(text("SELECT pg_sleep(1.5)"))
        return create(self, name)

    monkeypatch.setattr(Folder, "create", slowly)
    database, store = site.lose(), drawer.lose()
    restored = restoring.restore(database, store, path, keys.private(site.key), None, utc_now())
    assert restored.contents.files
    assert restored.contents.files["held"] == 1
    assert all_of(site.world, store) == before
