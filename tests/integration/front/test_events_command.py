"""`tipline events`: what leaves, as lines that others read; the catalogue; and sending again."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.http import Hosts
from gateway.core.records import District, Event
from gateway.core.times import utc_now
from gateway.front import cli
from gateway.front.doctor.receivers import receivers
from gateway.front.places import Var
from responders.cases.records import Case
from responders.subscriptions import places, service
from responders.subscriptions.records import ACTIVE, DEAD, QUEUED, Delivery, Subscription
from responders.subscriptions.service import Wish
from tests.support import stored_events


@pytest.fixture(autouse=True)
def here(var: Var, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))
    monkeypatch.setenv("TIPLINE_CONSOLE_URL", stored_events.ORIGIN)


@pytest.fixture
def opened(var: Var) -> Database:
    return Database(f"sqlite:///{var.database}")


def lines(capsys: pytest.CaptureFixture[str]) -> list[bytes]:
    return [line.encode() for line in capsys.readouterr().out.splitlines()]


def test_every_stored_event_of_the_demo_is_listed_and_valid(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["events", "list", "--limit", "100000"]) == 0
    listed = lines(capsys)
    with opened.read() as session:
        ids = list(session.scalars(select(Event.id).order_by(Event.seq)))
    opened.close()
    assert [json.loads(line)["id"] for line in listed] == ids
    assert len(ids) > 50
    assert stored_events.faults(listed) == []


def test_events_of_a_case_are_all_that_belong_to_it(opened: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with opened.read() as session:
        case = session.scalars(select(Case).order_by(Case.opened_at).limit(1)).one()
        own = [one.id for one in places.of_case(session, case.id, 15)]
    opened.close()
    assert cli.main(["events", "list", "--case", case.number]) == 0
    listed = [json.loads(line) for line in lines(capsys)]
    assert [event["id"] for event in listed] == own
    assert {event["caseid"] for event in listed} == {case.id}
    assert {event["subject"].split("/")[0] for event in listed} >= {"message", "thread", "case"}
    assert [event["sequence"] for event in listed] == sorted(event["sequence"] for event in listed)


def test_when_a_report_came_in_leaves_coarsely_and_what_staff_did_exactly(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["events", "list"]) == 0
    listed = [json.loads(line) for line in lines(capsys)]
    coarse = {event["time"] for event in listed if not event["actor"].startswith(("account:", "contact:"))}
    exact = {event["time"] for event in listed if event["actor"].startswith(("account:", "contact:"))}
    opened.close()
    assert all(time.endswith((":00:00Z", ":15:00Z", ":30:00Z", ":45:00Z")) for time in coarse)
    assert any(not time.endswith(":00Z") for time in exact)


def test_types_and_times_choose(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["events", "list", "--type", "org.tipline.case.opened.v1", "--since", "2020-01-01"]) == 0
    assert {json.loads(line)["type"] for line in lines(capsys)} == {"org.tipline.case.opened.v1"}
    assert cli.main(["events", "list", "--since", "2100-01-01T00:00:00Z"]) == 0
    assert lines(capsys) == []


def test_catalogue_lists_types_and_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["events", "catalogue"]) == 0
    assert "org.tipline.case.opened.v1" in capsys.readouterr().out
    assert cli.main(["events", "catalogue", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["org.tipline.case.opened.v1"]["required"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replay"], "--since TIME, or --dead"),
        (["replay", "--since", "yesterday"], "written as"),
        (["replay", "--dead"], "no such subscription"),
        (["list", "--case", "1999-0001"], "no case"),
        (["list", "--type", "nonsense"], "no such type"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["events", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_replay_sets_the_worker_to_send_again(var: Var, opened: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with opened.write() as session:
        district = session.scalars(select(District.id)).one()
        key_set = keys.load(var.keys / "console", "console")
        wish = Wish(name="CAD", sink="https://cad.example.org/")
        made = service.create(session, key_set, Hosts(), district, wish, "account:1", utc_now())
        last = session.scalars(select(Event.seq).order_by(Event.seq.desc()).limit(1)).one()
        session.execute(update(Subscription).values(state=ACTIVE, after_seq=last, agreed_at=utc_now()))
        wish = Wish(name="Never asked", sink="https://never.example.org/")
        service.create(session, key_set, Hosts(), district, wish, "account:1", utc_now())
        session.add(
            Delivery(subscription_id=made.row.id, event_id="e" * 32, seq=1, lane="x", state=DEAD, queued_at=utc_now(),
                     due_at=utc_now())
        )  # fmt: skip
    assert cli.main(["events", "replay", "--dead"]) == 0
    assert "CAD: 1 events are sent again" in capsys.readouterr().out
    assert cli.main(["events", "replay", "--since", "2020-01-01", "--subscription", made.row.id]) == 0
    assert cli.main(["events", "replay", "--since", "2020-01-01"]) == 0
    assert "Never asked: 0 events are sent again." in capsys.readouterr().out
    with opened.read() as session:
        assert session.scalars(select(Delivery.state)).one() == QUEUED
        assert session.get_one(Subscription, made.row.id).after_seq < last
    opened.close()


def test_doctor_says_which_receiver_does_not_take_events(var: Var, opened: Database) -> None:
    def look() -> tuple[str, str]:
        with opened.read() as session:
            found = receivers(session, var.keys)
        return found.level, found.words

    assert look() == ("ok", "Nobody is sent events.")
    with opened.write() as session:
        district = session.scalars(select(District.id)).one()
        key_set = keys.load(var.keys / "console", "console")
        wish = Wish(name="CAD", sink="https://cad.example.org/")
        made = service.create(session, key_set, Hosts(), district, wish, "account:1", utc_now())
        session.execute(update(Subscription).values(state=ACTIVE, failures=0))
    assert look() == ("ok", "1 are sent events.")
    with opened.write() as session:
        session.add(
            Delivery(subscription_id=made.row.id, event_id="e" * 32, seq=1, lane="x", state=DEAD, queued_at=utc_now(),
                     due_at=utc_now())
        )  # fmt: skip
    assert "events replay --dead" in look()[1]
    with opened.write() as session:
        session.execute(update(Subscription).values(failures=9))
    assert look()[1].startswith("CAD: not reached")
    (var.keys / "worker" / "delivery.key").unlink()
    assert "tipline keys init" in look()[1]
    opened.close()
