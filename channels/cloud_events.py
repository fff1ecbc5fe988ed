"""What other systems tell us: CloudEvents 1.0.2 over HTTP, structured, binary or batched, each at its own address.

Nothing is looked at before the system has shown who it is: by its bearer token, or by signing what it sends as Standard
Webhooks have it with a key pair of its own (`v1a`): see `gateway.core.signing`.
Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md
"""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, from_binary
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.core import signing, systems
from gateway.core.errors import BadInput, Forged, NotFound, TooLarge
from gateway.core.logs import log
from gateway.core.problems import problem
from gateway.core.rates import Rates
from gateway.core.records import Source
from gateway.core.systems import Kept, Told
from gateway.core.times import Clock, iso

PATH = "/inbound/{source}"
CONCERN = "org.tipline.inbound.concern.v1"
"""The one type that we know: its data has a `summary`, and may have `detail`, `school` and `link`."""
_KEPT = "It is kept for a person to read."
_WARNINGS = {
    systems.UNKNOWN: f"We know no events of this type, only {CONCERN}. {_KEPT}",
    systems.UNCLEAR: f"data.summary must be a text that says what happened. {_KEPT}",
}
_MISPLACED = "The district has no school of the short name in data.school. It is kept, but not for that school."
"""What a sender is told of an event that was taken, but not as it was meant."""
_HEADINGS = {
    systems.UNKNOWN: "An event of a kind we do not know: ",
    systems.UNCLEAR: "A concern that does not say in words what happened: ",
}
_NO_HEADERS = (
    "An event by itself is of the type application/cloudevents+json. With another type of JSON the body is its data, "
    "and the headers ce-specversion, ce-id, ce-source and ce-type must say the rest: ce-specversion is missing."
)
STRUCTURED, BATCHED, JSON = JSONFormat.CONTENT_TYPE, "application/cloudevents-batch+json", "application/json"
MOST_EVENTS, MOST_BYTES = 100, 256 * 1024
"""Of one request: events of the standard's 64 KB come through, and batches of smaller ones."""
_ANY_SIZE = 1 << 62
"""We leave off reading ourselves: a limit here would answer in another form than the standard's."""
LONGEST_WORDS, LONGEST_ATTRIBUTE = 20_000, 400
"""Characters; words beyond are cut off, and it is said that they were."""
_CUT = "\n\n[It goes on; the rest was too long to keep.]"
_SLUG = re.compile(r"[a-z0-9-]{1,63}")
_LINE = re.compile(r"[\x00-\x1f\x7f]+")
_OURS = frozenset({"specversion", "id", "type", "time", "datacontenttype"})
"""Attributes that a person need not read, or reads elsewhere."""


class Unsupported(BadInput):
    """It comes in a form that is not one of the three."""

    code = "unsupported_media_type"
    public = "Send CloudEvents 1.0 as JSON: structured, binary or batched."
    status = 415


class Unproven(BadInput):
    """Who sends it has not shown who they are."""

    code = "unauthenticated"
    public = "The bearer token of this address, or a signature as Standard Webhooks have it (v1a), is missing or wrong."
    status = 401


