"""Every renderer, over hostile data: nothing of who wrote comes out, and what comes out can be read."""

from __future__ import annotations

import dataclasses
import json
import pkgutil
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from random import Random
from typing import Any

import phonenumbers
import pytest
from lxml import etree

import exports
from exports import cap, case_snapshot, feed
from exports.case_snapshot import CaseSnapshot, TipSnapshot
from exports.renderers import RENDERERS, Renderer
from exports.snapshot import EventSnapshot
from exports.words import Words
from gateway.core import numbers, receipts
from responders.escalation import mailing
from responders.escalation.delivering import Item
from tests.support import alerts, exported, leaks

STUDENT = "+13035550123"
NATIONAL = "3035550123"
_KEYCAP = "\ufe0f\u20e3"
DRESSES = (
    "+13035550123", "13035550123", "3035550123", "303-555-0123", "(303) 555-0123", "303.555.0123", "303 555 0123",
    "+1 303 555 0123", "1-303-555-0123", "303/555/0123", "3 0 3 5 5 5 0 1 2 3", "303\u2011555\u20110123",
    NATIONAL.translate({0x30 + digit: 0xFF10 + digit for digit in range(10)}),
    NATIONAL.translate({0x30 + digit: 0x660 + digit for digit in range(10)}),
    "".join(digit + _KEYCAP for digit in NATIONAL),
    "three oh three five five five oh one two three", "tres cero tres cinco cinco cinco cero uno dos tres",
    "303\u200b555\u200b0123", "303\n555\n0123", "\u202e3035550123\u202c",
)  # fmt: skip
RECEIPT = receipts.draw(Random(1).randbytes).shown()
TOKEN = "tip_Zk3-" + "q7X_" * 9
SECRETS = (RECEIPT, RECEIPT.lower(), RECEIPT.replace("-", " "), RECEIPT.replace("-", ""), TOKEN, "c0ffee42" * 4)
BURDENS = (
    "nul\x00 bell\x07 escape\x1b[31m", "lone \ud800 and \udfff", "<script>alert(1)</script>", "]]><!--", "=1+1",
    "@SUM(A1)", "-2+3", "\u2028\u2029\u202e\ufeff", "\\u0000 \\\" {}", "🏴\U000e0067\U000e0062 👩‍👩‍👧", "' OR 1=1 --",
)  # fmt: skip
LONG = "my number is 303-555-0123 " * 4_000
HOSTILE = (
    *(f"my number is {dress}" for dress in DRESSES),
    *(f"text me: {dress} please" for dress in DRESSES),
    *(f"my code {secret} ok" for secret in SECRETS),
    *BURDENS,
)
ALERTS = {"exports.cap", "exports.feed"}
"""Alerts and the feed of them are staff's words, made of no snapshot: they are walked by tests of their own, below."""
SECRET = tuple(said for said in HOSTILE if said not in BURDENS)
ALL = pytest.mark.parametrize("renderer", RENDERERS.values(), ids=[*RENDERERS])


def _text(hint: Any) -> bool:
    return hint in {str, str | None}


def written(renderer: Renderer, seed: int, said: tuple[str, ...] = HOSTILE) -> bytes:
    return renderer.render(MAKERS[renderer.takes](Random(seed), said))


def text_of(document: bytes) -> str:
    """Read a document as its readers do, and give all that stands in it."""
    if document.startswith((b"{", b"[")):
        return json.dumps(json.loads(document.decode("utf-8")), ensure_ascii=False)
    return "\n".join(str(one) for one in etree.fromstring(document).itertext())


def event(random: Random, said: tuple[str, ...]) -> EventSnapshot:
    """Make an event into which somebody has put words: in its fields, and in data that its type lists or does not."""
    key = f"{random.getrandbits(128):032x}"
    at = datetime(2026, 11, 30, tzinfo=UTC)
    word = random.choice(said)
    data: dict[str, Any] = {
        "message": word, "thread": word, "number": word, "severity": word, "unsure": word, "words": word,
        "categories": [word, key], word: word,
    }  # fmt: skip
    kind = random.choice(("case.opened", "message.assessed", "message.received", "nothing.known"))
    return EventSnapshot(
        key, 7, random.choice((f"org.tipline.{kind}", f"org.tipline.{word}")), random.choice((f"case/{word}", word)),
        random.choice((f"process:{word}", word)), at, key, data, case_id=word, school=word, severity=word,
    )  # fmt: skip


MAKERS: Mapping[type, Callable[[Random, tuple[str, ...]], Any]] = {CaseSnapshot: exported.case, EventSnapshot: event}
"""How to make what a renderer takes, of words that are said: one line more for each new snapshot."""


@ALL
def test_no_number_receipt_or_token_comes_out(renderer: Renderer) -> None:
    for seed in range(20):
        document = written(renderer, seed)
        assert leaks.search(document, [STUDENT]) == []
        text = text_of(document)
        assert numbers.mask(text, numbers.normalize(STUDENT)) == text, "in no other dress either"
        assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("field", [name for name, of in typing.get_type_hints(EventSnapshot).items() if _text(of)])
def test_no_field_of_an_event_holds_what_is_no_id_or_code(field: str) -> None:
    """Bare, as no guard of words would know them; `c0ffee42…` alone is an id as any other."""
    key = "5e" * 16
    whole = EventSnapshot(
        key, 7, "org.tipline.case.noted", f"case/{key}", f"account:{key}", datetime(2026, 11, 30, tzinfo=UTC), key,
        {"note": key}, case_id=key, school="lincoln", severity="high",
    )  # fmt: skip
    for said in (*DRESSES, *SECRETS[:-1], *HOSTILE):
        for word in (said, f"{getattr(whole, field).partition('/')[0]}/{said}", f"account:{said}"):
            try:
                made = dataclasses.replace(whole, **typing.cast("Any", {field: word}))
            except ValueError:
                assert field in {"id", "district_id"}
                continue
            assert said not in (getattr(made, field) or "")
            assert said not in text_of(RENDERERS["cloud-events"].render(made))


