"""Status and words say the same: each way in which a drill passes for real, or what is real for a drill."""

from dataclasses import replace

import pytest

from exports import cap
from tests.support.alerts import alert, area

SENT = alert().sent


def made(status: cap.Status, code: str = "lockdown") -> cap.Alert:
    facts = cap.Facts(school="Lincoln High", sender_name="District 7")
    return alert(status=status, infos=cap.scenarios.infos(code, facts, status=status, sent=SENT, areas=(area(),)))


def told(whole: cap.Alert, **changes: object) -> cap.Alert:
    first = replace(whole.infos[0], **changes)  # type: ignore[arg-type]  # a test names what it changes
    return replace(whole, infos=(first, *whole.infos[1:]))


@pytest.mark.parametrize("status", cap.Status)
def test_templates_say_what_their_status_says(status: cap.Status) -> None:
    for scenario in cap.scenarios.every():
        assert cap.marks.check(made(status, scenario.code)) == ()


@pytest.mark.parametrize("status", [cap.Status.EXERCISE, cap.Status.SYSTEM, cap.Status.TEST])
def test_what_is_no_danger_says_so_everywhere(status: cap.Status) -> None:
    real = replace(made(cap.Status.ACTUAL), status=status)
    found = [(finding.path, finding.code) for finding in cap.marks.check(real)]
    each = [("eventCode", "mark_code"), ("headline", "mark_missing"), *2 * [("parameter", "mark_missing")]]
    assert found == [(f"info[{number}]/{element}", code) for number in (1, 2) for element, code in each]


def test_what_is_real_begins_as_no_drill_does() -> None:
    found = cap.marks.check(replace(made(cap.Status.EXERCISE), status=cap.Status.ACTUAL))
    assert {(finding.element, finding.code) for finding in found} == {
        ("eventCode", "mark_code"), ("headline", "mark_surplus"), ("parameter", "mark_surplus"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "changes", "codes"),
    [
        (cap.Status.ACTUAL, {"headline": "The drill of Friday is off"}, []),
        (cap.Status.ACTUAL, {"headline": "Testing of water at Lincoln High"}, []),
        (cap.Status.ACTUAL, {"headline": "[TEST] Lockdown"}, ["mark_surplus"]),
        (cap.Status.ACTUAL, {"headline": None, "event": "DRILL: Lockdown"}, ["mark_surplus"]),
        (cap.Status.EXERCISE, {"headline": "This is a drill: lockdown"}, []),
        (cap.Status.EXERCISE, {"headline": "Lockdown, drilled"}, ["mark_missing"]),
        (cap.Status.EXERCISE, {"event_codes": (cap.Named("SAME", "LEW"),)}, ["mark_code"]),
        (cap.Status.EXERCISE, {"event_codes": (cap.Named("SAME", "ADR"),)}, []),
        (cap.Status.EXERCISE, {"event_codes": ()}, []),
        (cap.Status.DRAFT, {"headline": "DRILL: Lockdown"}, []),
    ],
)
def test_words_of_people_are_taken_as_they_mean_them(
    status: cap.Status, changes: dict[str, object], codes: list[str]
) -> None:
    assert [finding.code for finding in cap.marks.check(told(made(status), **changes))] == codes