@dataclass(frozen=True)
class Inbound:
    """What the endpoint needs: `find` looks a system up, `receive` stores what it tells and says what became of it.

    Both wait for the database. `stored` is called after an answer is certain. `rates` says how many events of one
    system are taken in a minute: `MOST_EVENTS` at least.
    """

    clock: Clock
    rates: Rates
    find: Callable[[str], Source | None] = field(repr=False)
    receive: Callable[[Source, Sequence[Told], datetime], Kept] = field(repr=False)
    stored: Callable[[], None] = field(repr=False)
    _complaints: Rates = field(default_factory=lambda: Rates(1), repr=False)
    """One line of the log a minute is enough about a system that tells too much."""

    def routes(self) -> list[Route]:
        """Say where it is served."""
        return [
            Route(PATH, self.shake_hands, methods=["OPTIONS"]),
            Route(PATH, self.take, methods=["POST"], max_body_size=_ANY_SIZE),
        ]

    async def shake_hands(self, request: Request) -> Response:
        """Agree to be sent events, as a sender asks before the first one. Source: Web Hooks 1.0.2 §4."""
        await self._source(request)
        headers = {"Allow": "POST, OPTIONS", "Cache-Control": "no-store"}
        origin = request.headers.get("webhook-request-origin")
        if origin:
            headers["WebHook-Allowed-Origin"] = origin
        if "webhook-request-rate" in request.headers:
            headers["WebHook-Allowed-Rate"] = str(self.rates.per_minute)
        return Response(status_code=200, headers=headers)

    async def take(self, request: Request) -> Response:
        """Take events in. They are on disk before the answer, all or none; a repeat is answered as the first was."""
        source, now = await self._source(request), self.clock()
        body = await _body(request)
        try:
            _prove(source, request.headers, body, now)
        except Unproven as error:
            return problem(error.status, error.code, error.public, {"WWW-Authenticate": "Bearer"})
        told = _read_all(request.headers, body, signs=source.public_key is not None)
        if seconds := self.rates.wait(source.id, max(len(told), 1), now):
            return self._too_many(source, seconds, now)
        kept = await run_in_threadpool(self.receive, source, told, now)
        if kept.new:
            self.stored()
        answer: dict[str, Any] = {"accepted": len(told), "new": kept.new}
        if warnings := _warnings(told, kept):
            answer["warnings"] = warnings
        return JSONResponse(answer, 202, {"Cache-Control": "no-store"})

    def _too_many(self, source: Source, seconds: float, now: datetime) -> Response:
        """Have a system come again later. Source: Web Hooks 1.0.2 §2.2 (429, Retry-After)."""
        if not self._complaints.wait(source.id, 1, now):
            log().warning("a system tells more than is taken", code="too_many_events", source=source.id)
        most = f"Of one system {self.rates.per_minute} events a minute are taken. Nothing of this was: send it again."
        return problem(429, "too_many_events", most, {"Retry-After": str(math.ceil(seconds))})

    async def _source(self, request: Request) -> Source:
        found = await run_in_threadpool(self.find, request.path_params["source"])
        if found is None:
            raise NotFound
        return found


async def _body(request: Request) -> bytes:
    """Read no more than may come. Raises: TooLarge."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST_BYTES:
            raise TooLarge("A request has up to 256 KB.")
    return bytes(read)


def _prove(source: Source, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Make sure that it is the system itself that sends this. Raises: Unproven."""
    if source.public_key is not None:
        try:
            signing.verify(source.public_key, headers, body, now)
        except Forged as error:
            raise Unproven(error.public) from None
        return
    scheme, _, token = headers.get("authorization", "").partition(" ")
    shown = systems.hash_of(token.strip())
    if scheme.lower() != "bearer" or not hmac.compare_digest(shown, source.token_hash or ""):
        raise Unproven


def _read_all(headers: Mapping[str, str], body: bytes, *, signs: bool) -> list[Told]:
    try:
        return [_told(event) for event in _events(headers, body, signs=signs)]
    except RecursionError:
        raise BadInput("That is nested too deeply.") from None


def _events(headers: Mapping[str, str], body: bytes, *, signs: bool) -> Sequence[CloudEvent]:
    """Read the events of a request in whichever mode it is. Raises: BadInput, Unsupported."""
    kind, _, parameters = headers.get("content-type", "").lower().partition(";")
    kind = kind.strip()
    if "charset=" in parameters and "utf-8" not in parameters:
        raise Unsupported("Send it in UTF-8.")
    if kind == STRUCTURED:
        return [_structured(_json(body))]
    if kind == BATCHED:
        found = _json(body)
        if not isinstance(found, list) or len(found) > MOST_EVENTS:
            raise BadInput(f"A batch is a JSON array of up to {MOST_EVENTS} events.")
        return [_of_batch(place, one) for place, one in enumerate(found)]
    if not (kind == JSON or kind.endswith("+json")):
        raise Unsupported
    if "ce-specversion" not in headers:
        raise Unsupported(_NO_HEADERS)
    if signs:
        raise Unsupported("What is signed is the body: send structured or batched events, not binary ones.")
    if body:
        _json(body)
    carried = {name: value for name, value in headers.items() if name.startswith("ce-") or name == "content-type"}
    return [_checked(lambda: from_binary(HTTPMessage(carried, body), JSONFormat(), _make))]


def _of_batch(place: int, parsed: object) -> CloudEvent:
    try:
        return _structured(parsed)
    except BadInput as error:
        raise BadInput(f"Event {place} of the batch, counted from 0: {error.public}") from None


def _structured(parsed: object) -> CloudEvent:
    if not isinstance(parsed, dict):
        raise BadInput("An event is one JSON object.")
    return _checked(lambda: JSONFormat().read(_make, json.dumps(parsed)))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except ValueError:
        raise BadInput("That is not JSON.") from None


