"""The handshake: who agrees, who does not, who agrees later; and what is asked."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.core.errors import BadInput, NotFound
from gateway.core.http import Hosts
from responders.subscriptions import asking, service
from responders.subscriptions.records import ACTIVE, PENDING, RETIRED, WAITING
from responders.subscriptions.service import Made, Wish
from tests.integration.subscriptions.conftest import STAFF, Rig
from tests.support.receivers import Got, Reply, consent, receiving, taking


def test_question_is_that_of_the_specification(rig: Rig) -> None:
    with receiving() as receiver:
        rig.subscribe(receiver)
    (asked,) = receiver.got
    assert (asked.method, asked.path) == ("OPTIONS", "/events")
    assert asked.headers["webhook-request-origin"] == "console.example.org"
    assert int(asked.headers["webhook-request-rate"]) > 0
    callback = urlsplit(asked.headers["webhook-request-callback"])
    assert (callback.scheme, callback.netloc) == ("https", "console.example.org")
    assert len(parse_qs(callback.query)["key"][0]) >= 43


@pytest.mark.parametrize("allowed", ["*", "console.example.org", "Console.Example.Org"])
@pytest.mark.parametrize(("rate", "kept"), [("*", None), ("120", 120), ("999999999999", 1_000_000)])
def test_consent_stands_in_headers(rig: Rig, allowed: str, rate: str, kept: int | None) -> None:
    headers = {"WebHook-Allowed-Origin": allowed, "WebHook-Allowed-Rate": rate}
    with receiving(lambda _got: (405, headers, b"")) as receiver:
        made = rig.subscribe(receiver)
    assert (rig.read(made).state, rig.read(made).rate_per_minute) == (ACTIVE, kept)
    assert rig.world.events("subscription.") == ["subscription.created", "subscription.consented"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        pytest.param((200, {}, b""), "no_consent", id="200 and no word of it"),
        pytest.param((405, {}, b""), "no_consent", id="405"),
        pytest.param((200, {"Allow": "POST"}, b"ok"), "no_consent", id="it allows POST"),
        pytest.param(
            (200, {"WebHook-Allowed-Origin": "elsewhere.example.org", "WebHook-Allowed-Rate": "*"}, b""),
            "other_origin", id="for somebody else",
        ),
        pytest.param((200, {"WebHook-Allowed-Origin": "*"}, b""), "no_rate", id="no rate"),
        pytest.param(
            (200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "0"}, b""), "no_rate", id="none a minute"
        ),
        pytest.param((302, {"Location": "/other"}, b""), "no_consent", id="redirects"),
    ],
)  # fmt: skip
def test_no_consent_no_events(rig: Rig, reply: Reply, code: str) -> None:
    with receiving(lambda _got: reply) as receiver:
        made = rig.subscribe(receiver, agree=False)
        assert rig.asker.ask_all() == 0
        assert (rig.read(made).state, rig.read(made).code) == (WAITING, code)
        rig.happen(rig.case())
        assert rig.wait(days=1) == 0
        assert rig.asker.ask_all() == 0
        assert receiver.posts == []
        assert len(receiver.got) == 1


def test_receiver_that_is_away_is_asked_again_and_not_for_ever(rig: Rig) -> None:
    with receiving() as receiver:
        pass
    made = rig.subscribe(receiver, agree=False)
    for _ in range(50):
        rig.asker.ask_all()
        if rig.read(made).state != PENDING:
            break
        assert rig.read(made).code == "connection"
        rig.world.clock.forward(hours=6)
    assert rig.read(made).state == WAITING
    assert rig.world.events("subscription.refused") == ["subscription.refused"]


def test_person_has_it_asked_again(rig: Rig) -> None:
    def never(_got: Got) -> Reply:
        return (200, {}, b"")

    with receiving(never) as receiver:
        made = rig.subscribe(receiver, agree=False)
        rig.asker.ask_all()
        receiver.choose = consent
        _ask_again(rig, made)
        assert rig.asker.ask_all() == 1
        assert rig.read(made).state == ACTIVE


def test_receiver_agrees_later_by_calling_back(rig: Rig) -> None:
    with receiving(lambda _got: (200, {}, b"")) as receiver:
        made = rig.subscribe(receiver, agree=False)
        rig.asker.ask_all()
    key = parse_qs(urlsplit(receiver.got[0].headers["webhook-request-callback"]).query)["key"][0]
    now = rig.world.clock()
    for wrong in ("", key[:-1], key + "x", "é"):
        with rig.world.of("console").write() as session, pytest.raises(NotFound):
            asking.agree_later(session, made.row.id, wrong, "", now)
    with rig.world.of("console").write() as session, pytest.raises(BadInput):
        asking.agree_later(session, made.row.id, key, "-5", now)
    assert rig.read(made).state == WAITING
    with rig.world.of("console").write() as session:
        asking.agree_later(session, made.row.id, key, "60", now)
    assert (rig.read(made).state, rig.read(made).rate_per_minute) == (ACTIVE, 60)
    with rig.world.of("console").write() as session, pytest.raises(NotFound):
        asking.agree_later(session, made.row.id, key, "", now)


def _move(rig: Rig, made: Made, sink: str) -> None:
    with rig.world.of("console").write() as session:
        row = service.find(session, rig.world.district_id, made.row.id, lock=True)
        wish = Wish(name=row.name, sink=sink)
        service.change(session, rig.keys, Hosts(["127.0.0.1"]), row, wish, STAFF, rig.world.clock())


def _ask_again(rig: Rig, made: Made) -> None:
    with rig.world.of("console").write() as session:
        row = service.find(session, rig.world.district_id, made.row.id, lock=True)
        service.ask_again(session, row, STAFF, rig.world.clock())


def test_key_of_one_address_agrees_to_nothing_for_another(rig: Rig) -> None:
    with receiving(lambda _got: (200, {}, b"")) as receiver:
        made = rig.subscribe(receiver, agree=False)
        rig.asker.ask_all()
    key = parse_qs(urlsplit(receiver.got[0].headers["webhook-request-callback"]).query)["key"][0]
    _move(rig, made, receiver.url + "/elsewhere")
    with rig.world.of("console").write() as session, pytest.raises(NotFound):
        asking.agree_later(session, made.row.id, key, "", rig.world.clock())
    assert rig.read(made).state == PENDING


def test_answer_of_one_address_is_not_taken_for_that_of_another(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver, agree=False)
        moved = receiver.url + "/elsewhere"

        def agree_late(got: Got) -> Reply:
            _move(rig, made, moved)  # while the first address is still thinking
            return consent(got)

        receiver.choose = agree_late
        assert rig.asker.ask_all() == 0
        assert (rig.read(made).state, rig.read(made).sink) == (PENDING, moved)
        receiver.choose = consent
        assert rig.asker.ask_all() == 1
        assert [got.path for got in receiver.got] == ["/events", "/events/elsewhere"]


@pytest.mark.parametrize("why", ["moved", "retired"])
def test_what_happens_while_it_is_asked_anew_is_sent_once_it_agrees(rig: Rig, why: str) -> None:
    with receiving() as receiver:
        made, case = rig.subscribe(receiver), rig.case()
        since = rig.world.clock()
        wanted = rig.happen(case)
        rig.run()
        if why == "moved":
            _move(rig, made, receiver.url + "/elsewhere")
        else:
            receiver.choose = lambda _got: (410, {}, b"")
            rig.happen(case)
            rig.run()
            assert rig.read(made).state == RETIRED
            _ask_again(rig, made)
        receiver.choose = taking
        receiver.got.clear()
        between = rig.happen(case, count=2)
        assert rig.run() == 0
        assert rig.asker.ask_all() == 1
        rig.run()
        assert receiver.ids == between
        with rig.world.of("console").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            service.change(
                session, rig.keys, Hosts(["127.0.0.1"]), row, Wish(name="x", sink=receiver.url + "/third"), STAFF, since
            )
            assert service.replay_since(session, row, since, STAFF, rig.world.clock()) >= 3
        receiver.got.clear()
        rig.asker.ask_all()
        rig.run()
        assert [one for one in receiver.ids if one in {*wanted, *between}] == wanted + between


def test_nobody_who_is_sent_events_is_asked_again(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        with pytest.raises(BadInput, match="nothing to ask"):
            _ask_again(rig, made)
        assert rig.read(made).state == ACTIVE


def test_nothing_is_sent_again_to_who_never_agreed(rig: Rig) -> None:
    with receiving(lambda _got: (200, {}, b"")) as receiver:
        made = rig.subscribe(receiver, agree=False)
        for _ in range(2):  # pending, then waiting
            with rig.world.of("console").write() as session, pytest.raises(BadInput, match="not agreed"):
                service.replay_since(
                    session, session.merge(rig.read(made)), rig.world.clock(), STAFF, rig.world.clock()
                )
            rig.asker.ask_all()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"sink": "http://hooks.example.org/"}, id="not https"),
        pytest.param({"sink": "https://10.0.0.1/"}, id="private"),
        pytest.param({"sink": "https://169.254.169.254/latest/meta-data"}, id="metadata"),
        pytest.param({"sink": "nonsense"}, id="no address"),
        pytest.param({"mode": "carrier pigeon"}, id="unknown mode"),
        pytest.param({"types": ["org.tipline.case.opened"]}, id="a type without its version"),
        pytest.param({"types": ["org.example.thing.v1"]}, id="an unknown type"),
        pytest.param({"name": "  "}, id="no name"),
        pytest.param({"filters": [{"sql": "severity = 'high'"}]}, id="SQL"),
        pytest.param({"filters": [{"exact": {"severity": 5}}]}, id="a number"),
        pytest.param({"filters": ["severity"]}, id="no expression"),
        pytest.param({"filters": [{"exact": {}, "prefix": {}}]}, id="two at once"),
        pytest.param({"filters": [{"any": []}]}, id="any of nothing"),
        pytest.param({"token": "two words"}, id="a token of two words"),
        pytest.param({"token": "line\r\nbreak"}, id="a token that breaks the header"),
    ],
)
def test_wish_that_makes_no_sense_is_refused(rig: Rig, wrong: dict[str, object]) -> None:
    wish = Wish(**{"name": "x", "sink": "https://hooks.example.org/", **wrong})  # type: ignore[arg-type]
    with rig.world.of("console").write() as session, pytest.raises(BadInput):
        service.create(session, rig.keys, Hosts(), rig.world.district_id, wish, STAFF, rig.world.clock())


def test_filters_that_nest_too_deep_are_refused(rig: Rig) -> None:
    inner: dict[str, object] = {"exact": {"severity": "high"}}
    for _ in range(20):
        inner = {"not": inner}
    wish = Wish(name="x", sink="https://hooks.example.org/", filters=[inner])
    with rig.world.of("console").write() as session, pytest.raises(BadInput):
        service.create(session, rig.keys, Hosts(), rig.world.district_id, wish, STAFF, rig.world.clock())
