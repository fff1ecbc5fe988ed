"""Backups on real databases: taken while people write, restored into an empty one, and nothing is believed unproved."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, inspect, select

from gateway.core import escrow
from gateway.core.database import Database
from gateway.core.keys import PROCESSES, load
from gateway.core.log_keys import verifying
from gateway.core.records import Event, Line, Message, Send
from gateway.front import migrations, revision
from gateway.front.anchoring import AnchorFile
from gateway.front.backup import rows
from responders.accounts.records import Account, StaffSession
from tests.support.backup_site import NUMBERS, Site, counts, crowd_of, rewritten
from tests.support.crowd import Crowd
from tests.support.world import STUDENT, World


def test_drill_5000_messages_are_backed_up_while_people_write_and_come_back_with_keys_from_the_escrow(
    site: Site, tmp_path: Path
) -> None:
    crowd = crowd_of(site, 5_000, 300)
    shared = escrow.make(
        site.keys,
        shares=5,
        needed=3,
        now=site.world.clock(),
        secret=secrets.token_bytes(32),
        nonce=secrets.token_bytes(12),
    )
    site.beat()
    said_before, stop, started = set(crowd.said), threading.Event(), threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            crowd.write(20)
            started.set()

    writer = threading.Thread(target=go_on)
    writer.start()
    started.wait()
    path = site.backup()
    stop.set()
    writer.join()
    written = counts(site.world.database)

    database = site.lose()
    code, said = site.restore(path)
    assert code == 0, said
    assert "Nothing was changed." in said
    assert migrations.differences(database) == []
    recovered = tmp_path / "recovered"
    escrow.restore(escrow.open_archive(shared.archive, shared.shares[1:4]), recovered)
    held = {process: load(recovered / process, process) for process in PROCESSES}
    with database.read() as session:
        ids = set(session.scalars(select(Message.id)))
    assert said_before <= ids
    assert len(ids) <= written["messages"]
    town = World(database, held, site.world.clock, district_id=site.world.district_id)
    Crowd(town, NUMBERS, said=crowd.said).check(held)
    content = path.read_bytes()
    assert not [word for word in (*NUMBERS, "fight in room", "Lincoln", "districts") if word.encode() in content]
    assert STUDENT.encode() not in site.plain(path)


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_restore_into_either_kind_keeps_every_row_and_the_event_logs_digests(site: Site, into: str) -> None:
    crowd_of(site, 120, 20)
    site.beat()
    path, before = site.backup(), counts(site.world.database)
    database = site.lose(into)
    code, said = site.restore(path, "--json")
    assert code == 0, said
    answer = json.loads(said)
    assert {n: t["rows"] for n, t in answer["tables"].items() if n != "@anchors"} == {
        **before, "events": before["events"] - 1  # that it was made is written down when it is made
    }  # fmt: skip
    assert (answer["audit"]["ok"], answer["audit"]["events"] > 100) == (True, True)
    after = counts(database)
    assert {**after, "events": 0, "staff_sessions": 0} == {**before, "events": 0, "staff_sessions": 0}


def test_restored_house_works_on_above_every_number_that_was_known_outside(site: Site) -> None:
    site.world.text("gun")
    site.beat()
    path = site.backup()
    for number in range(5):
        site.world.text(f"after the backup {number}")
    site.beat()
    anchored = AnchorFile(site.anchors, verifying(site.keys / "clock")).newest()
    assert anchored
    lines = site.anchors.read_bytes()
    database = site.lose()
    code, said = site.restore(path)
    assert (code, "1 batches that were sealed after the backup are gone" in said) == (0, True), said
    assert site.anchors.read_bytes() == lines, "never cut, never written twice"
    town = World(database, site.world.keys, site.world.clock)
    town.text("a new one")
    with database.read() as session:
        assert (session.scalar(select(func.max(Event.seq))) or 0) > anchored.last_seq + 1000
    site.beat(database)
    assert site.tipline("audit", "verify")[0] == 1, "every audit names the gap"


def test_restore_brings_lost_anchors_back(site: Site) -> None:
    site.world.text("gun")
    site.beat()
    path, kept = site.backup(), site.anchors.read_bytes()
    site.anchors.unlink()
    site.lose()
    assert site.restore(path)[0] == 0
    assert site.anchors.read_bytes() == kept


def test_restore_signs_everyone_out_keeps_what_is_owed_and_says_so(site: Site) -> None:
    world = site.world
    world.text("gun")
    world.courier.thread_all()
    now = world.clock()
    with world.database.write() as session:
        account = Account(
            district_id=world.district_id,
            username="ana",
            name="Ana",
            role="counsellor",
            password_phc="x",
            created_at=now,
        )
        session.add(account)
        session.flush()
        session.add(
            StaffSession(
                cookie_hash="0" * 64, account_id=account.id, csrf="x", created_at=now, seen_at=now, expires_at=now
            )
        )
    path = site.backup()
    database = site.lose()
    code, said = site.restore(path)
    assert (code, "1 texts were waiting and leave now" in said) == (0, True), said
    assert "1 accounts and 0 tokens" in said
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(StaffSession)) == 0
        assert session.scalar(select(func.count()).select_from(Account)) == 1
        assert {line.listed_until is not None for line in session.scalars(select(Line))} == {True}
        assert list(session.scalars(select(Send.status))) == ["queued"]
    again = World(database, world.keys, world.clock, world.carrier)
    again.courier.send_all()
    assert len(world.carrier.texts) == 1


def test_restore_refuses_a_database_with_anything_in_it(site: Site) -> None:
    path, before = site.backup(), counts(site.world.database)
    code, said = site.restore(path)
    assert (code, "not empty" in said) == (2, True)
    assert counts(site.world.database) == before


def test_older_backup_is_migrated_forward(site: Site) -> None:
    path, old = site.backup(), Database(site.fresh("sqlite"))
    with old.engine.begin() as connection:
        migrations.bring_to(connection, "0005")
        tables = {name for name in inspect(connection).get_table_names() if name != "alembic_version"}
        known = {name: {c["name"] for c in inspect(connection).get_columns(name)} for name in tables}
    old.close()

    def change(lines: list[Any]) -> None:
        lines[0]["revision"] = "0005"
        kept, shape, places = [lines[0]], None, list[int]()
        tallies = dict[str, rows.Tally]()
        for line in lines[1:-1]:
            if isinstance(line, dict):
                shape = line if line["table"] in {*known, "@anchors"} else None
                if shape:
                    has = known.get(shape["table"], {"line"})
                    places = [i for i, (name, _) in enumerate(shape["columns"]) if name in has]
                    tallies[shape["table"]] = rows.Tally()
                    kept.append({**shape, "columns": [shape["columns"][i] for i in places]})
            elif shape:
                kept.append([line[i] for i in places])
                tallies[shape["table"]].add(rows.line(kept[-1]))
        lines[-1]["end"]["tables"] = {name: tally.to_json() for name, tally in tallies.items()}
        lines[:] = [*kept, lines[-1]]

    path = rewritten(site, path, change)
    database = site.lose()
    code, said = site.restore(path)
    assert code == 0, said
    assert revision.is_current(database)
    assert counts(database)["lines"] == 3


def test_backup_holds_no_private_key(site: Site) -> None:
    crowd_of(site, 50, 5)
    content = site.plain(site.backup())
    held = {name: found for name, found in escrow.read(site.keys).items() if name.endswith(".key")}
    assert held
    for name, found in held.items():
        raw = base64.b64decode("".join(line for line in found.splitlines() if "-" not in line))[-32:]
        assert found.strip().encode() not in content, name
        assert not [form for form in (raw, base64.b64encode(raw), raw.hex().encode()) if form in content], name
    assert b"PRIVATE KEY" not in content
    assert not list(site.keys.rglob("*backup*.key")), "the server keeps the public half alone"
    assert site.key.stat().st_mode & 0o777 == 0o600


def test_key_is_not_left_with_the_server_and_never_overwritten(site: Site) -> None:
    for path, sentence in ((site.keys / "backup.key", "must not stay"), (site.key, "is there already")):
        code, said = site.tipline("backup", "key", "--out", path)
        assert (code, sentence in said) == (2, True), said
