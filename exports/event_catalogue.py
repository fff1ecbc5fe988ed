"""The catalogue of events: every type that is stored, in which version it leaves, and what its data may hold.

A type is `org.tipline.<thing>.<what happened>.v<version>`. Fields may be added to a version; whoever takes one away or
gives it another meaning makes the next version. `exports/schemas/events/` holds a JSON Schema for each, written by
`python -m exports.event_catalogue` from what stands here; a test fails while they differ, and another when an event
that any test has stored is missing here or does not fit its schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

PREFIX = "org.tipline."
FOLDER = "schemas/events"
_ID: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_RECEIPT = "(?=.*[0-9])[0-9A-Za-z]{4}([_.:/+-]?[0-9A-Za-z]{4}){3}$"
_CODE: dict[str, Any] = {"type": "string", "pattern": f"^(?!.*[0-9]{{7}})(?!{_RECEIPT})[A-Za-z0-9_.:/+-]{{0,80}}$"}
_HEX: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{8,64}$"}
ACTOR = "^[a-z]+(:([0-9a-f]{32}|[a-z_]+))?$"
_ACTOR: dict[str, Any] = {"type": "string", "pattern": ACTOR}
_SHAPES: Mapping[str, dict[str, Any]] = {
    "id": _ID,
    "id?": {**_ID, "type": ["string", "null"]},
    "code": _CODE,
    "code?": {**_CODE, "type": ["string", "null"]},
    "hex": _HEX,
    "hexes": {"type": "array", "items": _HEX},
    "time": {"type": "string", "pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$"},
    "number": {"type": "string", "pattern": "^20[0-9]{2}-[0-9]{4,6}$"},
    "actor": _ACTOR,
    "actor?": {**_ACTOR, "type": ["string", "null"]},
    "path": {"type": "string", "pattern": "^[A-Za-z0-9_./[\\]-]{0,80}$"},
    "count": {"type": "integer"},
    "count?": {"type": ["integer", "null"]},
    "yes": {"type": "boolean"},
    "ids": {"type": "array", "items": _ID},
    "codes": {"type": "array", "items": _CODE},
    "proof": {"type": "string"},
}
"""What a field may be: an id, a code, a count, yes or no, or several; with `?` it may be null. Never words.

