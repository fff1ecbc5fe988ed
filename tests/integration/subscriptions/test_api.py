"""The CloudEvents Subscriptions API, the console's pages, GraphQL: the same subscriptions, three ways in."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select, update

from gateway.core.http import Hosts
from gateway.core.records import District, new_id
from responders.subscriptions import asking
from responders.subscriptions.records import DEAD, Delivery, Subscription
from tests.integration.subscriptions.conftest import CONSOLE, Desk
from tests.support.receivers import TAKEN, consent, receiving


def test_system_subscribes_by_itself_and_gets_events(desk: Desk) -> None:
    both = desk.token("events:read", "subscriptions:write")
    with receiving() as receiver:
        wanted = {
            "sink": receiver.url, "protocol": "HTTP", "config": {"mode": "binary", "name": "CAD"},
            "types": ["org.tipline.case.noted.v1"], "filters": [{"exact": {"school": "lincoln"}}],
            "sinkcredential": {"credentialtype": "ACCESSTOKEN", "accesstoken": "theirs", "accesstokentype": "bearer",
                               "accesstokenexpiresutc": "2027-11-21T23:00:00Z"},
        }  # fmt: skip
        made = desk.ask("POST", "/api/subscriptions", json=wanted, headers=both)
        assert made.status_code == 201
        body = made.json()
        assert made.headers["location"] == f"{CONSOLE}/api/subscriptions/{body['id']}"
        assert body["config"].pop("signingsecret").startswith("whsec_")
        assert body["config"] == {"name": "CAD", "mode": "binary", "state": "pending", "code": None, "trouble": None}
        assert "theirs" not in made.text
        assert desk.waker.woken == ["worker"]
        desk.rig.asker.ask_all()
        (noted,) = desk.rig.happen(desk.rig.case())
        desk.rig.happen(desk.rig.case(school=desk.rig.world.second_school_id))
        desk.rig.run()
        assert receiver.ids == [noted]
        assert receiver.posts[0].headers["authorization"] == "Bearer theirs"
        shown = desk.ask("GET", f"/api/subscriptions/{body['id']}", headers=both).json()
        assert shown["config"]["state"] == "active"
        assert desk.ask("GET", "/api/subscriptions", headers=both).json() == [shown]
        assert "secret" not in json.dumps(shown)
        changed = desk.ask(
            "PUT", f"/api/subscriptions/{body['id']}", json={**wanted, "filters": []}, headers=both
        ).json()
        assert (changed["filters"], changed["config"]["state"]) == ([], "active")
        assert desk.ask("DELETE", f"/api/subscriptions/{body['id']}", headers=both).status_code == 204
        assert desk.ask("GET", f"/api/subscriptions/{body['id']}", headers=both).status_code == 404


def test_why_it_waits_is_said_in_the_same_words_everywhere_and_it_can_be_tried_now(desk: Desk) -> None:
    both = desk.token("events:read", "subscriptions:write")
    desk.sign_in("administrator")

    def ask(query: str, **variables: Any) -> Any:
        return desk.ask("POST", "/graphql", json={"query": query, "variables": variables}, headers=both).json()["data"]

    with receiving(lambda _got: (200, {}, b"")) as receiver:
        made = desk.rig.subscribe(receiver, agree=False)
        path = f"/subscriptions/{made.row.id}"
        desk.rig.asker.ask_all()
        words = "It answered, but did not agree: the header WebHook-Allowed-Origin is missing."
        assert desk.ask("GET", f"/api{path}", headers=both).json()["config"]["trouble"] == words
        (shown,) = ask("{ subscriptions { id code trouble } }")["subscriptions"]
        assert (shown["code"], shown["trouble"]) == ("no_consent", words)
        page = desk.client.get(path).text
        assert words in page
        assert f"{path}/try" not in page
        assert desk.post(f"{path}/try").status_code == 400, "it has not agreed"
        receiver.choose = lambda got: consent(got) if got.method == "OPTIONS" else (500, {}, b"")
        assert desk.post(f"{path}/ask").status_code == 303
        desk.rig.asker.ask_all()
        desk.rig.happen(desk.rig.case())
        desk.rig.run()
        query = "{ subscriptions { deliveries { edges { node { code trouble } } } } }"
        (edge,) = ask(query)["subscriptions"][0]["deliveries"]["edges"][:1]
        assert edge["node"] == {"code": "500", "trouble": "It answered 500."}
        receiver.choose = lambda _got: TAKEN
        assert desk.rig.run() == 0
        assert f"{path}/try" in desk.client.get(path).text
        assert desk.post(f"{path}/try").status_code == 303
        assert desk.rig.run() > 0
        receiver.choose = lambda _got: (500, {}, b"")
        desk.rig.happen(desk.rig.case())
        desk.rig.run()
        receiver.choose = lambda _got: TAKEN
        hurry = "mutation($id: ID!) { trySubscriberNow(subscriptionId: $id) { userErrors { code } } }"
        assert ask(hurry, id=shown["id"])["trySubscriberNow"] == {"userErrors": []}
        assert desk.rig.run() > 0
        (edge, *_) = ask(query)["subscriptions"][0]["deliveries"]["edges"]
        assert edge["node"]["trouble"] is None


def test_another_address_is_asked_anew(desk: Desk) -> None:
    both = desk.token("events:read", "subscriptions:write")
    with receiving() as receiver:
        made = desk.rig.subscribe(receiver)
        wanted = {"sink": receiver.url + "/elsewhere"}
        changed = desk.ask("PUT", f"/api/subscriptions/{made.row.id}", json=wanted, headers=both)
        assert changed.json()["config"]["state"] == "pending"


@pytest.mark.parametrize("token", [None, "new"])
def test_another_address_is_never_shown_the_token_of_the_old_one(desk: Desk, token: str | None) -> None:
    both = desk.token("events:read", "subscriptions:write")
    with receiving() as first, receiving() as second:
        made = desk.rig.subscribe(first, token="old")
        path, case = f"/api/subscriptions/{made.row.id}", desk.rig.case()
        desk.ask("PUT", path, json={"sink": first.url}, headers=both)
        desk.rig.happen(case)
        desk.rig.run()
        assert first.posts[0].headers["authorization"] == "Bearer old", "it stays while the address does"
        credential = {"credentialtype": "ACCESSTOKEN", "accesstoken": token, "accesstokentype": "bearer"}
        wanted = {"sink": second.url, **({"sinkcredential": credential} if token else {})}
        assert desk.ask("PUT", path, json=wanted, headers=both).status_code == 200
        assert desk.rig.asker.ask_all() == 1
        desk.rig.happen(case)
        desk.rig.run()
        assert second.posts[0].headers.get("authorization") == (f"Bearer {token}" if token else None)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({}, "form https://host/path", id="nothing"),
        pytest.param([], "one JSON object", id="a list"),
        pytest.param({"sink": 5}, "sink must be a text", id="a number"),
        pytest.param({"sink": "https://10.1.2.3/"}, "not public", id="private"),
        pytest.param({"sink": "https://x.org/", "protocol": "MQTT"}, "protocol must be HTTP", id="another protocol"),
        pytest.param({"sink": "https://x.org/", "colour": "red"}, "no member colour", id="an unknown member"),
        pytest.param({"sink": "https://x.org/", "source": "https://other.org"}, "source", id="another's events"),
        pytest.param({"sink": "https://x.org/", "filters": [{"sql": "1"}]}, "exact, prefix", id="SQL"),
        pytest.param({"sink": "https://x.org/", "config": {"speed": 1}}, "config must be", id="unknown configuration"),
        pytest.param(
            {"sink": "https://x.org/", "sinkcredential": {"credentialtype": "PLAIN", "accesstoken": "x"}},
            "ACCESSTOKEN", id="another credential",
        ),
        *(
            pytest.param(
                {
                    "sink": "https://x.org/",
                    "sinkcredential": {
                        "credentialtype": "ACCESSTOKEN", "accesstoken": "x", "accesstokenexpiresutc": ends,
                    },
                },
                says, id=f"a token that ends {ends}",
            )
            for ends, says in (
                ("soon", "must be a time"), (7, "must be a text"), ("2026-11-21T22:59:59Z", "ended already"),
                ("2026-11-21T17:00:00-06:00", "ended already"), ("2026-11-21T23:00:00", "ended already"),
            )
        ),
    ],
)  # fmt: skip
def test_api_says_what_is_wrong(desk: Desk, given: Any, says: str) -> None:
    answer = desk.ask(
        "POST", "/api/subscriptions", json=given, headers=desk.token("events:read", "subscriptions:write")
    )
    assert answer.status_code == 400
    assert says in answer.text


def test_api_is_for_who_shows_a_token_with_the_scope(desk: Desk) -> None:
    wanted = {"sink": "https://x.org/"}
    nothing = desk.ask("POST", "/api/subscriptions", json=wanted)
    assert (nothing.status_code, nothing.json()["detail"]) == (401, "Send a bearer token.")
    wrong = desk.ask("GET", "/api/subscriptions", headers={"Authorization": "Bearer tip_nonsense"})
    assert (wrong.status_code, "not known, has run out or was revoked" in wrong.json()["detail"]) == (401, True)
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    assert desk.ask("POST", "/api/subscriptions", json=wanted, headers=desk.token("events:read")).status_code == 403
    assert desk.ask("GET", "/api/subscriptions", headers=desk.token("cases:read")).status_code == 403
    desk.sign_in("administrator")
    assert desk.ask("POST", "/api/subscriptions", json=wanted).status_code == 401  # a cookie is not enough
    other = {**desk.token("events:read", "subscriptions:write"), "Content-Type": "text/plain"}
    assert desk.ask("POST", "/api/subscriptions", content="{}", headers=other).status_code == 400


@pytest.mark.parametrize(
    ("scope", "missing"), [("events:read", "subscriptions:write"), ("subscriptions:write", "events:read")]
)
def test_who_has_events_sent_must_be_able_to_read_them(desk: Desk, scope: str, missing: str) -> None:
    with receiving() as receiver:
        made = desk.rig.subscribe(receiver)
    before, headers = desk.rig.read(made).sink, desk.token(scope)
    for method, path in (("POST", "/api/subscriptions"), ("PUT", f"/api/subscriptions/{made.row.id}")):
        answer = desk.ask(method, path, json={"sink": "https://x.org/"}, headers=headers)
        assert (answer.status_code, f"the scope {missing}" in answer.text) == (403, True)
    with desk.rig.world.database.read() as session:
        assert session.scalars(select(Subscription.sink)).all() == [before]


def test_administrator_subscribes_a_system_and_sends_again_what_was_given_up(desk: Desk) -> None:
    desk.sign_in("administrator")
    with receiving(lambda got: consent(got) if got.method == "OPTIONS" else (415, {}, b"")) as receiver:
        page = desk.post("/subscriptions", name="CAD", sink=receiver.url, mode="structured", thing=["case", "page"])
        (secret,) = re.findall(r'id="secret">(whsec_[^<]+)<', page.text)
        listed = desk.client.get("/subscriptions").text
        assert "CAD" in listed
        assert secret not in listed
        (key,) = set(re.findall(r"/subscriptions/([0-9a-f]{32})", listed))
        desk.rig.asker.ask_all()
        wanted = desk.rig.happen(desk.rig.case(), count=2)
        desk.rig.run()
        shown = desk.client.get(f"/subscriptions/{key}").text
        assert shown.count("given up") >= 2
        assert "does not understand this form" in shown
        assert secret not in shown
        receiver.choose = lambda _got: TAKEN
        (first, *_) = re.findall(r'name="delivery" value="([0-9a-f]{32})"', shown)
        assert desk.post(f"/subscriptions/{key}/replay", delivery=first).status_code == 303
        assert desk.post(f"/subscriptions/{key}/replay").status_code == 303
        receiver.got.clear()
        desk.rig.run()
        assert receiver.ids == wanted
        fresh = desk.post(f"/subscriptions/{key}/secret").text
        assert "whsec_" in fresh
        assert secret not in fresh
        assert desk.post(f"/subscriptions/{key}/replay-since", since="2020-01-01T00:00").status_code == 303
        assert desk.post(f"/subscriptions/{key}/replay-since", since="yesterday").status_code == 400
        receiver.got.clear()
        desk.rig.run()
        assert [one for one in receiver.ids if one in wanted] == wanted
        hour = desk.rig.world.clock().astimezone(ZoneInfo("America/Denver")) + timedelta(hours=1)
        assert desk.post(f"/subscriptions/{key}/replay-since", since=f"{hour:%Y-%m-%dT%H:%M}").status_code == 303
        receiver.got.clear()
        desk.rig.run()
        assert receiver.ids == []
        refused = desk.post(f"/subscriptions/{key}/ask")
        assert (refused.status_code, "nothing to ask" in refused.text) == (400, True)
        assert desk.client.get(f"/subscriptions/{key}").status_code == 200
        assert desk.post(f"/subscriptions/{key}/end").status_code == 303
        assert desk.client.get(f"/subscriptions/{key}").status_code == 404


def test_form_says_what_is_wrong_and_keeps_what_was_typed(desk: Desk) -> None:
    desk.sign_in("administrator")
    answer = desk.post("/subscriptions", name="CAD", sink="http://cad.example.org/", mode="structured")
    assert answer.status_code == 400
    assert "must begin with https" in answer.text
    assert 'value="http://cad.example.org/"' in answer.text


@pytest.mark.parametrize("role", ["counsellor", "officer", "operator"])
def test_only_administrators_say_where_events_go(desk: Desk, role: str) -> None:
    desk.sign_in(role)
    assert desk.ask("GET", "/subscriptions").status_code == 403
    assert desk.post("/subscriptions", name="x", sink="https://x.org/", mode="binary").status_code == 403
    query = 'mutation { subscribe(input: {name: "x", sink: "https://x.org/"}) { secret } }'
    found = re.search(r'name="csrf" value="([^"]+)"', desk.client.get("/").text)
    headers = {"X-CSRF-Token": found[1] if found else ""}
    answer = desk.ask("POST", "/graphql", json={"query": query}, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_subscription_of_another_district_is_not_there(desk: Desk) -> None:
    with receiving() as receiver:
        made = desk.rig.subscribe(receiver)
    with desk.rig.world.database.write() as session:
        other = District(id=new_id(), slug="other", name="Other")
        session.add(other)
        session.flush()
        session.execute(update(Subscription).values(district_id=other.id))
    both = desk.token("events:read", "subscriptions:write")
    for method in ("GET", "DELETE"):
        assert desk.ask(method, f"/api/subscriptions/{made.row.id}", headers=both).status_code == 404
    assert desk.ask("GET", "/api/subscriptions", headers=both).json() == []


def test_graphql_tells_of_deliveries_and_replays_them(desk: Desk) -> None:
    both = desk.token("events:read", "subscriptions:write")

    def ask(query: str, **variables: Any) -> Any:
        answer = desk.ask("POST", "/graphql", json={"query": query, "variables": variables}, headers=both).json()
        assert "errors" not in answer, answer
        return answer["data"]

    with receiving() as receiver:
        made = ask(
            """mutation($sink: String!) { subscribe(input: {name: "CAD", sink: $sink, mode: BATCHED,
            things: ["case"], severities: ["high"]})
            { secret subscription { id state filters } userErrors { message } } }""",
            sink=receiver.url,
        )["subscribe"]  # fmt: skip
        assert made["secret"].startswith("whsec_")
        assert made["subscription"]["state"] == "PENDING"
        desk.rig.asker.ask_all()
        wanted = desk.rig.happen(desk.rig.case("high"), count=2)
        desk.rig.happen(desk.rig.case("low"))
        desk.rig.run()
        assert receiver.ids == wanted
        (found,) = ask("""{ subscriptions { name mode state sink types
            deliveries(first: 5) { edges { node { eventId state attempts code lane } } } } }""")["subscriptions"]
        assert [edge["node"]["eventId"] for edge in found["deliveries"]["edges"]] == wanted[::-1]
        with desk.rig.world.database.write() as session:
            session.execute(update(Delivery).values(state=DEAD))
        replay = "mutation($id: ID!, $since: String) { replayDeliveries(subscriptionId: $id, since: $since) { count } }"
        assert ask(replay, id=made["subscription"]["id"])["replayDeliveries"] == {"count": 2}
        receiver.got.clear()
        desk.rig.run()
        assert receiver.ids == wanted
        events = ask('{ events(types: ["org.tipline.case.noted"]) { edges { node { cloudEvent } } } }')["events"]
        sent = receiver.posts[0].events[0]
        assert events["edges"][0]["node"]["cloudEvent"] == sent
        assert ask("mutation($id: ID!) { rotateSubscriptionSecret(subscriptionId: $id) { secret } }",
                   id=made["subscription"]["id"])["rotateSubscriptionSecret"]["secret"] != made["secret"]  # fmt: skip
        ask("mutation($id: ID!) { unsubscribe(subscriptionId: $id) { userErrors { code } } }",
            id=made["subscription"]["id"])  # fmt: skip
        assert ask("{ subscriptions { name } }")["subscriptions"] == []


def test_neither_deliveries_nor_replays_tell_a_token_for_events_alone_when_a_report_came(desk: Desk) -> None:
    clock = desk.rig.world.clock
    clock.now = clock.now.replace(hour=12, minute=7, second=41, microsecond=0)
    both, whole = ("events:read", "subscriptions:write"), ("events:read", "subscriptions:write", "cases:read")
    query = "{ subscriptions { deliveries(first: 1) { edges { node { dueAt doneAt } } } } }"
    replay = "mutation($id: ID!, $since: String) { replayDeliveries(subscriptionId: $id, since: $since) { count } }"

    def ask(scopes: tuple[str, ...], query: str, **variables: Any) -> Any:
        given = {"query": query, "variables": variables}
        return desk.ask("POST", "/graphql", json=given, headers=desk.token(*scopes)).json()["data"]

    def reached(scopes: tuple[str, ...], since: str) -> int:
        ask(scopes, replay, id=made.row.id, since=f"{clock.now.date().isoformat()}T{since}")
        seq = desk.rig.read(made).after_seq
        desk.rig.run()
        return seq

    with receiving() as receiver:
        made = desk.rig.subscribe(receiver)
        clock.forward(minutes=20)
        desk.rig.happen(desk.rig.case(), count=3)
        desk.rig.run()
        (edge,) = ask(both, query)["subscriptions"][0]["deliveries"]["edges"]
        assert [one[10:19] for one in edge["node"].values()] == ["T12:15:00"] * 2
        (edge,) = ask(whole, query)["subscriptions"][0]["deliveries"]["edges"]
        assert [one[10:19] for one in edge["node"].values()] == ["T12:27:41"] * 2
        clock.forward(minutes=20)
        first = reached(whole, "12:27:41Z")
        assert reached(whole, "12:27:42Z") > first
        spans = {reached(both, since) for since in ("12:15:00Z", "12:29:59Z", "12:27:42Z", "12:36:42+00:07")}
        assert spans == {first}, "of a span all of it, in whatever zone its beginning is asked for"
        assert reached(both, "12:30:00Z") > first


def test_receiver_calls_back_to_agree(desk: Desk) -> None:
    with receiving(lambda _got: (200, {}, b"")) as receiver:
        made = desk.rig.subscribe(receiver, agree=False)
        desk.rig.asker.ask_all()
        callback = receiver.got[0].headers["webhook-request-callback"].removeprefix(CONSOLE)
        assert desk.ask("GET", callback + "x").status_code == 404
        answer = desk.ask("POST", callback, headers={"WebHook-Allowed-Rate": "120"})
        assert answer.status_code == 200
        assert (desk.rig.read(made).state, desk.rig.read(made).rate_per_minute) == ("active", 120)
        assert desk.ask("GET", callback).status_code == 404


def test_catalogue_and_schemas_are_anybodys_to_read(desk: Desk) -> None:
    listed = desk.ask("GET", "/schemas/events").json()["types"]
    assert len(listed) > 70
    for one in listed[:5]:
        path = one["dataschema"].removeprefix(CONSOLE)
        answer = desk.ask("GET", path)
        assert answer.headers["content-type"].startswith("application/schema+json")
        Draft202012Validator.check_schema(answer.json())
    assert desk.ask("GET", "/schemas/events/org.tipline.nothing.v1.json").status_code == 404


def test_agreeing_takes_what_the_receiver_can_bear() -> None:
    assert asking.rate_of("*") is None
    assert Hosts().check("https://x.org/") == "https://x.org/"
