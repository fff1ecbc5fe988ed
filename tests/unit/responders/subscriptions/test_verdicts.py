"""What an answer means, and how long to wait; by table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.http import Answer
from responders.subscriptions import verdicts
from responders.subscriptions.verdicts import Fate

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
PAGE = b"  <!-- x --><!DOCTYPE html><html>"


@pytest.mark.parametrize(
    ("status", "headers", "body", "fate", "code"),
    [
        pytest.param(200, {}, b"", Fate.TAKEN, "200", id="200"),
        pytest.param(204, {}, b"", Fate.TAKEN, "204", id="204"),
        pytest.param(202, {"content-type": "application/json"}, b"{}", Fate.TAKEN, "202", id="202"),
        pytest.param(200, {"content-type": "text/html"}, b"ok", Fate.TAKEN, "200", id="a word as HTML"),
        pytest.param(200, {"content-type": "text/html; charset=utf-8"}, PAGE, Fate.AGAIN, "html", id="a page"),
        pytest.param(200, {"content-type": "text/html"}, b"1 < 2", Fate.TAKEN, "200", id="a sign within as HTML"),
        pytest.param(200, {"content-type": "text/xml"}, b"<ok/>", Fate.TAKEN, "200", id="XML is no page"),
        pytest.param(301, {}, b"", Fate.AGAIN, "redirect", id="301"),
        pytest.param(304, {}, b"", Fate.AGAIN, "redirect", id="304"),
        pytest.param(410, {}, b"", Fate.GONE, "410", id="410"),
        pytest.param(415, {}, b"", Fate.FINAL, "415", id="415"),
        pytest.param(400, {}, b"", Fate.AGAIN, "400", id="400"),
        pytest.param(500, {}, b"", Fate.AGAIN, "500", id="500"),
        pytest.param(101, {}, b"", Fate.AGAIN, "101", id="101"),
    ],
)
def test_of_answer(status: int, headers: dict[str, str], body: bytes, fate: Fate, code: str) -> None:
    verdict = verdicts.of_answer(Answer(status, headers, body), NOW)
    assert (verdict.fate, verdict.code, verdict.wait, verdict.is_limited) == (fate, code, None, False)


@pytest.mark.parametrize("kind", ["text/html", "TEXT/HTML;charset=UTF-8", "application/xhtml+xml"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbf<!DOCTYPE html>", id="after a byte order mark"),
        pytest.param("\ufeff\n<html>".encode("utf-16-le"), id="in two bytes a sign"),
        pytest.param("\ufeff\n<html>".encode("utf-16-be"), id="in two bytes a sign, the other way"),
        pytest.param(b'<?xml version="1.0"?>\n<!DOCTYPE html>', id="after a prolog"),
        pytest.param(b"<title>Sign in</title>", id="its title first"),
        pytest.param(b'<meta charset="utf-8">', id="its charset first"),
        pytest.param(b"\r\n\t <h1>It works!</h1>", id="a heading alone"),
        pytest.param(b"<!---->\n" * 5000, id="comments without an end"),
    ],
)
def test_page_in_any_dress_has_taken_nothing(kind: str, body: bytes) -> None:
    verdict = verdicts.of_answer(Answer(200, {"content-type": kind}, body), NOW)
    assert (verdict.fate, verdict.code) == (Fate.AGAIN, "html")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("given", "wait"),
    [
        pytest.param("120", timedelta(seconds=120), id="seconds"),
        pytest.param("0", timedelta(0), id="at once"),
        pytest.param("Sat, 21 Nov 2026 08:10:00 GMT", timedelta(minutes=10), id="a date"),
        pytest.param("Sat, 21 Nov 2026 07:00:00 GMT", timedelta(0), id="a date that is over"),
        pytest.param("99999999999999999999", timedelta(days=1), id="for ever"),
        pytest.param("Sat, 21 Nov 2099 08:10:00 GMT", timedelta(days=1), id="in another life"),
        pytest.param("Sat, 21 Nov 99999999999999999999 08:10:00 GMT", None, id="a year that no calendar has"),
        pytest.param("Sat, 21 Nov 2026 08:10:00 +9999999999999999", None, id="a zone that no clock has"),
        pytest.param("Fri, 01 Jan 0001 00:00:00 +2359", timedelta(0), id="before all time"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param("-5", None, id="negative"),
        pytest.param("٥", None, id="another script's digit"),
        pytest.param("", None, id="empty"),
    ],
)
def test_retry_after(status: int, given: str, wait: timedelta | None) -> None:
    verdict = verdicts.of_answer(Answer(status, {"retry-after": given}, b""), NOW)
    assert (verdict.fate, verdict.is_limited, verdict.wait) == (Fate.AGAIN, True, wait)
    assert not verdict.is_of_event


def test_pauses_grow_to_half_a_day_and_are_drawn_apart() -> None:
    waits = [verdicts.pause(tries, lambda: 0.5) for tries in range(1, 15)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=2), timedelta(hours=12))
    assert verdicts.pause(3, lambda: 0.0) == timedelta(seconds=48)
    assert verdicts.pause(3, lambda: 1.0) == timedelta(seconds=72)


def test_only_a_status_is_about_the_event() -> None:
    assert verdicts.of_answer(Answer(422, {}, b""), NOW).is_of_event
    for code in ("timeout", "connection", "tls", "name", "address", "protocol"):
        assert not verdicts.unreached(code).is_of_event
