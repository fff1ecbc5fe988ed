"""Whoever lacks the sealing key changes the log: the audit sees it, and says where."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.log_audit import Finding
from gateway.core.records import LogSeal
from tests.support.sealed_log import SealedLog


@pytest.fixture
def log(database: Database, tmp_path: Path) -> SealedLog:
    return SealedLog(database, tmp_path / "heads.jsonl").filled()


def _only(log: SealedLog, *, anchored: bool = True) -> Finding:
    (finding,) = log.audit(anchored=anchored).findings
    return finding


def _forge(seq: int) -> str:
    return (
        f"INSERT INTO events (seq, id, district_id, type, subject, actor, at, data) SELECT {seq}, 'forged',"  # noqa: S608
        " district_id, type, subject, actor, at, data FROM events WHERE seq = 5"
    )


def _renumber(table: str, column: str, *steps: tuple[int, int]) -> list[str]:
    return [f"UPDATE {table} SET {column} = {new} WHERE {column} = {old}" for old, new in steps]  # noqa: S608


def test_verify_finds_nothing_in_an_honest_log(log: SealedLog) -> None:
    log.emit(2)
    report = log.audit()
    assert report.findings == []
    assert (report.batches, report.events, report.unsealed, report.anchors) == (3, 9, 2, 3)
    assert report.to_json()["ok"] is True


@pytest.mark.parametrize(
    "change",
    [
        "type = 'org.tipline.case.closed'",
        "subject = 'case/other'",
        "actor = 'account:mallory'",
        "district_id = 'd'",
        "at = '2026-11-21 22:00:00'",
        """data = '{"reason": "sev/ñ", "rank": 4, "rules": ["b", "a"], "unsure": false, "school": null}'""",
        """data = '{"rank": 99, "rank": 4, "reason": "sev/ñ", "rules": ["a", "b"], "unsure": false, "school": null}'""",
        "data = '{}'",
    ],
    ids=["type", "subject", "actor", "district", "at", "order-in-data", "name-twice", "data"],
)
def test_verify_finds_an_edit_of_any_column(log: SealedLog, change: str) -> None:
    event = log.one("SELECT id FROM events WHERE seq = 5")
    with log.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE events SET {change} WHERE seq = 5")  # noqa: S608 - the cases above
    finding = _only(log, anchored=False)
    assert (finding.kind, finding.batch, finding.seq, finding.event) == ("edited", 2, 5, event)


def test_verify_takes_another_spelling_of_the_same_for_the_same(log: SealedLog) -> None:
    same = '{"unsure":false,  "school":null,"rules":["a","b"],"reason":"sev/\\u00f1","rank":1}'
    with log.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE events SET data = '{same}' WHERE seq = 2")  # noqa: S608 - see above
    assert log.kinds() == set()


def test_verify_finds_a_deletion(log: SealedLog) -> None:
    event = log.one("SELECT id FROM events WHERE seq = 4")
    log.sql("DELETE FROM events WHERE seq = 4")
    finding = _only(log)
    assert (finding.kind, finding.batch, finding.seq, finding.event) == ("deleted", 2, 4, event)


def test_verify_finds_what_was_put_in_where_something_was_deleted(log: SealedLog) -> None:
    log.sql(
        "DELETE FROM events WHERE seq = 4",
        _forge(4),
    )
    found = {(finding.kind, finding.batch, finding.seq) for finding in log.audit().findings}
    assert found == {("deleted", 2, 4), ("inserted", 2, 4)}


@pytest.mark.parametrize("seq", [0, -7], ids=["zero", "negative"])
def test_verify_finds_what_was_put_in_before_the_first(log: SealedLog, seq: int) -> None:
    log.sql(_forge(seq))
    finding = _only(log)
    assert (finding.kind, finding.batch, finding.seq, finding.event) == ("inserted", 1, seq, "forged")


@pytest.mark.parametrize(("one", "other"), [(4, 5), (2, 8)], ids=["same-batch", "two-batches"])
def test_verify_finds_reordering(log: SealedLog, one: int, other: int) -> None:
    log.sql(*_renumber("events", "seq", (one, 999), (other, one), (999, other)))
    found = log.audit().findings
    assert {finding.seq for finding in found} == {one, other}
    assert {finding.kind for finding in found} <= {"moved", "inserted", "deleted"}


def test_verify_finds_a_cut_tail_of_events(log: SealedLog) -> None:
    log.sql("DELETE FROM events WHERE seq > 7")
    assert [(f.kind, f.seq) for f in log.audit(anchored=False).findings] == [("deleted", 8), ("deleted", 9)]


def test_verify_finds_events_and_seals_cut_together_by_the_anchors(log: SealedLog) -> None:
    log.sql("DELETE FROM events WHERE seq > 3", "DELETE FROM log_seals WHERE number > 1")
    assert log.kinds(anchored=False) == set(), "in itself it is consistent"
    found = log.audit().findings
    assert [(finding.kind, finding.batch) for finding in found] == [("missing", 2), ("missing", 3)]
    assert "seq 4 to 6" in found[0].words


def test_verify_finds_everything_gone_by_the_anchors(log: SealedLog) -> None:
    log.sql("DELETE FROM events", "DELETE FROM log_seals")
    assert [finding.batch for finding in log.audit().findings] == [1, 2, 3]


@pytest.mark.parametrize("anchored", [True, False], ids=["anchors", "no-anchors"])
def test_verify_finds_a_seal_taken_out_of_the_middle(log: SealedLog, anchored: bool) -> None:
    log.sql("DELETE FROM log_seals WHERE number = 2")
    report = log.audit(anchored=anchored)
    assert {finding.kind for finding in report.findings} == {"missing"}
    assert report.findings[0].batch == 2


def test_verify_finds_edits_under_a_lost_seal_by_its_anchor(log: SealedLog) -> None:
    log.sql("DELETE FROM log_seals WHERE number = 2", "UPDATE events SET actor = 'x' WHERE seq = 5")
    assert any("No seal vouches" in finding.words for finding in log.audit().findings)


@pytest.mark.parametrize("column", ["head", "signature"])
def test_verify_finds_a_changed_seal(log: SealedLog, column: str) -> None:
    with log.database.write() as session:
        row = session.get_one(LogSeal, 2)
        setattr(row, column, bytes(reversed(getattr(row, column))))
    assert _only(log).kind == "seal"
    assert {finding.batch for finding in log.audit(anchored=False).findings} == {2, 3}


def test_verify_finds_a_changed_list_and_edits_beneath_it(log: SealedLog) -> None:
    with log.database.write() as session:
        session.get_one(LogSeal, 2).entries = b"[[4"
    assert _only(log).kind == "seal"
    log.sql("UPDATE events SET actor = 'x' WHERE seq = 5")
    finding = _only(log)
    assert (finding.kind, finding.batch) == ("edited", 2)


def test_verify_finds_seals_that_changed_places(log: SealedLog) -> None:
    log.sql(*_renumber("log_seals", "number", (1, 9), (2, 1), (9, 2)))
    assert "seal" in log.kinds(anchored=False)


def test_verify_finds_a_log_that_was_sealed_anew_with_another_key(log: SealedLog) -> None:
    log.sql("UPDATE events SET actor = 'x' WHERE seq = 5", "DELETE FROM log_seals")
    forger = SealedLog(log.database, log.path.with_name("forged.jsonl"), Ed25519PrivateKey.generate())
    forger.beat()
    assert forger.kinds() == set(), "to the forger's own key it looks whole"
    assert "seal" in log.kinds()
    assert "seal" in log.kinds(anchored=False)


def test_verify_finds_a_seal_of_our_own_key_that_is_not_the_anchored_one(log: SealedLog) -> None:
    log.sql("DELETE FROM log_seals WHERE number = 3", "UPDATE events SET actor = 'x' WHERE seq = 9")
    # An older anchor file was put back, so the clock cannot know of batch 3: two heads of that number then exist.
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:2]))
    log.beat()
    assert log.kinds() == set()
    log.path.write_bytes(b"".join(lines))
    assert _only(log).kind == "fork"


@pytest.mark.parametrize(
    "line",
    [b'{"head": "torn', b'{"head": 5, "signature": ""}', b"[]", b"\xff\xfe", b'{"data": {}}', b"[" * 20000],
    ids=["torn", "types", "list", "bytes", "empty", "deep"],
)
def test_verify_reports_an_anchor_that_is_none_and_goes_on(log: SealedLog, line: bytes) -> None:
    log.path.write_bytes(line + b"\n" + log.path.read_bytes())
    assert _only(log).kind == "anchor"
    assert log.audit().anchors == 3


@pytest.mark.parametrize(
    "value",
    ["at = 'yesterday'", "data = '[[['", "type = x'ff00'", "actor = 5", "data = x'ff'"],
    ids=["time", "json", "bytes", "number", "utf-8"],
)
def test_verify_and_seal_do_not_choke_on_what_sqlite_lets_in(log: SealedLog, value: str) -> None:
    if not log.database.is_sqlite:
        pytest.skip("PostgreSQL refuses such values itself")
    log.emit(1)
    log.sql(f"UPDATE events SET {value} WHERE seq IN (5, 10)")  # noqa: S608 - the cases above
    finding = _only(log)
    assert (finding.kind, finding.seq) == ("edited", 5)
    assert log.beat() == 1
    assert _only(log).seq == 5


def test_verify_and_seal_do_not_choke_on_a_time_without_end(log: SealedLog) -> None:
    if log.database.is_sqlite:
        pytest.skip("SQLite knows no such time")
    log.emit(1)
    log.sql("UPDATE events SET at = 'infinity' WHERE seq IN (5, 10)")
    assert _only(log).seq == 5
    assert log.beat() == 1


def test_seals_hold_no_more_than_ids_and_hashes(log: SealedLog) -> None:
    with log.database.read() as session:
        stored = b"".join(row.head + row.entries for row in session.scalars(select(LogSeal)))
    assert b"sev/" not in stored + log.path.read_bytes()
    assert b"case/" not in stored + log.path.read_bytes()
