"""Who gets in, with what, and what the scopes open."""

from typing import Any

import httpx2
import pytest

from responders.accounts import service as accounts
from tests.integration.graphql.rig import PASSWORD, Rig

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # access does not depend on it
ACKNOWLEDGE = 'mutation { acknowledge(input: {caseId: "Q2FzZTp4"}) { userErrors { code } } }'
VIEWER = "{ viewer { actor name scopes } }"


def send(rig: Rig, query: str, **headers: str) -> httpx2.Response:
    answer: httpx2.Response = rig.client.post("/graphql", json={"query": query}, headers=headers)
    return answer


def sign_in(rig: Rig) -> str:
    """Sign in as a browser does; the answer is the CSRF token."""
    assert rig.account.username == "ana"
    signed_in = accounts.sign_in(rig.world.database, "ana", PASSWORD, rig.world.clock())
    rig.client.cookies.set(rig.console.cookie, signed_in.cookie)
    return signed_in.csrf


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        pytest.param({}, 'Bearer realm="tipline"', id="nothing"),
        pytest.param(
            {"Authorization": "Bearer tip_wrong"}, 'Bearer realm="tipline", error="invalid_token"', id="wrong token"
        ),
        pytest.param(
            {"Authorization": "Basic YTpi"}, 'Bearer realm="tipline", error="invalid_token"', id="another scheme"
        ),
        pytest.param({"Cookie": "__Host-tipline=wrong"}, 'Bearer realm="tipline"', id="wrong cookie"),
    ],
)
def test_strangers_are_turned_away(rig: Rig, headers: dict[str, str], challenge: str) -> None:
    answer = send(rig, "{ __schema { types { name } } }", **headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == challenge
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"
    assert ("is not known, has run out or was revoked" in answer.json()["detail"]) == ("Authorization" in headers)


def test_an_expired_token_opens_nothing(rig: Rig) -> None:
    with rig.world.database.write() as session:
        plain = accounts.issue_token(
            session, rig.world.district_id, "old", ["cases:read"], rig.world.clock(), valid_days=1
        )
    assert send(rig, VIEWER, Authorization=f"Bearer {plain}").status_code == 200
    rig.world.clock.forward(days=1)
    ran_out, unknown = (send(rig, VIEWER, Authorization=f"Bearer {one}") for one in (plain, "tip_never"))
    assert ran_out.status_code == 401
    assert (ran_out.content, ran_out.headers["www-authenticate"]) == (
        unknown.content, unknown.headers["www-authenticate"],
    ), "nobody learns that it was right once"  # fmt: skip


def test_a_revoked_token_opens_nothing_from_then_on(rig: Rig) -> None:
    plain = rig.issue("cases:read")
    assert send(rig, VIEWER, Authorization=f"Bearer {plain}").status_code == 200
    with rig.world.database.write() as session:
        token = accounts.token(session, plain, rig.world.clock())
        assert token is not None
        accounts.revoke_token(session, token.id, rig.world.clock())
    revoked, unknown = (send(rig, VIEWER, Authorization=f"Bearer {one}") for one in (plain, "tip_never"))
    assert (revoked.status_code, revoked.content) == (401, unknown.content)


def test_a_token_is_an_actor_with_its_scopes(rig: Rig) -> None:
    viewer = rig.ask(VIEWER)["viewer"]
    assert viewer["actor"].startswith("token:")
    assert viewer | {"actor": ""} == {
        "actor": "",
        "name": "sis",
        "scopes": ["alerts:write", "cases:read", "cases:write", "events:read", "metrics:read", "subscriptions:write"],
    }


@pytest.mark.parametrize(
    ("scopes", "query"),
    [
        pytest.param(["events:read"], "{ cases { edges { cursor } } }", id="cases"),
        pytest.param(["events:read"], "{ tips { edges { cursor } } }", id="tips"),
        pytest.param(["events:read"], '{ case(number: "2026-0001") { id } }', id="case"),
        pytest.param(["events:read"], '{ node(id: "Q2FzZTp4") { id } }', id="node"),
        pytest.param(["events:read"], "{ accounts { id } }", id="accounts"),
        pytest.param(["events:read"], "{ schools { id } }", id="schools"),
        pytest.param(["cases:read"], "{ events { edges { cursor } } }", id="events"),
        pytest.param(["cases:read"], '{ node(id: "RXZlbnQ6eA==") { id } }', id="event node"),
        pytest.param(["cases:read", "events:read"], ACKNOWLEDGE, id="mutation"),
        pytest.param(["cases:write"], ACKNOWLEDGE, id="mutation that may not read"),
    ],
)
def test_a_missing_scope_is_forbidden(rig: Rig, scopes: list[str], query: str) -> None:
    assert rig.code(query, token=rig.issue(*scopes)) == "FORBIDDEN"


def test_a_case_keeps_its_events_from_who_may_not_read_them(rig: Rig) -> None:
    rig.tip("theres a gun")
    query = "{ cases { edges { node { number events { edges { cursor } } } } } }"
    body = rig.post(query, token=rig.issue("cases:read"))
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "scope events:read" in body["errors"][0]["message"]


def test_a_session_reads_and_with_its_csrf_token_writes(rig: Rig) -> None:
    csrf = sign_in(rig)
    viewer = send(rig, VIEWER).json()["data"]["viewer"]
    assert (viewer["actor"], viewer["name"]) == (f"account:{rig.account.id}", "Ana Ruiz")
    done = send(rig, ACKNOWLEDGE, **{"X-CSRF-Token": csrf})
    assert done.json() == {"data": {"acknowledge": {"userErrors": [{"code": "NOT_FOUND"}]}}}


@pytest.mark.parametrize("given", [{}, {"X-CSRF-Token": "wrong"}], ids=["none", "wrong"])
def test_a_session_without_its_csrf_token_does_not_write(rig: Rig, given: dict[str, str]) -> None:
    sign_in(rig)
    answer = send(rig, ACKNOWLEDGE, **given)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_token_counts_more_than_a_cookie(rig: Rig) -> None:
    sign_in(rig)
    answer = send(rig, VIEWER, Authorization=f"Bearer {rig.token}")
    assert answer.json()["data"]["viewer"]["name"] == "sis"


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json; charset=latin-1",
    ],
)
def test_a_form_of_another_site_is_not_read(rig: Rig, kind: str) -> None:
    sign_in(rig)
    answer = rig.client.post("/graphql", content=b'{"query": "{ viewer { name } }"}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")


def test_introspection_is_for_who_is_known(rig: Rig) -> None:
    names: Any = rig.ask("{ __schema { queryType { name } mutationType { name } subscriptionType { name } } }")
    assert names["__schema"] == {
        "queryType": {"name": "Query"},
        "mutationType": {"name": "Mutation"},
        "subscriptionType": None,
    }
