"""What the operator decides about alerts: how a district warns, where its schools are, where alerts go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports import cap
from gateway.core import signing
from gateway.core.errors import BadInput, NotFound
from gateway.core.events import Code, emit
from gateway.core.http import Guarded
from gateway.core.keys import KeySet
from gateway.core.records import District, School, new_id
from responders.directory.records import SchoolArea
from responders.escalation.feed import hash_of
from responders.escalation.records import AlertTarget, EscalationRules

ACTOR = "operator"
FEEDS = ("off", "public", "token")
WANTED = tuple(one.value for one in cap.Status if one is not cap.Status.DRAFT)
"""The statuses that a place gets unless it is told otherwise."""
_SENDER = re.compile(r"[^\s,<&]{1,120}")
_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


def change(session: Session, district: District, now: datetime, **values: object) -> EscalationRules:
    """Change how a district warns. Raises: BadInput."""
    rules = session.get(EscalationRules, district.id)
    if rules is None:
        rules = EscalationRules(district_id=district.id, second_person=True, ipaws=False, feed="off", folder=False)
        session.add(rules)
    sender = values.get("sender")
    if sender is not None and not _SENDER.fullmatch(str(sender)):
        raise BadInput("sender: holds no blank, comma, < or &, in up to 120 characters.")
    if values.get("feed", "off") not in FEEDS:
        raise BadInput(f"A feed is one of {', '.join(FEEDS)}.")
    for name, value in values.items():
        setattr(rules, name, value)
    told: dict[str, Code] = {name: value for name, value in values.items() if isinstance(value, bool)}
    _tell(session, "alerts.changed", f"district/{district.id}", district, now, **told)
    return rules


def issue_link(session: Session, district: District, token: str, now: datetime) -> None:
    """Let whoever has a link with this token read the feed, and nobody with an earlier one."""
    change(session, district, now, feed="token", feed_token_hash=hash_of(token))


def place(
    session: Session,
    school: School,
    district: District,
    description: str,
    shapes: tuple[Sequence[str], Sequence[str], Sequence[str]],
    now: datetime,
) -> None:
    """Say where a school is: polygons, circles and geocodes in CAP's notation. Raises: BadInput naming the element."""
    polygons, circles, geocodes = shapes
    for text in polygons:
        _judge("polygon", cap.geometry.polygon_faults(cap.polygon(text)))
    for text in circles:
        _judge("circle", cap.geometry.circle_faults(cap.circle(text)))
    if any("=" not in one for one in geocodes):
        raise BadInput("geocode: is NAME=VALUE, as SAME=008059.")
    if not 0 < len(description.strip()) <= 200:
        raise BadInput("areaDesc: says in up to 200 characters where the school is.")
    session.merge(
        SchoolArea(
            school_id=school.id, description=description.strip(), polygons=list(polygons), circles=list(circles),
            geocodes=list(geocodes),
        )
    )  # fmt: skip
    _tell(session, "alerts.placed", f"school/{school.id}", district, now)


def add_target(
    session: Session,
    keys: KeySet,
    client: Guarded,
    district: District,
    address: str,
    statuses: Sequence[str],
    now: datetime,
) -> str | None:
    """Have a district's alerts sent to a URL or an e-mail address; the answer is the secret of a URL, told once.

    Raises: BadInput for an address that is none, or is not one that we may reach.
    """
    if unknown := [one for one in statuses if one not in set(cap.Status)]:
        raise BadInput(f"status: {', '.join(unknown)} is none of {', '.join(cap.Status)}.")
    if target_of(session, district, address) is not None:
        raise BadInput("Alerts go there already. For a new secret, remove it and add it again.")
    row = AlertTarget(id=new_id(), district_id=district.id, address=address, statuses=list(statuses), added_at=now)
    plain = None
    if _MAIL.fullmatch(address) and len(address) <= 254:
        row.way = "mail"
    else:
        row.way, row.address = "post", client.check(address)
        plain = signing.new_secret()
        row.secret_sealed = keys.seal_delivery(plain, row.bound("secret"))
    session.add(row)
    _tell(session, "alerts.target_added", f"target/{row.id}", district, now, way=row.way)
    return plain


def remove_target(session: Session, district: District, address: str, now: datetime) -> None:
    """Send no more alerts there. Raises: NotFound."""
    found = target_of(session, district, address)
    if found is None:
        raise NotFound("No alerts go there.")
    found.removed_at = now
    _tell(session, "alerts.target_removed", f"target/{found.id}", district, now, way=found.way)


def target_of(session: Session, district: District, address: str) -> AlertTarget | None:
    """Find where alerts go by its address."""
    query = select(AlertTarget).where(AlertTarget.district_id == district.id, AlertTarget.removed_at.is_(None))
    return session.scalar(query.where(AlertTarget.address == address))


def targets(session: Session, district_id: str) -> list[AlertTarget]:
    """List where a district's alerts go."""
    query = select(AlertTarget).where(AlertTarget.district_id == district_id, AlertTarget.removed_at.is_(None))
    return list(session.scalars(query.order_by(AlertTarget.added_at, AlertTarget.id)))


def _judge(element: str, faults: Iterable[tuple[str, str]]) -> None:
    for _, says in faults:
        raise BadInput(f"{element}: {says}.")


def _tell(session: Session, kind: str, subject: str, district: District, now: datetime, **data: Code) -> None:
    emit(session, kind, subject=subject, actor=ACTOR, at=now, district_id=district.id, **data)
