"""The clock's sealing duty, the webhook that takes heads, `tipline audit verify` and what the doctor says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from gateway.core import key_files, log_keys
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.log_heads import from_json
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import cli, environment, sealing
from gateway.front.anchoring import AnchorHook, post
from gateway.front.doctor.log import sealing as look
from gateway.front.duties import stop_all
from gateway.front.places import Var
from tests.support.house import until
from tests.support.sealed_log import SealedLog


@dataclass
class Receiver:
    """A webhook: keeps what it is handed, and answers with the next status; 0 is no answer at all."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[dict[str, object]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes) -> int:
        status = self.statuses.pop(0) if self.statuses else 202
        if not status:
            raise Unavailable
        self.bodies.append(json.loads(body))
        return status


@pytest.fixture
def database(var: Var) -> Iterator[Database]:
    opened = Database(f"sqlite:///{var.database}")
    yield opened
    opened.close()


@pytest.fixture
def settings(var: Var) -> Settings:
    return environment.load("clock", var, {})


@pytest.fixture
def log(database: Database, var: Var) -> SealedLog:
    key = log_keys.signing(var.keys / "clock")
    assert key is not None
    return SealedLog(database, var.anchors, key)


def _hook(log: SealedLog, receiver: Receiver) -> AnchorHook:
    return AnchorHook("https://anchor.example", "https://tips.example", log.database, log.keys, log.clock, receiver)


def test_clock_seals_and_anchors_what_the_demo_wrote(settings: Settings, database: Database, log: SealedLog) -> None:
    found = sealing.duties(settings, database, utc_now)
    for duty in found:
        duty.start()
    try:
        until(lambda: log.audit().anchors or None, "an anchored head")
    finally:
        stop_all(found)
    report = log.audit()
    assert (report.findings, report.unsealed) == ([], 0)
    assert report.events > 10


def test_clock_without_the_log_key_seals_nothing_until_there_is_one(var: Var, database: Database) -> None:
    settings = environment.load("clock", var, {})
    clock = sealing.Sealing(settings, database, utc_now)
    (settings.keys / "log.key").unlink()
    assert (clock.seal(), clock.seal(), clock.anchor(), clock.post()) == (0, 0, 0, False)
    key_files.init(var.keys, [], utc_now())
    assert clock.seal() == 1


def test_rotation_under_a_running_clock_leaves_one_chain_that_verifies(
    var: Var, log: SealedLog, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = sealing.Sealing(settings.model_copy(update={"anchor_url": "http://127.0.0.1:9"}), log.database, utc_now)
    for _ in range(3):
        log.emit(1)
        assert (clock.seal(), clock.anchor()) == (1, 1)
        monkeypatch.setenv("TIPLINE_VAR", str(var.root))
        assert cli.main(["keys", "rotate", "log"]) == 0
        assert "from its next batch on" in capsys.readouterr().out
    assert _verify(var, monkeypatch, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["batches"], report["anchors"], report["unsealed"]) == (3, 3, 0)
    assert not clock.post(), "nobody is there"
    assert cli.main(["keys", "rotate", "log", "--finish"]) == 2
    assert len(log_keys.verifying(var.keys / "console")) == 4


def test_clock_posts_heads_only_where_a_url_is_set(settings: Settings, database: Database) -> None:
    told = settings.model_copy(update={"anchor_url": "https://anchor.example", "anchor_file": None})
    assert [duty.name for duty in sealing.duties(settings, database, utc_now)] == ["seal"]
    assert [duty.name for duty in sealing.duties(told, database, utc_now)] == ["seal", "anchor"]


def test_hook_posts_the_newest_head_as_a_cloud_event_once(log: SealedLog) -> None:
    receiver = Receiver()
    hook = _hook(log, receiver)
    assert not hook.step(), "there is none yet"
    log.beat()
    assert hook.step()
    assert not hook.step()
    (event,) = receiver.bodies
    newest = log.file.newest()
    assert newest is not None
    assert event["type"] == "org.tipline.log.sealed.v1"
    assert event["subject"] == f"log/{newest.number}"
    assert from_json(json.dumps(event), log.keys) == newest, "what the receiver kept serves as an anchor"


def test_hook_tries_again_more_slowly_until_it_is_taken(log: SealedLog) -> None:
    receiver = Receiver([0, 500, 302, 200])
    hook = _hook(log, receiver)
    log.beat()
    pauses = []
    for _ in range(3):
        assert not hook.step()
        before = log.clock()
        while hook._not_before is not None and log.clock() < hook._not_before:
            assert not hook.step()
            log.clock.forward(seconds=1)
        pauses.append((log.clock() - before).total_seconds())
    assert hook.step()
    assert pauses == [2, 4, 8]
    assert len(receiver.bodies) == 3, "all but the one that nobody answered"


def test_hook_posts_the_same_id_again_after_a_restart(log: SealedLog) -> None:
    receiver = Receiver()
    log.beat()
    assert _hook(log, receiver).step()
    assert _hook(log, receiver).step()
    assert receiver.bodies[0]["id"] == receiver.bodies[1]["id"]


def test_post_to_nobody_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        post("http://127.0.0.1:9", b"{}")


def _verify(var: Var, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))
    return cli.main(["audit", "verify", *more])


