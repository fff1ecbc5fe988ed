"""The case page with a proposal: what it says, what its buttons do, and what they refuse."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from responders.cases.records import Case
from responders.linker import Linker
from responders.linking.records import Likeness
from tests.integration.console.conftest import Desk


def two(desk: Desk) -> tuple[Case, Case]:
    one = desk.tip("Marcus Bell has a gun <b>now</b>", sender="+13035550121")
    other = desk.tip("markus bell trae pistola", sender="+13035550122")
    Linker(desk.world.of("worker"), desk.world.keys["worker"], desk.world.clock).run()
    return one, other


def states(desk: Desk) -> list[str]:
    with desk.world.database.read() as session:
        return list(session.scalars(select(Likeness.state)))


def test_a_proposal_is_shown_on_both_pages_with_its_reason(desk: Desk) -> None:
    one, other = two(desk)
    page = desk.get(f"/cases/{one.number}").text
    assert "May be the same thing as" in page
    assert "Name: Marcus Bell, there Markus" in page
    assert f'id="join-{other.number}" data-key="j"' in page
    assert "Name: Markus, there Marcus Bell" in desk.get(f"/cases/{other.number}").text


def test_joining_leads_to_the_case_that_goes_on_and_both_numbers_stay(desk: Desk) -> None:
    one, other = two(desk)
    assert desk.post(f"/cases/{other.number}/join", other=one.number).headers["location"] == (
        f"/cases/{one.number}#linking"
    )
    page = desk.get(f"/cases/{one.number}").text
    assert f'Joined into it: <a href="/cases/{other.number}">{other.number}</a>.' in page
    assert "Dana Ortiz joined another case with it" in page
    assert "proposals" not in page
    assert f'href="/cases/{one.number}"' in desk.get(f"/cases/{other.number}").text
    assert desk.waker.woken == ["worker"]


def test_refusing_takes_the_proposal_away(desk: Desk) -> None:
    one, other = two(desk)
    assert desk.post(f"/cases/{one.number}/apart", other=other.number).status_code == 303
    assert "proposals" not in desk.get(f"/cases/{one.number}").text
    assert "Dana Ortiz said that another case is something else" in desk.get(f"/cases/{one.number}").text
    assert states(desk) == ["refused"]


@pytest.mark.parametrize("action", ["join", "apart"])
@pytest.mark.parametrize("number", ["itself", "2026-9999", "", "another district's"])
def test_nonsense_is_refused_in_plain_words(desk: Desk, other_district: str, action: str, number: str) -> None:
    one, _ = two(desk)
    with desk.world.database.write() as session:
        session.add(Case(
            district_id=other_district, number="2026-0777", state="new", severity="none", urgency_rank=0,
            life_safety=False, unsure=False, categories=["other"], opened_at=one.opened_at, updated_at=one.opened_at,
        ))  # fmt: skip
    said = {"itself": one.number, "another district's": "2026-0777"}.get(number, number)
    answer = desk.post(f"/cases/{one.number}/{action}", other=said)
    assert answer.status_code == 403
    assert states(desk) == ["proposed"]
    assert desk.case(one).joined_into_id is None


def test_joining_needs_the_forms_own_token(desk: Desk) -> None:
    one, other = two(desk)
    assert desk.post(f"/cases/{one.number}/join", other=other.number, csrf="x").status_code == 403
    assert states(desk) == ["proposed"]


def test_a_copied_message_is_marked_as_such(desk: Desk) -> None:
    words = "CLOWNS are coming to every school on Friday. dont go to school. share this with 10 people or your next"
    one = desk.tip(words, sender="+13035550121")
    assert "it asks to be passed on (“share this with 10”)" in desk.get(f"/cases/{one.number}").text, "by itself too"
    desk.tip(f"is this real? {words}", sender="+13035550122")
    Linker(desk.world.of("worker"), desk.world.keys["worker"], desk.world.clock).run()
    page = desk.get(f"/cases/{one.number}").text
    assert "Likely a copied message." in page
    assert "1 other case says nearly the same words" in page
    assert "share this with 10" in page
    assert "Critical" in page, "what the words say stands as it did"
