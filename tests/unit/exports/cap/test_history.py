"""Messages that follow others: what the next one names, and what it is refused for naming or leaving out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exports import cap
from tests.support.alerts import alert

FIRST = alert()
SENT = FIRST.sent
ALERT, UPDATE, CANCEL = cap.MsgType.ALERT, cap.MsgType.UPDATE, cap.MsgType.CANCEL
OTHER = alert(identifier="other-1")


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def follow(last: cap.Alert, *before: cap.Alert, kind: cap.MsgType = UPDATE, after: int = 10) -> cap.Alert:
    """Make the next message some minutes after `last`; it expires two hours later."""
    sent = last.sent + minutes(after)
    infos = tuple(replace(info, expires=sent + minutes(120)) for info in last.infos)
    identifier = f"{last.identifier}-{after}"
    return cap.history.follow(last, before, msg_type=kind, identifier=identifier, sent=sent, infos=infos)


def codes(made: cap.Alert, *before: cap.Alert) -> list[str]:
    assert all(finding.path in {"references", "identifier"} for finding in cap.history.check(made, before))
    return [finding.code for finding in cap.history.check(made, before)]


def test_a_chain_names_every_message_that_still_stands() -> None:
    second = follow(FIRST, OTHER)
    third = follow(second, FIRST, OTHER)
    last = follow(third, FIRST, OTHER, second, kind=CANCEL)
    assert second.references == (FIRST.reference,)
    assert third.references == (FIRST.reference, second.reference)
    assert last.references == (FIRST.reference, second.reference, third.reference)
    sent: list[cap.Alert] = [FIRST, OTHER]
    for made in second, third, last:
        assert codes(made, *sent) == []
        assert cap.check(made) == ()
        assert cap.read(cap.render(made)) == made
        sent.append(made)


def test_what_has_expired_is_not_named_any_more() -> None:
    second = follow(FIRST, after=110)
    third = follow(second, FIRST, after=20)
    assert third.references == (second.reference,)
    assert codes(third, FIRST, second) == []


def test_it_stays_what_it_was_and_to_whom() -> None:
    private = alert(scope=cap.Scope.PRIVATE, addresses=("a@d7.example",), status=cap.Status.EXERCISE, note="Spring")
    made = follow(private)
    kept = "sender", "status", "scope", "addresses", "codes", "note", "incidents"
    assert [getattr(made, name) for name in kept] == [getattr(private, name) for name in kept]


def test_nothing_is_cancelled_twice() -> None:
    cancelled = follow(FIRST, kind=CANCEL)
    with pytest.raises(cap.Refused, match=r"^references has nothing to name"):
        follow(FIRST, cancelled, kind=CANCEL, after=20)
    again = replace(cancelled, identifier="again", sent=SENT + minutes(20))
    assert codes(again, FIRST, cancelled) == ["references_cancelled"]
    assert codes(replace(again, msg_type=UPDATE), FIRST, cancelled) == ["references_cancelled"]
    assert codes(cancelled, FIRST) == []


def test_nothing_follows_what_has_expired() -> None:
    with pytest.raises(cap.Refused, match=r"^references has nothing to name"):
        follow(FIRST, after=121)
    late = replace(follow(FIRST), sent=SENT + minutes(120))
    assert codes(late, FIRST) == ["references_expired"]
    assert codes(replace(late, sent=SENT + minutes(119)), FIRST) == []


def test_what_never_expires_stands() -> None:
    endless = alert(infos=(replace(FIRST.infos[0], expires=None), FIRST.infos[1]))
    assert endless.expires is None
    assert follow(endless, after=100_000).references == (endless.reference,)


def test_an_alert_stands_until_the_last_of_its_infos_expires() -> None:
    first, second = FIRST.infos
    longer = alert(infos=(first, replace(second, expires=SENT + minutes(500))))
    assert longer.expires == SENT + minutes(500)
    assert cap.history.standing([longer], SENT + minutes(499)) == (longer,)
    assert cap.history.standing([longer], SENT + minutes(500)) == ()


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("references_foreign", {"references": (replace(FIRST.reference, sender="else@d8.example"),)}),
        ("references_unknown", {"references": (replace(FIRST.reference, identifier="never"), FIRST.reference)}),
        ("references_time", {"references": (replace(FIRST.reference, sent=SENT - minutes(1)),)}),
        ("references_status", {"status": cap.Status.TEST}),
        ("identifier_used", {"identifier": OTHER.identifier}),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(code: str, changes: dict[str, object]) -> None:
    made = replace(follow(FIRST), **changes)  # type: ignore[arg-type]  # a test names what it changes
    assert codes(made, FIRST, OTHER) == [code]
    with pytest.raises(cap.Refused):
        cap.refuse(cap.history.check(made, [FIRST, OTHER]))


def test_a_cancel_cannot_be_cancelled() -> None:
    cancelled = follow(FIRST, kind=CANCEL)
    made = replace(cancelled, identifier="again", sent=SENT + minutes(20), references=(cancelled.reference,))
    assert codes(made, FIRST, cancelled) == ["references_no_alert"]


def test_a_message_that_still_stands_may_not_be_left_out() -> None:
    second = follow(FIRST)
    third = follow(second, FIRST)
    assert codes(replace(third, references=(second.reference,)), FIRST, second) == ["references_incomplete"]
    assert codes(replace(third, references=(FIRST.reference,)), FIRST, second) == ["references_incomplete"]


def test_an_alert_of_its_own_names_nothing_and_is_not_asked_to() -> None:
    assert codes(alert(identifier="new"), FIRST) == []
    assert codes(FIRST, FIRST) == ["identifier_used"]
    assert codes(alert(sender="else@d8.example"), FIRST) == []


def test_an_acknowledgement_may_name_others_messages() -> None:
    theirs = cap.Reference("else@d8.example", "x", SENT - minutes(5))
    assert codes(alert(msg_type=cap.MsgType.ACK, references=(theirs,), infos=(), identifier="ack"), FIRST) == []


def test_an_all_clear_is_an_update_that_says_so() -> None:
    facts = cap.Facts(school="Lincoln High", sender_name="District 7")
    sent = SENT + minutes(30)
    infos = cap.scenarios.infos("all_clear", facts, status=FIRST.status, sent=sent, areas=FIRST.infos[0].areas)
    made = cap.history.follow(FIRST, [], msg_type=UPDATE, identifier="clear", sent=sent, infos=infos)
    assert made.references == (FIRST.reference,)
    assert {info.response_types for info in made.infos} == {(cap.ResponseType.ALL_CLEAR,)}
    assert cap.check(made) == cap.ipaws.check(made) == cap.history.check(made, [FIRST]) == ()
