"""The puzzle of the portal's form: solved, waited for, or neither. No report is refused or asked for twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from channels.portal.desk import Desk
from gateway.core import puzzles
from gateway.core.errors import Unavailable
from gateway.core.puzzles import Puzzles
from gateway.core.records import Message
from gateway.core.reports import Report
from tests.integration.channels.conftest import LINCOLN
from tests.support.page_forms import Form, receipt_of
from tests.support.world import SetClock, World

WORDS = "he has a knife"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def client(serve: Callable[..., TestClient], clock: SetClock) -> TestClient:
    return serve(clock=clock, puzzles=Puzzles())


def solved(form: Form) -> str:
    challenge = puzzles.parse(form.fields["puzzle"])
    assert challenge is not None
    return puzzles.solve(challenge)


def unproven(world: World) -> list[bool]:
    with world.database.read() as session:
        return list(session.scalars(select(Message.unproven).order_by(Message.at)))


def test_a_solved_puzzle_proves_a_report_that_is_sent_at_once(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    assert form.fields["solution"] == ""
    receipt_of(form.send(client, text=WORDS, solution=solved(form)).text)
    assert unproven(world) == [False]


def test_without_script_a_few_seconds_of_typing_prove_it(client: TestClient, world: World, clock: SetClock) -> None:
    form = Form.of(client.get(LINCOLN))
    clock.forward(seconds=puzzles.SHORT_WAIT)
    receipt_of(form.send(client, text=WORDS).text)
    assert unproven(world) == [False]


@pytest.mark.parametrize("wrong", ["too early", "wrong answer", "forged", "none", "another form's", "expired"])
def test_what_proves_nothing_is_taken_at_once_all_the_same_and_marked(
    client: TestClient, world: World, clock: SetClock, wrong: str
) -> None:
    form, other = Form.of(client.get(LINCOLN)), Form.of(client.get(LINCOLN))
    if wrong == "expired":
        clock.forward(hours=2, seconds=1)
    elif wrong not in {"too early", "wrong answer"}:
        clock.forward(minutes=1)
    puzzle = {"forged": form.fields["puzzle"][:-4] + "beef", "none": "", "another form's": other.fields["puzzle"]}
    page = form.send(
        client, text=WORDS, puzzle=puzzle.get(wrong, form.fields["puzzle"]),
        solution="x" if wrong == "wrong answer" else "",
    )  # fmt: skip
    assert page.status_code == 200
    back = client.post("/back", data={"receipt": receipt_of(page.text)})
    assert WORDS in back.text
    assert unproven(world) == [True]


def test_a_page_from_before_intake_was_started_anew_loses_nothing(
    serve: Callable[..., TestClient], world: World
) -> None:
    form = Form.of(serve(puzzles=Puzzles()).get(LINCOLN))
    page = form.send(serve(puzzles=Puzzles()), text=WORDS, solution=solved(form))
    assert page.status_code == 200
    assert receipt_of(page.text)
    assert unproven(world) == [True]


def test_a_form_that_is_shown_again_keeps_its_puzzle_and_when_that_is_old_gets_another(
    client: TestClient, world: World, clock: SetClock
) -> None:
    form = Form.of(client.get(LINCOLN))
    again = Form.of(form.send(client, where="gym"))
    assert again.fields["puzzle"] == form.fields["puzzle"]
    switched = Form.of(Form.of(form.send(client, where="gym"), "switch").send(client, lang="es"))
    assert switched.fields["puzzle"] == form.fields["puzzle"]
    clock.forward(hours=3)
    renewed = Form.of(again.send(client, text=""))
    assert renewed.fields["puzzle"] != form.fields["puzzle"]
    clock.forward(seconds=5)
    receipt_of(renewed.send(client, text=WORDS).text)
    assert unproven(world) == [False]


def test_the_same_form_again_needs_no_new_puzzle_and_is_stored_once(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    answer = solved(form)
    first, again = (form.send(client, text=WORDS, solution=answer) for _ in range(2))
    assert receipt_of(first.text) == receipt_of(again.text)
    assert unproven(world) == [False]


def test_a_puzzle_of_one_school_proves_nothing_at_another(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    client.post("/s/cedar", data={**form.fields, "text": WORDS, "solution": solved(form)})
    assert unproven(world) == [True]


def test_a_database_that_was_away_costs_no_second_puzzle(
    serve: Callable[..., TestClient], desk: Desk, world: World
) -> None:
    away = [Unavailable("locked")]

    async def file(report: Report, *more: Any) -> object:
        if away:
            raise away.pop()
        return await desk.file(report, *more)

    client = serve(file=file)
    form = Form.of(client.get(LINCOLN))
    answer = solved(form)
    refused = form.send(client, text=WORDS, solution=answer)
    assert refused.status_code == 503
    kept = Form.of(refused)
    assert (kept.fields["text"].strip(), kept.fields["puzzle"]) == (WORDS, form.fields["puzzle"])
    receipt_of(kept.send(client, text=WORDS, solution=answer).text)
    assert unproven(world) == [False]


def test_puzzles_get_harder_when_a_school_is_flooded_and_only_there(client: TestClient, clock: SetClock) -> None:
    for number in range(puzzles.BUSY):
        receipt_of(Form.of(client.get(LINCOLN)).send(client, text=f"report {number}").text)
    asked = {path: puzzles.parse(Form.of(client.get(path)).fields["puzzle"]) for path in (LINCOLN, "/s/cedar")}
    assert {path: one.bits for path, one in asked.items() if one} == {LINCOLN: 13, "/s/cedar": 12}
    clock.forward(minutes=3)
    later = puzzles.parse(Form.of(client.get(LINCOLN)).fields["puzzle"])
    assert later is not None
    assert later.bits == puzzles.EASY_BITS


def test_an_answer_in_a_thread_needs_no_puzzle(client: TestClient, world: World, clock: SetClock) -> None:
    form = Form.of(client.get(LINCOLN))
    talk = client.post("/back", data={"receipt": receipt_of(form.send(client, text=WORDS).text)})
    assert "puzzle" not in talk.text
    clock.forward(seconds=1)
    Form.of(talk).send(client, text="in the gym")
    assert unproven(world) == [True, False]


def test_no_challenge_tells_of_the_receipt(client: TestClient) -> None:
    form = Form.of(client.get(LINCOLN))
    receipt = receipt_of(form.send(client, text=WORDS).text).replace("-", "").lower()
    assert not any(receipt[start : start + 6] in form.fields["puzzle"] for start in range(11))
    assert form.fields["once"][:8] not in form.fields["puzzle"]
