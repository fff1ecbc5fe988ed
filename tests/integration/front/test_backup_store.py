"""Stores that are slow, or not mounted: a restore waits, and a backup that lacks files stands in for no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.core import database as database_module
from gateway.core.media.folder import Folder
from gateway.core.media.storing import Writing
from gateway.core.times import utc_now
from gateway.front.backup import keys, restoring
from gateway.front.doctor.backups import backup
from gateway.front.doctor.finding import Finding
from tests.integration.core.test_backfill import Mailbox
from tests.integration.front.test_backup_files import Drawer, _drawer, all_of
from tests.integration.front.test_backup_horizon import clean, settle
from tests.support import files
from tests.support.backup_site import Site
from tests.support.world import World


@pytest.fixture
def drawer(request: pytest.FixtureRequest, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drawer:
    """Give an installation whose files lie in a folder, and whose backups go by the world's clock."""
    monkeypatch.setattr("gateway.front.cli_backup.utc_now", site.world.clock)
    return _drawer(request, site, tmp_path, monkeypatch, bucket=False)


def unmount(drawer: Drawer) -> None:
    """Have an empty folder where the files' disk was."""
    place = Path(drawer.url.removeprefix("file://"))
    place.rename(place.with_name("unmounted"))
    place.mkdir()


def mount(drawer: Drawer) -> None:
    place = Path(drawer.url.removeprefix("file://"))
    place.rename(place.with_name(f"empty-{drawer.site.world.clock():%H%M%S}"))
    place.with_name("unmounted").rename(place)


def bring(drawer: Drawer) -> None:
    """A text with a picture comes in, and all that is to be done with it is done."""
    drawer.bring(files.picture())
    assert drawer.clean() == 1
    settle(drawer.site.world)


def lacking(drawer: Drawer) -> Path:
    """Make a backup a few minutes later, in which a file is missing."""
    site = drawer.site
    site.world.clock.forward(minutes=5)
    path = site.folder / "lacking.backup"
    code, said = site.tipline("backup", "--out", path)
    assert (code, "1 are missing" in said) == (1, True), said
    return path


def look(site: Site) -> Finding:
    with site.world.database.read() as session:
        return backup(session, site.keys, site.world.clock())


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


def test_a_backup_that_lacks_files_deletes_no_older_one(drawer: Drawer) -> None:
    site = drawer.site
    bring(drawer)
    older = {f"tipline-2025010{day}T000000Z.backup" for day in range(1, 4)}
    for name in older:
        (site.out / name).write_bytes(b"x")
    unmount(drawer)
    code, said = site.tipline("backup", "--out", site.out, "--keep", "1")
    assert (code, "No older one was deleted" in said, "were deleted" in said) == (1, True, False), said
    site.world.clock.forward(seconds=1)
    code, said = site.tipline("backup", "--out", site.out, "--keep", "1", "--json")
    assert (code, json.loads(said)["missing"], json.loads(said)["deleted"]) == (1, 1, [])
    left = {path.name for path in site.out.iterdir()}
    assert (older < left, len(left)) == (True, 5)
    mount(drawer)
    site.world.clock.forward(seconds=1)
    code, said = site.tipline("backup", "--out", site.out, "--keep", "1")
    assert (code, "5 older ones were deleted" in said, "No older one" in said) == (0, True, False), said
    assert len(list(site.out.iterdir())) == 1


def test_the_carrier_keeps_a_text_until_a_backup_that_lacks_no_file_holds_it(drawer: Drawer) -> None:
    site, mailbox = drawer.site, Mailbox(drawer.site.world.clock)
    site.backup()
    site.world.clock.forward(minutes=5)
    bring(drawer)
    unmount(drawer)
    lacking(drawer)
    clean(site.world, mailbox)
    assert mailbox.deleted == []
    mount(drawer)
    site.backup()
    clean(site.world, mailbox)
    assert len(mailbox.deleted) == 1


def test_where_no_backup_ever_had_all_files_the_carrier_keeps_a_text_for_two_days(drawer: Drawer) -> None:
    site, mailbox = drawer.site, Mailbox(drawer.site.world.clock)
    bring(drawer)
    unmount(drawer)
    path = lacking(drawer)
    clean(site.world, mailbox)
    assert mailbox.deleted == []

    database = site.lose()
    code, said = site.restore(path)
    assert (code, "1 files that its rows name are not in it" in said) == (0, True), said
    restored = World(database, site.world.keys, site.world.clock)
    clean(restored, mailbox)
    assert mailbox.deleted == [], "what was restored from one that lacks files lacks them too"
    site.world.clock.forward(days=2)
    clean(restored, mailbox)
    assert len(mailbox.deleted) == 1
    restored.close()


def test_the_doctor_tells_of_missing_files_until_a_backup_has_them_all(drawer: Drawer) -> None:
    site = drawer.site
    bring(drawer)
    unmount(drawer)
    lacking(drawer)
    assert look(site).level == "fault"
    for number in range(2):
        site.world.clock.forward(hours=1)
        code, said = site.tipline("backup", "--out", site.folder / f"words{number}.backup", "--without-files")
        assert code == 0, said
    found = look(site)
    assert (found.level, "1 files of attachments were missing" in found.words) == ("fault", True)
    assert "the last with them is 2 hours old" in found.words
    assert "The last one is 0 minutes old" in found.words
    mount(drawer)
    site.backup()
    assert look(site).level == "ok"
    assert "without" not in look(site).words
