"""The life of an alert until it is approved: drafted, changed, put before a second person, approved, taken back.

The console and GraphQL do this; the worker issues what is approved (`issuing`). Two people stand behind every alert
unless the district has it otherwise: who approves is never who wrote it last or asked for the approval, and is a
person with an account, never a token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from exports import cap
from gateway.core.database import reread
from gateway.core.errors import BadInput, NotAllowed
from gateway.core.events import Code, emit
from gateway.core.keys import KeySet
from gateway.core.records import District, new_id
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory import service as directory
from responders.escalation import drafts, due
from responders.escalation.drafts import Draft
from responders.escalation.records import (
    APPROVED,
    DISCARDED,
    DRAFT,
    ISSUED,
    PROPOSED,
    REFUSED,
    UNFINISHED,
    Alert,
    AlertDelivery,
    AlertTarget,
    EscalationRules,
)

KINDS: Mapping[str, str] = {"update": "Update", "all_clear": "Update", "cancel": "Cancel"}
"""What may follow an alert, and the `msgType` of it. All clear is news, not a withdrawal: it was right to warn."""
STATUSES = tuple(cap.Status)


@dataclass(frozen=True)
class Preview:
    """An alert as it would be if it were issued now: what is wrong with it, and its document when nothing is."""

    draft: Draft | None
    alert: cap.Alert | None
    findings: tuple[cap.Finding, ...]
    document: bytes

    @property
    def faults(self) -> list[cap.Finding]:
        """What keeps it from being issued."""
        return [finding for finding in self.findings if not finding.advice]

    @property
    def advice(self) -> list[cap.Finding]:
        """What may be better."""
        return [finding for finding in self.findings if finding.advice]


def rules_of(session: Session, district_id: str) -> EscalationRules:
    """Read how a district warns; without a row, the defaults, which belong to no session."""
    found = session.get(EscalationRules, district_id)
    return found or EscalationRules(
        district_id=district_id, second_person=True, ipaws=False, feed="off", folder=False
    )  # fmt: skip


def compose(
    session: Session,
    keys: KeySet,
    origin: Case | Alert,
    kind: str,
    draft: Draft,
    actor: str,
    now: datetime,
) -> Alert:
    """Keep a new draft: the first message about a case (`kind` is `alert`), or one of `KINDS` after an earlier one.

    Raises: BadInput naming the element for what no alert could be made of; NotAllowed when nothing is left to follow.
    """
    district = directory.hold(session, origin.district_id)
    row = Alert(
        id=new_id(), district_id=district.id, msg_type="Alert", state=DRAFT, revision=1, author=actor,
        drafted_by=actor, drafted_at=now,
    )  # fmt: skip
    if isinstance(origin, Alert):
        if kind not in KINDS:
            raise BadInput("msgType: what may follow is an update, an all clear or a cancel.")
        row.msg_type, row.incident, row.case_id = KINDS[kind], origin.incident, origin.case_id
        must_be_open(session, row, now)
    else:
        row.incident, row.case_id = row.id, origin.id
    drafts.seal(keys, district, row, draft.checked(now), now)
    session.add(row)
    session.flush()
    _tell(session, row, "alert.drafted", actor, now, msg_type=row.msg_type, scenario=row.scenario)
    return row


def revise(session: Session, keys: KeySet, row: Alert, draft: Draft, actor: str, now: datetime) -> None:
    """Change a draft. Whatever was asked or approved counts no more. Raises: BadInput, NotAllowed."""
    district = _hold(session, row)
    if row.state not in {*UNFINISHED, REFUSED}:
        raise NotAllowed("This alert can no longer be changed.")
    drafts.seal(keys, district, row, draft.checked(now), now)
    row.state, row.revision, row.author = DRAFT, row.revision + 1, _author(row, actor)
    row.proposed_at = row.approved_at = row.approved_by = None
    _tell(session, row, "alert.revised", actor, now, revision=row.revision)


def propose(session: Session, keys: KeySet, row: Alert, revision: int, actor: str, now: datetime) -> None:
    """Put a draft before a second person. Raises: Refused naming the elements, NotAllowed."""
    _hold(session, row)
    _must_be(row, DRAFT, revision)
    cap.refuse(preview(session, keys, row, now).findings)
    row.state, row.proposed_at, row.author = PROPOSED, now, _author(row, actor)
    _tell(session, row, "alert.proposed", actor, now, revision=revision)


def approve(session: Session, keys: KeySet, row: Alert, revision: int, actor: str, now: datetime) -> None:
    """Let an alert go out, now or at its time. `revision` is the one that was looked at.

    Raises: Refused naming the elements; NotAllowed for the same person, a token, or an alert that changed meanwhile.
    """
    _hold(session, row)
    if not _is_person(actor):
        raise NotAllowed("A person approves an alert, under their own account.")
    two = rules_of(session, row.district_id).second_person
    _must_be(row, PROPOSED if two or row.state != DRAFT else DRAFT, revision)
    if two and actor == row.author:
        raise NotAllowed("Somebody else must approve this alert: you wrote it, or asked for its approval.")
    cap.refuse(preview(session, keys, row, now).findings)
    row.state, row.approved_by, row.approved_at = APPROVED, actor, now
    _tell(session, row, "alert.approved", actor, now, revision=revision, scheduled=row.starts_at is not None)


def hand_back(session: Session, row: Alert, actor: str, now: datetime) -> None:
    """Say no to what was asked, or hold what was approved and has not gone out yet. Raises: NotAllowed."""
    _hold(session, row)
    if row.state not in {PROPOSED, APPROVED}:
        raise NotAllowed("This alert does not wait for anybody.")
    row.state = DRAFT
    row.proposed_at = row.approved_at = row.approved_by = None
    _tell(session, row, "alert.handed_back", actor, now)


def discard(session: Session, row: Alert, actor: str, now: datetime) -> None:
    """Throw a draft away; its words are gone. Raises: NotAllowed for what went out."""
    _hold(session, row)
    if row.state not in {*UNFINISHED, REFUSED}:
        raise NotAllowed("This alert can no longer be discarded.")
    row.state, row.draft_sealed = DISCARDED, None
    _tell(session, row, "alert.discarded", actor, now)


def send_again(session: Session, row: Alert, actor: str, now: datetime) -> None:
    """Try again at once to bring an alert where it was given up, while it still holds.

    Raises: NotAllowed when there is no such place.
    """
    _hold(session, row)
    again = given_up(session, row, now)
    if not again:
        raise NotAllowed("There is nothing to send again: it arrived, is on its way, or no longer holds.")
    for one in again:
        one.state, one.due_at, one.attempts, one.ended_at = "queued", now, 0, None
    _tell(session, row, "alert.sent_again", actor, now, count=len(again))


def given_up(session: Session, row: Alert, now: datetime) -> list[AlertDelivery]:
    """List the deliveries of an alert that were given up though nothing says that they should be."""
    failed = [found for found in deliveries(session, row) if found[0].state == "failed"]
    return [one for one, target in failed if due.over(session, one, row, target, now) is None]


def preview(session: Session, keys: KeySet, row: Alert, now: datetime) -> Preview:
    """Show an alert as it is, or as it would be if it were issued now. Raises: KeyRefused."""
    if row.state == ISSUED:
        document = session.scalar(select(Alert.document).where(Alert.id == row.id)) or b""
        return Preview(None, cap.read(document), (), document)
    draft = drafts.opened(keys, session.get_one(Alert, row.id, options=[undefer(Alert.draft_sealed)]))
    if draft is None:
        return Preview(None, None, (), b"")
    try:
        alert, findings = assembled(session, row, draft, now)
    except cap.Refused as error:
        return Preview(draft, None, error.findings, b"")
    faulty = any(not finding.advice for finding in findings)
    return Preview(draft, alert, findings, b"" if faulty else cap.render(alert))


def assembled(session: Session, row: Alert, draft: Draft, now: datetime) -> tuple[cap.Alert, tuple[cap.Finding, ...]]:
    """Build the alert as of `now`, with references to every unexpired message of its incident, and judge it.

    Raises: Unreadable, naming the element.
    """
    district = session.get_one(District, row.district_id)
    rules = rules_of(session, row.district_id)
    before = earlier(session, row)
    sent = cap.moment(now, district.timezone)
    references = tuple(one.reference for one in cap.history.standing(before, sent)) if row.msg_type != "Alert" else ()
    if row.msg_type != "Alert" and not references:
        says = "has nothing to name: every message of this incident was cancelled or has expired"
        raise cap.Refused([cap.Finding("references", "references_none_standing", says)])
    alert = drafts.build(draft, row, district, rules, sent, references)
    findings = [*cap.check(alert), *cap.privacy.check(alert, district.country), *cap.history.check(alert, before)]
    findings += cap.marks.check(alert)
    findings += cap.ipaws.check(alert) if rules.ipaws else cap.wea.check(alert)
    if alert.scope is cap.Scope.PRIVATE and alert.addresses and not addressed(session, row.district_id, alert):
        says = "name no place that alerts go to, so that nobody would get it from here"
        findings.append(cap.Finding("addresses", "addresses_nowhere", says, advice=True))
    return alert, tuple(dict.fromkeys(findings))


def addressed(session: Session, district_id: str, alert: cap.Alert) -> list[AlertTarget]:
    """List the places of a district that may have an alert, in the order in which they were added.

    A private one is for its addresses alone. A restricted one goes wherever a public one does: which places are told
    at all is the operator's choice, and the restriction stands in it for those who pass it on.
    """
    query = select(AlertTarget).where(AlertTarget.district_id == district_id, AlertTarget.removed_at.is_(None))
    found = session.scalars(query.order_by(AlertTarget.added_at))
    named = {address.casefold() for address in alert.addresses}
    return [one for one in found if alert.scope is not cap.Scope.PRIVATE or one.address.casefold() in named]


def earlier(session: Session, row: Alert) -> list[cap.Alert]:
    """Read the issued messages of an alert's incident, oldest first, as they went out."""
    query = select(Alert.document).where(Alert.incident == row.incident, Alert.state == ISSUED, Alert.id != row.id)
    return [cap.read(document) for document in session.scalars(query.order_by(Alert.issued_at, Alert.id)) if document]


