"""Directory: who can be paged, in what order, and under which number."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from gateway.core import numbers
from gateway.core.errors import BadInput, NotFound
from gateway.core.records import Contact, District, Message
from responders.directory.records import Duty, Responder

ON_CALL = "on_call"
ESCALATION = "escalation"
_HELD = "districts held"


def hold(session: Session, district_id: str) -> District:
    """Take the district's turn: until the transaction ends nobody else works its cases and callouts.

    One lock, taken before that of any message, case or callout, so that two processes never page twice nor wait for
    each other in a circle. Readers, intake and courier go on. Who has it is not asked again. Raises: NotFound.
    """
    held: dict[str, District] = session.info.setdefault(_HELD, {})
    if district_id not in held:
        query = select(District).where(District.id == district_id).with_for_update(key_share=True)
        district = session.scalar(query)
        if district is None:
            raise NotFound
        held[district_id] = district
    return held[district_id]


def home_of(session: Session, message: Message) -> District | None:
    """Find the district a message is for; a stray goes to who takes strays, else to the first district there is."""
    if message.district_id:
        return session.get(District, message.district_id)
    return session.scalar(select(District).order_by(District.takes_strays.desc(), District.slug).limit(1))


def add_responder(
    session: Session, district_id: str, name: str, role: str, number: str, account_id: str | None = None
) -> Responder:
    """Add a person who can be paged at `number`. Raises: BadInput when it is no phone number or already somebody's."""
    district = session.get(District, district_id)
    if district is None:
        raise NotFound
    address = numbers.normalize(number, district.country)
    if address.kind != "e164":
        raise BadInput("That is not a phone number that can be texted.")
    query = select(Contact).where(Contact.district_id == district_id, Contact.address == address.value)
    contact = session.scalar(query)
    if contact is None:
        contact = Contact(district_id=district_id, address=address.value)
        session.add(contact)
        session.flush()
    elif of_contact(session, contact.id):
        raise BadInput("That number already belongs to a responder.")
    responder = Responder(
        district_id=district_id, name=name, role=role, contact_id=contact.id, account_id=account_id
    )  # fmt: skip
    session.add(responder)
    session.flush()
    return responder


def set_duty(
    session: Session, district_id: str, school_id: str | None, tier: str, responder_ids: Iterable[str]
) -> None:
    """Replace one list (`on_call` or `escalation`) of a school, or of the district when `school_id` is None.

    Raises: BadInput for another tier or a responder of another district.
    """
    wanted = list(dict.fromkeys(responder_ids))
    query = select(Responder.id).where(Responder.id.in_(wanted), Responder.district_id == district_id)
    if tier not in {ON_CALL, ESCALATION} or len(set(session.scalars(query))) != len(wanted):
        raise BadInput
    session.execute(
        delete(Duty).where(
            Duty.district_id == district_id, Duty.school_id.is_not_distinct_from(school_id), Duty.tier == tier
        )
    )
    for position, responder_id in enumerate(wanted):
        session.add(
            Duty(district_id=district_id, school_id=school_id, tier=tier, position=position, responder_id=responder_id)
        )
    session.flush()


def lists(session: Session, district_id: str, school_id: str | None) -> dict[str, list[Responder]]:
    """List both lists by tier, in order: the school's own, else the district's."""
    query = (
        select(Duty.tier, Duty.school_id, Responder)
        .join(Responder, Duty.responder_id == Responder.id)
        .where(Duty.district_id == district_id, or_(Duty.school_id.is_(None), Duty.school_id == school_id))
        .order_by(Duty.position)
    )
    found: dict[tuple[str, str | None], list[Responder]] = {}
    for tier, place, responder in session.execute(query):
        found.setdefault((tier, place), []).append(responder)
    return {tier: found.get((tier, school_id)) or found.get((tier, None), []) for tier in (ON_CALL, ESCALATION)}


def on_call(session: Session, district_id: str, school_id: str | None) -> list[Responder]:
    """List who is on call, in order: the school's own list, else the district's."""
    return lists(session, district_id, school_id)[ON_CALL]


def everyone(session: Session, district_id: str) -> list[Responder]:
    """List every responder of a district."""
    query = select(Responder).where(Responder.district_id == district_id)
    return list(session.scalars(query.order_by(Responder.name, Responder.id)))


def of_contact(session: Session, contact_id: str) -> Responder | None:
    """Find the responder whom a contact belongs to, if any."""
    return session.scalar(select(Responder).where(Responder.contact_id == contact_id))
