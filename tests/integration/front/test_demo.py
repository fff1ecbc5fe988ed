"""The demo's district and its past: real rows, sealed, quiet, and made once."""

from __future__ import annotations

import json
import stat

import pytest
from sqlalchemy import func, select

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.records import Message, Send, Thread
from gateway.core.times import utc_now
from gateway.front import demo, environment, stories
from gateway.front.demo import Demo
from gateway.front.places import Var
from responders.accounts import service as accounts
from responders.cases.records import Case, Note
from responders.directory import service as directory
from responders.paging.records import Callout, Page
from tests.support.leaks import search_files

PHONES_OWN = ("env/phones.json",)


@pytest.fixture
def database(var: Var) -> Database:
    return Database(f"sqlite:///{var.database}")


def test_past_is_there_and_nobody_is_being_called(database: Database) -> None:
    with database.read() as session:
        states = {state for (state,) in session.execute(select(Case.state))}
        assert session.scalar(select(func.count()).select_from(Case)) == len(stories.STORIES)
        assert {"new", "acknowledged", "in_progress", "resolved", "closed"} <= states
        assert session.scalars(select(Callout).where(Callout.closed_at.is_(None))).all() == []
        assert session.scalar(select(func.count()).select_from(Page)), "there were pages"
        assert {status for (status,) in session.execute(select(Send.status))} <= {"delivered", "failed"}
        assert session.scalars(select(Message).where(Message.threaded_at.is_(None))).all() == []
        assert {language for (language,) in session.execute(select(Thread.language))} >= {"en", "es"}
        assert session.scalar(select(func.count()).select_from(Note))


def test_no_reporter_and_no_word_of_theirs_is_readable(var: Var, database: Database) -> None:
    database.close()
    senders = [story.sender for story in stories.STORIES]
    assert search_files(var.root, senders, aside=PHONES_OWN) == {}
    content = var.database.read_bytes()
    for story in stories.STORIES:
        for act in story.acts:
            assert not act.words or act.words.encode() not in content


def test_second_start_adds_nothing(var: Var, database: Database) -> None:
    def count() -> list[int]:
        with database.read() as session:
            tables = (Case, Message, Send, Callout, Note)
            return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    before = count()
    secrets = {path.name: path.read_text() for path in (var.root / "env").iterdir()}
    again = demo.prepare(var, {}, utc_now())
    assert count() == before
    assert {path.name: path.read_text() for path in (var.root / "env").iterdir()} | {
        "phones.json": secrets["phones.json"]
    } == secrets
    assert again.password in secrets["demo.env"]


def test_demo_person_signs_in_and_is_on_call(prepared: tuple[Var, Demo], database: Database) -> None:
    made = prepared[1]
    signed_in = accounts.sign_in(database, made.username, made.password, utc_now())
    with database.read() as session:
        on_call = directory.on_call(session, signed_in.account.district_id, None)
        escalation = directory.lists(session, signed_in.account.district_id, None)[directory.ESCALATION]
    assert signed_in.account.id in {person.account_id for person in on_call}
    assert len(on_call) == 3
    assert len(escalation) == 2


def test_the_administrator_whom_the_welcome_names_signs_in_as_one(
    prepared: tuple[Var, Demo], database: Database
) -> None:
    var, made = prepared
    told = made.welcome(var)
    assert f"or {made.administrator}, the same password: an administrator" in told
    assert "/developers" in told
    assert made.username != made.administrator
    signed_in = accounts.sign_in(database, made.administrator, made.password, utc_now())
    assert signed_in.account.role == accounts.ADMINISTRATOR


def test_each_process_is_told_its_own_secrets_and_no_others(var: Var) -> None:
    told = {process: set(environment.read(var.env(process))) for process in keys.PROCESSES}
    assert told["console"] == told["clock"] == set()
    assert {"TWILIO_WEBHOOK_SECRET", "TWILIO_PAGING_WEBHOOK_SECRET"} <= told["intake"]
    assert not [name for names in told.values() for name in names if name.endswith("AUTH_TOKEN")]
    assert "TWILIO_API_SECRET" in told["courier"]
    assert "TWILIO_PAGING_API_SECRET" in told["worker"]
    for process in keys.PROCESSES:
        assert environment.load(process, var, {}).process == process
        keys.load(var.keys / process, process)
    for path in (var.root / "env").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_moved_ports_move_webhooks_and_keep_accounts(var: Var) -> None:
    before = json.loads(var.phones_config.read_text())
    demo.prepare(var, {"TIPLINE_INTAKE_PORT": "18000", "TIPLINE_PHONES_PORT": "18002"}, utc_now())
    after = json.loads(var.phones_config.read_text())
    assert after["accounts"] == before["accounts"]
    assert {line["webhook_url"] for line in after["lines"]} == {"http://127.0.0.1:18000/sms/inbound#rc=3&rp=all"}
    assert environment.read(var.env("courier"))["TWILIO_API_BASE_URL"] == "http://127.0.0.1:18002"


def test_demo_of_an_earlier_version_gets_its_webhook_secrets(var: Var) -> None:
    before = json.loads(var.phones_config.read_text())
    for account in before["accounts"]:
        account["shared_key"] = None
    var.phones_config.write_text(json.dumps(before))
    demo.prepare(var, {}, utc_now())
    after = json.loads(var.phones_config.read_text())["accounts"]
    assert [account["auth_token"] for account in after] == [account["auth_token"] for account in before["accounts"]]
    told = environment.read(var.env("intake"))
    assert told["TWILIO_WEBHOOK_SECRET"] == after[0]["shared_key"]["secret"]
    assert told["TWILIO_PAGING_WEBHOOK_SECRET"] == after[1]["shared_key"]["secret"]
