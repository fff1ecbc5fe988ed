"""`tipline alerts` and `tipline keys rotate cap`, as a person at the command line meets them; and the doctor's look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from exports.cap.signature import make_key
from gateway.core import cap_keys, keys
from gateway.core.database import Database
from gateway.core.records import District, Event, new_id
from gateway.core.settings import load as load_settings
from gateway.core.times import utc_now
from gateway.front import cli
from gateway.front.doctor import alerts as doctor
from gateway.front.places import Var
from responders.directory.records import SchoolArea
from responders.escalation.feed import hash_of
from responders.escalation.records import Alert, AlertDelivery, AlertTarget, EscalationRules

Run = Callable[..., tuple[int, str]]
SQUARE = "39.1,-105.1 39.1,-105 39.2,-105 39.2,-105.1 39.1,-105.1"


@pytest.fixture
def tipline(var: Var, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a copy of the demo; answers the exit code and all that it said."""
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(list(words))
        out, err = capsys.readouterr()
        return code, out + err

    return run


@pytest.fixture
def database(var: Var) -> Iterator[Database]:
    opened = Database(f"sqlite:///{var.database}")
    yield opened
    opened.close()


def test_the_demo_is_shown_with_its_places_and_signs(tipline: Run) -> None:
    code, said = tipline("alerts", "--json")
    shown = json.loads(said)
    (district,) = shown["districts"]
    assert (code, district["district"], district["feed"], district["folder"]) == (0, "demo", "public", True)
    assert district["second_person"] is True
    assert district["schools"] == {"demo/cedar": "Cedar Middle School", "demo/lincoln": "Lincoln High School"}
    assert shown["certificate_until"] > utc_now().isoformat()
    assert "a second person approves; feed: http://127.0.0.1:8000/alerts/demo/feed.atom" in tipline("alerts")[1]


def test_rules_are_changed_and_the_log_says_so(tipline: Run, database: Database) -> None:
    words = ("--no-second-person", "--ipaws", "--no-folder", "--sender", "alerts@d7.example", "--feed", "off")
    assert tipline("alerts", "set", "demo", *words)[0] == 0
    with database.read() as session:
        rules = session.scalars(select(EscalationRules)).one()
        told = session.scalars(select(Event).where(Event.type == "org.tipline.alerts.changed")).all()
    assert (rules.second_person, rules.ipaws, rules.folder, rules.feed) == (False, True, False, "off")
    assert rules.sender == "alerts@d7.example"
    assert told[-1].data == {"second_person": False, "ipaws": True, "folder": False}


