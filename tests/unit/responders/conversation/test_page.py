"""What a case's page asks for: what no message of it has told."""

from __future__ import annotations

import pytest

from responders.cases.reading import OpenedAssessment
from responders.cases.records import CaseAssessment
from responders.conversation.page import _judgement

ALL = ("where", "when", "who", "means", "how_known", "safe_now")


def assessed(severity: str, missing: tuple[str, ...], *signs: str, unsure: bool = False) -> OpenedAssessment:
    record = CaseAssessment(
        message_id=severity, severity=severity, life_safety=severity in {"high", "critical"}, unsure=unsure, rules="1"
    )
    return OpenedAssessment(record, tuple({"name": sign, "start": 0, "end": 1} for sign in signs), missing)


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    ("other", "left"),
    [
        (assessed("low", ("when", "who", "how_known")), ("when", "who", "means", "how_known", "safe_now")),
        (assessed("high", ("when", "who", "means", "how_known")), ("when", "who", "means", "how_known")),
        (assessed("low", ALL, "weapon_seen"), ("where", "when", "who", "how_known", "safe_now")),
        (assessed("low", ("when", "who"), unsure=True), ALL),
        (assessed("low", ()), ALL),
    ],
    ids=["a place, calmly", "a place and safety", "means", "in doubt", "does not open"],
)
def test_what_another_message_has_told_is_not_asked_for(
    other: OpenedAssessment, left: tuple[str, ...], place: str
) -> None:
    gravest = assessed("critical", ALL)
    judgement = _judgement([other, gravest] if place == "before" else [gravest, other], [])
    assert judgement is not None
    assert judgement.missing == left
