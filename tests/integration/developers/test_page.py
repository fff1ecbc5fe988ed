"""The page for developers: it shows the very files that the tests run, and documents that hold."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from channels import cloud_events
from exports import event_catalogue
from exports.niem import publishing
from gateway.core import systems
from gateway.core.rates import Rates
from gateway.front.wiring.intake import inbound_of
from responders.accounts import service as accounts
from responders.developers import openapi
from responders.developers.views import EXAMPLES, ROUTES, example
from responders.escalation.feed import Feeds
from responders.schema import build
from responders.subscriptions import rest, service
from responders.subscriptions import views as subscriptions
from tests.integration.graphql.rig import PASSWORD, URL, Rig
from tests.integration.graphql.test_exporting import EXPORT
from tests.support.world import World

PAGES = ["/developers", "/developers/schema.graphql", "/developers/openapi.json", "/developers/examples/cases.sh"]


@pytest.fixture
def inside(rig: Rig) -> Rig:
    form = {"username": rig.account.username, "password": PASSWORD, "next": "/"}
    rig.client.post("/sign-in", data=form, follow_redirects=False, headers={"Origin": URL})
    return rig


@pytest.mark.parametrize("path", PAGES)
def test_only_who_is_signed_in_sees_it(rig: Rig, path: str) -> None:
    answer = rig.client.get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")


def test_the_page_shows_every_example_as_it_is_run(inside: Rig) -> None:
    page = inside.client.get("/developers")
    assert page.status_code == 200
    for name in EXAMPLES:
        shown = page.text.partition(f'<section class="card" id="{name}"')[2].partition("<pre><code>")[2]
        assert html.unescape(shown.partition("</code></pre>")[0]) == example(name)
        assert inside.client.get(f"/developers/examples/{name}").text == example(name)
    for name in (*event_catalogue.types(), cloud_events.CONCERN):
        assert name in page.text


def test_every_document_it_leads_to_is_there(inside: Rig) -> None:
    assert inside.client.get("/developers/schema.graphql").text == build().as_str() + "\n"
    for name in publishing.documents():
        assert inside.client.get(f"/developers/niem/{name}").text == publishing.published(name)
    for path in (
        "/developers/niem/x",
        "/developers/niem/..%2Fx",
        "/developers/examples/x",
        "/developers/examples/..%2Fviews.py",
    ):
        assert inside.client.get(path).status_code == 404
    page = inside.client.get("/developers").text
    for link in {part.partition('"')[0] for part in page.split('href="/')[1:]}:
        assert inside.client.get(f"/{link}").status_code == 200, link
    assert len(ROUTES) == 5


def test_openapi_tells_of_every_route_and_of_no_other(inside: Rig) -> None:
    told = inside.client.get("/developers/openapi.json").json()
    assert told == openapi.document(URL, None)
    assert openapi.INBOUND not in told["paths"], "where nobody knows its address"
    object.__setattr__(inside.console, "public_url", "https://tips.cedar.example")
    told = inside.client.get("/developers/openapi.json").json()
    assert told["paths"][openapi.INBOUND]["servers"][0]["url"] == "https://tips.cedar.example"
    there = cloud_events.Inbound(*[lambda *_: None] * 5).routes()  # type: ignore[arg-type]  # never called
    alerts = Feeds(inside.world.of("intake"), Path(), URL, inside.world.clock).routes()
    schemas = [route for route in subscriptions.ROUTES if route.path.startswith(openapi.SCHEMAS)]
    assert methods([*rest.ROUTES, *schemas, *there, *alerts]) == {
        (path, name.upper())
        for path, item in told["paths"].items()
        for name in item
        if name in {"get", "put", "post", "delete", "options"}
    }
    assert openapi.CONCERN_TYPE == cloud_events.CONCERN
    for name in told["components"]["schemas"]:
        Draft202012Validator.check_schema(schema_of(told, name))


def test_openapi_names_the_scopes_that_a_call_needs_and_no_more(inside: Rig) -> None:
    named = 0
    for path, item in openapi.document(URL)["paths"].items():
        for method, told in item.items():
            for scopes in [one["token"] for one in told["security"]] if method != "parameters" else []:
                for missing in scopes:
                    token = inside.issue(*(one for one in accounts.SCOPES if one != missing))
                    answer = asked(inside, method, path, token)
                    assert (answer.status_code, f"the scope {missing}" in answer.text) == (403, True)
                assert asked(inside, method, path, inside.issue(*scopes)).status_code not in {401, 403}
                named += len(scopes)
    assert named == 7
    proofs = openapi.document(URL)["components"]["securitySchemes"]
    assert "v1a" in proofs["signature"]["description"]


def asked(rig: Rig, method: str, path: str, token: str) -> Response:
    headers = {"Authorization": f"Bearer {token}"}
    return rig.client.request(method, path.format(id="0" * 32), headers=headers)


def test_real_answers_are_as_openapi_says(inside: Rig) -> None:
    told = openapi.document(URL)
    headers = {"Authorization": f"Bearer {inside.issue('subscriptions:write', service.SCOPE_READ)}"}
    wish = {"sink": "https://example.org/hook", "config": {"name": "CAD", "mode": "batched"}}
    assert faults(told, "Wish", wish) == []
    made = inside.client.post(rest.PATH, json=wish, headers=headers)
    assert (made.status_code, faults(told, "Subscription", made.json())) == (201, [])
    for one in inside.client.get(rest.PATH, headers=headers).json():
        assert faults(told, "Subscription", one) == []
    for code, state, fits in (("address", "pending", True), ("503", "active", True), ("x", "active", False)):
        config = {**made.json()["config"], "code": code, "state": state}
        assert (faults(told, "Subscription", {**made.json(), "config": config}) == []) is fits
    gone = {**made.json(), "config": {**made.json()["config"], "state": "deleted"}}
    assert faults(told, "Subscription", gone) != [], "it is not shown any more"
    refused = inside.client.get(rest.PATH)
    assert (refused.status_code, faults(told, "Problem", refused.json())) == (401, [])
    assert faults(told, "Event", {"specversion": "1.0", "id": "1"}) != []


def test_intake_takes_each_kind_of_body_as_openapi_says(world: World) -> None:
    with world.database.write() as session:
        source, token = systems.add(session, world.district(session), None, "Front desk", None, world.clock())
    inbound = inbound_of(world.of("intake"), world.keys["intake"], world.clock, Rates(600), lambda: None)
    client, told = TestClient(Starlette(routes=inbound.routes())), openapi.document(URL, URL)
    post = told["paths"][openapi.INBOUND]["post"]
    data = {"summary": "A visitor showed a gun"}
    attributes = {"specversion": "1.0", "source": "//desk", "type": openapi.CONCERN_TYPE}
    declared = {one["name"].removeprefix("ce-") for one in post["parameters"] if one["in"] == "header"}
    assert {*attributes, "id"} <= declared
    for number, kind in enumerate(post["requestBody"]["content"]):
        event = {**attributes, "id": str(number), "data": data}
        body = {"application/json": data, "application/cloudevents-batch+json": [event]}.get(kind, event)
        name = "Concern" if body is data else "Event"
        assert faults(told, name, body[0] if isinstance(body, list) else body) == []
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        if body is data:
            headers |= {f"ce-{attribute}": str(event[attribute]) for attribute in declared & set(event)}
        answer = client.post(f"/inbound/{source.id}", content=json.dumps(body), headers=headers)
        assert (answer.status_code, faults(told, "Accepted", answer.json())) == (202, [])
        assert answer.json() == {"accepted": 1, "new": 1}
    odd = {**attributes, "id": "odd", "data": {"summary": "A visitor showed a gun", "school": "atlantis"}}
    answer = client.post(
        f"/inbound/{source.id}", json=odd,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"},
    )  # fmt: skip
    assert (len(answer.json()["warnings"]), faults(told, "Accepted", answer.json())) == (1, [])


def test_the_listed_calls_need_no_more_than_the_listed_token(inside: Rig) -> None:
    page = inside.client.get("/developers").text
    scopes = re.findall(r"--scope ([a-z]+:[a-z]+)", page)
    assert scopes == ["cases:read", "events:read", "subscriptions:write"]
    token, case = inside.issue(*scopes), inside.tip("Tyler has a gun")
    headers = {"Authorization": f"Bearer {token}"}
    asked = inside.post("query($n: String!) { case(number: $n) { id } }", token=token, n=case.number)
    wanted = {"caseId": asked["data"]["case"]["id"], "format": "niem"}
    told = inside.post(EXPORT, token=token, input=wanted)["data"]["exportCase"]
    assert (told["userErrors"], bool(told["document"])) == ([], True)
    (wish,) = re.findall(r'<code>({"sink".*?)</code>', html.unescape(page))
    made = inside.client.post(rest.PATH, json=json.loads(wish), headers=headers)
    assert (made.status_code, made.json()["filters"]) == (201, [{"prefix": {"type": "org.tipline.case."}}])
    replay = "mutation($id: ID!) { replayDeliveries(subscriptionId: $id) { count userErrors { message } } }"
    replayed = inside.post(replay, token=token, id=made.json()["id"])
    assert replayed["data"]["replayDeliveries"] == {"count": 0, "userErrors": []}
    own = f"{rest.PATH}/{made.json()['id']}"
    assert inside.client.get(rest.PATH, headers=headers).status_code == 200
    assert inside.client.get(own, headers=headers).status_code == 200
    assert inside.client.delete(own, headers=headers).status_code == 204
    few = inside.client.get(rest.PATH, headers={"Authorization": f"Bearer {inside.issue('cases:read')}"})
    assert few.status_code == 403


def methods(routes: Any) -> set[tuple[str, str]]:
    assert all(isinstance(route, Route) for route in routes)
    return {(route.path, method) for route in routes for method in route.methods if method != "HEAD"}


def schema_of(told: dict[str, Any], name: str) -> dict[str, Any]:
    return {**told["components"]["schemas"][name], "components": told["components"]}


def faults(told: dict[str, Any], name: str, value: object) -> list[str]:
    return [
        fault.message
        for fault in Draft202012Validator(schema_of(told, name)).iter_errors(json.loads(json.dumps(value)))
    ]
