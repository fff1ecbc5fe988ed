"""Metrics tell how the house fares and nothing of anybody: every label is on a list, and only a token opens them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from starlette.testclient import TestClient

from gateway.core import heartbeats, keys
from gateway.core.messages import Outbound
from gateway.core.records import Contact, Line, School, new_id
from gateway.front import cli, environment, metrics, page_times
from gateway.front.meters import Counts, Times
from gateway.front.page_times import PageTimes
from gateway.front.places import Var
from gateway.front.wiring import console, intake
from responders.directory.records import Duty, Responder
from responders.dispatch import Dispatcher
from responders.paging.records import Page
from tests.support.world import RecordingSender, World

ALLOWED = {
    "process": set(keys.PROCESSES),
    "account": {"reporters", "paging"},
    "status": {"queued", "sent", "delivered", "undelivered", "failed"},
    "queue": {"judge", "thread", "callouts", "reporters", "paging"},
    "code": {
        "2xx", "4xx", "5xx", "database", "tables", "keys", "other",
        "thread", "send", "list", "ask", "clean", "meet", "renew", "dispatch", "prove", "sweep", "seal", "anchor",
    },
}  # fmt: skip


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _rendered(world: World) -> Samples:
    return _samples(metrics.render(world.of("console"), world.clock()).decode())


def _beat(world: World, process: str, instance: str = "", **data: object) -> None:
    with world.of(process).write() as session:
        now = world.clock()
        heartbeats.beat(session, instance or process, process, "1", now, now, data)


def _worker(world: World, times: PageTimes | None = None) -> Dispatcher:
    sender = RecordingSender()
    return Dispatcher(
        world.of("worker"), world.keys["worker"], world.clock, times.around(sender) if times else sender, "http://c"
    )


def test_metrics_count_what_waits_and_what_leaves(world: World) -> None:
    world.text("somebody has a gun at school, room 12")
    world.clock.forward(seconds=7)
    found = _rendered(world)
    assert found["tipline_waiting", (("queue", "judge"),)] == 1
    assert found["tipline_waiting_oldest_seconds", (("queue", "thread"),)] == 7
    assert found["tipline_callouts_open", ()] == 0
    world.courier.thread_some()
    world.courier.send_all()
    _worker(world).run()
    world.clock.forward(seconds=20)
    found = _rendered(world)
    assert found["tipline_waiting", (("queue", "judge"),)] == 0
    assert found["tipline_callouts_open", ()] == found["tipline_life_safety_unacknowledged", ()] == 1
    assert found["tipline_life_safety_unacknowledged_oldest_seconds", ()] == 20
    assert found["tipline_sends", (("account", "reporters"), ("status", "sent"))] == 1


def test_metrics_tell_of_each_process_whether_it_beats_and_what_it_lacks(world: World) -> None:
    _beat(world, "worker", trouble=None, duties={"dispatch": {"failing": 70, "silent": 0}})
    world.clock.forward(seconds=heartbeats.STALE_SECONDS + 1)
    _beat(world, "intake", trouble="keys")
    _beat(world, "clock", unsealed=3, unsealed_seconds=9)
    found = _rendered(world)
    up = {name: found["tipline_process_up", (("process", name),)] for name in keys.PROCESSES}
    assert up == {"intake": 1, "courier": 0, "worker": 0, "console": 0, "clock": 1}
    assert found["tipline_process_beat_age_seconds", (("process", "worker"),)] == 16
    assert found["tipline_process_trouble", (("code", "keys"), ("process", "intake"))] == 1
    assert found["tipline_duty_failing_seconds", (("code", "dispatch"), ("process", "worker"))] == 70
    assert found["tipline_log_unsealed_events", ()] == 3


def test_metrics_add_up_what_several_intakes_counted(world: World) -> None:
    counts = Counts()
    for status, seconds in ((200, 0.004), (200, 0.3), (403, 1.0), (500, 1.0)):
        counts.note(status, seconds)
    for instance in ("a", "b"):
        _beat(world, "intake", instance, **counts.to_json())
    found = _rendered(world)
    assert [found["tipline_webhooks_total", (("code", code),)] for code in ("2xx", "4xx", "5xx")] == [4, 2, 2]
    assert found["tipline_accept_seconds_bucket", (("le", "0.005"),)] == 2
    assert found["tipline_accept_seconds_bucket", (("le", "+Inf"),)] == found["tipline_accept_seconds_count", ()] == 4
    assert found["tipline_accept_seconds_sum", ()] == pytest.approx(0.608)


def test_metrics_tell_how_long_the_carriers_list_was_not_read(world: World) -> None:
    assert not [name for name, _ in _rendered(world) if name == "tipline_listing_age_seconds"]
    with world.database.write() as session:
        for place, line in enumerate(session.scalars(select(Line).order_by(Line.number))):
            line.listed_until = world.clock() - timedelta(minutes=place)
    found = _rendered(world)
    assert found["tipline_listing_age_seconds", (("account", "reporters"),)] == 60
    assert found["tipline_listing_age_seconds", (("account", "paging"),)] == 120


def test_every_label_is_on_the_list_and_nothing_tells_of_anybody(world: World) -> None:
    messages = [world.text("somebody has a gun at school, room 12"), world.text("my friend is sad", to="+13035550101")]
    world.courier.thread_some()
    world.courier.send_all()
    _worker(world).run()
    for process in keys.PROCESSES:
        _beat(
            world, process, trouble="hunter2 +13035550123", unsealed=1, unsealed_seconds=1, **Counts().to_json(),
            page=Times(page_times.PAGE_SECONDS).to_json(),
            duties={"thread": {"failing": 1, "silent": 0}, "+13035550123": {"failing": 0, "silent": 0}},
        )  # fmt: skip
    text = metrics.render(world.of("console"), world.clock()).decode()
    found = _samples(text)
    assert len(found) > 40
    for name, labels in found:
        assert re.fullmatch(r"tipline_[a-z_]+", name)
        for label, value in labels:
            if label != "le":
                assert value in ALLOWED[label], f"{name} has a label that is not on the list"
    with world.database.read() as session:
        schools = [word for school in session.scalars(select(School)) for word in (school.id, school.name, school.slug)]
        lines = [line.number.removeprefix("+1") for line in session.scalars(select(Line))]
    for word in (*messages, *schools, *lines, world.district_id, "hunter2", "3035550123", "gun"):
        assert word not in text


def test_page_times_count_from_the_text_to_its_first_page_alone(world: World, people: None) -> None:
    times = PageTimes(world.of("worker"), world.clock)
    world.text("somebody has a gun at school, room 12")
    world.courier.thread_some()
    world.courier.send_all()
    worker = _worker(world, times)
    worker.take_all()
    worker.page_all()
    world.clock.forward(seconds=2)
    worker.send_all()
    with world.database.read() as session:
        first = len(session.scalars(select(Page)).all())
    assert first > 0
    assert times.to_json()["page"] == {
        "bounds": page_times.PAGE_SECONDS, "counts": [0, 0, 0, first, *[0] * 7], "sum": 2.0 * first,
    }  # fmt: skip
    world.clock.forward(seconds=61)
    worker.run()
    assert sum(times.to_json()["page"]["counts"]) == first, "later rounds are not what is measured"


@pytest.fixture
def people(world: World) -> None:
    """Put somebody on call."""
    with world.database.write() as session:
        contact = Contact(id=new_id(), district_id=world.district_id, address="+13035550161")
        session.add(contact)
        session.flush()
        person = Responder(
            id=new_id(), district_id=world.district_id, contact_id=contact.id, name="R", role="officer"
        )  # fmt: skip
        session.add(person)
        session.flush()
        session.add(
            Duty(id=new_id(), district_id=world.district_id, responder_id=person.id, tier="on_call", position=0)
        )


@pytest.fixture
def client(var: Var) -> Iterator[TestClient]:
    app = console.make(environment.load("console", var, {}))
    with TestClient(app, base_url="http://127.0.0.1:8001", raise_server_exceptions=False) as client:
        yield client


def _token(var: Var, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scope: str) -> str:
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))
    assert cli.main(["token", "--name", "prometheus", "--scope", scope]) == 0
    return capsys.readouterr().out.strip()


def test_metrics_want_a_token_of_their_own_scope(
    client: TestClient, var: Var, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong = (_token(var, monkeypatch, capsys, scope) for scope in ("metrics:read", "cases:read"))
    for shown, status in ((None, 401), ("Bearer nobodys", 401), (f"Bearer {wrong}", 403), (f"Basic {right}", 401)):
        answer = client.get("/metrics", headers={"Authorization": shown} if shown else {})
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "tipline_" not in answer.text
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {right}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("tipline_process_up", (("process", "worker"),)) in _samples(answer.text)


def test_webhooks_are_counted_by_their_answer_and_no_other_page_is(var: Var) -> None:
    app = intake.make(environment.load("intake", var, {}))
    counts: Any = next(one.kwargs["counts"] for one in app.user_middleware if "counts" in one.kwargs)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.post("/sms/inbound", data={"Body": "hello"}).status_code == 403
        assert client.get("/healthz").status_code == 200
    assert counts.to_json()["webhooks"] == {"2xx": 0, "4xx": 1, "5xx": 0}
    assert sum(counts.to_json()["accept"]["counts"]) == 0


def test_times_are_counted_once_each_by_many_threads() -> None:
    times = Times((1.0, 2.0))

    def note() -> None:
        for seconds in (0.5, 1.0, 1.5, 9.0):
            times.note(seconds)

    threads = [threading.Thread(target=note) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert times.to_json() == {"bounds": (1.0, 2.0), "counts": [16, 8, 8], "sum": 96.0}


def test_sender_that_refuses_is_no_page_that_left(world: World) -> None:
    times = PageTimes(world.database, world.clock)

    class Refusing:
        def send(self, message: Outbound) -> str:
            raise httpx.ConnectError("x")

    with pytest.raises(httpx.ConnectError):
        times.around(Refusing()).send(Outbound("+1", "+1", "words", "send"))
    assert times._left.maxlen == page_times._UNSETTLED
    assert not times._left
