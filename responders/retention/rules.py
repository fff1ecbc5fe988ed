"""Deadlines: what is kept how long, by district and kind.

    cases        cases with tips, replies, notes, assessments; counted from the last thing that happened, once closed
    no_concern   closed cases in whose words nothing asked for action, and about which nobody was unsure
    quarantine   closed cases of strays without danger, and texts that belong to no case
    pages        words of texts to staff, staff's answers, and our own texts that prove lines
    events       the event log, which holds ids and codes only

FERPA names no years, but forbids destroying education records while somebody's request to see them is open
(34 CFR 99.10(e)): that is what a hold is for. State laws and record schedules differ; a district sets its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import durations
from gateway.core.errors import BadInput
from gateway.core.events import emit
from gateway.core.records import District
from responders.retention.records import RetentionRule

CASES, NO_CONCERN, QUARANTINE, PAGES, EVENTS = "cases", "no_concern", "quarantine", "pages", "events"
DEFAULTS: Mapping[str, str] = {CASES: "P3Y", NO_CONCERN: "P90D", QUARANTINE: "P90D", PAGES: "P90D", EVENTS: "P7Y"}
SHORTEST: Mapping[str, str] = {CASES: "P30D", NO_CONCERN: "P7D", QUARANTINE: "P7D", PAGES: "P7D", EVENTS: "P1Y"}
"""No deadline is shorter, whatever a row says: a slip, or one stolen write, must not empty the house overnight."""

Rules = Mapping[str, str]
"""A duration for each kind."""


def check(kind: str, duration: str) -> str:
    """Hand back a duration that may be a deadline of a kind. Raises: BadInput that says what is wrong."""
    if kind not in DEFAULTS:
        raise BadInput(f"The kinds are {', '.join(DEFAULTS)}.")
    durations.check(duration)
    if durations.is_shorter(duration, SHORTEST[kind]):
        raise BadInput(f"The deadline of {kind} is {SHORTEST[kind]} at least.")
    return duration


def change(session: Session, district: District, kind: str, duration: str, actor: str, now: datetime) -> None:
    """Set a district's deadline. Raises: BadInput."""
    check(kind, duration)
    rule = session.get(RetentionRule, (district.id, kind))
    before = rule.duration if rule else DEFAULTS[kind]
    if rule is None:
        session.add(RetentionRule(district_id=district.id, kind=kind, duration=duration))
    else:
        rule.duration = duration
    emit(
        session, "retention.set", subject=f"district/{district.id}", actor=actor, at=now, district_id=district.id,
        deadline_of=kind, old=before, new=duration,
    )  # fmt: skip


def of_district(session: Session, district_id: str) -> Rules:
    """Read a district's deadlines; a row that could never have been set counts as not there."""
    found = dict(DEFAULTS)
    for rule in session.scalars(select(RetentionRule).where(RetentionRule.district_id == district_id)):
        try:
            found[rule.kind] = check(rule.kind, rule.duration)
        except BadInput:
            continue
    return found


def shortest_of_words(rules: Rules) -> str:
    """Name the shortest deadline of anything that is sealed: so long a month's keys live after its end."""
    found = rules[CASES]
    for kind in (NO_CONCERN, QUARANTINE, PAGES):
        if durations.is_shorter(rules[kind], found):
            found = rules[kind]
    return found
