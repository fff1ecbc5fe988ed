"""Other systems tell us things: every mode, every refusal, once each, all the way to a case with their name on it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from httpx2 import Response
from sqlalchemy import Engine, select
from sqlalchemy import event as hooks
from structlog.testing import capture_logs

from channels import cloud_events
from gateway.core import conversation, systems
from gateway.core.errors import NotAllowed
from gateway.core.records import Event, Source, Thread
from responders.cases.records import Case
from responders.cases.words import UNSURE
from tests.support.telling import BATCHED, GUN, STRUCTURED, Site, add, event, refused
from triage.engine import assess
from triage.model import Category, Context


def test_a_concern_becomes_a_case_under_the_systems_name(site: Site) -> None:
    data = {"summary": GUN, "detail": "He left by the north door.", "link": "https://visitors.example/1\r\nx"}
    answer = site.post(event(data=data, time="2026-11-21T15:58:00-07:00"))
    assert (answer.status_code, answer.json(), site.woken) == (202, {"accepted": 1, "new": 1}, ["worker"])
    told = f"{GUN}\n\nHe left by the north door.\n\nLink: https://visitors.example/1 x"
    around = "Time given: 2026-11-21T22:58:00.000Z\nsource: //visitors.example/desk"
    assert site.words() == [f"{told}\n\n{around}"]
    (message,) = site.messages()
    assert (message.channel, message.quarantine, message.first_look) == ("system", None, 0)
    assert GUN.encode() not in message.words_sealed
    (case,) = site.take()
    assert (case.severity, case.unsure, case.stray, case.school_id) == ("critical", False, False, site.world.school_id)
    with site.world.database.read() as session:
        assert session.scalars(select(Thread)).one().pseudonym == "Front desk"
        actor = session.scalars(select(Event.actor).where(Event.type == "org.tipline.message.received")).one()
    assert actor == f"source:{site.source.id}"


def test_all_three_modes_say_the_same(site: Site) -> None:
    site.post(event(id="structured"))
    headers = {"ce-specversion": "1.0", "ce-id": "binary", "ce-source": "//x", "ce-type": cloud_events.CONCERN}
    assert site.post({"summary": GUN}, "application/json", **headers).status_code == 202
    batch = site.post([event(id="a"), event(id="b")], BATCHED)
    assert batch.json() == {"accepted": 2, "new": 2}
    assert [words.partition("\n\nsource: ")[0] for words in site.words()] == [GUN] * 4


def test_a_repeat_is_answered_alike_and_stored_once(site: Site) -> None:
    first = site.post(event())
    again = site.post([event(), event(), event(id="2")], BATCHED)
    assert (first.status_code, again.status_code, again.json()["new"]) == (202, 202, 1)
    assert site.post(event(source="//elsewhere")).json()["new"] == 1, "an id counts with its source"
    assert len(site.messages()) == 3
    assert site.post(event()).json()["new"] == 0
    assert len(site.woken) == 3


def test_what_is_told_next_about_the_same_subject_updates_its_case(site: Site) -> None:
    calm = {"summary": "A visitor forgot to sign out at the desk this afternoon"}
    site.post(event(subject="visit/7", data=calm))
    (first,) = site.take()
    site.world.clock.forward(minutes=1)
    site.post([event(id="2", subject="visit/7"), event(id="3", subject="visit/8", data=calm)], BATCHED)
    found = {case.id for case in site.take()}
    assert (len(found), first.id in found) == (2, True)
    with site.world.database.read() as session:
        assert session.get_one(Case, first.id).severity == "critical"
        assert len(session.scalars(select(Thread)).all()) == 2


@pytest.mark.parametrize(
    ("changes", "shown", "reason"),
    [
        ({"type": "com.vendor.badge\nprinted"}, "of a kind we do not know: com.vendor.badge printed", systems.UNKNOWN),
        ({"type": "com.vendor.badge", "door": "north"}, "//visitors.example/desk\ndoor: north", systems.UNKNOWN),
        ({"data": {"text": "no summary"}}, "A concern that does not say in words what happened", systems.UNCLEAR),
        ({"data": {"summary": 5}}, '"summary": 5', systems.UNCLEAR),
        ({"data": {"summary": " "}}, '"summary": " "', systems.UNCLEAR),
        ({"data": "only words"}, "only words", systems.UNCLEAR),
        ({"data": None}, "A concern that does not say in words what happened", systems.UNCLEAR),
        ({"data": None, "data_base64": "AP8="}, "00ff", systems.UNCLEAR),
        ({"data": None, "data_base64": "e2FybWVk", "datacontenttype": "text/plain"}, "{armed", systems.UNCLEAR),
        ({"data": None, "data_base64": "e2FybWVk"}, "{armed", systems.UNCLEAR),
    ],
    ids=[
        "type", "extension", "no summary", "a number", "blanks", "text", "nothing", "bytes", "text in base64",
        "no JSON in base64",
    ],
)  # fmt: skip
def test_what_we_cannot_make_out_is_kept_for_a_person_who_is_told_why(
    site: Site, changes: dict[str, Any], shown: str, reason: str
) -> None:
    answer = site.post([event(id="0"), event(**changes)], BATCHED)
    assert answer.status_code == 202
    (warning,) = answer.json()["warnings"]
    assert warning["event"] == 1, "and nothing is wrong with the other"
    assert ("no events of this type" in warning["detail"]) == (reason == systems.UNKNOWN)
    (words,) = [one for one in site.words() if shown in one]
    assert ("kind we do not know" in words) == (reason == systems.UNKNOWN)
    (case,) = [one for one in site.take() if one.unsure]
    assert (case.unsure_reason, case.stray) == (reason, False)
    assert UNSURE[reason]


def test_what_we_cannot_make_out_is_no_advertisement_whatever_it_looks_like(site: Site) -> None:
    offer = "Click here to win a free gift card, limited time offer: https://win.example/deal"
    assert Category.SPAM in assess(offer, Context()).categories, "by its words it is one"
    site.post([event(data={"summary": offer}), event(id="2", type="com.vendor.x", data={"text": offer})], BATCHED)
    cases = {case.unsure: case.categories for case in site.take()}
    assert cases == {False: ["spam"], True: ["other"]}


def test_all_that_a_concern_says_is_kept(site: Site) -> None:
    data = {
        "summary": GUN, "detail": {"door": 3}, "school": "nowhere", "room": "B\n12", "seen": [1, None], "none": None,
    }  # fmt: skip
    assert site.post(event(data=data, subject="visit/7", dataschema="https://x.org/s", badge="4711")).status_code == 202
    (words,) = site.words()
    concern, members, around, remark = words.split("\n\n")
    assert concern == GUN
    assert remark == "No school of the district has the short name that it gives. Look which one is meant."
    assert members.splitlines() == ['detail: {"door": 3}', "school: nowhere", "room: B 12", "seen: [1, null]"]
    assert sorted(around.splitlines()) == [
        "badge: 4711", "dataschema: https://x.org/s", "source: //visitors.example/desk", "subject: visit/7",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [None, "application/json", "application/vnd.concern+json; charset=utf-8"])
def test_a_concern_in_base64_is_judged_by_its_words(site: Site, kind: str | None) -> None:
    data = base64.b64encode(json.dumps({"summary": GUN, "school": "cedar"}).encode()).decode()
    assert site.post(event(data=None, data_base64=data, datacontenttype=kind)).status_code == 202
    assert site.words()[0].startswith(f"{GUN}\n\n")
    (message,) = site.messages()
    assert message.quarantine is None, "it is a concern as any other"
    with site.world.database.read() as session:
        assert session.scalars(select(Thread.school_id)).one() == site.world.second_school_id


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", STRUCTURED, 400, "bad_input"),
        (b"\xff", STRUCTURED, 400, "bad_input"),
        (b"[" * 5000, STRUCTURED, 400, "bad_input"),
        (b"[]", STRUCTURED, 400, "bad_input"),
        (b"{}", BATCHED, 400, "bad_input"),
        (b"[" + b"1," * 100 + b"1]", BATCHED, 400, "bad_input"),
        (event(id=None), STRUCTURED, 400, "bad_input"),
        (event(id=7), STRUCTURED, 400, "bad_input"),
        (event(source=""), STRUCTURED, 400, "bad_input"),
        (event(specversion="0.3"), STRUCTURED, 400, "bad_input"),
        (event(type="x" * 401), STRUCTURED, 400, "bad_input"),
        (event(time="yesterday"), STRUCTURED, 400, "bad_input"),
        (event(time="2026-11-30T10:00:00"), STRUCTURED, 400, "bad_input"),
        (event(time="2026-13-30T10:00:00Z"), STRUCTURED, 400, "bad_input"),
        (event(time=5), STRUCTURED, 400, "bad_input"),
        (event(), "application/json", 415, "unsupported_media_type"),
        (event(), "application/cloudevents+xml", 415, "unsupported_media_type"),
        (event(), "application/cloudevents+json; charset=utf-16", 415, "unsupported_media_type"),
        (event(data={"summary": "x" * 1_000_000}), STRUCTURED, 413, "too_large"),
    ],
    ids=[
        "no JSON", "no UTF-8", "bomb", "array", "object", "too many", "no id", "number", "empty", "old", "long type",
        "word as time", "no zone", "month 13", "number as time", "no event", "XML", "UTF-16", "1 MB",
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_the_standard_form_and_leaves_nothing(
    site: Site, body: Any, kind: str, status: int, code: str
) -> None:
    assert refused(site.post(body, kind)) == (status, code)
    assert (site.messages(), site.woken) == ([], [])


def test_a_batch_with_one_bad_event_is_refused_whole(site: Site) -> None:
    answer = site.post([event(), event(id="2", time="never")], BATCHED)
    assert refused(answer) == (400, "bad_input")
    assert answer.json()["detail"].startswith("Event 1 of the batch, counted from 0: ")
    assert site.messages() == []


def test_binary_events_need_an_id_and_json(site: Site) -> None:
    headers = {"ce-specversion": "1.0", "ce-source": "//x", "ce-type": cloud_events.CONCERN}
    assert refused(site.post({"summary": GUN}, "application/json", **headers)) == (400, "bad_input")
    assert refused(site.post(b"{", "application/json", **headers, **{"ce-id": "1"})) == (400, "bad_input")
    assert refused(site.post(b"x", "text/plain", **headers, **{"ce-id": "1"})) == (415, "unsupported_media_type")
    bare = site.post({"summary": GUN}, "application/json")
    assert (bare.status_code, "ce-specversion is missing" in bare.json()["detail"]) == (415, True)
    assert site.messages() == []


def test_wrong_times_that_can_be_are_kept_as_they_were_told(site: Site) -> None:
    for number, at in enumerate(("1970-01-01T00:00:00Z", "2999-01-01T00:00:00+05:00")):
        assert site.post(event(id=str(number), time=at)).status_code == 202
    assert [one.partition("Time given: ")[2][:4] for one in site.words()] == ["1970", "2998"]
    assert {one.at for one in site.messages()} == {site.world.clock()}


def test_too_many_words_are_cut_off_and_that_is_said(site: Site) -> None:
    assert site.post(event(data={"summary": GUN, "detail": "é " * 12_000})).status_code == 202
    (words,) = site.words()
    assert (len(words), words.startswith(GUN), words.endswith("too long to keep.]")) == (20_000, True, True)


def test_nobody_else_gets_in(site: Site) -> None:
    other, token = add(site.world, "Dispatch")
    for shown in ("", "Bearer", "Bearer x", f"Basic {site.token}", f"Bearer {token}"):
        answer = site.post(event(), authorization=shown)
        assert refused(answer) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/inbound/x", "/inbound/%00", f"/inbound/{'0' * 32}"):
        answer = site.client.post(path, json=event(), headers={"authorization": f"Bearer {site.token}"})
        assert refused(answer) == (404, "not_found")
    with site.world.database.write() as session:
        assert session.get_one(Source, other.id).token_hash != token
        systems.remove(session, site.world.district(session), "Front desk", site.world.clock())
    assert refused(site.post(event())) == (404, "not_found")
    assert site.messages() == []


@dataclass
class Signer:
    """A system that signs as Standard Webhooks have it: `v1a`."""

    site: Site
    private: Ed25519PrivateKey

    def post(self, body: bytes, *, late: float = 0, signed: bytes | None = None, kind: str = STRUCTURED) -> Response:
        seconds = str(int(self.site.world.clock().timestamp() - late))
        content = f"msg_1.{seconds}.".encode() + (body if signed is None else signed)
        signature = base64.b64encode(self.private.sign(content)).decode()
        headers = {
            "webhook-id": "msg_1", "webhook-timestamp": seconds, "webhook-signature": f"v1,AAAA v1a,!! v1a,{signature}",
        }  # fmt: skip
        return self.site.post(body, kind, **headers)


@pytest.fixture
def signer(site: Site) -> Signer:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    site.source, none = add(site.world, "Social media", f"whpk_{public}")
    assert none is None, "who signs has no token"
    return Signer(site, private)


def test_who_signs_is_heard_once_and_a_replay_changes_nothing(site: Site, signer: Signer) -> None:
    body = json.dumps(event()).encode()
    assert signer.post(body).json() == {"accepted": 1, "new": 1}
    assert signer.post(body, late=200).json() == {"accepted": 1, "new": 0}
    for late in (301, -301):
        assert refused(signer.post(body, late=late)) == (401, "unauthenticated")
    assert len(site.messages()) == 1


def test_what_was_not_signed_is_not_heard(site: Site, signer: Signer) -> None:
    body = json.dumps(event()).encode()
    assert refused(signer.post(body, signed=b"{}")) == (401, "unauthenticated")
    assert refused(site.post(event())) == (401, "unauthenticated"), "a token is no signature"
    assert refused(Signer(site, Ed25519PrivateKey.generate()).post(body)) == (401, "unauthenticated")
    seconds = str(int(site.world.clock().timestamp()))
    headers = {"webhook-id": "1", "webhook-timestamp": seconds, "webhook-signature": "v1,AAAA"}
    assert refused(site.post(event(), **headers)) == (401, "unauthenticated")
    assert site.messages() == []


def test_binary_mode_does_not_go_with_signatures_of_the_body(site: Site, signer: Signer) -> None:
    site.client.headers.update({"ce-specversion": "1.0", "ce-id": "1", "ce-source": "//x", "ce-type": "t"})
    answer = signer.post(b"{}", kind="application/json")
    assert refused(answer) == (415, "unsupported_media_type")
    assert "signed is the body" in answer.json()["detail"]


def test_the_handshake_agrees_to_who_asks(site: Site) -> None:
    asked = {"webhook-request-origin": "visitors.example", "webhook-request-rate": "120"}
    answer = site.client.options(f"/inbound/{site.source.id}", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "visitors.example"
    assert answer.headers["webhook-allowed-rate"] == "600"
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert "webhook-allowed-origin" not in site.client.options(f"/inbound/{site.source.id}").headers
    assert refused(site.client.options(f"/inbound/{'0' * 32}", headers=asked)) == (404, "not_found")


def test_who_tells_too_much_is_told_when_to_come_again_and_nothing_is_lost(site: Site) -> None:
    batches = [[event(id=f"{batch}-{number}") for number in range(100)] for batch in range(7)]
    assert [site.post(one, BATCHED).status_code for one in batches[:6]] == [202] * 6
    late = site.post(batches[6], BATCHED)
    assert refused(late) == (429, "too_many_events")
    assert late.headers["retry-after"] == "10"
    assert (len(site.messages()), len(site.woken)) == (600, 6), "all that was answered as taken, and nothing else"
    site.world.clock.forward(seconds=9)
    assert site.post(batches[6], BATCHED).status_code == 429
    site.world.clock.forward(seconds=1)
    assert site.post(batches[6], BATCHED).json() == {"accepted": 100, "new": 100}
    assert len(site.messages()) == 700


def test_nobody_uses_up_what_another_may_tell(site: Site) -> None:
    batch = [event(id=str(number)) for number in range(100)]
    for _ in range(7):
        assert site.post(batch, BATCHED, authorization="Bearer x").status_code == 401
        assert site.post([*batch, 7], BATCHED).status_code == 400
    assert site.post(batch, BATCHED).status_code == 202, "only what it told itself, and what was events, counts"
    assert [site.post(batch, BATCHED).status_code for _ in range(6)] == [202] * 5 + [429]
    site.source, token = add(site.world, "Dispatch")
    site.token = token or ""
    assert site.post(event(id="another")).status_code == 202


def test_the_log_says_once_a_minute_that_a_system_tells_too_much(site: Site) -> None:
    batch = [event(id=str(number)) for number in range(100)]

    def complaints() -> list[str]:
        with capture_logs() as logged:
            assert {site.post(batch, BATCHED).status_code for _ in range(9)} == {202, 429}
        return [one["source"] for one in logged if one.get("code") == "too_many_events"]

    assert complaints() == [site.source.id]
    site.world.clock.forward(minutes=1)
    assert complaints() == [site.source.id]


def test_nobody_can_answer_a_system(site: Site) -> None:
    site.post(event())
    site.take()
    world = site.world
    with world.of("console").write() as session:
        thread = session.scalars(select(Thread)).one()
        with pytest.raises(NotAllowed, match="Another system told us"):
            conversation.reply(session, world.keys["console"], thread, "Hello?", author="account:1", now=world.clock())


@contextmanager
def failing(before: str) -> Iterator[list[str]]:
    """Have the database fail before it inserts events, or before it commits; answers which tables rows came to."""
    written: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO "):
            table = statement.split()[2]
            if before == f"INSERT INTO {table}":
                raise RuntimeError
            written.append(table)

    def commit(_connection: object) -> None:
        if before == "COMMIT" and written:
            raise RuntimeError

    listeners = (("before_cursor_execute", see), ("commit", commit))
    for name, listener in listeners:
        hooks.listen(Engine, name, listener)
    try:
        yield written
    finally:
        for name, listener in listeners:
            hooks.remove(Engine, name, listener)


@pytest.mark.parametrize(
    ("before", "came"),
    [("INSERT INTO events", ["threads", "messages"]), ("COMMIT", ["threads", "messages", "events"])],
    ids=["half-way", "at the commit"],
)
def test_what_could_not_be_stored_is_not_answered_as_taken(site: Site, before: str, came: list[str]) -> None:
    batch = [event(), event(id="2")]
    with failing(before) as written:
        answer = site.post(batch, BATCHED)
    assert refused(answer)[0] >= 500
    assert list(dict.fromkeys(written)) == came
    with site.world.database.read() as session:
        assert session.scalars(select(Thread)).all() == []
        assert session.scalars(select(Event).where(Event.actor == f"source:{site.source.id}")).all() == []
    assert (site.messages(), site.woken) == ([], [])
    assert site.post(batch, BATCHED).json() == {"accepted": 2, "new": 2}, "the same comes again, and is taken whole"
    assert (len(site.messages()), site.woken) == (2, ["worker"])
