"""The IPAWS profile 1.0: what FEMA's gateway asks of an alert on top of CAP 1.2.

We build and sign what an alerting authority can post; posting wants its certificate and its agreement with FEMA, and
nothing of ours does it. That references name every message that still stands, `history.check` says: it knows them.
Source: OASIS CAP v1.2 USA IPAWS Profile 1.0, https://docs.oasis-open.org/emergency/cap/v1.2/ipaws-profile/v1.0/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from exports.cap import wea
from exports.cap.findings import Finding, below
from exports.cap.model import Alert, Info, MsgType, Named

CODE = "IPAWSv1.0"
SAME = "SAME"
ORIGINATOR = "EAS-ORG"

EVENTS = {
    "ADR": "Administrative message",
    "CAE": "Child abduction emergency",
    "CDW": "Civil danger warning",
    "CEM": "Civil emergency message",
    "DMO": "Practice/demo warning",
    "EVI": "Evacuation immediate",
    "FRW": "Fire warning",
    "HMW": "Hazardous materials warning",
    "LAE": "Local area emergency",
    "LEW": "Law enforcement warning",
    "RMT": "Required monthly test",
    "RWT": "Required weekly test",
    "SPW": "Shelter in place warning",
    "TOE": "911 telephone outage emergency",
}
"""The event codes that fit a school. Source: 47 CFR §11.31(e)."""
ORIGINATORS = ("EAS", "CIV", "WXR", "PEP")
"""Source: 47 CFR §11.31(d)."""
_EVENT = re.compile("[A-Z]{3}")
_PLACE = re.compile(r"\d{6}", re.ASCII)


def check(alert: Alert) -> tuple[Finding, ...]:
    """Find where an alert that passes CAP's own rules breaks the profile; its recommendations are advice."""
    return tuple(_alert(alert)) + wea.check(alert)


def _alert(alert: Alert) -> Iterator[Finding]:
    if CODE not in alert.codes:
        yield Finding("code", "ipaws_code", f"is missing: one must be {CODE}")
    if alert.sent.utcoffset() == timedelta():
        yield Finding("sent", "ipaws_utc", "has no offset from UTC, and some readers want a local time", advice=True)
    if not alert.infos:
        cancels = alert.msg_type is MsgType.CANCEL
        yield Finding("info", "ipaws_info", "is missing" + ", as many a Cancel has it" * cancels, advice=cancels)
    for number, info in enumerate(alert.infos, 1):
        path = below("", "info", number)
        yield from _info(info, path)
        yield from _times(info, path, alert)
        if set(info.categories) != set(alert.infos[0].categories):
            yield Finding(below(path, "category"), "ipaws_category", "is not the same in every info")
        if set(info.event_codes) != set(alert.infos[0].event_codes):
            yield Finding(below(path, "eventCode"), "ipaws_event_code", "is not the same in every info")


def _times(info: Info, path: str, alert: Alert) -> Iterator[Finding]:
    if info.expires is None:
        yield Finding(below(path, "expires"), "ipaws_expires", "is missing")
    elif info.expires.utcoffset() == timedelta():
        says = "has no offset from UTC, and some readers want a local time"
        yield Finding(below(path, "expires"), "ipaws_utc", says, advice=True)
    for name, moment in ("effective", info.effective), ("onset", info.onset):
        if moment is not None and moment > alert.sent:
            says = "is ignored: the alert holds from when it is sent, so hold it back until then"
            yield Finding(below(path, name), "ipaws_effective", says, advice=True)


def _info(info: Info, path: str) -> Iterator[Finding]:
    yield from _event(info, path)
    for name in "description", "instruction":
        if not getattr(info, name):
            yield Finding(below(path, name), "ipaws_text", "should be there", advice=True)
    yield from _originator(info, path)
    if not info.areas:
        yield Finding(below(path, "area"), "ipaws_area", "is missing")
    for number, area in enumerate(info.areas, 1):
        yield from _geocodes(area.geocodes, below(path, "area", number))


def _event(info: Info, path: str) -> Iterator[Finding]:
    same = [one.value for one in info.event_codes if one.value_name == SAME]
    here = below(path, "eventCode")
    if len(same) != 1:
        yield Finding(here, "ipaws_same", f"must have the valueName {SAME} exactly once, and has it {len(same)} times")
    elif not _EVENT.fullmatch(same[0]):
        yield Finding(here, "ipaws_same", f"has a {SAME} value that is not of three capital letters")
    elif same[0] not in EVENTS:
        yield Finding(here, "ipaws_same_rare", f"has a {SAME} value that is none of those for a school", advice=True)


def _originator(info: Info, path: str) -> Iterator[Finding]:
    named = [one.value for one in info.parameters if one.value_name == ORIGINATOR]
    here = below(path, "parameter")
    if not named:
        yield Finding(here, "ipaws_originator", f"should name the originator as {ORIGINATOR}", advice=True)
    elif len(named) > 1 or named[0] not in ORIGINATORS:
        yield Finding(here, "ipaws_originator", f"must give {ORIGINATOR} once, as one of {', '.join(ORIGINATORS)}")


def _geocodes(geocodes: tuple[Named, ...], path: str) -> Iterator[Finding]:
    same = [one.value for one in geocodes if one.value_name == SAME]
    if not same:
        yield Finding(below(path, "geocode"), "ipaws_geocode", f"should have one of valueName {SAME}", advice=True)
    if any(not _PLACE.fullmatch(value) for value in same):
        says = f"has a {SAME} value that is not of six digits (part, state, county)"
        yield Finding(below(path, "geocode"), "ipaws_geocode_malformed", says)
