"""The page of local words: administrators alone, nothing saved that is wrong, nothing lost that was written."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from gateway.core.records import District
from responders.accounts.records import Account
from responders.tuning import service as tuning
from responders.tuning.records import RulePack
from tests.integration.console.conftest import Desk
from triage import engine
from triage.model import Context

CODES = "codes: {bring the cookies: bring a gun}"


@pytest.fixture
def admin(desk: Desk) -> Desk:
    with desk.world.database.write() as session:
        session.get_one(Account, desk.account.id).role = "administrator"
    return desk


def versions(desk: Desk) -> list[int]:
    with desk.world.database.read() as session:
        return list(session.scalars(select(RulePack.version).order_by(RulePack.version)))


def written(page: str) -> str:
    found = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return unescape(found[1]).strip()


def seen(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_an_administrator_saves_words_and_sees_who_did_when(admin: Desk) -> None:
    assert "No words yet" in admin.get("/tuning").text
    assert admin.post("/tuning", pack=CODES, version="0", save="1").status_code == 303
    page = admin.get("/tuning").text
    assert written(page) == CODES
    assert "Version 1, Dana Ortiz" in page
    assert 'href="/tuning"' in admin.get("/").text


@pytest.mark.parametrize("role", ["counsellor", "officer", "operator"])
def test_nobody_else_sees_or_changes_them(desk: Desk, role: str) -> None:
    with desk.world.database.write() as session:
        session.get_one(Account, desk.account.id).role = role
        home = session.get_one(District, desk.world.district_id)
        tuning.change(
            session, desk.world.keys["console"], home, CODES, based_on=0, author="operator", now=desk.world.clock()
        )
    assert 'href="/tuning"' not in desk.get("/").text
    for answer in (desk.get("/tuning"), desk.post("/tuning", pack="gangs: [Eastside 13]", version="1", save="1")):
        assert answer.status_code == 403
        assert "cookies" not in answer.text
    assert versions(desk) == [1]


def test_a_stranger_is_sent_to_sign_in(stranger: Desk) -> None:
    assert stranger.get("/tuning").headers["location"] == "/sign-in?next=/tuning"


def test_what_is_wrong_is_said_beside_what_was_written(admin: Desk) -> None:
    bad = "gangs: ['<b>*']\nmuted: {weapon: [roast battle]}"
    answer = admin.post("/tuning", pack=bad, version="0", save="1")
    assert answer.status_code == 400
    assert "Nothing was saved." in answer.text
    assert "no patterns" in answer.text
    assert "<b>*" not in answer.text
    assert written(answer.text) == bad
    assert versions(admin) == []
    mute = admin.post("/tuning", pack="muted: {bullying: [gun talk]}", version="0", save="1")
    assert "may tell of a life at risk" in mute.text


def test_who_writes_from_an_old_page_loses_nothing_and_overwrites_nothing(admin: Desk) -> None:
    admin.post("/tuning", pack=CODES, version="0", save="1")
    answer = admin.post("/tuning", pack="gangs: [Eastside 13]", version="0", save="1")
    assert (answer.status_code, versions(admin)) == (400, [1])
    assert "Somebody saved version 1 meanwhile" in answer.text
    assert written(answer.text) == "gangs: [Eastside 13]"
    theirs = answer.text.partition('id="theirs"')[2].partition("</textarea>")[0]
    assert CODES in unescape(theirs)
    assert seen(answer.text) == "1", "they have seen it by now"
    both = f"{CODES}\ngangs: [Eastside 13]"
    assert admin.post("/tuning", pack=both, version=seen(answer.text), save="1").status_code == 303
    assert written(admin.get("/tuning").text) == both


@pytest.mark.parametrize(
    "how", [{"try": "1", "sentence": ""}, {"save": "1", "pack": "gangs: ['a*']"}], ids=["try", "fault"]
)
def test_trying_or_being_wrong_in_between_makes_nobody_write_over_a_colleague(
    admin: Desk, monkeypatch: pytest.MonkeyPatch, how: dict[str, str]
) -> None:
    monkeypatch.setattr(engine, "assess", lambda *_: engine.undecided("too_short", Context()))
    admin.post("/tuning", pack=CODES, version="0", save="1")
    answer = admin.post("/tuning", **{"pack": "gangs: [Eastside 13]", "version": "0", **how})
    assert "meanwhile" not in answer.text
    assert seen(answer.text) == "0"
    again = admin.post("/tuning", pack="gangs: [Eastside 13]", version=seen(answer.text), save="1")
    assert (again.status_code, versions(admin)) == (400, [1])


def test_a_sentence_is_tried_on_words_that_are_not_saved(admin: Desk) -> None:
    answer = admin.post(
        "/tuning", pack=CODES, version="0", sentence="he will bring the cookies tomorrow", **{"try": "1"}
    )
    assert answer.status_code == 200
    tried = answer.text.partition('id="tried"')[2].partition("</ul>")[0]
    assert re.search(r"general rules.*No danger seen.*these words.*Critical", tried, re.DOTALL)
    assert (written(answer.text), versions(admin)) == (CODES, [])


def test_words_that_do_not_open_here_can_be_written_anew(admin: Desk) -> None:
    admin.post("/tuning", pack=CODES, version="0", save="1")
    with admin.world.database.write() as session:
        session.scalars(select(RulePack)).one().words_sealed = b"not an envelope"
    page = admin.get("/tuning")
    assert page.status_code == 200
    assert "cannot be opened here" in page.text
    assert admin.post("/tuning", pack=CODES, version="1", save="1").status_code == 303
    assert written(admin.get("/tuning").text) == CODES


def test_a_case_says_that_school_was_out_when_it_came_in_and_when_it_is_in_again(admin: Desk) -> None:
    case = admin.tip("he has a gun")  # Saturday, 21 November, 4 pm in Denver
    assert "School was out" not in admin.get(f"/cases/{case.number}").text
    days = "school: {hours: 07:45-15:10, holidays: [2026-11-23]}"
    assert admin.post("/tuning", pack=days, version="0", save="1").status_code == 303
    page = admin.get(f"/cases/{case.number}").text
    assert "School was out when this came in. The next school day: Tue, Nov 24." in page
    admin.world.clock.forward(days=3, hours=-6)
    lesson = admin.tip("he has a knife", sender="+13035550124")
    assert "School was out" not in admin.get(f"/cases/{lesson.number}").text
