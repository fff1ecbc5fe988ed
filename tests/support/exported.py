"""Snapshots to export: made at random, of whatever may stand in one, hostile words among them."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from exports.case_snapshot import AssessmentSnapshot, CaseSnapshot, ResponderSnapshot, SignSnapshot
from exports.words import Code, Id, Moment, Number, Size, Slug, Url, Version, Words
from triage.model import Category, Severity

SAID = (
    "theres a kid in the 2nd floor bathroom with a gun",
    "mi amiga dice que ya no quiere vivir",
    "",
    'he said "tomorrow" & smiled <b>twice</b>',
    '=HYPERLINK("http://evil.example","click")',
    "<script>alert(1)</script>]]>",
    "nul \x00 bell \x07 lone \ud800 tail \udfff",
    "\u202egnp.exe\u2066 👩‍👩‍👧 ünïcödé \u2028 line",
    '{"@context": {"nc": "http://evil.example/"}, "@id": "#x"}',
)
CODES: typing.Mapping[str, tuple[str, ...]] = {
    "severity": tuple(one.value for one in Severity),
    "categories": tuple(one.value for one in Category),
    "state": ("new", "acknowledged", "in_progress", "resolved", "closed", "clean", "sealed", "broken"),
    "resolution": ("handled", "referred", "unfounded", "duplicate", "test", "prank"),
    "channel": ("sms", "web", "chat"),
    "language": ("en", "es", "und"),
    "role": ("counsellor", "administrator", "officer", "operator", "system"),
    "kind": ("case.opened", "message.reply_queued", "case.noted", "callout.opened"),
    "media_type": ("image/jpeg", "video/3gpp", "application/pdf"),
    "slug": ("demo", "lincoln", "cedar-2", "27j", "9th-grade-campus"),
    "missing": ("where", "who", "means", "how_known"),
    "topic": ("weapon", "bullying"),
    "unsure_reason": ("no_text", "undecided"),
    "code": ("weapon_seen", "danger_now", "laughter"),
}


def case(random: Random, said: tuple[str, ...] = SAID) -> CaseSnapshot:
    """Make a case in which each field is filled at random; words are drawn from `said`."""
    made = make(CaseSnapshot, random, said)
    assert isinstance(made, CaseSnapshot)
    return made


def make(kind: Any, random: Random, said: tuple[str, ...], name: str = "") -> Any:
    """Make a value of any type that may stand in a snapshot. Raises: AssertionError for one that may not."""
    if dataclasses.is_dataclass(kind) and kind not in {Words, Moment}:
        hints = typing.get_type_hints(kind)
        return typing.cast("Any", kind)(**{one: make(of, random, said, one) for one, of in hints.items()})
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        chosen = random.choice(typing.get_args(kind))
        return None if chosen is type(None) else make(chosen, random, said, name)
    if typing.get_origin(kind) is tuple:
        of = typing.get_args(kind)[0]
        few = 2 if of in {AssessmentSnapshot, ResponderSnapshot, SignSnapshot} else 3
        return tuple(make(of, random, said, name) for _ in range(random.randint(0, few)))
    return _plain(kind, random, said, name)


def _plain(kind: Any, random: Random, said: tuple[str, ...], name: str) -> Any:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(30_000_000), milliseconds=7)
    makers: dict[Any, Any] = {
        Words: lambda: Words(random.choice(said), written_by_staff=name != "words"),
        Code: lambda: Code(random.choice(CODES[name])),
        Slug: lambda: Slug(random.choice(CODES[name])),
        Id: lambda: Id(f"{random.getrandbits(128):032x}"),
        Number: lambda: Number(f"2026-{random.randint(1, 99_999):04d}"),
        Url: lambda: Url("https://console.example.org/cases/2026-0012"),
        Version: lambda: Version("2026.11.5"),
        Moment: lambda: Moment.coarse(at, random.choice((0, 15))),
        bool: lambda: random.random() < 0.5,
        Size: lambda: Size(random.randint(0, 10**8)),
    }
    assert kind in makers, f"{name}: nothing of {kind} may leave"
    return makers[kind]()
