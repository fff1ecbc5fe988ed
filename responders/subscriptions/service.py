"""What people and systems do with subscriptions. With the worker's modules, the only writer of their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from exports import event_catalogue
from gateway.core import signing
from gateway.core.characters import typed
from gateway.core.errors import BadInput, NotFound
from gateway.core.events import emit
from gateway.core.http import Hosts
from gateway.core.keys import KeySet
from gateway.core.records import Event, new_id
from responders.subscriptions import filters as expressions
from responders.subscriptions.records import (
    ACTIVE,
    DEAD,
    DELETED,
    MODES,
    PENDING,
    QUEUED,
    RETIRED,
    SIGNING,
    TOKEN,
    WAITING,
    Delivery,
    Subscription,
    SubscriptionSecret,
)

SCOPE_READ, SCOPE_WRITE = "events:read", "subscriptions:write"
OVERLAP = timedelta(days=1)
"""So long an old secret signs beside the new one."""
MOST = 50
"""Receivers of one district."""
TOKEN_LENGTH = 4000
KEEP_DELIVERED, KEEP_DEAD = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True)
class Wish:
    """What a subscription is to be. `token` is the receiver's own, shown to it as `Authorization: Bearer`."""

    name: str
    sink: str
    mode: str = "structured"
    types: Sequence[str] = ()
    filters: Sequence[dict[str, Any]] = ()
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Made:
    """A subscription with its secret, which is shown this once and kept nowhere that the console can read."""

    row: Subscription
    secret: str = field(repr=False)


def create(
    session: Session, keys: KeySet, hosts: Hosts, district_id: str, wish: Wish, actor: str, now: datetime
) -> Made:
    """Make a subscription; its receiver is asked next, and sent nothing before it agrees. Raises: BadInput."""
    _check(hosts, wish)
    count = select(func.count()).where(Subscription.district_id == district_id, Subscription.state != DELETED)
    if (session.scalar(count) or 0) >= MOST:
        raise BadInput(f"A district has at most {MOST} subscriptions.")
    row = Subscription(
        id=new_id(), district_id=district_id, created_at=now, created_by=actor, state=PENDING, **_columns(wish)
    )
    session.add(row)
    session.flush()
    secret = _add_secret(session, keys, row, SIGNING, signing.new_secret(), now)
    if wish.token:
        _add_secret(session, keys, row, TOKEN, wish.token, now)
    _tell(session, row, "created", actor, now, mode=row.mode)
    return Made(row, secret)


def change(
    session: Session, keys: KeySet, hosts: Hosts, row: Subscription, wish: Wish, actor: str, now: datetime
) -> None:
    """Change what a subscription is. Another address is asked anew, and never shown the old one's token.

    Raises: BadInput.
    """
    _check(hosts, wish)
    is_moved = row.sink != wish.sink
    if is_moved:
        _ask_again(row)
    for name, value in _columns(wish).items():
        setattr(row, name, value)
    if is_moved or wish.token:
        session.execute(delete(SubscriptionSecret).where(_of(row), SubscriptionSecret.kind == TOKEN))
    if wish.token:
        _add_secret(session, keys, row, TOKEN, wish.token, now)
    _tell(session, row, "changed", actor, now)


def ask_again(session: Session, row: Subscription, actor: str, now: datetime) -> None:
    """Have the receiver asked once more: when it did not agree, or was retired and is back. Raises: BadInput.

    Once it agrees, it is sent what has happened meanwhile; what was given up is sent again when a person says so.
    """
    if row.state not in ASKABLE:
        raise BadInput("It has agreed, and is sent events: there is nothing to ask.")
    _ask_again(row)
    _tell(session, row, "changed", actor, now)


def try_now(session: Session, row: Subscription, actor: str, now: datetime) -> int:
    """Have what waits tried at once, however long the pause of a receiver that failed still is; answers how many.

    One that fails again is left alone for longer than before. Raises: BadInput, also where nothing but the pace that
    the receiver agreed to holds events up: that is kept.
    """
    if row.state != ACTIVE:
        raise BadInput("It has not agreed to be sent events. Have it asked again.")
    is_paused = row.paused_until is not None and row.paused_until > now
    waiting = Delivery.subscription_id == row.id, Delivery.state == QUEUED, Delivery.due_at > now
    done: int = session.execute(update(Delivery).where(*waiting).values(due_at=now)).rowcount  # type: ignore[attr-defined]  # a CursorResult
    if row.failures:
        row.paused_until = None
    elif is_paused and not done:
        raise BadInput("Events go out as fast as the receiver agreed to. There is nothing to hurry.")
    if is_paused or done:
        _tell(session, row, "hurried", actor, now, count=done)
    return done


def rotate_secret(session: Session, keys: KeySet, row: Subscription, actor: str, now: datetime) -> str:
    """Make a new secret; the old one signs beside it for `OVERLAP`. The answer is its only copy in plain."""
    old = SubscriptionSecret.kind == SIGNING, SubscriptionSecret.ends_at.is_(None)
    session.execute(update(SubscriptionSecret).where(_of(row), *old).values(ends_at=now + OVERLAP))
    secret = _add_secret(session, keys, row, SIGNING, signing.new_secret(), now)
    _tell(session, row, "secret_rotated", actor, now)
    return secret


def end(session: Session, row: Subscription, actor: str, now: datetime) -> None:
    """End a subscription: nothing is sent any more, and its secrets are gone."""
    row.state, row.consent_hash = DELETED, None
    session.execute(delete(SubscriptionSecret).where(_of(row)))
    _tell(session, row, "deleted", actor, now)


