"""The public app: what anyone may see, how it refuses, and what it lets nobody do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.core.database import Database
from gateway.core.keys import load
from gateway.core.media.folder import Folder
from gateway.front import apps, environment, stories
from gateway.front.places import Var
from gateway.front.wiring import intake
from gateway.front.wiring.intake import desk_of
from responders.web.headers import safety
from tests.support.page_forms import Form, receipt_of


@pytest.fixture
def client(var: Var) -> Iterator[TestClient]:
    app = intake.make(environment.load("intake", var, {}))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client


def test_the_portal_names_the_schools_their_numbers_and_where_help_is(client: TestClient) -> None:
    first = client.get("/")
    assert first.status_code == 200
    for school in stories.SCHOOLS:
        assert school.name in first.text
        page = client.get(f"/s/{school.slug}")
        assert f'href="sms:{school.number}"' in page.text
        assert stories.PAGING_LINE not in page.text
        for link in ("tel:911", "tel:988", "sms:741741"):
            assert f'href="{link}"' in page.text
    assert client.get("/static/portal.css").status_code == 200


def test_a_report_to_the_whole_process_gives_a_receipt_that_opens_it(client: TestClient) -> None:
    sent = Form.of(client.get("/s/lincoln")).send(client, text="he has a knife")
    talk = client.post("/back", data={"receipt": receipt_of(sent.text)})
    assert (sent.status_code, talk.status_code) == (200, 200)
    assert "he has a knife" in talk.text


def test_every_answer_is_safe_to_show_and_kept_by_nobody(client: TestClient) -> None:
    for path in ("/", "/healthz", "/nothing-here"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "set-cookie" not in headers


def test_unknown_path_is_a_problem_in_standard_form(client: TestClient) -> None:
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_health_needs_nothing_but_the_process(var: Var) -> None:
    settings = environment.load("intake", var, {"DATABASE_URL": "sqlite:////nowhere/at/all.db"})
    with TestClient(intake.make(settings), raise_server_exceptions=False) as client:
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_unsigned_webhook_is_refused(client: TestClient) -> None:
    form = {"MessageSid": "SM1", "From": "+13035550123", "To": "+13035550100", "Body": "hello", "AccountSid": "AC1"}
    assert client.post("/sms/inbound", data=form).status_code == 403


def test_huge_webhook_is_refused(client: TestClient) -> None:
    assert client.post("/sms/inbound", data={"Body": "x" * 70_000}).status_code == 413


def test_unforeseen_fault_is_as_safe_to_show_as_any_answer(var: Var) -> None:
    def break_down(_request: Request) -> Response:
        raise RuntimeError("hunter2")

    database = Database(f"sqlite:///{var.database}")
    url = "https://tips.example.org"
    keys = load(var.keys / "intake", "intake")
    desk = desk_of(database, keys, url, Folder(var.keys.parent / "media", 0), stored=lambda: None)
    app = apps.intake(desk, [Route("/broken", break_down)], url, database.close)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    for name, value in safety("/broken", secure=True, public=True).items():
        assert answer.headers[name] == value
