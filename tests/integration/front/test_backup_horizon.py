"""What is lost with a disk, and what is not: the carrier keeps each text until a backup holds it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from gateway.core import backups, key_ends
from gateway.core.backfill import Backfill
from gateway.core.database import Database
from gateway.core.records import Message
from gateway.front.backup import rows, taking
from gateway.front.doctor.backups import backup
from gateway.front.doctor.retention import destruction
from gateway.front.migrations.tables import METADATA
from responders.retention import service
from responders.retention.records import RetentionRun
from tests.integration.core.test_backfill import Mailbox
from tests.support.backup_site import Site
from tests.support.world import World


def test_keep_deletes_older_backups_and_nothing_else(site: Site) -> None:
    names = [f"tipline-2025010{day}T000000Z.backup" for day in range(1, 6)]
    others = ["notes.txt", "tipline-old.backup", "tipline-20250101T000000Z.backup.gz"]
    for name in (*names, *others, "tipline-20250101T000001Z.backup.part"):
        (site.out / name).write_bytes(b"x")
    code, said = site.tipline("backup", "--out", site.out, "--keep", "3", "--json")
    assert code == 0, said
    left = {path.name for path in site.out.iterdir()}
    assert {*names[3:], *others} < left
    assert len(left) == 6
    code, said = site.tipline("backup", "--out", site.out, "--keep", "0")
    assert (code, "keeps one backup or more" in said) == (2, True)


def test_backup_never_overwrites_and_says_what_it_lacks(site: Site) -> None:
    path = site.backup()
    for words, sentence in (
        (["--out", path], "is there already"),
        ([], "Say with --out"),
        (["--out", site.folder / "nowhere" / "x"], "could not be written"),
        (["--out", site.out, "--to", site.key], "not the public key"),
        (["--out", site.out, "--to", site.folder / "none"], "backup key --out"),
    ):
        code, said = site.tipline("backup", *words)
        assert (code, sentence in said) == (2, True), said
    with site.world.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    code, said = site.tipline("backup", "--out", site.out)
    assert (code, "not those of this version" in said) == (2, True), said
    assert list(site.out.iterdir()) == []


def test_every_column_is_of_a_kind_that_a_backup_knows() -> None:
    shapes = [rows.shape_of(table) for table in METADATA.sorted_tables]
    assert {shape.name for shape in shapes} == set(METADATA.tables)
    assert taking.ANCHORS.name not in METADATA.tables


def test_last_backup_is_known_in_the_log(site: Site) -> None:
    with site.world.database.read() as session:
        assert backups.last(session) is None
    path = site.backup()
    with site.world.database.read() as session:
        found = backups.last(session)
    assert found
    assert (found.size, len(found.sha256)) == (path.stat().st_size, 64)


def arrive(site: Site, mailbox: Mailbox, sid: str) -> None:
    """A text comes in by its webhook, and is threaded and dispatched at once."""
    held = mailbox.hold(sid, f"he has a gun {sid}")
    site.world.text(held.text, sid=sid)
    settle(site.world)


def settle(world: World) -> None:
    world.courier.thread_all()
    with world.database.write() as session:
        fresh = update(Message).where(Message.direction == "in", Message.dispatched_at.is_(None))
        session.execute(fresh.values(dispatched_at=world.clock()))


def courier_of(world: World, mailbox: Mailbox) -> Backfill:
    """The courier, just started."""
    return Backfill(world.of("courier"), world.keys["courier"], mailbox, world.clock, "reports", stored=lambda: None)


def clean(world: World, mailbox: Mailbox) -> None:
    """Delete at the carrier what may go, and forget it there as the carrier does."""
    courier_of(world, mailbox).delete_all()
    mailbox.held[:] = [one for one in mailbox.held if one.provider_sid not in mailbox.deleted]


def sids(database: Database) -> set[str | None]:
    with database.read() as session:
        return set(session.scalars(select(Message.provider_sid).where(Message.direction == "in")))


def test_nothing_is_lost_with_the_disk_that_came_in_after_the_last_backup(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, mailbox = site.world, Mailbox(site.world.clock)
    monkeypatch.setattr("gateway.front.cli_backup.utc_now", world.clock)
    arrive(site, mailbox, "SM1")
    courier_of(world, mailbox).list_all()
    world.clock.forward(minutes=10)
    path = site.backup()
    for number in (2, 3, 4):
        world.clock.forward(hours=5)
        arrive(site, mailbox, f"SM{number}")
        courier_of(world, mailbox).list_all()
        clean(world, mailbox)
    assert mailbox.deleted == ["SM1"], "the carrier keeps what no backup holds"
    before = sids(world.database)

    database = site.lose()
    assert site.restore(path)[0] == 0
    assert sids(database) == {"SM1"}
    restored = World(database, world.keys, world.clock, world.carrier, world.district_id)
    assert courier_of(restored, mailbox).list_all() == 3
    assert sids(database) == before
    settle(restored)
    clean(restored, mailbox)
    assert set(mailbox.deleted) == {"SM1"}, "what came back is in no backup yet"
    assert courier_of(restored, mailbox).list_all() == 0
    restored.close()


def test_line_that_was_never_listed_is_read_from_before_the_backup(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    world, mailbox = site.world, Mailbox(site.world.clock)
    monkeypatch.setattr("gateway.front.cli_backup.utc_now", world.clock)
    path = site.backup()
    mailbox.hold("SM1")
    world.clock.forward(days=1)
    database = site.lose()
    assert site.restore(path)[0] == 0
    restored = World(database, world.keys, world.clock)
    assert courier_of(restored, mailbox).list_all() == 1
    restored.close()


def test_carrier_forgets_once_a_backup_holds_a_text_or_none_came_for_two_days(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, mailbox = site.world, Mailbox(site.world.clock)
    monkeypatch.setattr("gateway.front.cli_backup.utc_now", world.clock)
    arrive(site, mailbox, "SM1")
    clean(world, mailbox)
    assert mailbox.deleted == ["SM1"], "where no backups are made, nothing waits for one"
    site.backup()
    arrive(site, mailbox, "SM2")
    clean(world, mailbox)
    assert mailbox.deleted == ["SM1"]
    world.clock.forward(minutes=5)
    site.backup()
    clean(world, mailbox)
    assert mailbox.deleted == ["SM1", "SM2"]
    arrive(site, mailbox, "SM3")
    world.clock.forward(days=2, minutes=1)
    clean(world, mailbox)
    assert mailbox.deleted == ["SM1", "SM2", "SM3"]


@pytest.mark.parametrize(("hours", "level"), [(1, "ok"), (25, "ok"), (27, "warning")])
def test_doctor_knows_how_old_the_last_backup_is(site: Site, hours: int, level: str) -> None:
    with site.world.database.read() as session:
        finding = backup(session, site.keys, site.world.clock())
    assert (finding.level, "hourly" in finding.words) == ("warning", True)
    site.backup()
    with site.world.database.read() as session:
        last = backups.last(session)
        assert last
        finding = backup(session, site.keys, last.as_of + timedelta(hours=hours))
    assert (finding.level, f"{hours} hours old" in finding.words or hours == 1) == (level, True)


def test_keep_never_deletes_the_backup_just_made_whatever_clock_named_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.front.cli_backup.utc_now", site.world.clock)
    names = [f"tipline-2099010{day}T000000Z.backup" for day in range(1, 4)]
    for name in names:
        (site.out / name).write_bytes(b"x")
    for kept in ({names[2]}, set()):
        code, said = site.tipline("backup", "--out", site.out, "--keep", str(len(kept) + 1), "--json")
        assert code == 0, said
        left = {path.name for path in site.out.iterdir()}
        assert kept < left
        assert len(left) == len(kept) + 1
        assert max(left - kept) < names[0]
        site.world.clock.forward(seconds=1)


def test_after_a_restore_nothing_is_destroyed_before_a_person_says_so(site: Site) -> None:
    now = datetime.now(UTC)
    with site.world.database.write() as session:
        service.order(session, service.CLOCK, now - timedelta(days=1))
    path = site.backup()
    database = site.lose()
    code, said = site.restore(path)
    assert (code, "Until then nothing is destroyed." in said) == (0, True), said
    with database.read() as session:
        assert list(session.scalars(select(RetentionRun).where(RetentionRun.finished_at.is_(None)))) == []
        assert not service.is_due(session, now + timedelta(days=1))
        assert "holds placed after" in destruction(session, now + timedelta(days=1)).words
    with database.write() as session:
        service.order(session, "operator", now + timedelta(days=1)).finished_at = now
        assert service.is_due(session, now + timedelta(days=2))
        assert "destroyed" in destruction(session, now + timedelta(days=1)).words


def test_restore_says_what_only_the_escrow_of_its_day_opens(site: Site) -> None:
    site.world.text("there was a fight")
    path, month = site.backup(), f"{site.world.clock():%Y-%m}"
    key_ends.destroy(site.keys / "worker", "demo", month, site.world.clock())
    site.lose()
    code, said = site.restore(path)
    assert (code, "1 texts and notes of then are sealed to months' keys that were destroyed since" in said) == (0, True)
    site.lose()
    assert json.loads(site.restore(path, "--json")[1])["closed"] == 1
