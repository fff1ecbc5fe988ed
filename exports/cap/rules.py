"""Every rule of CAP 1.2 that its schema does not hold, and those that it does: an alert in, findings out.

What the schema says is checked from the table of elements (`forms`); what the text of the standard says stands here,
by element. Source: CAP 1.2 §3.2 and §3.3.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from exports.cap import forms, geometry, resource_rules
from exports.cap.findings import Finding, below
from exports.cap.model import Alert, Area, Info, MsgType, ResponseType, Scope, Status

LONGEST_HEADLINE = 160
"""Characters that some devices show; a target of the standard, not a limit."""

_UNFIT = re.compile(r"[\s,<&]")
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}|[ix](?=-))(?:-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)
_PROFILES = re.compile(r"(ipaws)v[\d.]+|(?:urn:oasis:[\w.:-]*:)?profile:([\w-]+)(?::[\w.]+)?", re.ASCII | re.IGNORECASE)
_FOLLOWS = {MsgType.UPDATE, MsgType.CANCEL, MsgType.ACK, MsgType.ERROR}


def check(alert: Alert) -> tuple[Finding, ...]:
    """Find what is wrong with an alert, in the order of its elements as far as may be.

    An alert whose form is broken (a time without offset, a code of no list) is looked at no further: what would be said
    of its meaning could mislead. Unknown words are no error; CAP leaves `event`, `code` and value names to its users.
    """
    broken = tuple(forms.faults(alert))
    if any(not finding.advice for finding in broken):
        return broken
    return (*broken, *_alert(alert), *_infos(alert))


def _alert(alert: Alert) -> Iterator[Finding]:
    for name in "identifier", "sender":
        if _UNFIT.search(getattr(alert, name)):
            yield Finding(name, "alphabet", "holds a blank, a comma, < or &, which would break references to it")
    yield from _scope(alert)
    for name in "addresses", "incidents":
        items: Sequence[str] = getattr(alert, name)
        if any(not item.strip() or '"' in item for item in items):
            yield Finding(name, "list_item", "holds an empty name or one with a double quote in it")
        yield from _repeats(name, items)
    yield from _profiles(alert.codes)
    yield from _references(alert)
    if not alert.note and alert.status is Status.EXERCISE:
        yield Finding("note", "note_missing", "should say which exercise this is", advice=True)
    if not alert.note and alert.msg_type is MsgType.ERROR:
        yield Finding("note", "note_missing", "should say what was wrong", advice=True)
    if not alert.infos and alert.status is not Status.SYSTEM and alert.msg_type in {MsgType.ALERT, MsgType.UPDATE}:
        yield Finding("info", "info_missing", "is missing: nobody could tell what the alert is about")


def _scope(alert: Alert) -> Iterator[Finding]:
    if alert.scope is Scope.RESTRICTED and not alert.restriction:
        yield Finding("restriction", "restriction_missing", "is missing, and scope Restricted needs it")
    if alert.scope is not Scope.RESTRICTED and alert.restriction:
        yield Finding("restriction", "restriction_surplus", f"is there, and scope {alert.scope} knows none")
    if alert.scope is Scope.PRIVATE and not alert.addresses:
        yield Finding("addresses", "addresses_missing", "is missing, and scope Private needs it")


def _profiles(codes: Sequence[str]) -> Iterator[Finding]:
    """Two profiles, or two versions of one, ask for things that exclude each other."""
    yield from _repeats("code", codes, numbered=True)
    named = {number: found for number, code in enumerate(codes, 1) if (found := _PROFILES.fullmatch(code))}
    first = next(iter(named.values()), None)
    for number, found in named.items():
        if first and found[0] != first[0]:
            yield Finding(
                f"code[{number}]", "profiles_conflict", "names a second profile: an alert can follow one only"
            )


def _references(alert: Alert) -> Iterator[Finding]:
    if alert.msg_type in _FOLLOWS and not alert.references:
        yield Finding("references", "references_missing", f"is missing, and msgType {alert.msg_type} needs it")
    if any(
        _UNFIT.search(one.sender + one.identifier) or not (one.sender and one.identifier) for one in alert.references
    ):
        yield Finding("references", "references_malformed", "is not a list of sender,identifier,sent between blanks")
    for one in alert.references:
        if any(forms.moment_faults(one.sent)):
            yield Finding("references", "references_malformed", "holds a time that is none, or has no offset")
        elif (one.sender, one.identifier) == (alert.sender, alert.identifier):
            yield Finding("references", "references_itself", "names the alert itself")
        elif one.sent.astimezone(UTC) > alert.sent.astimezone(UTC):
            yield Finding("references", "references_later", "names a message that was sent after this one")
    keys: list[Hashable] = [(one.sender, one.identifier) for one in alert.references]
    yield from _repeats("references", keys)


def _infos(alert: Alert) -> Iterator[Finding]:
    seen: dict[Hashable, int] = {}
    for number, info in enumerate(alert.infos, 1):
        path = f"info[{number}]"
        yield from _info(info, path, alert.sent)
        same = (info.language or "en-us").lower(), info.audience, info.event, info.areas, info.effective, info.onset
        if (first := seen.setdefault(same, number)) != number:
            yield Finding(path, "info_repeated", f"is for the same language, audience, event and area as info[{first}]")


def _info(info: Info, path: str, sent: datetime) -> Iterator[Finding]:
    if info.language is not None and not _LANGUAGE.fullmatch(info.language):
        yield Finding(below(path, "language"), "language", "is not a language tag, as en-US or es-US")
    yield from _repeats(below(path, "category"), info.categories, numbered=True)
    yield from _repeats(below(path, "responseType"), info.response_types, numbered=True)
    if ResponseType.NONE in info.response_types and len(info.response_types) > 1:
        yield Finding(below(path, "responseType"), "response_none", "says None beside something to do", advice=True)
    yield from _times(info, path, sent)
    if info.headline and len(info.headline) > LONGEST_HEADLINE:
        says = f"is longer than {LONGEST_HEADLINE} characters, and some devices cut it there"
        yield Finding(below(path, "headline"), "headline_long", says, advice=True)
    if info.web is not None and not absolute(info.web):
        yield Finding(below(path, "web"), "web", "is not a whole address with its scheme, as https://…")
    yield from _repeats(below(path, "eventCode"), info.event_codes, numbered=True)
    yield from _repeats(below(path, "parameter"), info.parameters, numbered=True)
    for number, resource in enumerate(info.resources, 1):
        yield from resource_rules.check(resource, below(path, "resource", number))
    for number, area in enumerate(info.areas, 1):
        yield from _area(area, below(path, "area", number))


def _times(info: Info, path: str, sent: datetime) -> Iterator[Finding]:
    if info.expires is None:
        return
    # As instants: two times of one zone would be compared by its clocks, which show one hour twice in autumn.
    expires = info.expires.astimezone(UTC)
    for name, moment in ("sent", sent), ("effective", info.effective), ("onset", info.onset):
        if moment is not None and expires <= moment.astimezone(UTC):
            yield Finding(below(path, "expires"), "expires_early", f"is not after {name}: the alert would never hold")
            return


def _area(area: Area, path: str) -> Iterator[Finding]:
    for number, polygon in enumerate(area.polygons, 1):
        for code, says in geometry.polygon_faults(polygon):
            yield Finding(below(path, "polygon", number), code, says)
    for number, circle in enumerate(area.circles, 1):
        for code, says in geometry.circle_faults(circle):
            yield Finding(below(path, "circle", number), code, says)
    yield from _repeats(below(path, "geocode"), area.geocodes, numbered=True)
    if area.ceiling is not None and area.altitude is None:
        yield Finding(below(path, "ceiling"), "ceiling_alone", "is there without altitude")
    elif area.ceiling is not None and area.altitude is not None and area.ceiling < area.altitude:
        yield Finding(below(path, "ceiling"), "ceiling_low", "is below altitude")


def absolute(uri: str) -> bool:
    """Say whether a URI is whole: a scheme, and something behind it, without blanks."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if re.search(r"[\s<>\"]", uri) or not parts.scheme:
        return False
    return bool(parts.hostname) if parts.scheme in {"http", "https", "ftp"} else bool(parts.netloc or parts.path)


def _repeats(path: str, items: Iterable[Hashable], *, numbered: bool = False) -> Iterator[Finding]:
    seen: set[Hashable] = set()
    for number, item in enumerate(items, 1):
        if item in seen:
            yield Finding(f"{path}[{number}]" if numbered else path, "repeated", "says the same thing twice")
        seen.add(item)