@ALL
def test_every_dress_of_a_number_is_hidden(renderer: Renderer) -> None:
    for number, dress in enumerate(DRESSES):
        assert dress not in text_of(written(renderer, number, (f"my number is {dress}",)))


@ALL
def test_what_comes_out_can_be_read_whatever_went_in(renderer: Renderer) -> None:
    for burden in BURDENS:
        for seed in range(3):
            document = written(renderer, seed, (burden,))
            assert text_of(document)
            assert b"\x00" not in document
            assert b"<script" not in document


def test_burdens_come_out_whole_where_they_do_no_harm() -> None:
    document = json.loads(written(RENDERERS["niem-6.0"], 1, ("=1+1 <b> ' \" \\ 👩‍👩‍👧",)))
    assert document["tip:CaseExport"]["nc:Case"]["nc:CaseTitleText"] == "=1+1 <b> ' \" \\ 👩‍👩‍👧"


def test_snapshots_of_a_case_hold_nothing_but_guarded_types() -> None:
    kinds = [
        kind for kind in vars(case_snapshot).values() if isinstance(kind, type) and kind.__name__.endswith("Snapshot")
    ]
    assert case_snapshot.CaseSnapshot in kinds
    for kind in kinds:
        fields = typing.get_type_hints(kind)
        # A bare count may be as good as a name, as the size of a file is: it wants a type that makes it coarse.
        assert not {str, int, float} & _flat(fields.values()), kind
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # where dataclasses keep it
        exported.make(kind, Random(0), exported.SAID)


def test_no_field_is_named_after_what_must_not_leave() -> None:
    kinds = [
        kind for kind in vars(case_snapshot).values() if isinstance(kind, type) and kind.__name__.endswith("Snapshot")
    ]
    names = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    assert not names & {"address", "sender", "phone", "receipt", "token", "ip", "agent", "sid", "thread", "lookup"}


def test_the_hostile_numbers_are_real_ones() -> None:
    assert len(DRESSES) == len(set(DRESSES)) == 20
    assert phonenumbers.is_possible_number(phonenumbers.parse(STUDENT))
    assert all(numbers.mask(dress, numbers.normalize(STUDENT)) != dress for dress in DRESSES)


def test_every_module_that_renders_is_walked() -> None:
    modules = [import_module(f"exports.{one.name}") for one in pkgutil.iter_modules(exports.__path__)]
    rendering = {module.__name__ for module in modules if callable(getattr(module, "render", None))}
    walked = {renderer.render.func.__module__ for renderer in RENDERERS.values()}  # type: ignore[attr-defined]
    assert walked | ALERTS == rendering


def told(words: str) -> list[bytes]:
    """Write an alert that says some words wherever it can, the feed of it and the letter of it, all looked through."""
    alert = cap.privacy.mask(alerts.saying(words), "US")
    document, at = cap.render(alert), datetime(2026, 11, 30, tzinfo=UTC)
    entry = feed.Entry("urn:x:1", alert.infos[0].headline or "", "https://d7.example/1.xml", at, at)
    atom = feed.render(feed.Feed("urn:x", "District 7", "https://d7.example/feed.atom", at, [entry]))
    item = Item("d", "mail", alert.identifier, "demo", "Actual", "desk@d7.example", "t", document)
    letter = mailing.written(item, "alerts@d7.example")
    body = letter.get_body(("plain",))
    assert body is not None
    return [document, atom, letter.as_bytes(), f"{letter['Subject']}\n{body.get_content()}".encode()]


@pytest.mark.parametrize("words", [*SECRET, *(f"her number is {dress}" for dress in DRESSES)])
def test_no_alert_with_a_number_receipt_or_token_goes_out_and_masked_nothing_of_it_does(words: str) -> None:
    found = cap.privacy.check(alerts.saying(words), "US")
    assert {finding.element for finding in found} == cap.privacy.FREE
    hidden = [dress for dress in (*DRESSES, *SECRETS) if dress in words]
    assert hidden
    for document in told(words):
        assert leaks.search(document, [STUDENT]) == []
        assert not [dress for dress in hidden if dress in document.decode()]


@pytest.mark.parametrize("burden", BURDENS)
def test_an_alert_is_refused_or_can_be_read_whatever_went_in(burden: str) -> None:
    if [finding for finding in cap.check(alerts.saying(burden)) if not finding.advice]:
        with pytest.raises(cap.Refused):
            told(burden)
        return
    document, atom, *_ = told(burden)
    for one in (document, atom):
        assert text_of(one)
        assert b"<script" not in one


def test_what_xml_can_hold_an_alert_may_say() -> None:
    assert told("<script>alert(1)</script> ]]><!-- 👩‍👩‍👧")


@pytest.mark.parametrize("name", [name for name, one in RENDERERS.items() if one.takes is CaseSnapshot])
def test_a_hundred_thousand_letters_are_written_without_a_number(name: str) -> None:
    random = Random(1)
    tip = dataclasses.replace(exported.make(TipSnapshot, random, ("a",)), words=Words(LONG, written_by_staff=False))
    case = dataclasses.replace(exported.case(random, ("a",)), tips=(tip,))
    document = RENDERERS[name].render(case)
    assert len(document) > len(LONG) > 100_000
    assert leaks.search(document, [STUDENT]) == []


def _flat(kinds: Any) -> set[Any]:
    found: set[Any] = set()
    for kind in kinds:
        found |= {kind, *_flat(typing.get_args(kind))}
    return found