def test_a_link_to_the_feed_is_told_once_and_kept_as_a_hash(tipline: Run, database: Database) -> None:
    code, said = tipline("alerts", "set", "demo", "--feed", "token", "--json")
    link = json.loads(said)["feed"]
    token = link.split("/")[-2]
    assert (code, link) == (0, f"http://127.0.0.1:8000/alerts/demo/{token}/feed.atom")
    with database.read() as session:
        rules = session.scalars(select(EscalationRules)).one()
    assert rules.feed_token_hash == hash_of(token)
    assert token not in tipline("alerts", "--json")[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("set", "nowhere", "--ipaws"), "no such district"),
        (("set", "demo", "--sender", "two words"), "sender"),
        (("area", "demo/nowhere"), "no such school"),
        (("area", "demo/lincoln", "--polygon", SQUARE.rpartition(" ")[0]), "polygon: is open"),
        (("area", "demo/lincoln", "--polygon", "here"), "polygon"),
        (("area", "demo/lincoln", "--circle", "39,-105"), "circle"),
        (("area", "demo/lincoln", "--circle", "99,-105 1"), "circle: .*latitude"),
        (("area", "demo/lincoln", "--geocode", "008059"), "geocode"),
        (("add", "demo", "http://127.0.0.1/hook"), "https://"),
        (("add", "demo", "https://10.0.0.7/hook"), "not public"),
        (("add", "demo", "desk"), "not an address"),
        (("add", "demo", "a@b.example", "--status", "Real"), "status"),
        (("remove", "demo", "a@b.example"), "No alerts go there"),
        (("key",), "Say --name"),
        (("key", "--name", "x" * 65), "64 characters"),
        (("key", "--key", "a.pem"), "Say --name"),
        (("key", "--key", "a.pem", "--certificate", "b.pem"), "cannot be read"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(tipline: Run, words: tuple[str, ...], why: str) -> None:
    code, said = tipline("alerts", *words)
    assert code == 2
    assert re.search(why, said), said


def test_a_school_gets_a_place(tipline: Run, database: Database) -> None:
    words = (
        "--description",
        "The campus",
        "--polygon",
        SQUARE,
        "--circle",
        "39.1,-105 0.5",
        "--geocode",
        "SAME=008031",
    )
    assert tipline("alerts", "area", "demo/lincoln", *words)[0] == 0
    with database.read() as session:
        found = session.scalars(select(SchoolArea).where(SchoolArea.description == "The campus")).one()
    assert (found.polygons, found.circles, found.geocodes) == ([SQUARE], ["39.1,-105 0.5"], ["SAME=008031"])


def test_servers_and_addresses_come_and_go_and_a_secret_is_sealed(tipline: Run, database: Database, var: Var) -> None:
    code, said = tipline("alerts", "add", "demo", "https://cad.example/hook", "--status", "Actual", "--json")
    secret = json.loads(said)["secret"]
    assert (code, secret.startswith("whsec_")) == (0, True)
    assert tipline("alerts", "add", "demo", "desk@district.example")[0] == 0
    assert "go there already" in tipline("alerts", "add", "demo", "desk@district.example")[1]
    with database.read() as session:
        query = select(AlertTarget.id, AlertTarget.secret_sealed).where(AlertTarget.way == "post")
        ((target_id, sealed),) = session.execute(query)
    worker = keys.load(var.keys / "worker", "worker")
    assert sealed is not None
    assert worker.open(sealed, AlertTarget.bound_by(target_id, "secret")) == secret
    shown = tipline("alerts", "--json")[1]
    assert [one["address"] for one in json.loads(shown)["districts"][0]["targets"]] == [
        "https://cad.example/hook", "desk@district.example",
    ]  # fmt: skip
    assert secret not in shown
    assert tipline("alerts", "remove", "demo", "https://cad.example/hook")[0] == 0
    assert "cad.example" not in tipline("alerts", "--json")[1]


def test_a_key_is_rotated_with_both_certificates_known_meanwhile(tipline: Run, var: Var) -> None:
    first = cap_keys.signing(var.keys / "worker")
    assert first is not None
    assert "No key is prepared" in tipline("keys", "rotate", "cap", "--finish")[1]
    code, said = tipline("keys", "rotate", "cap")
    assert (code, "cap-next.pub" in said) == (0, True)
    assert cap_keys.signing(var.keys / "worker") == first
    assert set(cap_keys.certificates(var.keys / "intake")) == {"cap", "cap-next"}
    assert tipline("keys", "rotate", "cap", "--finish")[0] == 0
    second = cap_keys.signing(var.keys / "worker")
    assert second is not None
    assert second.id != first.id
    assert set(cap_keys.certificates(var.keys / "intake")) == {"cap", f"cap-{first.id[:16]}"}
    assert tipline("keys", "list")[0] == 0


def test_a_pair_of_an_authority_is_taken_in_its_place(tipline: Run, var: Var, tmp_path: Path) -> None:
    for process in keys.PROCESSES:
        for path in (var.keys / process).glob("cap*"):
            path.unlink()
    assert "not signed" in tipline("alerts")[1]
    assert "alerts key" in tipline("keys", "rotate", "cap")[1]
    key, certificate = make_key("COG 200000", utc_now(), 90)
    (tmp_path / "a.pem").write_bytes(key)
    (tmp_path / "b.pem").write_bytes(certificate)
    words = ("--key", str(tmp_path / "a.pem"), "--certificate", str(tmp_path / "b.pem"), "--json")
    code, said = tipline("alerts", "key", *words)
    assert (code, json.loads(said)["in_use"]) == (0, True)
    found = cap_keys.signing(var.keys / "worker")
    assert found is not None
    assert found.certificate == certificate


def test_the_doctor_looks_at_key_alerts_and_relay(tipline: Run, var: Var, database: Database) -> None:
    now = utc_now()
    assert doctor.signing(var.keys, now).level == "ok"
    assert doctor.signing(var.keys, now + timedelta(days=800)).level == "warning"
    assert doctor.signing(var.keys, now + timedelta(days=826)).level == "fault"
    (var.keys / "worker" / "cap.pub").unlink()
    assert doctor.signing(var.keys, now).level == "warning"
    base = {"DATABASE_URL": "sqlite://", "REDIS_URL": "redis://x", "TIPLINE_KEYS_DIR": "/k"}
    twilio = {"TWILIO_PAGING_ACCOUNT_SID": "AC1", "TWILIO_PAGING_API_KEY": "SK1", "TWILIO_PAGING_API_SECRET": "s"}
    mail = {"TIPLINE_SMTP_URL": "smtps://u:p@relay.example", "TIPLINE_MAIL_FROM": "a@d.example"}
    without, having = (load_settings("worker", {**base, **twilio, **more}) for more in ({}, mail))
    assert tipline("alerts", "add", "demo", "desk@district.example")[0] == 0
    with database.read() as session:
        assert [one.level for one in doctor.sending(session, without, now)] == ["ok", "fault"]
        assert [one.level for one in doctor.sending(session, having, now)] == ["ok"]
    with database.write() as session:
        session.execute(update(AlertTarget).values(removed_at=now))
    with database.read() as session:
        assert [one.level for one in doctor.sending(session, without, now)] == ["ok"]


@pytest.mark.parametrize(
    ("code", "level"), [("410", "warning"), ("expired", "warning"), ("cancelled", "ok"), ("superseded", "ok")]
)
def test_the_doctor_tells_of_deliveries_that_were_given_up(
    tipline: Run, database: Database, code: str, level: str
) -> None:
    assert tipline("alerts")[0] == 0
    now = utc_now()
    with database.write() as session:
        alert_id = _alert(session, now, "issued")
        session.add(
            AlertDelivery(alert_id=alert_id, way="folder", state="failed", code=code, created_at=now, due_at=now,
                          ended_at=now)
        )  # fmt: skip
    with database.read() as session:
        (found,) = doctor.sending(session, None, now)
        (later,) = doctor.sending(session, None, now + timedelta(days=8))
    assert (found.level, later.level) == (level, "ok")
    assert level == "ok" or "1 deliveries were given up" in found.words


def test_the_doctor_tells_of_alerts_that_did_not_go_out(tipline: Run, database: Database) -> None:
    assert tipline("alerts")[0] == 0
    now = utc_now()
    with database.write() as session:
        _alert(session, now, "refused")
    with database.read() as session:
        (found,) = doctor.sending(session, None, now)
        (later,) = doctor.sending(session, None, now + timedelta(days=8))
    assert (found.level, "1 approved alerts did not go out" in found.words, later.level) == ("warning", True, "ok")


def _alert(session: Session, now: datetime, state: str) -> str:
    made = Alert(
        id=new_id(), district_id=session.scalars(select(District.id)).one(), incident=new_id(), msg_type="Alert",
        status="Actual", scope="Public", scenario="lockdown", state=state, author="account:a", drafted_by="account:a",
        drafted_at=now, approved_at=now, lasts_minutes=60,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id
