"""The last look at an alert's words: what a reporter told of themselves is found in every free text, and masked."""

import pytest

from exports import cap
from exports.cap import elements
from exports.cap.elements import Group
from exports.cap.privacy import FREE
from tests.support.alerts import alert, area, saying, with_info

TOLD = "my name is Jamie Doe, text me at 303-555-0199"


def test_what_reporters_tell_of_themselves_is_found_in_every_free_text() -> None:
    found = cap.privacy.check(saying(TOLD), "US")
    assert {finding.element for finding in found} == FREE
    assert {finding.code for finding in found} == {"reporter_name", "reporter_number"}
    with pytest.raises(cap.Refused, match="restriction seems to hold the name of somebody who reported"):
        cap.refuse(found)
    assert "Jamie" not in str([finding.message for finding in found])


def test_what_is_found_is_masked_and_nothing_else() -> None:
    masked = cap.privacy.mask(saying(TOLD), "US")
    written = cap.render(masked).decode()
    assert "Jamie" not in written
    assert "0199" not in written
    assert written.count("my name is █████████, text me at ████████████") == 9 + 3  # three kinds of value
    assert cap.privacy.check(masked, "US") == ()
    assert len(masked.infos[0].headline or "") == len(TOLD)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Her number is 303-555-0199", "reporter_number"),
        ("Ask him at 555-0199", "reporter_number"),
        ("She wrote from sarah@example.org", "reporter_email"),
        ("The receipt is K7QF-2M9D-0X4T-WB8N", "reporter_receipt"),
        ("It came with tip_Zk3-q7X_q7X_q7X_q7X_q7X_", "reporter_token"),
    ],
)
def test_what_staff_write_down_of_a_reporter_is_found_and_masked(said: str, code: str) -> None:
    told = with_info(description=said)
    assert code in [finding.code for finding in cap.privacy.check(told, "US")]
    masked = cap.privacy.mask(told, "US")
    assert cap.privacy.check(masked, "US") == ()
    assert said.rsplit(maxsplit=1)[-1] not in cap.render(masked).decode()


@pytest.mark.parametrize(
    "said",
    [
        "Call 911, or 988 to talk to somebody.",
        "Grades 9, 10, 11, 12 stay; rooms 204, 206, 8 leave.",
        "It holds 8:15 - 10:45 on 2026-11-30.",
        "Meet at 4500 Main Street, Denver, CO 80202-1234.",
        "EVERYONE AT LINCOLN HIGH SCHOOL MUST LEAVE NOW BY GATE B2.",
    ],
)
def test_rooms_grades_hours_and_addresses_hold_no_alert_up(said: str) -> None:
    assert cap.privacy.check(with_info(description=said), "US") == ()


def test_a_geocode_of_seven_digits_is_no_number() -> None:
    place = area(geocodes=(cap.Named("FIPS6", "0820000"), cap.Named("GNIS", "2410324")))
    assert cap.privacy.check(with_info(areas=(place,)), "US") == ()
    assert cap.privacy.check(with_info(areas=(area(geocodes=(cap.Named("x", "3035550199"),)),)), "US")


@pytest.mark.parametrize("language", ["Llámame al 303-555-0199", "me llamo Jamie Doe"])
def test_spanish_is_looked_through_too(language: str) -> None:
    assert cap.privacy.check(with_info(description=language), "US")


def test_the_schools_own_number_may_stand_in_a_text() -> None:
    said = "Call us at (303) 555-0100 or write to office@district7.example."
    assert cap.privacy.check(with_info(instruction=said, contact=None), "US")
    assert (
        cap.privacy.check(with_info(instruction=said, contact="+1 303 555 0100, office@district7.example"), "US") == ()
    )
    assert cap.privacy.check(with_info(instruction="Text me at 303-555-0199"), "US")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("my name is Lee", "reporter_name"),
        ("my name is District", "reporter_name"),
        ("write to me at fice@leehigh.example", "reporter_email"),
        ("write to me at office@leehigh.exam", "reporter_email"),
    ],
)
def test_what_is_only_a_part_of_the_schools_own_address_is_found(said: str, code: str) -> None:
    contact, web = "office@leehigh.example", "https://district.example/"
    found = cap.privacy.check(with_info(instruction=said, contact=contact, web=web), "US")
    assert [finding.code for finding in found] == [code]


def test_templates_have_nothing_to_mask() -> None:
    for scenario in cap.scenarios.every():
        facts = cap.Facts(school="Lincoln High", sender_name="District 7", contact="303-555-0100")
        infos = cap.scenarios.infos(scenario.code, facts, status=cap.Status.ACTUAL, sent=alert().sent, areas=(area(),))
        whole = alert(infos=infos)
        assert cap.privacy.check(whole, "US") == ()
        assert cap.privacy.mask(whole, "US") == whole


def test_every_text_element_is_a_free_one_or_known_not_to_be() -> None:
    codes = "identifier sender source code language senderName web contact valueName mimeType uri derefUri digest"

    def texts(group: Group) -> set[str]:
        below = [texts(one.kind) for one in group.elements if isinstance(one.kind, Group)]
        return {one.name for one in group.elements if one.kind is elements.TEXT}.union(*below)

    assert texts(elements.ALERT) == FREE | set(codes.split())
