"""GraphQL over HTTP: methods, media types, status codes, limits, and errors that tell nothing of the inside."""

import json
import logging
from typing import Any

import httpx2
import pytest
from graphql import get_introspection_query
from sqlalchemy.exc import OperationalError

from responders.api.endpoint import GRAPHQL, JSON
from responders.cases import service as cases
from responders.console import BODY_LIMIT
from tests.integration.graphql.rig import Rig

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # HTTP does not depend on it
NAME = "{ viewer { name } }"


def send(rig: Rig, content: object, accept: str = GRAPHQL, **headers: str) -> httpx2.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = {"Authorization": f"Bearer {rig.token}", "Content-Type": JSON, "Accept": accept, **headers}
    answer: httpx2.Response = rig.client.post("/graphql", content=body, headers=sent)
    return answer


def get(rig: Rig, accept: str = GRAPHQL, **parameters: str) -> httpx2.Response:
    sent = {"Authorization": f"Bearer {rig.token}", "Accept": accept}
    answer: httpx2.Response = rig.client.get("/graphql", params=parameters, headers=sent)
    return answer


def test_an_answer_is_not_kept(rig: Rig) -> None:
    answer = send(rig, {"query": NAME})
    assert answer.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Accept"


def test_an_unknown_media_type_is_406(rig: Rig) -> None:
    assert send(rig, {"query": NAME}, accept="text/html").status_code == 406


TOO_MANY = "{ cases(first: 100) { edges { node { messages(first: 100) { edges { node { thread { id } } } } } } } }"
DEEP = "{ cases { edges { node {" + "joinedInto {" * 12 + " number " + "}" * 15 + "}"
ALIASES = "{" + " ".join(f"a{n}: viewer {{ name }}" for n in range(31)) + "}"
INVALID, UNPARSED, LIMIT = "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        pytest.param("{ viewer", UNPARSED, "Syntax Error", id="syntax"),
        pytest.param("{ nothing }", INVALID, "Cannot query field 'nothing'", id="validation"),
        pytest.param("query A { viewer { name } } query B { viewer { name } }", INVALID, "one operation", id="two"),
        pytest.param("query($n: Int!) { cases(first: $n) { edges { cursor } } }", INVALID, "$n", id="no variable"),
        pytest.param("subscription { x }", INVALID, "There are no subscriptions.", id="subscription"),
        pytest.param("{" + "a{" * 900 + "b" + "}" * 901, UNPARSED, "nested too deeply", id="too deep to parse"),
        pytest.param("{" + "a " * 3000 + "}", UNPARSED, "more than 2000 tokens", id="too many tokens"),
        pytest.param(TOO_MANY, LIMIT, "could return", id="too many objects"),
        pytest.param(ALIASES, LIMIT, "31 aliases", id="too many aliases"),
        pytest.param(DEEP, LIMIT, "16 levels deep", id="too deep"),
    ],
)
def test_a_fault_of_the_document_has_no_data(rig: Rig, query: str, code: str, words: str) -> None:
    answer = send(rig, {"query": query})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert "data" not in answer.json()
    assert error["extensions"]["code"] == code
    assert words in error["message"]
    plain = send(rig, {"query": query}, accept=JSON)
    assert (plain.status_code, plain.json()) == (200, answer.json())


def test_variables_of_the_wrong_type_are_told(rig: Rig) -> None:
    query = "query($n: Int) { cases(first: $n) { edges { cursor } } }"
    answer = send(rig, {"query": query, "variables": {"n": "many"}})
    assert answer.status_code == 400
    assert "Int cannot represent" in answer.json()["errors"][0]["message"]


def test_a_small_document_cannot_make_measuring_slow(rig: Rig) -> None:
    spreads = " ".join(f"fragment F{n} on Case {{ ...F{n + 1} school {{ id }} ...F{n + 1} }}" for n in range(100))
    query = "{ cases { edges { node { ...F0 } } } } " + spreads + " fragment F100 on Case { number }"
    answer = send(rig, {"query": query})
    assert answer.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