def replay_dead(session: Session, row: Subscription, actor: str, now: datetime, delivery_id: str | None = None) -> int:
    """Queue again what was given up, all of it or one; answers how many."""
    these = Delivery.subscription_id == row.id, Delivery.state == DEAD
    query = update(Delivery).where(*these)
    if delivery_id is not None:
        query = query.where(Delivery.id == delivery_id)
    values = {"state": QUEUED, "attempts": 0, "code": None, "queued_at": now, "due_at": now, "done_at": None}
    done: int = session.execute(query.values(values)).rowcount  # type: ignore[attr-defined]  # a CursorResult
    if done:
        _tell(session, row, "replayed", actor, now, count=done)
    return done


def replay_since(session: Session, row: Subscription, since: datetime, actor: str, now: datetime) -> int:
    """Send everything again that has happened since a moment; answers how many events are looked through.

    One that is being asked anew, or is retired, gets them once it agrees. Raises: BadInput when it never has.
    """
    if row.agreed_at is None and row.state in ASKABLE:
        raise BadInput("It has not agreed to be sent events yet. Send again once it has.")
    theirs = Event.district_id == row.district_id, Event.at >= since, Event.seq <= row.after_seq
    first, count = session.execute(select(func.min(Event.seq), func.count(Event.seq)).where(*theirs)).one()
    if first is not None:
        row.after_seq = first - 1
        _tell(session, row, "replayed", actor, now, count=count)
    return int(count)


def of_district(session: Session, district_id: str) -> list[Subscription]:
    """List the subscriptions of a district, oldest first."""
    query = select(Subscription).where(Subscription.district_id == district_id, Subscription.state != DELETED)
    return list(session.scalars(query.order_by(Subscription.created_at, Subscription.id)))


def find(session: Session, district_id: str, subscription_id: str, *, lock: bool = False) -> Subscription:
    """Find one of a district's. Raises: NotFound."""
    row = session.get(Subscription, subscription_id, with_for_update=lock or None)
    if row is None or row.district_id != district_id or row.state == DELETED:
        raise NotFound
    return row


def counts(session: Session, subscription_id: str) -> dict[str, int]:
    """Count deliveries by state."""
    query = select(Delivery.state, func.count()).where(Delivery.subscription_id == subscription_id)
    found = {state: count for state, count in session.execute(query.group_by(Delivery.state))}  # noqa: C416 - rows are not pairs to mypy
    return {state: found.get(state, 0) for state in (QUEUED, "delivered", DEAD)}


def latest(session: Session, subscription_id: str, limit: int = 50) -> list[tuple[Delivery, str | None]]:
    """List the latest deliveries, those given up first, each with the stored type of its event while it is there."""
    query = select(Delivery, Event.type).join(Event, Event.id == Delivery.event_id, isouter=True)
    query = query.where(Delivery.subscription_id == subscription_id)
    order = (Delivery.state != DEAD, Delivery.seq.desc())
    return [(row, kind) for row, kind in session.execute(query.order_by(*order).limit(limit))]


def tidy(session: Session, now: datetime) -> None:
    """Delete what nobody needs any more: deliveries of long ago and of receivers that are no more, old secrets."""
    deleted = select(Subscription.id).where(Subscription.state == DELETED)
    session.execute(delete(Delivery).where(Delivery.subscription_id.in_(deleted)))
    for state, keep in (("delivered", KEEP_DELIVERED), (DEAD, KEEP_DEAD)):
        session.execute(delete(Delivery).where(Delivery.state == state, Delivery.done_at < now - keep))
    session.execute(delete(SubscriptionSecret).where(SubscriptionSecret.ends_at < now - OVERLAP))


def _check(hosts: Hosts, wish: Wish) -> None:
    if not 1 <= len(wish.name.strip()) <= 120:
        raise BadInput("Give the subscription a name of 1 to 120 characters.")
    hosts.check(wish.sink)
    if wish.mode not in MODES:
        raise BadInput(f"The mode is one of {', '.join(MODES)}.")
    if unknown := sorted(set(wish.types) - set(event_catalogue.types())):
        raise BadInput(f"There are no events of the type {unknown[0][:80]}.")
    expressions.check(list(wish.filters))
    token = wish.token or ""
    if not token.isascii() or not token.isprintable() or " " in token or len(token) > TOKEN_LENGTH:
        raise BadInput(f"A token is printable ASCII without blanks, at most {TOKEN_LENGTH} characters.")


def _columns(wish: Wish) -> dict[str, Any]:
    return {
        "name": typed(wish.name).strip(), "sink": wish.sink, "mode": wish.mode, "types": list(wish.types),
        "filters": list(wish.filters),
    }  # fmt: skip


def _ask_again(row: Subscription) -> None:
    """Ask as if for the first time: whoever was asked before can agree to nothing any more."""
    row.state, row.code, row.paused_until, row.failures, row.rate_per_minute = PENDING, None, None, 0, None
    row.consent_hash = None


def _add_secret(session: Session, keys: KeySet, row: Subscription, kind: str, plain: str, now: datetime) -> str:
    made = SubscriptionSecret(id=new_id(), subscription_id=row.id, kind=kind, made_at=now)
    made.secret_sealed = keys.seal_delivery(plain, made.bound("secret"))
    session.add(made)
    session.flush()
    return plain


def _of(row: Subscription) -> Any:
    return SubscriptionSecret.subscription_id == row.id


def _tell(session: Session, row: Subscription, what: str, actor: str, now: datetime, **data: str | int) -> None:
    emit(session, f"subscription.{what}", subject=f"subscription/{row.id}", actor=actor, at=now,
         district_id=row.district_id, **data)  # fmt: skip


ASKABLE = frozenset({WAITING, RETIRED, PENDING})
"""States in which a person may have the receiver asked once more."""
