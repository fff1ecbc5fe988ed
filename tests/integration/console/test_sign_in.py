from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from gateway.core.errors import NotAllowed
from gateway.core.records import Event
from responders import console
from responders.accounts import service as accounts
from responders.accounts.records import Account, ApiToken, KnownBrowser, SignInAttempt, StaffSession
from tests.integration.console.conftest import PASSWORD, Desk
from tests.support.world import World


def test_sign_in_opens_a_session_whose_cookie_is_kept_only_as_a_hash(stranger: Desk) -> None:
    answer = stranger.sign_in(to="/cases/2026-0001")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/2026-0001")
    cookie = stranger.client.cookies["tipline"]
    with stranger.world.database.read() as session:
        (kept,) = session.scalars(select(StaffSession))
    assert kept.cookie_hash == hashlib.sha256(cookie.encode()).hexdigest()
    assert len(cookie) == 43
    assert "account.signed_in" in stranger.world.events()


def test_the_cookie_is_closed_to_scripts_and_other_sites(stranger: Desk) -> None:
    session, browser = (set(c.lower().split("; ")) for c in stranger.sign_in().headers.get_list("set-cookie"))
    assert {"httponly", "samesite=lax", "path=/", "max-age=86400"} <= session
    assert {"httponly", "samesite=lax", "path=/", "max-age=7776000"} <= browser
    assert "secure" not in session | browser


def test_the_cookie_is_bound_to_host_and_https_where_there_is_https(stranger: Desk) -> None:
    parts = console.prepare(
        stranger.world.of("console"),
        stranger.world.keys["console"],
        stranger.world.clock,
        stranger.waker,
        "https://c.test",
    )
    with TestClient(console.create(parts), base_url="https://c.test") as client:
        answer = client.post(
            "/sign-in", data={"username": "dana", "password": PASSWORD}, follow_redirects=False
        )  # fmt: skip
        given = answer.headers.get_list("set-cookie")
        assert [cookie.partition("=")[0] for cookie in given] == ["__Host-tipline", "__Host-tipline-browser"]
        assert all("; secure" in cookie.lower() for cookie in given)
        assert client.get("/").status_code == 200
        assert "max-age=63072000" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [
        ("dana", "wrong password!", "wrong_password"),
        ("nobody-at-all", PASSWORD, "unknown_name"),
        ("", "", "unknown_name"),
    ],
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(
    stranger: Desk, username: str, password: str, code: str
) -> None:
    answer = stranger.sign_in(username, password)
    assert answer.status_code == 403
    assert "Name or password is not right." in answer.text
    assert "tipline" not in stranger.client.cookies
    with stranger.world.database.read() as session:
        event = session.scalars(select(Event).where(Event.type == "org.tipline.account.sign_in_failed")).one()
        kept = session.scalars(select(SignInAttempt)).one()
    assert event.data == {"code": code}
    assert "nobody" not in f"{event.subject}{event.actor}{kept.username}"


def test_a_disabled_account_does_not_get_in(stranger: Desk) -> None:
    stranger.sign_in()
    with stranger.world.database.write() as session:
        session.get_one(Account, stranger.account.id).disabled_at = stranger.world.clock()
    assert stranger.get("/").status_code == 303
    assert stranger.sign_in().status_code == 403


def test_too_many_wrong_tries_make_the_right_one_wait_and_only_for_that_name(stranger: Desk) -> None:
    for _ in range(5):
        assert "not right" in stranger.sign_in(password="wrong password!").text
    assert "Too many wrong tries" in stranger.sign_in().text
    stranger.world.clock.forward(seconds=31)
    assert stranger.sign_in().status_code == 303


def test_tries_while_waiting_do_not_make_the_wait_longer(stranger: Desk) -> None:
    for _ in range(8):
        stranger.sign_in(password="wrong password!")
    with stranger.world.database.read() as session:
        assert len(session.scalars(select(SignInAttempt)).all()) == 5