def test_the_whole_schema_can_be_read(rig: Rig) -> None:
    answer = send(rig, {"query": get_introspection_query()})
    assert "errors" not in answer.json()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"[" * 5000, id="nested"),
        pytest.param([{"query": NAME}], id="batch"),
        pytest.param({}, id="no query"),
        pytest.param({"query": ""}, id="empty query"),
        pytest.param({"query": 1}, id="query a number"),
        pytest.param({"query": NAME, "variables": [1]}, id="variables a list"),
        pytest.param({"query": NAME, "operationName": {}}, id="name an object"),
        pytest.param({"query": NAME, "extensions": "x"}, id="extensions a string"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_a_malformed_request_is_400(rig: Rig, content: object, accept: str) -> None:
    answer = send(rig, content, accept=accept)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_a_body_has_a_limit(rig: Rig) -> None:
    answer = send(rig, {"query": NAME + " " * BODY_LIMIT})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert (answer.json()["code"], "up to 64 KB" in answer.json()["detail"]) == ("too_large", True)
    assert send(rig, {"query": NAME + " " * (BODY_LIMIT - 1000)}).status_code == 200


def test_a_query_may_come_by_get(rig: Rig) -> None:
    answer = get(
        rig, query="query A($n: Int) { cases(first: $n) { edges { cursor } } }", variables='{"n": 1}', operationName="A"
    )
    assert (answer.status_code, answer.json()) == (200, {"data": {"cases": {"edges": []}}})
    assert get(rig, query=NAME, variables="{").status_code == 400


def test_a_mutation_may_not_come_by_get(rig: Rig) -> None:
    answer = get(rig, query='mutation { note(input: {caseId: "x", text: "y"}) { userErrors { code } } }')
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(rig: Rig, method: str) -> None:
    assert rig.client.request(method, "/graphql").status_code == 405


def test_a_named_operation_is_chosen(rig: Rig) -> None:
    query = "query A { viewer { name } } query B { viewer { actor } }"
    assert send(rig, {"query": query, "operationName": "A"}).json() == {"data": {"viewer": {"name": "sis"}}}
    assert send(rig, {"query": query, "operationName": "C"}).status_code == 400


def test_a_fault_of_ours_tells_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch, capsys: Any, caplog: Any) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("the secret inside")

    monkeypatch.setattr(cases, "by_number", fail)
    with caplog.at_level(logging.DEBUG):
        answer = send(rig, {"query": '{ case(number: "said in the query") { id } }'})
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert error == {
        "message": "Something went wrong.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        "locations": [{"line": 1, "column": 3}],
        "path": ["case"],
    }
    logged = "".join(capsys.readouterr()) + caplog.text
    assert "a GraphQL request failed" in logged
    assert "ZeroDivisionError" in logged
    assert "the secret inside" not in answer.text
    assert "said in the query" not in logged


@pytest.mark.parametrize("query", ['{ case(number: "private words") { nothing } }', '{ case(number: "private words"'])
def test_a_failing_query_is_not_logged(rig: Rig, capsys: Any, caplog: Any, query: str) -> None:
    with caplog.at_level(logging.DEBUG):
        assert send(rig, {"query": query}).status_code == 400
    assert "private words" not in "".join(capsys.readouterr()) + caplog.text


def test_a_database_that_is_away_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("no route"))

    monkeypatch.setattr(cases, "by_number", fail)
    (error,) = send(rig, {"query": '{ case(number: "x") { id } }'}).json()["errors"]
    assert (error["extensions"]["code"], error["message"]) == ("UNAVAILABLE", "Not available just now. Try again.")


def test_endpoint_stands_behind_the_consoles_walls(rig: Rig) -> None:
    answer = send(rig, {"query": NAME})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert send(rig, {"query": NAME}, Origin="https://evil.example").status_code == 403