def test_audit_verify_says_that_all_is_well(
    var: Var, log: SealedLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log.beat()
    assert _verify(var, monkeypatch) == 0
    assert "Nothing was changed." in capsys.readouterr().out
    assert _verify(var, monkeypatch, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert report["anchors"] == report["batches"] == report["newest"]["number"]


def test_audit_verify_says_where_something_was_changed(
    var: Var, log: SealedLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log.beat()
    # The database refuses to change an event; who owns it takes that away first.
    log.sql("DROP TRIGGER events_stay", "UPDATE events SET actor = 'x' WHERE seq = 5")
    assert _verify(var, monkeypatch, "--json") == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["kind"], finding["batch"], finding["seq"]) == ("edited", 2, 5)
    assert _verify(var, monkeypatch) == 1
    assert "batch 2: Event" in capsys.readouterr().out


def test_audit_verify_without_anchors_says_what_it_cannot_see(
    var: Var, log: SealedLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log.beat()
    kept = var.anchors.rename(var.root / "kept-elsewhere.jsonl")
    log.sql("DELETE FROM events WHERE seq > 3", "DELETE FROM log_seals WHERE number > 1")
    assert _verify(var, monkeypatch) == 0
    assert "No anchors were at hand" in capsys.readouterr().out
    assert _verify(var, monkeypatch, "--anchors", str(kept)) == 1
    assert "batch 2 (seq 4 to 6" in capsys.readouterr().out


def test_audit_verify_without_keys_or_with_a_missing_file_says_so(
    var: Var, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _verify(var, monkeypatch, "--anchors", "nowhere.jsonl") == 2
    assert "cannot be read" in capsys.readouterr().err
    (var.keys / "clock" / "log.pub").unlink()
    assert _verify(var, monkeypatch) == 2
    assert "tipline keys init" in capsys.readouterr().err


def test_doctor_tells_how_the_sealing_is(settings: Settings, log: SealedLog) -> None:
    now = utc_now() + timedelta(minutes=2)
    found = look(settings, log.database, now)
    assert (found.level, "Is the clock running?" in found.words) == ("warning", True)
    log.beat()
    assert look(settings, log.database, now).level == "ok"
    with log.database.write() as session:
        session.execute(text("DROP TRIGGER log_seals_stay"))
        session.execute(text("UPDATE log_seals SET signature = head"))
    found = look(settings, log.database, now)
    assert (found.level, "audit verify" in found.words) == ("fault", True)


def test_doctor_only_warns_without_the_log_key(settings: Settings, database: Database) -> None:
    (settings.keys / "log.key").unlink()
    found = look(settings, database, utc_now())
    assert (found.level, "keys init" in found.words) == ("warning", True)


def test_head_of_another_key_is_not_posted(log: SealedLog, tmp_path: Path) -> None:
    receiver = Receiver()
    SealedLog(log.database, tmp_path / "x.jsonl", Ed25519PrivateKey.generate()).beat()
    with pytest.raises(Exception, match="not signed by our key"):
        _hook(log, receiver).step()
    assert receiver.bodies == []
