"""Messages that follow others: which still stand, what the next one must name, and what it must not.

`before` is what this sender has sent so far, in any order; who calls keeps it. An alert stands until it expires or is
cancelled; an update does not end what it updates, so that both are named by what comes next.
Source: CAP 1.2 §3.2.1 `references`; IPAWS profile 1.0, "ALL related messages that have not yet expired".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from exports.cap.findings import Finding, Refused
from exports.cap.model import Alert, Info, MsgType, Reference

Key = tuple[str, str]
_REPLACES = {MsgType.UPDATE, MsgType.CANCEL}
_STANDS = {MsgType.ALERT, MsgType.UPDATE}


def related(first: Alert, before: Iterable[Alert]) -> tuple[Alert, ...]:
    """Give the messages that hang together with one by their references, over any number of steps, and itself."""
    pool = {_key(one.reference): one for one in (*before, first)}
    links: dict[Key, set[Key]] = {key: set() for key in pool}
    for key, one in pool.items():
        for named in map(_key, one.references):
            if named in pool:
                links[key].add(named)
                links[named].add(key)
    reached, waiting = set(), [_key(first.reference)]
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting.extend(links[key])
    return tuple(sorted((pool[key] for key in reached), key=lambda one: (one.sent, one.identifier)))


def standing(alerts: Iterable[Alert], at: datetime) -> tuple[Alert, ...]:
    """Give those of some alerts that neither have expired at a moment nor were cancelled, the oldest first."""
    known = tuple(alerts)
    cancelled = _cancelled(known)
    kept = [
        one
        for one in known
        if one.msg_type in _STANDS and _key(one.reference) not in cancelled and not _expired(one, at)
    ]
    return tuple(sorted(kept, key=lambda one: (one.sent, one.identifier)))


def follow(
    last: Alert,
    before: Sequence[Alert],
    *,
    msg_type: MsgType,
    identifier: str,
    sent: datetime,
    infos: tuple[Info, ...],
    note: str | None = None,
) -> Alert:
    """Make the update or cancel that follows an alert, naming every related message that still stands.

    An all clear is an update whose infos say so. Status, scope and who may read it stay what they were.
    Raises: Refused, naming `references`, when nothing of it stands any more: it was cancelled, or has expired.
    """
    still = standing(related(last, before), sent)
    if not still:
        says = "has nothing to name: all was cancelled or has expired"
        raise Refused([Finding("references", "references_none_standing", says)])
    return Alert(
        identifier=identifier,
        sender=last.sender,
        sent=sent,
        status=last.status,
        msg_type=msg_type,
        source=last.source,
        scope=last.scope,
        restriction=last.restriction,
        addresses=last.addresses,
        codes=last.codes,
        note=note or last.note,
        references=tuple(one.reference for one in still),
        incidents=last.incidents,
        infos=infos,
    )


def check(alert: Alert, before: Iterable[Alert]) -> tuple[Finding, ...]:
    """Find where an alert does not fit what its sender has sent so far."""
    known = {_key(one.reference): one for one in before}
    return tuple(_check(alert, known))


def _check(alert: Alert, known: dict[Key, Alert]) -> Iterator[Finding]:
    if _key(alert.reference) in known:
        yield Finding("identifier", "identifier_used", "was used before by this sender")
    if alert.msg_type not in _REPLACES:
        return
    cancelled = _cancelled(known.values())
    for reference in alert.references:
        yield from _reference(alert, reference, known.get(_key(reference)), cancelled)
    yield from _complete(alert, known)


def _reference(alert: Alert, reference: Reference, named: Alert | None, cancelled: set[Key]) -> Iterator[Finding]:
    code, says = "", ""
    if reference.sender != alert.sender:
        code, says = "references_foreign", "names a message of another sender"
    elif named is None:
        code, says = "references_unknown", "names a message that was never sent"
    elif named.sent != reference.sent:
        code, says = "references_time", "names a message with a time at which it was not sent"
    elif named.msg_type not in _STANDS:
        code, says = "references_no_alert", f"names a message that is itself a {named.msg_type}"
    elif named.status is not alert.status:
        code, says = "references_status", f"names a message of status {named.status}, and this one is {alert.status}"
    elif _key(reference) in cancelled:
        code, says = "references_cancelled", "names a message that is cancelled already"
    elif _expired(named, alert.sent):
        code, says = "references_expired", "names a message that has expired"
    if code:
        yield Finding("references", code, says)


def _complete(alert: Alert, known: dict[Key, Alert]) -> Iterator[Finding]:
    others = [one for key, one in known.items() if key != _key(alert.reference)]
    still = standing(related(alert, others), alert.sent)
    missing = {_key(one.reference) for one in still} - set(map(_key, alert.references)) - {_key(alert.reference)}
    if missing:
        says = f"leaves out {len(missing)} related message(s) that still stand"
        yield Finding("references", "references_incomplete", says)


def _cancelled(alerts: Iterable[Alert]) -> set[Key]:
    return {_key(named) for one in alerts if one.msg_type is MsgType.CANCEL for named in one.references}


def _expired(alert: Alert, at: datetime) -> bool:
    return alert.expires is not None and alert.expires <= at


def _key(reference: Reference) -> Key:
    return reference.sender, reference.identifier