A code has no seven digits in a row and is no receipt; what may look like either has a shape of its own: ids of keys and
hashes (`hex`), times, the number of a case, who ordered something, the path of an element of CAP. A `proof` is a signed
head of the log or its signature.
"""


@dataclass(frozen=True)
class Kind:
    """One type of event: what happened, the fields that its data always has, and those it sometimes has."""

    about: str
    always: Mapping[str, str] = field(default_factory=dict)
    sometimes: Mapping[str, str] = field(default_factory=dict)
    version: int = 1


_SEND = {"message": "id?", "account": "code", "code": "code?", "attempt": "count"}
_PAGE = {"callout": "id", "send": "id"}
_FILE = {"message": "id", "reason": "code?"}
_KEPT = {**_FILE, "attachment_kind": "code?"}
_LIMITS = {"reports_per_minute": "count", "thread_reports_per_minute": "count"}

_ALERT = {"case": "id?", "incident": "id", "status": "code"}
_ALERT_OUT = {**_ALERT, "delivery": "id", "way": "code", "target": "id?", "code": "code?", "attempt": "count"}

KINDS: Mapping[str, Kind] = {
    "account.created": Kind("An account for a member of staff was made.", {"role": "code"}),
    "account.sign_in_failed": Kind("Somebody tried in vain to sign in.", {"code": "code"}),
    "account.signed_in": Kind("A member of staff signed in."),
    "account.signed_out": Kind("A member of staff signed out."),
    "alert.approved": Kind("A second person approved an alert.", {**_ALERT, "revision": "count", "scheduled": "yes"}),
    "alert.delivered": Kind("An alert arrived somewhere.", _ALERT_OUT),
    "alert.discarded": Kind("A draft of an alert was thrown away.", _ALERT),
    "alert.drafted": Kind("Somebody drafted an alert.", {**_ALERT, "msg_type": "code", "scenario": "code"}),
    "alert.expired": Kind("An alert no longer holds.", _ALERT),
    "alert.failed": Kind("An alert was given up somewhere.", _ALERT_OUT),
    "alert.handed_back": Kind("What was asked or approved of an alert counts no more.", _ALERT),
    "alert.issued": Kind("An alert went out.", {**_ALERT, "msg_type": "code", "signed": "yes"}),
    "alert.proposed": Kind("A second person is asked to approve an alert.", {**_ALERT, "revision": "count"}),
    "alert.refused": Kind(
        "An approved alert no longer held when its time came.", {**_ALERT, "code": "code"}, {"element": "path"}
    ),
    "alert.retried": Kind("An alert is sent somewhere again.", _ALERT_OUT),
    "alert.revised": Kind("A draft of an alert was changed.", {**_ALERT, "revision": "count"}),
    "alert.sent_again": Kind("What was given up of an alert is tried again.", {**_ALERT, "count": "count"}),
    "alerts.changed": Kind(
        "How a district warns was changed.", {}, {"second_person": "yes", "ipaws": "yes", "folder": "yes"}
    ),
    "alerts.placed": Kind("Where a school is was changed."),
    "alerts.target_added": Kind("Alerts go to a further place.", {"way": "code"}),
    "alerts.target_removed": Kind("Alerts go no longer to a place.", {"way": "code"}),
    "attachment.broken": Kind("A file could not be opened safely; it stays sealed.", _FILE),
    "attachment.clean": Kind("A clean copy of a file was made.", _FILE),
    "attachment.lost": Kind("The carrier no longer has a file.", _KEPT),
    "attachment.opened": Kind("A member of staff looked at a file.", {"message": "id", "part": "count"}),
    "attachment.refused": Kind("A file was not taken, e.g. because of its size.", _KEPT),
    "attachment.sealed": Kind("A file is on the store, sealed as it came.", _KEPT),
    "backup.made": Kind(
        "A backup was finished.",
        {"as_of": "time", "size": "count", "sha256": "hex", "key": "hex", "files": "count?", "missing": "count"},
        {},
    ),
    "backup.restored": Kind("A backup was restored.", {"as_of": "time"}, {"missing": "count"}),
    "callout.carried": Kind("Calls go on for a case that another was joined into.", {"case": "id", "source": "id"}),
    "callout.closed": Kind("Nobody is called any more.", {"why": "code"}),
    "callout.escalated": Kind("Nobody answered, so the next people are called too."),
    "callout.joined": Kind("A further case joined the calls that were on.", {"case": "id"}),
    "callout.lowered": Kind("The calls became less pressing.", {"urgency": "code"}),
    "callout.nobody": Kind("There was nobody to call.", {"why": "code"}),
    "callout.opened": Kind(
        "People are being called out.", {"case": "id", "cases": "ids", "urgency": "code", "follows": "id?"}
    ),
    "callout.raised": Kind("The calls became more pressing.", {"case": "id", "urgency": "code"}),
    "callout.told": Kind("Those who were called were told who took it up.", {"cases": "ids", "sends": "ids"}),
    "case.acknowledged": Kind("A person has taken a case up.", {}, {"again": "yes"}),
    "case.assigned": Kind("A case was put in somebody's hands, or in nobody's.", {"assignee": "id?"}),
    "case.corrected": Kind(
        "A person said what a case really is.",
        {"old": "code", "new": "code", "old_category": "code?", "category": "code?", "why": "code"},
    ),
    "case.destroyed": Kind("Retention destroyed a case.", {"run": "id", "number": "number"}),
    "case.doubted": Kind("Something leaves a doubt about a case: a person must look.", {"reason": "code"}),
    "case.exported": Kind("A case was handed on as a document.", {"format": "code"}, {"flavour": "code?"}),
    "case.held": Kind("A case is under a legal hold.", {"reason": "code"}, {"hold": "id"}),
    "case.joined": Kind(
        "A message, or another case with all its messages, joined a case.",
        {},
        {"message": "id", "thread": "id?", "source": "id", "messages": "ids"},
    ),
    "case.left": Kind(
        "A message, or a case that joined it, was left to whoever attends a case.",
        {"message": "id?", "urgency": "code"},
    ),
    "case.likened": Kind("A case may be about what another is.", {"other": "id", "what": "code", "likeness": "id"}),
    "case.not_likened": Kind("A person said that two cases are not about one thing.", {"other": "id"}),
    "case.not_paged": Kind(
        "Calling people out for a case failed; it is tried again.", {"message": "id", "urgency": "code"}
    ),
    "case.noted": Kind("A member of staff wrote a note.", {"note": "id"}),
    "case.noticed": Kind("Who attends a case was told of a new message.", {"responder": "id", "send": "id"}),
    "case.opened": Kind(
        "A message opened a case.",
        {"message": "id", "thread": "id?", "number": "number", "severity": "code", "unsure": "yes", "stray": "yes"},
    ),
    "case.raised": Kind(
        "A case became more severe.", {"old": "code", "new": "code"}, {"message": "id", "source": "id"}
    ),
    "case.released": Kind("A legal hold was lifted.", {"reason": "code"}, {"hold": "id"}),
    "case.reopened": Kind("A case was opened again.", {"old": "code", "new": "code", "why": "code"}),
    "case.state_changed": Kind(
        "A case moved on.",
        {"old": "code", "new": "code", "why": "code"},
        {"into": "id", "source": "id", "by": "actor?"},
    ),
    "case.threaded": Kind("The conversation of a case became known.", {"message": "id", "thread": "id"}),
    "key.destroyed": Kind("Retention destroyed the keys of a month.", {"kids": "hexes", "resealed": "count"}),
    "line.changed": Kind(
        "What the carrier keeps of a line, or its limits, was changed.",
        {},
        {
            "deletes_at_carrier": "yes",
            "proof_every_minutes": "count",
            "texts_per_minute": "count",
            "thread_texts_per_minute": "count",
        },
    ),
    "line.proved": Kind("A text of our own proved that a line brings texts.", {"seconds": "count"}),
    "line.recovered": Kind("Texts that no webhook had brought were found at the carrier.", {"count": "count"}),
    "line.silent": Kind("A line did not bring our own text.", {"reason": "code"}),
    "log.sealed": Kind("A head of the event log, for who anchors it.", {"head": "proof", "signature": "proof"}),
    "log.trimmed": Kind(
        "Retention took the beginning off the event log.", {"note": "count", "count": "count", "last_seq": "count"}
    ),
    "message.asked_back": Kind("The line asked its reporter what is going on.", {"thread": "id", "gap": "code"}),
    "message.assessed": Kind(
        "A message was judged.",
        {
            "case": "id",
            "severity": "code",
            "life_safety": "yes",
            "unsure": "yes",
            "reason": "code?",
            "categories": "codes",
            "rules": "code",
        },
    ),
    "message.held": Kind(
        "A message of a flood waits for a person.",
        {"thread": "id?", "line": "id?", "why": "code", "severity": "code", "rules": "code"},
    ),
    "message.question_queued": Kind("What the line asks back is on its way.", {"thread": "id", "send": "id?"}),
    "message.question_ended": Kind("What the line asked is over.", {"thread": "id", "how": "code"}),
    "message.receipt_queued": Kind("The first answer to a reporter is on its way.", {"thread": "id", "send": "id?"}),
    "message.received": Kind(
        "A message came in.",
        {
            "channel": "code",
            "line": "id?",
            "message_kind": "code",
            "keyword": "code?",
            "quarantine": "code?",
            "media": "count",
        },
        {"thread": "id", "late_seconds": "count"},
    ),
    "message.reply_queued": Kind("A reply to a reporter is on its way.", {"thread": "id", "send": "id?"}),
    "message.threaded": Kind("A message was put on its conversation.", {}, {"thread": "id", "contact": "id"}),
    "message.unmasked": Kind(
        "Staff were let read where a reporter names themselves.",
        {"case": "id?", "span": "count", "what": "code", "rules": "code", "why": "code"},
    ),
    "page.acknowledged": Kind(
        "A responder answered a page and takes it up.", {**_PAGE, "message": "id", "cases": "ids"}
    ),
    "page.answer_unclear": Kind("An answer to a page could not be understood.", {"message": "id", "why": "code"}),
    "page.failed": Kind("A page did not arrive.", {**_PAGE, "responder": "id", "code": "code?"}),
    "page.written": Kind(
        "A responder is paged.",
        {**_PAGE, "responder": "id", "case": "id", "cases": "ids", "count": "count"},
    ),
    "portal.changed": Kind("What the portal shows, or its limits, was changed.", {}, _LIMITS),
    "retention.finished": Kind(
        "An order to destroy was carried out.",
        {
            "ordered_by": "actor",
            "things": "count",
            "messages": "count",
            "held": "count",
            "open": "count",
            "carrier": "count",
        },
    ),
    "retention.ordered": Kind("What has lapsed is to be destroyed."),
    "retention.set": Kind("A deadline was changed.", {"deadline_of": "code", "old": "code?", "new": "code?"}),
    "rules.tuned": Kind(
        "A district's own words were changed.", {"version": "count", "entries": "count", "muted": "count"}
    ),
    "send.delivered": Kind("A text arrived.", _SEND),
    "send.failed": Kind("A text was given up.", _SEND),
    "send.retried": Kind("A text is tried again.", _SEND),
    "send.sent": Kind("A carrier took a text.", _SEND),
    "send.undelivered": Kind("A text did not arrive.", _SEND),
    "subscription.changed": Kind("A subscription was changed."),
    "subscription.consented": Kind("A receiver agreed to be sent events.", {}, {"rate": "count"}),
    "subscription.created": Kind("Events are to go to a receiver.", {"mode": "code"}),
    "subscription.deleted": Kind("A subscription was ended by a person."),
    "subscription.failing": Kind("An event was given up after days, or finally refused.", {"code": "code?"}),
    "subscription.hurried": Kind("What waits for a receiver is tried at once.", {"count": "count"}),
    "subscription.recovered": Kind("A receiver that failed takes events again."),
    "subscription.refused": Kind("A receiver did not agree to be sent events.", {"code": "code"}),
    "subscription.replayed": Kind("Events are sent once more.", {"count": "count"}),
    "subscription.retired": Kind("A receiver said that it is gone for good."),
    "subscription.secret_rotated": Kind("A new secret signs a receiver's events."),
    "thread.closed": Kind("A conversation ended."),
    "thread.let_through": Kind("The held messages of a conversation were let through.", {"messages": "count"}),
    "source.added": Kind("Another system may tell us things.", {"signs": "yes"}),
    "source.removed": Kind("Another system is heard no more."),
    "thread.opened": Kind("A conversation began.", {"channel": "code", "line": "id?"}),
    "thread.opted_in": Kind("A reporter wants texts again."),
    "thread.opted_out": Kind("A reporter wants no texts."),
    "thread.reopened": Kind("A conversation goes on."),
    "token.issued": Kind("Another system got a token.", {"scopes": "codes"}),
    "token.revoked": Kind("A token of another system was ended."),
}
"""Every type of event that is stored, without its prefix."""


def fitting(stored: str, data: Mapping[str, object]) -> dict[str, Any]:
    """Keep of an event's data what its type lists and what fits; nothing of a type that is not listed.

    A code that does not fit becomes `other`, since something was said; whatever else does not fit is left out.
    """
    kind = KINDS.get(stored.removeprefix(PREFIX))
    fields = {**kind.always, **kind.sometimes} if kind else {}
    listed = ((name, _fitted(_SHAPES[fields[name]], value)) for name, value in data.items() if name in fields)
    return {name: value for name, value in listed if value is not _MISFIT}


_MISFIT = object()
_IS: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _fitted(shape: Mapping[str, Any], value: object) -> object:
    types = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    if not any(_IS[one](value) for one in types):
        return _MISFIT
    if isinstance(value, list):
        return [kept for one in value if (kept := _fitted(shape["items"], one)) is not _MISFIT]
    if isinstance(value, str) and not re.fullmatch(shape.get("pattern", "(?s).*"), value):
        return "other" if shape["pattern"] == _CODE["pattern"] else _MISFIT
    return value


def type_of(stored: str) -> str:
    """Name a stored type in the version in which it leaves; one that is not listed yet leaves in its first."""
    kind = KINDS.get(stored.removeprefix(PREFIX))
    return f"{stored}.v{kind.version if kind else 1}"


def stored_as(given: str) -> str:
    """Name a type as it is stored, whether given so or as it leaves; what is neither stays as it is."""
    return _stored().get(given, given)


@cache
def _stored() -> Mapping[str, str]:
    return {type_of(PREFIX + name): PREFIX + name for name in KINDS}


@cache
def types() -> Mapping[str, str]:
    """List every type as it leaves, and what it tells."""
    return {type_of(PREFIX + name): kind.about for name, kind in KINDS.items()}


def schema(type_name: str) -> str | None:
    """Read the JSON Schema of a type's data, as JSON; nothing for a type that there is not."""
    if type_name not in types():
        return None
    return (files("exports") / FOLDER / f"{type_name}.json").read_text("utf-8")


def written(name: str) -> str:
    """Write the JSON Schema of a kind's data."""
    kind = KINDS[name]
    fields = {**kind.always, **kind.sometimes}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": type_of(PREFIX + name),
        "description": kind.about,
        "type": "object",
        "properties": {name: _SHAPES[shape] for name, shape in fields.items()},
        "required": list(kind.always),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write the schema of every kind, and delete those of kinds that there are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{type_of(PREFIX + name)}.json": written(name) for name in KINDS}
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for file, text in wanted.items():
        (folder / file).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent / FOLDER)