def _make(attributes: dict[str, Any], data: Any = None) -> CloudEvent:
    """Make an event without what the SDK would make up: an id, by which nothing could be told again, and a time."""
    if missing := sorted({"specversion", "id", "source", "type"} - attributes.keys()):
        raise BadInput(f"The attribute {missing[0]} is missing.")
    timed = "time" in attributes
    event = CloudEvent(attributes, data)
    if not timed:
        del attributes["time"]
    return event


def _checked(read: Callable[[], Any]) -> CloudEvent:
    """Let the SDK read an event, and look at what it does not look at. Raises: BadInput."""
    try:
        event: CloudEvent = read()
    except (BaseCloudEventException, AttributeError, TypeError, ValueError, OverflowError) as error:
        named = ", ".join(sorted(getattr(error, "errors", {}))) or "its time"
        raise BadInput(f"That is no CloudEvent 1.0: look at {named}.") from None
    texts = (event.get_id(), event.get_source(), event.get_type(), event.get_subject() or "")
    if any(len(text) > LONGEST_ATTRIBUTE for text in texts):
        raise BadInput(f"id, source, type and subject have up to {LONGEST_ATTRIBUTE} characters.")
    return event


def _told(event: CloudEvent) -> Told:
    """Put an event into words. Whatever it says besides what we know is kept whole, for a person to read."""
    data = _opened(event)
    members = data if isinstance(data, dict) else {}
    doubt = systems.UNKNOWN if event.get_type() != CONCERN else None if _text(members, "summary") else systems.UNCLEAR
    parts = _as_it_came(event, data, doubt) if doubt else _concern(members)
    words = "\n\n".join(part for part in (*parts, "\n".join(_about(event))) if part)
    school = _school(members) if event.get_type() == CONCERN else None
    most = LONGEST_WORDS - (0 if school is None else systems.REMARK_LENGTH)
    return Told(
        origin=event.get_source(), id=event.get_id(), subject=event.get_subject(), doubt=doubt,
        school=school,
        words=words if len(words) <= most else words[: most - len(_CUT)] + _CUT,
    )  # fmt: skip


def _opened(event: CloudEvent) -> object:
    """Take an event's data out of its base64, so that it is judged by its words: JSON or text, where it is that."""
    data = event.get_data()
    if not isinstance(data, bytes):
        return data
    kind = (event.get_datacontenttype() or JSON).partition(";")[0].strip().lower()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    try:
        return json.loads(text) if kind == JSON or kind.endswith("+json") else text
    except (ValueError, RecursionError):
        return text


def _concern(data: Mapping[str, Any]) -> list[str]:
    read = {name: _text(data, name) for name in ("summary", "detail", "link")}
    link = _LINE.sub(" ", read["link"])
    rest = [_line(name, value) for name, value in data.items() if not read.get(name) and value not in (None, "")]
    return [read["summary"], read["detail"], f"Link: {link}" if link else "", "\n".join(rest)]


def _school(data: Mapping[str, Any]) -> str | None:
    """Read the short name of a school; empty when there is something that can be none."""
    if data.get("school") in (None, ""):
        return None
    school = _text(data, "school")
    return school if _SLUG.fullmatch(school) else ""


def _warnings(told: Sequence[Told], kept: Kept) -> list[dict[str, Any]]:
    """Tell a sender, by the places of its events, what was not taken as it was meant."""
    found = [(place, _WARNINGS[one.doubt]) for place, one in enumerate(told) if one.doubt]
    found += [(place, _MISPLACED) for place in kept.misplaced]
    return [{"event": place, "detail": detail} for place, detail in sorted(found)]


def _as_it_came(event: CloudEvent, data: object, doubt: str) -> list[str]:
    """Write an event's data as it came, below why it is kept that way."""
    shown = data.hex() if isinstance(data, bytes) else data
    written = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False, indent=1)
    name = _LINE.sub(" ", event.get_type())
    return [_HEADINGS[doubt] + name, written if data is not None else ""]


def _about(event: CloudEvent) -> list[str]:
    """Write what stands around an event's data, a line each."""
    given = event.get_attributes()
    at = given.get("time")
    named = [_line(name, value) for name, value in given.items() if name not in _OURS and value not in (None, "")]
    return [*([f"Time given: {iso(at)}"] if at else []), *named]


def _line(name: str, value: object) -> str:
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return _LINE.sub(" ", f"{name}: {written}")


def _text(data: Mapping[str, Any], name: str) -> str:
    found = data.get(name)
    return found.strip() if isinstance(found, str) else ""