def must_be_open(session: Session, row: Alert, now: datetime) -> None:
    """Refuse to follow up what is over. Raises: NotAllowed naming the element."""
    sent = session.scalars(select(Alert).where(Alert.incident == row.incident, Alert.state == ISSUED)).all()
    if any(one.msg_type == "Cancel" for one in sent):
        raise NotAllowed("references: this incident was cancelled already; nothing follows a cancel.")
    if not any(one.expires_at is not None and one.expires_at > now for one in sent):
        raise NotAllowed("references: every message of this incident has expired, so there is nothing to follow up.")


def by_id(session: Session, district_id: str, alert_id: str) -> Alert | None:
    """Find an alert of a district."""
    found = session.get(Alert, alert_id)
    return found if found is not None and found.district_id == district_id else None


def of_case(session: Session, case_id: str) -> list[Alert]:
    """List the alerts of a case and of those that were joined into it, oldest first."""
    of_these = Alert.case_id.in_([case_id, *cases.joined_into(session, case_id)])
    query = select(Alert).where(of_these, Alert.state != DISCARDED)
    return list(session.scalars(query.order_by(Alert.drafted_at, Alert.id)))


def of_incident(session: Session, incident: str) -> list[Alert]:
    """List the messages of an incident, oldest first."""
    query = select(Alert).where(Alert.incident == incident, Alert.state != DISCARDED)
    return list(session.scalars(query.order_by(Alert.drafted_at, Alert.id)))


