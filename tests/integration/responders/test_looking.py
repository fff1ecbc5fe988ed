"""Looking: what cannot be read or judged, for reasons of our own, is tried again and then shown to a person."""

from __future__ import annotations

import threading

import pytest

from gateway.core import conversation
from tests.integration.responders.conftest import Desk


def test_take_all_makes_an_unsure_case_when_the_engine_cannot_even_be_started(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        if thread.name == "assess":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", fail)
    case = desk.tip("moderate thing")
    assert (case.unsure, case.unsure_reason) == (True, "engine_error")
    assert desk.paged() == ["Ana"]


def test_what_cannot_be_looked_at_becomes_an_unsure_case_when_that_fails_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("too many open files")

    monkeypatch.setattr(conversation, "words", fail)
    ids = [desk.world.text("moderate thing", sender=f"+1303555013{place}") for place in range(2)]
    desk.world.courier.thread_all()
    desk.worker.run()
    assert [desk.case_of(one) for one in ids] == [None, None]
    desk.wait(seconds=16)
    for one in ids:
        case = desk.case_of(one)
        assert case is not None
        assert (case.unsure, case.unsure_reason) == (True, "engine_error")
    assert desk.paged() == ["Ana"]


def test_what_could_not_be_looked_at_once_is_judged_when_that_works_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(conversation, "words", fail)
        message_id = desk.world.text("critical knife")
        desk.world.courier.thread_all()
        desk.worker.run()
    desk.wait(seconds=16)
    case = desk.case_of(message_id)
    assert case is not None
    assert (case.severity, case.unsure) == ("critical", False)