def test_guesses_at_one_moment_are_judged_no_more_often_than_the_limit(
    stranger: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, judged = Barrier(25), []

    def judge(password: str, phc: str) -> bool:
        judged.append(password)
        return False

    monkeypatch.setattr("responders.accounts.passwords.verify", judge)

    def guess(number: int) -> None:
        at_once.wait()
        with pytest.raises(NotAllowed):
            accounts.sign_in(stranger.world.database, "dana", f"guess number {number}", stranger.world.clock())

    with ThreadPoolExecutor(25) as pool:
        list(pool.map(guess, range(25)))
    assert len(judged) == 5


def test_very_many_wrong_tries_raise_an_alarm_and_keep_nobody_out(
    stranger: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responders.accounts.attempts.CEILING", 3)
    with capture_logs() as logged:
        for name in ("a", "b", "c"):
            stranger.sign_in(name, "wrong password!")
        assert logged == []
        assert stranger.sign_in().status_code == 303
    assert [line["code"] for line in logged] == ["sign_in_ceiling"]


def _lock_out(stranger: Desk, name: str = "dana") -> None:
    """Somebody else, elsewhere, guesses until the name has to wait."""
    stranger.world.clock.forward(seconds=1)
    for _ in range(5):
        with pytest.raises(NotAllowed):
            accounts.sign_in(stranger.world.database, name, "wrong password!", stranger.world.clock())
    with pytest.raises(NotAllowed, match="Too many"):
        accounts.sign_in(stranger.world.database, name, PASSWORD, stranger.world.clock())


def test_a_browser_that_has_signed_in_before_is_not_kept_out_by_a_strangers_guesses(desk: Desk) -> None:
    desk.post("/sign-out")
    _lock_out(desk)
    assert desk.sign_in().status_code == 303


def test_a_known_browser_has_a_limit_of_its_own(desk: Desk) -> None:
    desk.post("/sign-out")
    for _ in range(5):
        assert "not right" in desk.sign_in(password="wrong password!").text
    assert "Too many wrong tries" in desk.sign_in().text


def test_a_known_browser_is_known_for_its_own_people_only_and_keeps_its_cookie(desk: Desk) -> None:
    world = desk.world
    with world.database.write() as session:
        accounts.create(session, world.district_id, "riley", "Riley Chen", "officer", PASSWORD, world.clock())
    cookie = desk.client.cookies["tipline-browser"]
    _lock_out(desk, "riley")
    assert "Too many wrong tries" in desk.sign_in("riley").text
    world.clock.forward(seconds=31)
    assert desk.sign_in("riley").status_code == 303
    assert desk.client.cookies["tipline-browser"] == cookie
    with world.database.read() as session:
        kept = session.scalars(select(KnownBrowser)).all()
    assert len(kept) == 2
    assert {browser.browser_hash for browser in kept} == {hashlib.sha256(cookie.encode()).hexdigest()}


def test_a_made_up_browser_cookie_is_not_taken_over(stranger: Desk) -> None:
    stranger.client.cookies.set("tipline-browser", "mine", domain="console.test")
    given = stranger.sign_in().headers.get_list("set-cookie")[1]
    assert given.startswith("tipline-browser=")
    assert not given.startswith("tipline-browser=mine;")


def test_a_browser_is_forgotten_after_ninety_days(desk: Desk) -> None:
    desk.world.clock.forward(days=91)
    _lock_out(desk)
    assert "Too many wrong tries" in desk.sign_in().text


def test_a_session_ends_after_twelve_idle_hours(desk: Desk) -> None:
    desk.world.clock.forward(hours=11)
    assert desk.get("/").status_code == 200
    desk.world.clock.forward(hours=11)
    assert desk.get("/").status_code == 200
    desk.world.clock.forward(hours=3)
    assert desk.get("/").headers["location"] == "/sign-in?next=/"


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(desk: Desk) -> None:
    for _ in range(4):
        desk.world.clock.forward(hours=3)
        answer = desk.get("/", **{"X-Fragment": "1"})
    assert answer.status_code == 401


def test_sign_out_ends_the_session_on_the_server_too(desk: Desk) -> None:
    cookie = desk.client.cookies["tipline"]
    assert desk.post("/sign-out").headers["location"] == "/sign-in"
    desk.client.cookies.set("tipline", cookie)
    assert desk.get("/").status_code == 303
    assert "account.signed_out" in desk.world.events()


def test_every_page_turns_strangers_away_and_brings_them_back(stranger: Desk) -> None:
    for path in ("/", "/cases/2026-0001", "/on-call", "/unclear"):
        assert stranger.get(path).headers["location"] == f"/sign-in?next={path}"
    assert stranger.get("/live").status_code == 401
    assert stranger.get("/healthz").text == "ok"


def test_tokens_are_kept_as_hashes_and_end(world: World) -> None:
    with world.database.write() as session:
        plain = accounts.issue_token(session, world.district_id, "SIS", ["cases:read"], world.clock(), valid_days=1)
    with world.database.read() as session:
        found = accounts.token(session, plain, world.clock())
        kept = session.scalars(select(ApiToken)).one()
        assert found is not None
        assert found.scopes == ["cases:read"]
        assert plain not in (kept.token_hash, kept.name)
        assert accounts.token(session, plain + "x", world.clock()) is None
        assert accounts.token(session, plain, world.clock.forward(days=1)) is None


def test_sign_in_by_the_service_refuses_with_one_kind_of_error(world: World) -> None:
    with pytest.raises(NotAllowed):
        accounts.sign_in(world.database, "nobody", PASSWORD, world.clock())