def of_district(session: Session, district_id: str, most: int = 200) -> list[Alert]:
    """List a district's latest alerts, newest first."""
    query = select(Alert).where(Alert.district_id == district_id, Alert.state != DISCARDED)
    return list(session.scalars(query.order_by(Alert.drafted_at.desc(), Alert.id).limit(most)))


def deliveries(session: Session, row: Alert) -> Sequence[tuple[AlertDelivery, AlertTarget | None]]:
    """List where an alert goes, and how far it got."""
    query = select(AlertDelivery, AlertTarget).outerjoin(AlertTarget, AlertTarget.id == AlertDelivery.target_id)
    found = session.execute(query.where(AlertDelivery.alert_id == row.id).order_by(AlertDelivery.created_at))
    return [(delivery, target) for delivery, target in found]


def tell(session: Session, row: Alert, kind: str, actor: str, now: datetime, **data: Code) -> None:
    """Append an event about an alert, such as `alert.issued`: codes and ids, never its words."""
    emit(
        session, kind, subject=f"alert/{row.id}", actor=actor, at=now, district_id=row.district_id,
        case=row.case_id, incident=row.incident, status=row.status, **data,
    )  # fmt: skip


_tell = tell


def _hold(session: Session, row: Alert) -> District:
    district = directory.hold(session, row.district_id)
    reread(session, row)
    return district


def _author(row: Alert, actor: str) -> str:
    """Say who stands behind a draft now. A token takes no person's place: they could approve their own words by it."""
    return actor if _is_person(actor) or not _is_person(row.author) else row.author


def _is_person(actor: str) -> bool:
    return actor.startswith("account:")


def _must_be(row: Alert, state: str, revision: int) -> None:
    if row.state != state:
        raise NotAllowed("This alert is not where you thought it was. Look at it again.")
    if row.revision != revision:
        raise NotAllowed("This alert was changed meanwhile. Look at it again.")
