"""Cases that turn out to be one have the alerts of all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from gateway.core.records import new_id
from responders.cases import joining
from responders.cases.records import Case
from responders.escalation import service
from responders.exporting import formats
from responders.exporting.reading import Reader
from tests.support.warners import BEN, Warners


def test_a_joined_case_brings_its_alerts_along(warners: Warners) -> None:
    found = [warners.case(), *(another(warners, number) for number in (2, 3))]
    alerts = [warners.draft(case) for case in found]
    warners.send(alerts[2])
    with warners.world.database.write() as session:
        first, second, third = (session.get_one(Case, case.id) for case in found)
        joining.join(session, second, third, BEN, warners.world.clock())
        joining.join(session, first, second, BEN, warners.world.clock())
    with warners.world.database.read() as session:
        assert {alert.id for alert in service.of_case(session, first.id)} == set(alerts)
        assert {alert.id for alert in service.of_case(session, second.id)} == set(alerts[1:])
        document = formats.find("cap").make(session, cast("Reader", None), first, "1.2")
    assert document == warners.row(alerts[2]).document


def another(warners: Warners, number: int) -> Case:
    """Open another case, a while later."""
    now = warners.world.clock() + timedelta(minutes=number)
    with warners.world.database.write() as session:
        made = Case(
            id=new_id(), district_id=warners.world.district_id, number=f"2026-100{number}", state="new",
            severity="high", urgency_rank=1, life_safety=False, unsure=False, categories=[], opened_at=now,
            updated_at=now,
        )  # fmt: skip
        session.add(made)
    return made
