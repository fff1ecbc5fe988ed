from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from gateway.core.errors import Unavailable
from gateway.core.events import emit
from responders.web.live import Live
from tests.integration.console.conftest import HTML, Desk
from tests.support.world import World

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/healthz", "/live", "/nothing", "/static/console.css", "/cases/2026-0001"]
)
def test_every_answer_has_the_safety_headers(stranger: Desk, path: str) -> None:
    headers = stranger.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


def test_pages_hold_no_inline_script_or_style(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    for path in ("/", f"/cases/{case.number}", "/on-call", "/unclear", "/nothing"):
        text = desk.get(path).text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text


@pytest.mark.parametrize("token", ["", "wrong", "\u00e9"], ids=["none", "wrong", "not ascii"])
def test_a_form_without_its_token_changes_nothing(desk: Desk, token: str) -> None:
    case = desk.tip("he has a gun")
    answer = desk.client.post(f"/cases/{case.number}/acknowledge", data={"csrf": token}, headers=HTML)
    assert answer.status_code == 403
    assert desk.case(case).state == "new"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://console.test:8000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://console.test"},
    ],
    ids=["other host", "other port", "null", "cross-site", "same-site"],
)
def test_another_site_cannot_write_even_with_the_token(desk: Desk, headers: dict[str, str]) -> None:
    case = desk.tip("he has a gun")
    form = {"csrf": desk.csrf()}
    answer = desk.client.post(f"/cases/{case.number}/acknowledge", data=form, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "other_site"
    assert desk.case(case).state == "new"


def test_our_own_page_can_write(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    headers = {"Origin": "http://console.test", "Sec-Fetch-Site": "same-origin"}
    form = {"csrf": desk.csrf()}
    path = f"/cases/{case.number}/acknowledge"
    assert desk.client.post(path, data=form, headers=headers, follow_redirects=False).status_code == 303
    assert desk.case(case).state == "acknowledged"


def test_a_body_that_is_too_long_is_refused(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    answer = desk.post(f"/cases/{case.number}/notes", text="x" * 70_000)
    assert (answer.status_code, answer.headers["x-frame-options"]) == (413, "DENY")
    assert "To the inbox" in answer.text, "a page, as every refusal to a person is"
    assert "up to 64 KB" in answer.text


@pytest.mark.parametrize("is_told", [True, False], ids=["length told", "length not told"])
def test_a_system_is_told_how_much_it_may_send(stranger: Desk, *, is_told: bool) -> None:
    body = b"x" * 1_000_000
    content = body if is_told else (part for part in (body[:60_000], body[60_000:]))
    answer = stranger.client.post("/api/subscriptions", content=content, headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert (answer.json()["code"], "up to 64 KB" in answer.json()["detail"]) == ("too_large", True)


def test_errors_are_pages_for_people_and_problems_for_machines(desk: Desk) -> None:
    page, problem = desk.get("/cases/2026-9999"), desk.client.get("/cases/2026-9999", headers={"Accept": "*/*"})
    assert (page.status_code, problem.status_code) == (404, 404)
    assert "To the inbox" in page.text
    assert problem.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/cases/%00", "/cases/a%00b", "/cases/%ED%A0%80", "/?show=%00&page=%00"])
def test_strange_characters_in_an_address_are_no_fault_of_ours(desk: Desk, path: str) -> None:
    assert desk.get(path).status_code in {200, 400, 404}


STRANGE = {"urlencoded": "application/x-www-form-urlencoded", "utf-7": "multipart/form-data; boundary=b; charset=utf-7"}
"""Ways to send NUL and half a character (which UTF-8 cannot hold, but Python's UTF-7 gives)."""


def _strange(kind: str, **fields: str) -> bytes:
    """Write a form; `@` stands for the strange characters."""
    if kind == "urlencoded":
        return "&".join(f"{name}={value.replace('@', '%00')}" for name, value in fields.items()).encode()
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value.replace("@", "+AAA-+2AA-")}\r\n'
        for name, value in fields.items()
    ]
    return "".join([*parts, "--b--\r\n"]).encode()


@pytest.mark.parametrize("kind", STRANGE)
def test_strange_characters_in_a_form_are_left_out(desk: Desk, kind: str) -> None:
    case = desk.tip("he has a gun")
    thread, csrf = desk.thread_of(case), desk.csrf().replace("_", "+AF8-" if kind == "utf-7" else "_")
    headers = {**HTML, "Content-Type": STRANGE[kind]}

    def post(path: str, **fields: str) -> int:
        body = _strange(kind, csrf=csrf, **fields)
        return desk.client.post(path, content=body, headers=headers, follow_redirects=False).status_code

    base = f"/cases/{case.number}"
    assert post(f"{base}/notes", text="no@te") == 303
    assert post(f"{base}/threads/{thread.id}/reply", text="Wh@ere") == 303
    assert post(f"{base}/threads/{thread.id}/reply", text="@") == 409
    assert post(f"{base}/assign", account="@" + "x") == 400
    assert post(f"{base}/state", to="re@solved", why="handled") == 303
    assert post("/cases/%00/notes", text="note") in {400, 404}
    assert post("/sign-in", username="a@b", password="a wrong@password") == 403
    desk.world.courier.send_all()
    assert "Where" in desk.world.carrier.texts
    assert ">note<" in desk.get(base).text


def test_an_unforeseen_error_tells_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("responders.cases.listing.read", lambda *_: fail())
    answer = desk.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY


async def _first_told(world: World, district_id: str, emitted_for: str | None) -> str | None:
    """Listen for `district_id`, emit an event, and answer what the stream says, or nothing when it stays quiet."""
    live = Live(world.of("console"))
    async with live.running():
        stream = live.listen(district_id)
        assert "event: hello" in await anext(stream)
        assert "event: changed" in await anext(stream)
        told = asyncio.ensure_future(anext(stream))
        looked, seen = asyncio.Event(), live._look

        def look() -> dict[int, str | None]:
            found = seen()
            loop.call_soon_threadsafe(looked.set)
            return found

        loop = asyncio.get_running_loop()
        live._look = look  # type: ignore[method-assign]  # to know when it has looked
        with world.database.write() as session:
            emit(
                session,
                "case.acknowledged",
                subject="case/x",
                actor="process:worker",
                at=world.clock(),
                district_id=emitted_for,
            )
        for _ in range(3):
            looked.clear()
            await looked.wait()
        if not told.done():
            told.cancel()
            return None
        return str(told.result())


def test_live_tells_open_pages_of_the_district_and_no_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responders.web.live.POLL_SECONDS", 0.01)
    assert "event: changed" in (asyncio.run(_first_told(world, "d1" * 16, "d1" * 16)) or "")
    assert asyncio.run(_first_told(world, "d1" * 16, "d2" * 16)) is None
    assert "event: changed" in (asyncio.run(_first_told(world, "d1" * 16, None)) or "")


@pytest.mark.parametrize(
    "fault", [Unavailable(), ProgrammingError("SELECT 1", None, ValueError("why"))], ids=["away", "any other"]
)
def test_live_goes_on_after_looks_failed_and_says_so_once(
    world: World, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responders.web.live.POLL_SECONDS", 0.01)
    faults = iter([fault, fault])
    real = Live._look

    def look(self: Live) -> dict[int, str | None]:
        if now := next(faults, None):
            raise now
        return real(self)

    monkeypatch.setattr(Live, "_look", look)
    with capture_logs() as logged:
        assert "event: changed" in (asyncio.run(_first_told(world, "d1" * 16, "d1" * 16)) or "")
    assert [(line["code"], line["error"]) for line in logged] == [("look_failed", fault)]
