"""Cases that may be one, by GraphQL: proposed with the reason, joined, refused, and nonsense told as data."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from strawberry.relay import GlobalID

from gateway.core.records import District, new_id
from responders.cases.records import Case
from responders.linker import Linker
from tests.integration.graphql.rig import Rig

ASK = """query($number: String!) { case(number: $number) { joined { number } likenesses {
  kind cue proposedAt case { number } reasons { kind here there } } } }"""
DONE = " { case { number severity joined { number } threads { id } } userErrors { code message } }"
JOIN = "mutation($input: JoinCasesInput!) { joinCases(input: $input)" + DONE + " }"
REFUSE = "mutation($input: RefuseJoiningInput!) { refuseJoining(input: $input)" + DONE + " }"


def two(rig: Rig) -> tuple[Case, Case]:
    one = rig.tip("Marcus Bell has a gun at school", sender="+13035550121")
    other = rig.tip("markus bell trae pistola", sender="+13035550122")
    world = rig.world
    Linker(world.of("worker"), world.keys["worker"], world.clock).run()
    return one, other


def both(one: Case, other: Case) -> dict[str, str]:
    return {"caseId": str(GlobalID("Case", one.id)), "otherId": str(GlobalID("Case", other.id))}


def likenesses(rig: Rig, case: Case) -> list[Any]:
    found = rig.ask(ASK, number=case.number)["case"]["likenesses"]
    assert isinstance(found, list)
    return found


def test_a_proposal_says_why_and_joining_makes_one_case(rig: Rig) -> None:
    one, other = two(rig)
    (found,) = likenesses(rig, one)
    assert (found["kind"], found["cue"], found["case"]["number"]) == ("SAME", None, other.number)
    assert {"kind": "name", "here": "Marcus Bell", "there": "Markus"} in found["reasons"]
    done = rig.ask(JOIN, input=both(other, one))["joinCases"]
    assert done["userErrors"] == []
    assert (done["case"]["number"], len(done["case"]["threads"])) == (one.number, 2)
    assert done["case"]["joined"] == [{"number": other.number}]
    assert likenesses(rig, one) == []
    assert rig.waker.woken == ["worker"], "the whole is judged anew"


def test_a_refused_pair_is_gone_from_both(rig: Rig) -> None:
    one, other = two(rig)
    assert rig.ask(REFUSE, input=both(one, other))["refuseJoining"]["userErrors"] == []
    assert likenesses(rig, one) == likenesses(rig, other) == []
    again = rig.ask(REFUSE, input=both(one, other))["refuseJoining"]
    assert [error["code"] for error in again["userErrors"]] == ["NOT_ALLOWED"]


@pytest.mark.parametrize("which", ["itself", "another district's", "one that is gone"])
def test_nonsense_is_refused_as_data_and_changes_nothing(rig: Rig, which: str) -> None:
    one = rig.tip("Marcus Bell has a gun at school")
    other = one
    if which != "itself":
        with rig.world.database.write() as session:
            district = District(id=new_id(), slug="other", name="Other")
            session.add(district)
            session.flush()
            other = Case(
                id=new_id(), district_id=district.id, number="2026-0009", state="new", severity="none", urgency_rank=0,
                life_safety=False, unsure=False, categories=["other"], opened_at=one.opened_at,
                updated_at=one.opened_at,
            )  # fmt: skip
            if which == "another district's":
                session.add(other)
    done = rig.ask(JOIN, input=both(one, other))["joinCases"]
    assert done["case"] is None
    assert [error["code"] for error in done["userErrors"]] == ["NOT_ALLOWED"]
    with rig.world.database.read() as session:
        assert set(session.scalars(select(Case.joined_into_id))) == {None}


def test_joining_needs_the_scope_to_write(rig: Rig) -> None:
    one, other = two(rig)
    answer = rig.post(JOIN, token=rig.issue("cases:read"), input=both(one, other))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert len(likenesses(rig, one)) == 1
