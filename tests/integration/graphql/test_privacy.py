"""Nothing that GraphQL answers holds a number, in any dress."""

from tests.integration.graphql.rig import RESPONDER, Rig
from tests.integration.graphql.test_queries import EVERYTHING
from tests.support.leaks import search
from tests.support.world import PAGING, REPORTS, STUDENT


def test_no_answer_holds_a_number(rig: Rig) -> None:
    case = rig.tip(f"a kid has a gun, call me at {STUDENT} please")
    rig.page()
    rig.world.courier.send_all()
    headers = {"Authorization": f"Bearer {rig.token}"}
    body = {"query": EVERYTHING, "variables": {"number": case.number}}
    events = {"query": "{ events(first: 100) { edges { node { subject actor data cloudEvent } } } accounts { name } }"}
    answers = [rig.client.post("/graphql", json=asked, headers=headers) for asked in (body, events)]
    assert all(answer.status_code == 200 and "errors" not in answer.json() for answer in answers)
    found = b"\n".join(answer.content for answer in answers)
    assert b"a kid has a gun" in found
    assert search(found, [STUDENT, RESPONDER, REPORTS, PAGING]) == []
